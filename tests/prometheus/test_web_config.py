"""Prometheus' web configuration file: what is understood of it, and what is refused."""

from __future__ import annotations

import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_prometheus import Door
from otel_forgesyte_prometheus.web_config import Rate, read_web_config
from otel_forgesyte_schema.errors import ConfigError

from .certificates import hashed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .certificates import Certificates

# Prometheus' own example, word for word but for the secrets:
# https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-config.yml
EXAMPLE = f"""
tls_server_config:
  cert_file: server.crt
  key_file: server.key
basic_auth_users:
  alice: {hashed("one")}
  bob: {hashed("two")}
rate_limit:
  interval: "1s"
  burst: 20
"""
TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def _write(content: str) -> Path:
        path = tmp_path / "web.yml"
        path.write_text(content, encoding="utf-8")
        return path

    return _write


def test_prometheus_own_example_is_understood(write: Callable[[str], Path]) -> None:
    path = write(EXAMPLE)
    web = read_web_config(path)
    assert web.tls is not None
    # Relative to the file, not to wherever the process was started.
    assert web.tls.cert_file == path.parent / "server.crt"
    assert web.tls.versions == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert sorted(web.users) == ["alice", "bob"]
    assert web.rate == Rate(1.0, 20)


@pytest.mark.parametrize("content", ["", "# nothing\n", "basic_auth_users:\n", "rate_limit: {}\n"])
def test_a_file_that_asks_for_nothing_lets_everybody_in(
    write: Callable[[str], Path], content: str
) -> None:
    door = Door(write(content))
    assert not door.asks
    assert door.rules().admit("")


def test_every_setting_of_tls_is_taken(write: Callable[[str], Path]) -> None:
    more = (
        ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: /etc/ca.crt,"
        " client_allowed_sans: [prometheus.test, '::1'], min_version: TLS13, max_version: TLS13,"
        " cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256],"
        " prefer_server_cipher_suites: false}"
    )
    tls = read_web_config(write(TLS + more)).tls
    assert tls is not None
    assert tls.clients is ssl.CERT_REQUIRED
    assert str(tls.client_ca_file) == "/etc/ca.crt"
    assert tls.client_names == {"prometheus.test", "::1"}
    assert tls.versions == (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)
    assert tls.ciphers == ("ECDHE-RSA-AES128-GCM-SHA256",)
    assert not tls.server_chooses


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [("1s", 1.0), ("500ms", 0.5), ("1m30s", 90.0), ("0.5h", 1800.0), ("0", None), ("0s", None)],
)
def test_an_interval_is_written_as_go_writes_it(
    write: Callable[[str], Path], interval: str, seconds: float | None
) -> None:
    rate = read_web_config(write(f"rate_limit: {{interval: {interval}, burst: 2}}")).rate
    assert rate == (None if seconds is None else Rate(seconds, 2))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[a]", "the file is not a mapping"),
        ("a: [", "is no YAML in line 1"),
        ("rate_limit: {interval: 2026-13-01}", "it is no YAML"),
        ("[" * 5_000, "it is no YAML"),
        ("tls_config: {}", "the file has tls_config, which is no part of it; known are"),
        ("basic_auth_users: {a: b, a: c}", "is no YAML in line 1"),
        ("basic_auth_users: [alice]", "basic_auth_users is not a mapping"),
        ("basic_auth_users: {alice: hunter2}", "the user 'alice' is no bcrypt hash; make one with"),
        ("basic_auth_users: {alice: 12345}", "the user 'alice' is no bcrypt hash"),
        (f"basic_auth_users: {{alice: $2y$04${'a' * 53}}}", "the user 'alice' is no bcrypt hash"),
        (f"basic_auth_users: {{'a:b': '{hashed()}'}}", "text without a colon"),
        (f"basic_auth_users: {{1: '{hashed()}'}}", "text without a colon"),
        ("tls_server_config: {cert_file: a}", "has no key_file"),
        ("tls_server_config: {client_auth_type: NoClientCert}", "has no cert_file"),
        (TLS + ", curve_preferences: [X25519]}", "takes no list of curves: leave it out"),
        (TLS + ", key: secret}", "reads keys from files only: use key_file"),
        (TLS + ", client_auth_typ: NoClientCert}", "has client_auth_typ: known are"),
        (TLS + ", client_auth_type: RequestClientCert}", "that nobody verifies say nothing"),
        (TLS + ", client_auth_type: RequireAndVerifyClientCert}", "give client_ca_file"),
        (TLS + ", client_ca_file: ca.crt}", "no client_auth_type asks for a certificate"),
        (
            TLS + ", client_auth_type: VerifyClientCertIfGiven, client_ca_file: a, client_ca: b}",
            "not both",
        ),
        (
            TLS + ", client_auth_type: VerifyClientCertIfGiven, client_ca_file: a,"
            " client_allowed_sans: [b]}",
            "client_allowed_sans needs client_auth_type RequireAndVerifyClientCert",
        ),
        (TLS + ", client_allowed_sans: prometheus.test}", "client_allowed_sans is not a list"),
        (TLS + ", min_version: TLS10}", "min_version 'TLS10' is not supported: give TLS12"),
        (TLS + ", min_version: TLS13, max_version: TLS12}", "min_version is above max_version"),
        (TLS + ", cipher_suites: [RC4]}", "cipher_suites has RC4"),
        (TLS + ", cipher_suites: [TLS_AES_128_GCM_SHA256]}", "has none for TLS 1.2: name one, or"),
        (TLS + ", min_version: 12}", "min_version is not text"),
        ("http_server_config: {http3: true}", "http_server_config has http3"),
        ("http_server_config: {headers: {Set-Cookie: a}}", "headers has Set-Cookie"),
        ("http_server_config: {headers: {X-Frame-Options: maybe}}", "is not deny or sameorigin"),
        (
            'http_server_config: {headers: {Content-Security-Policy: "a\\r\\nb: c"}}',
            "is not one line of text",
        ),
        ("rate_limit: {interval: soon, burst: 1}", "no duration such as 1s"),
        ("rate_limit: {interval: 1s}", "give a burst of 1 or more"),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason_and_without_its_secrets(
    write: Callable[[str], Path], content: str, said: str
) -> None:
    path = write(content)
    with pytest.raises(ConfigError) as refused:
        read_web_config(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    for secret in ("hunter2", "12345", "$2", "secret"):
        assert secret not in str(refused.value)


def test_files_that_are_not_there_are_named(tmp_path: Path, write: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yml: No such file"):
        Door(tmp_path / "nowhere.yml")
    with pytest.raises(ConfigError, match=r"server\.crt: No such file"):
        Door(write(TLS + "}"))
    with pytest.raises(ConfigError, match=r"cannot read the token file .*nowhere"):
        Door(token_file=tmp_path / "nowhere")


def test_certificates_that_are_none_and_do_not_belong_together_are_refused(
    write: Callable[[str], Path], certificates: Certificates
) -> None:
    server, other = certificates.server, certificates.other_server
    with pytest.raises(ConfigError, match="not a certificate and its unencrypted key"):
        Door(
            write(f"tls_server_config: {{cert_file: {server.certificate}, key_file: {other.key}}}")
        )
    given = f"tls_server_config: {{cert_file: {server.certificate}, key_file: {server.key}"
    asked = ", client_auth_type: RequireAndVerifyClientCert"
    with pytest.raises(ConfigError, match="holds no certificates in PEM"):
        Door(write(f"{given}{asked}, client_ca_file: {server.key}}}"))
    with pytest.raises(ConfigError, match="client_ca holds no certificates in PEM"):
        Door(write(f"{given}{asked}, client_ca: nonsense}}"))


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(
    write: Callable[[str], Path], certificates: Certificates, tmp_path: Path
) -> None:
    locked = tmp_path / "locked.key"
    key = certificates.server.key
    command = f"openssl pkey -in {key} -aes128 -passout pass:abcd -out {locked}"
    subprocess.run(command.split(), check=True, capture_output=True)
    given = f"cert_file: {certificates.server.certificate}, key_file: {locked}"
    with pytest.raises(ConfigError, match="unencrypted key"):
        Door(write(f"tls_server_config: {{{given}}}"))


@pytest.mark.parametrize("content", ["", "\n", "two words", "zwölf"])
def test_a_token_file_without_a_token_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match="holds no token: one word of ASCII") as refused:
        Door(token_file=tmp_path / "token")
    assert "two" not in str(refused.value)


def test_without_the_packages_it_says_what_to_install(write: Callable[[str], Path]) -> None:
    path = write(EXAMPLE)
    for missing in ("yaml", "bcrypt"):
        code = (
            f"import sys; sys.modules[{missing!r}] = None\n"
            "from pathlib import Path\n"
            "from otel_forgesyte_prometheus import Door\n"
            "try: Door(Path(sys.argv[1]))\n"
            "except Exception as error: print(type(error).__name__, error)\n"
        )
        finished = subprocess.run(
            [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
        )
        assert finished.stdout.startswith("ConfigError")
        assert "pip install 'otel-forgesyte[web]'" in finished.stdout
