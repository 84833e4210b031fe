"""SQL is data: each object is a file beside this module, shipped in the wheel and run as it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class SqlFile:
    """One SQL file of the package: its folder, its name without the suffix, and its text."""

    folder: str
    name: str
    sql: str

    @property
    def path(self) -> str:
        """The file's path inside the package, with forward slashes on every system."""
        return f"{self.folder}/{self.name}.sql"


@cache
def sql_file(folder: str, name: str) -> SqlFile:
    """Read one SQL file of the package, once per process.

    Raises:
        FileNotFoundError: no such file was shipped; the wheel was built without its data.
    """
    resource = files("otel_forgesyte_schema") / folder / f"{name}.sql"
    return SqlFile(folder, name, resource.read_text(encoding="utf-8"))


def sql_files(folder: str, names: tuple[str, ...]) -> tuple[SqlFile, ...]:
    """Read several files of one folder, in the order given."""
    return tuple(sql_file(folder, name) for name in names)
