"""DuckDB's extensions: from where this machine has them, or a clear word on how to get them.

Connections of this package never install by themselves; an extension is loaded here, by name, and
only for a target that needs it.
"""

from __future__ import annotations

import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    import duckdb

# `postgres` is what people write and what the package on PyPI is called; DuckDB derives the name of
# a file's entry point from the file's own name, and in that it is `postgres_scanner`.
_ENTRY = "SELECT extension_name FROM duckdb_extensions() WHERE list_contains(aliases, ?)"


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension into the connection's DuckDB: 0.1 to 0.3 s the first time, then nothing.

    Taken from where `INSTALL` has put it before, else from the package `duckdb-extension-<name>` if
    that has a file for this very version of DuckDB, else from DuckDB's own server.

    Raises:
        ConfigError: none of them has it; says what to install.
    """
    import duckdb

    try:
        connection.load_extension(name)
    except duckdb.Error:
        file = _packaged(name)
        if file is not None:
            _load(connection, file, _entry(connection, name))
        else:
            _install(connection, name)


def _packaged(name: str) -> Path | None:
    """Return the file that a package from PyPI brings for this version of DuckDB."""
    import duckdb

    spec = find_spec(f"duckdb_extension_{name}")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        versions = Path(folder) / "extensions"
        file = versions / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if file.is_file():
            return file
    return None


def _entry(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    row = connection.execute(_ENTRY, [name]).fetchone()
    return name if row is None else str(row[0])


def _load(connection: duckdb.DuckDBPyConnection, file: Path, entry: str) -> None:
    if file.stem == entry:
        connection.load_extension(str(file))
        return
    # A link for the moment of loading, and not INSTALL: that copies 42 MB into the home directory,
    # which a service may not have.
    with tempfile.TemporaryDirectory(
        prefix="otel-forgesyte-", ignore_cleanup_errors=True
    ) as folder:
        link = Path(folder) / f"{entry}.duckdb_extension"
        try:
            link.symlink_to(file)
        except OSError:  # Windows lets only some users make links
            shutil.copyfile(file, link)
        connection.load_extension(str(link))


def _install(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    import duckdb

    try:
        connection.install_extension(name)
        connection.load_extension(name)
    except duckdb.Error as error:
        told = str(error).splitlines()[0]
        raise ConfigError(
            f"DuckDB {duckdb.__version__} has no extension {name!r} here, and its server gave none"
            f" ({told}): pip install 'otel-forgesyte[shared]' 'duckdb==1.5.5' brings it, or run"
            f" INSTALL {name} where the internet can be reached"
        ) from error
