"""What the setting `database` may name: a file, or a lake that many machines write to at once.

    telemetry.duckdb                                    a DuckDB file
    ducklake:postgres:dbname=telemetry host=db.example  DuckLake, its catalog in PostgreSQL
    ducklake:telemetry.ducklake                         DuckLake, its catalog in a local file

Only here is such a text taken apart. A password in it goes to the catalog's connection and nowhere
else: what is printed, logged, attached and named after a target leaves it out.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

LAKE = "ducklake:"
_POSTGRES = "postgres:"
# Without credentials in it: those are in the environment, and this is printed.
_S3 = re.compile(r"s3://[^/?#@]+(/[^?]*)?", re.IGNORECASE)
# As libpq reads it, `password = 'with \' quotes'` or `password=plain`; but in any case, since what
# libpq refuses is printed too.
_PASSWORD = re.compile(
    r"\s*(?<!\w)password\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\]|\\.)*))\s*", re.IGNORECASE
)
_ADDRESS = re.compile(r"postgres:(postgres(ql)?:)?//")
_LEFT = re.compile(r"//[^/?@\s]*:[^?\s]*@|[?&]\w*password=|sslpassword\s*=", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)")
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
_NAMED = re.compile(r"(?:\bdbname\s*=\s*'?|://[^/]*/)([\w.-]+)")


@dataclass(frozen=True, slots=True)
class LakeTarget:
    """A lake's catalog, as DuckLake's ATTACH takes it, and the password that was in its text."""

    catalog: str
    """`postgres:<connection string>` without a password, or the path of a file."""
    password: str | None = field(repr=False)

    @property
    def is_served(self) -> bool:
        """Whether a server has the catalog, so that other machines may write at the same time."""
        return self.catalog.startswith(_POSTGRES)

    @property
    def shown(self) -> str:
        """The target as it may be printed."""
        return LAKE + self.catalog

    def anchored(self) -> LakeTarget:
        """Return the same with an absolute path."""
        if self.is_served:
            return self
        return LakeTarget(str(Path(self.catalog).absolute()), None)

    def default_spool(self) -> str:
        """Return a name to recognise it by, and a digest that tells it from every other lake."""
        digest = hashlib.sha256(self.shown.encode()).hexdigest()[:8]
        found = _NAMED.search(self.catalog) if self.is_served else None
        name = found[1] if found else Path(self.catalog).stem if not self.is_served else "postgres"
        return f"{_UNSAFE.sub('-', name)}-{digest}.spool"


def lake_target(text: str) -> LakeTarget:
    """Take the text of a lake apart.

    Raises:
        ValueError: it is of a kind that is not known here; says what would fit.
    """
    catalog = text.removeprefix(LAKE)
    if "\0" in catalog or not catalog.removeprefix(_POSTGRES).strip():
        raise ValueError("give ducklake:postgres:dbname=NAME host=HOST, or ducklake:FILE")
    if catalog.startswith(_POSTGRES):
        return LakeTarget(*_without_password(catalog))
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", catalog):
        raise ValueError(
            "a lake's catalog is a PostgreSQL database (ducklake:postgres:…) or a file"
        )
    return LakeTarget(catalog, None)


def shown_database(text: str) -> str:
    """Return the setting `database` without a password."""
    return lake_target(text).shown if text.startswith(LAKE) else text


def is_remote(data_path: str) -> bool:
    """Tell whether a data path is a bucket and no directory."""
    return _S3.fullmatch(data_path) is not None


def _without_password(catalog: str) -> tuple[str, str | None]:
    """Return the text without any password, and the one that libpq would take: the last."""
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        quoted, plain = match.groups()
        found.append(_ESCAPED.sub(r"\1", plain if quoted is None else quoted))
        return " "  # only what surrounds it may go, or two settings would become one

    rest = catalog if _ADDRESS.match(catalog) else _PASSWORD.sub(take, catalog).strip()
    if _LEFT.search(rest):  # DuckDB cannot join an address with a password that is kept apart
        raise ValueError(
            "no password may be in an address, and no sslpassword anywhere: give dbname=NAME "
            "host=HOST user=USER password=..., or leave it to libpq (PGPASSWORD, service=NAME)"
        )
    return rest, found[-1] if found else None
