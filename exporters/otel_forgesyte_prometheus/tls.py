"""TLS of the stand-alone server, from the ``tls_server_config`` of a web configuration."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_VERSIONS: Final = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENTS: Final = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
# The suites of TLS 1.2 that Go calls secure, which are those the file may name, as OpenSSL does.
_CIPHERS: Final = {
    f"TLS_ECDHE_{key}_WITH_{cipher}": f"ECDHE-{key}-{name}"
    for key in ("ECDSA", "RSA")
    for cipher, name in {
        "AES_128_CBC_SHA": "AES128-SHA",
        "AES_256_CBC_SHA": "AES256-SHA",
        "AES_128_GCM_SHA256": "AES128-GCM-SHA256",
        "AES_256_GCM_SHA384": "AES256-GCM-SHA384",
        "CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305",
    }.items()
}
_TLS13_CIPHERS: Final = frozenset(
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
)
_REFUSED: Final = {
    "cert": "Python reads certificates from files only: use cert_file",
    "key": "Python reads keys from files only: use key_file",
    "curve_preferences": "Python's TLS takes no list of curves: leave it out",
}
_KNOWN: Final = frozenset(
    {
        "cert_file", "key_file", "client_auth_type", "client_ca_file", "client_ca",
        "client_allowed_sans", "min_version", "max_version", "cipher_suites",
        "prefer_server_cipher_suites",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tls:
    """The settings, with what the format leaves out filled in."""

    cert_file: Path
    key_file: Path
    clients: ssl.VerifyMode = ssl.CERT_NONE
    client_ca_file: Path | None = None
    client_ca: str | None = None
    client_names: frozenset[str] = frozenset()
    versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = (_VERSIONS["TLS12"], _VERSIONS["TLS13"])
    ciphers: tuple[str, ...] = ()
    server_chooses: bool = True

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that the settings name."""
        named = (self.cert_file, self.key_file, self.client_ca_file)
        return tuple(path for path in named if path is not None)


def tls_settings(given: Mapping[str, Any], path: Path) -> Tls:
    """The settings of the section ``tls_server_config`` in the file at ``path``.

    Raises:
        ConfigError: they do not fit together, or ask for what cannot be had.
    """
    for key in given:
        if key not in _KNOWN:
            why = _REFUSED.get(key, f"known are {', '.join(sorted(_KNOWN))}")
            raise ConfigError(f"{path}: tls_server_config has {key}: {why}")
    for key in ("cert_file", "key_file"):
        if not given.get(key):
            raise ConfigError(f"{path}: tls_server_config has no {key}")
    ca_file = given.get("client_ca_file")
    made = Tls(
        cert_file=path.parent / _text(given, "cert_file", path),
        key_file=path.parent / _text(given, "key_file", path),
        clients=_clients(given, path),
        client_ca_file=path.parent / _text(given, "client_ca_file", path) if ca_file else None,
        client_ca=_text(given, "client_ca", path) or None,
        client_names=frozenset(
            _canonical(name) for name in _texts(given, "client_allowed_sans", path)
        ),
        versions=(_version(given, "min_version", path), _version(given, "max_version", path)),
        ciphers=_ciphers(_texts(given, "cipher_suites", path), path),
        server_chooses=given.get("prefer_server_cipher_suites", True) is not False,
    )
    _check_together(made, path)
    if given.get("cipher_suites") and not made.ciphers and made.versions[0] < _VERSIONS["TLS13"]:
        # OpenSSL would take all of its own for TLS 1.2; Go would take none.
        raise ConfigError(
            f"{path}: cipher_suites has none for TLS 1.2: name one, or give min_version: TLS13"
        )
    return made


def server_context(tls: Tls) -> ssl.SSLContext:
    """A context for the server's side, with everything read from the files.

    Raises:
        ConfigError: a file cannot be read, or key and certificate are not a pair.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = tls.versions
    context.set_alpn_protocols(["http/1.1"])
    if not tls.server_chooses:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if tls.ciphers:
        context.set_ciphers(":".join(tls.ciphers))
    for path in tls.files:
        _check_readable(path)
    try:
        # Without a password here, OpenSSL would ask for one at the terminal.
        context.load_cert_chain(tls.cert_file, tls.key_file, password="")
    except (ssl.SSLError, OSError, ValueError) as error:
        raise ConfigError(
            f"{tls.cert_file} and {tls.key_file} are not a certificate and its unencrypted key"
            f" in PEM: {_reason(error)}"
        ) from None
    if tls.clients is not ssl.CERT_NONE:
        try:
            context.load_verify_locations(cafile=tls.client_ca_file, cadata=tls.client_ca)
        except (ssl.SSLError, OSError, ValueError) as error:
            where = tls.client_ca_file or "client_ca"
            raise ConfigError(f"{where} holds no certificates in PEM: {_reason(error)}") from None
        context.verify_mode = tls.clients
    return context


def is_named(certificate: Mapping[str, Any] | None, names: frozenset[str]) -> bool:
    """Whether one of the certificate's alternative names is one of ``names``; none asks nothing."""
    if not names:
        return True
    said = cast("Iterable[tuple[str, str]]", (certificate or {}).get("subjectAltName", ()))
    return any(_canonical(name) in names for _, name in said)


def _check_together(tls: Tls, path: Path) -> None:
    has_ca = tls.client_ca_file is not None or tls.client_ca is not None
    if tls.client_ca_file is not None and tls.client_ca is not None:
        raise ConfigError(f"{path}: give client_ca_file or client_ca, not both")
    if has_ca and tls.clients is ssl.CERT_NONE:
        raise ConfigError(
            f"{path}: there is a client CA, and no client_auth_type asks for a certificate;"
            " give RequireAndVerifyClientCert"
        )
    if tls.clients is not ssl.CERT_NONE and not has_ca:
        # Go would take the system's roots: whoever buys a certificate anywhere would come in.
        raise ConfigError(f"{path}: client_auth_type asks for a certificate: give client_ca_file")
    if tls.client_names and tls.clients is not ssl.CERT_REQUIRED:
        raise ConfigError(
            f"{path}: client_allowed_sans needs client_auth_type RequireAndVerifyClientCert"
        )
    if tls.versions[0] > tls.versions[1]:
        raise ConfigError(f"{path}: min_version is above max_version")


def _clients(given: Mapping[str, Any], path: Path) -> ssl.VerifyMode:
    word = _text(given, "client_auth_type", path) or "NoClientCert"
    if word not in _CLIENTS:
        raise ConfigError(
            f"{path}: client_auth_type {word!r} is not supported: certificates that nobody"
            f" verifies say nothing; give one of {', '.join(_CLIENTS)}"
        )
    return _CLIENTS[word]


def _version(given: Mapping[str, Any], key: str, path: Path) -> ssl.TLSVersion:
    word = _text(given, key, path) or ("TLS12" if key == "min_version" else "TLS13")
    if word not in _VERSIONS:
        raise ConfigError(
            f"{path}: {key} {word!r} is not supported: give TLS12 or TLS13 (RFC 8996)"
        )
    return _VERSIONS[word]


def _ciphers(names: Iterable[str], path: Path) -> tuple[str, ...]:
    of_12 = [name for name in names if name not in _TLS13_CIPHERS]  # those of 1.3 are always on
    unknown = [name for name in of_12 if name not in _CIPHERS]
    if unknown:
        raise ConfigError(f"{path}: cipher_suites has {', '.join(unknown)}, which Go calls no such")
    return tuple(_CIPHERS[name] for name in of_12)


def _text(given: Mapping[str, Any], key: str, path: Path) -> str:
    value = given.get(key) or ""
    if not isinstance(value, str):
        raise ConfigError(f"{path}: {key} is not text")
    return value


def _texts(given: Mapping[str, Any], key: str, path: Path) -> list[str]:
    items: list[object] = [None]
    if isinstance(given.get(key) or [], list):
        items = cast("list[object]", given.get(key) or [])
    if not all(isinstance(item, str) for item in items):
        raise ConfigError(f"{path}: {key} is not a list of text")
    return cast("list[str]", items)


def _canonical(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name.strip()))
    except ValueError:
        return name


def _check_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or str(error)
