"""Attaching a lake as `db`: extensions, credentials, ATTACH, and what SQL may reach then."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb.database import keep_private, literal
from otel_forgesyte_duckdb.extensions import load_extension
from otel_forgesyte_duckdb.targets import is_remote
from otel_forgesyte_schema.errors import ConfigError, DatabaseLocked

if TYPE_CHECKING:
    import duckdb

    from otel_forgesyte_duckdb.settings import Settings
    from otel_forgesyte_duckdb.targets import LakeTarget

# Batches below this go into the catalog's own tables: no file for each second of each machine.
# `maintain` writes them to Parquet later.
_INLINED_ROWS = 1_000
_DATA_PATH = "SELECT value FROM ducklake_options('db') WHERE option_name = 'data_path'"
_BUCKET = "requires the extension httpfs"
_AWAY = "Unable to connect to Postgres"
_VARIABLE = "OTEL_EXPORTER_DUCKDB_DATA_PATH"


def attach(
    connection: duckdb.DuckDBPyConnection, settings: Settings, *, read_only: bool = False
) -> None:
    """Attach the lake that the settings name as `db`, and use it; created where it is missing.

    Raises:
        ConfigError: there is none to read, or none could be made; says what to set.
        DatabaseLocked: the catalog's server does not answer.
        duckdb.Error: another process holds the catalog, or the data path cannot be used.
    """
    import duckdb

    lake = settings.lake
    if lake is None:
        raise ConfigError(f"{settings.target} is no lake")
    lake = lake.anchored()
    load_extension(connection, "ducklake")
    if lake.is_served:
        load_extension(connection, "postgres")
    made = None if read_only else _prepare(settings, lake)
    statement = _statement(connection, lake, settings.data_path, read_only=read_only)
    try:
        _execute(connection, statement)
    except duckdb.Error as error:
        if _AWAY in str(error):
            why = str(error).strip().rpartition(": ")[2].split("\n", 1)[0]
            raise DatabaseLocked(f"{settings.target} does not answer: {why}") from error
        if told := _explained(str(error), settings):
            raise ConfigError(told) from None
        raise
    if made is not None:
        keep_private(made)
    connection.execute("USE db")
    if not read_only:
        _confine(connection, settings)


def _prepare(settings: Settings, lake: LakeTarget) -> Path | None:
    """Make the folders that are missing; return the file that ATTACH will make, if it will."""
    if settings.data_path and not is_remote(settings.data_path):
        Path(settings.data_path).mkdir(mode=0o700, parents=True, exist_ok=True)
    if lake.is_served:
        return None
    catalog = Path(lake.catalog)
    catalog.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return None if catalog.exists() else catalog


def _execute(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    import duckdb

    try:
        connection.execute(statement)
    except duckdb.Error as error:
        # Only the catalog knows: readers need not be told where the files are.
        if _BUCKET not in str(error):
            raise
        _give_credentials(connection)
        connection.execute(statement)


def _statement(
    connection: duckdb.DuckDBPyConnection, lake: LakeTarget, data_path: str, *, read_only: bool
) -> str:
    options = [f"DATA_INLINING_ROW_LIMIT {_INLINED_ROWS}"]
    if read_only:
        options = ["READ_ONLY", "CREATE_IF_NOT_EXISTS false"]
    elif data_path:
        options.append(f"DATA_PATH {literal(data_path.rstrip('/') + '/')}")
    if lake.password is not None:
        # Apart from the connection string, which is in messages and in duckdb_databases().
        secret = f"(TYPE postgres, PASSWORD {literal(lake.password)})"
        connection.execute(f"CREATE OR REPLACE TEMPORARY SECRET otel_forgesyte_catalog {secret}")
        options.append("META_SECRET otel_forgesyte_catalog")
    return f"ATTACH {literal(lake.shown)} AS db ({', '.join(options)})"


def _explained(error: str, settings: Settings) -> str:
    """Return what to do about an error of ATTACH that a setting can mend, or nothing."""
    if "creating a new DuckLake is explicitly disabled" in error or "does not exist" in error:
        # A database of PostgreSQL that does not exist is not ours to create either.
        if "FATAL" in error:
            return ""
        return f"there is no lake at {settings.target}: nothing has been recorded there yet"
    if "data_path is not set" in error:
        return f"{settings.target} is a new lake and needs a place for its files: set {_VARIABLE}"
    if "does not match existing data path" in error:
        what = error.split("\n", 1)[0].removeprefix("Invalid Input Error: ")
        return f"{what} Unset {_VARIABLE}, or set it to that path"
    return ""


def _confine(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    # As for a file: the projections of other packages may read the spool and the lake's own files.
    # The catalog's connections are not files: they are attached already, and stay usable.
    row = connection.execute(_DATA_PATH).fetchone()
    folders = [f"{settings.spool}/", f"{settings.spool / 'tmp'}/"]
    if row is not None:
        folders.append(str(row[0]))
    allowed = ", ".join(literal(folder) for folder in folders)
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false")


def _give_credentials(connection: duckdb.DuckDBPyConnection) -> None:
    """Hand the standard AWS variables over; a secret of this connection, never written to disk."""
    load_extension(connection, "httpfs")
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    options = ["TYPE s3"]
    if key and secret:
        options += [f"KEY_ID {literal(key)}", f"SECRET {literal(secret)}"]
        if token := os.environ.get("AWS_SESSION_TOKEN"):
            options.append(f"SESSION_TOKEN {literal(token)}")
    else:  # a role of the machine, a profile, a web identity: the extension `aws` knows them all
        load_extension(connection, "aws")
        options.append("PROVIDER credential_chain")
    if region := os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        options.append(f"REGION {literal(region)}")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        scheme, _, host = endpoint.rpartition("://")
        plain = "false" if scheme == "http" else "true"
        options += [f"ENDPOINT {literal(host.rstrip('/'))}", "URL_STYLE 'path'", f"USE_SSL {plain}"]
    connection.execute(
        f"CREATE OR REPLACE TEMPORARY SECRET otel_forgesyte_s3 ({', '.join(options)})"
    )
