"""The questions of the DuckDB dashboards: one a file, in the folder `sql`."""

from __future__ import annotations

import re
from importlib.resources import files

from otel_forgesyte import semconv
from otel_forgesyte.monitoring.panels import Query
from otel_forgesyte_schema.errors import ConfigError

_NAME = re.compile(r"\bforgesyte(?:\.[a-z][a-z0-9_]*)+")
_KNOWN = frozenset(
    text
    for constant in vars(semconv).values()
    if isinstance(text := getattr(constant, "name", constant), str)
)


def question(name: str) -> Query:
    """The question of that name, with Grafana's macros and variables as they stand in the file.

    Raises:
        ConfigError: it asks for a name that the registry does not have (any more).
    """
    text = (files("otel_forgesyte.monitoring") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    for found in _NAME.findall(text):
        if found not in _KNOWN:
            raise ConfigError(
                f"sql/{name}.sql asks for {found}, which the registry does not define: correct it"
            )
    return Query(text.strip().removesuffix(";"))
