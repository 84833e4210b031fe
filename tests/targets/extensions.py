"""Whether this interpreter's DuckDB has the extensions that shared targets need."""

from __future__ import annotations

import os

import duckdb
import pytest

from otel_forgesyte_duckdb.extensions import load_extension
from otel_forgesyte_schema.errors import ConfigError

REQUIRED = "OTEL_FORGESYTE_REQUIRE_EXTENSIONS"


def what_is_missing(*names: str) -> str:
    """Return why an extension cannot be loaded, or nothing."""
    with duckdb.connect() as connection:
        try:
            for name in names:
                load_extension(connection, name)
        except ConfigError as error:
            return str(error)
    return ""


def skip_without(*names: str) -> None:
    """Skip the calling test module and say why; fail where the environment wants it run."""
    missing = what_is_missing(*names)
    if missing and os.environ.get(REQUIRED):
        pytest.fail(missing, pytrace=False)
    if missing:
        pytest.skip(missing, allow_module_level=True)
