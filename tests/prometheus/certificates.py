"""Certificates that last a day, made by openssl, and files that name them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import bcrypt
import pytest

if TYPE_CHECKING:
    from pathlib import Path

# What Python 3.13 insists on (RFC 5280).
_OF_A_CA = (
    "basicConstraints=critical,CA:TRUE",
    "keyUsage=critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier=hash",
)
_OF_OTHERS = ("basicConstraints=critical,CA:FALSE", "authorityKeyIdentifier=keyid")

PASSWORD = "correct horse"  # noqa: S105 - the tests' own


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """A CA, and what it signed."""

    ca: Pair
    server: Pair
    other_server: Pair
    client: Pair
    stranger: Pair
    """A client's, signed by nobody."""


def hashed(password: str = PASSWORD, cost: int = 4) -> str:
    """A bcrypt hash, as cheap as they come."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def make_certificates(folder: Path) -> Certificates:
    """Make them all; takes a tenth of a second."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    # Without the machine's own configuration, which would make each of them a CA.
    (folder / "openssl.cnf").write_text("[req]\ndistinguished_name = dn\n[dn]\n")
    ca = _made(folder, "ca", "CN=test ca", None, *_OF_A_CA)
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    return Certificates(
        ca=ca,
        server=_made(folder, "server", "CN=first", ca, names, *_OF_OTHERS),
        other_server=_made(folder, "other", "CN=second", ca, names, *_OF_OTHERS),
        client=_made(
            folder, "client", "CN=client", ca, "subjectAltName=DNS:prometheus.test", *_OF_OTHERS
        ),
        stranger=_made(folder, "stranger", "CN=stranger", None),
    )


def _made(folder: Path, name: str, subject: str, ca: Pair | None, *extensions: str) -> Pair:
    pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
    signed = [] if ca is None else ["-CA", str(ca.certificate), "-CAkey", str(ca.key)]
    more = [part for extension in extensions for part in ("-addext", extension)]
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-config", str(folder / "openssl.cnf"), "-nodes", "-days", "1",
            "-subj", f"/{subject}", "-keyout", str(pair.key),
            "-out", str(pair.certificate), *signed, *more,
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return pair
