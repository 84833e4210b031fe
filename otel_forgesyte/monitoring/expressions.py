"""Every expression of every dashboard and rule, as Prometheus or DuckDB can run it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from otel_forgesyte.monitoring.boards import DASHBOARDS
from otel_forgesyte.monitoring.panels import Source
from otel_forgesyte.monitoring.rules import Alert

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from otel_forgesyte.monitoring.rules import RuleFile


@dataclass(frozen=True, slots=True)
class Expression:
    """One of them.

    Attributes:
        where: the dashboard or rule file, and the panel or rule.
        source: what answers it.
        text: as it stands in the file.
        needs: what has to happen before it has an answer; empty where a working service, with the
            recording rules loaded, is enough.
    """

    where: str
    source: Source
    text: str
    needs: str = ""


def expressions(files: Sequence[RuleFile]) -> tuple[Expression, ...]:
    """Those of all dashboards, and of these rule files."""
    return (*_of_dashboards(), *_of_rules(files))


def _of_dashboards() -> Iterator[Expression]:
    for board in DASHBOARDS:
        for panel in board.panels:
            for query in panel.queries:
                where = f"{board.uid}: {panel.title}"
                yield Expression(where, board.source, query.text, query.needs)
        if board.source is Source.DUCKDB:
            for variable in board.variables:
                yield Expression(f"{board.uid}: ${variable.name}", board.source, variable.query)


def _of_rules(files: Iterable[RuleFile]) -> Iterator[Expression]:
    for file in files:
        for group in file.groups:
            for rule in group.rules:
                name, needs = (
                    (rule.alert, rule.needs) if isinstance(rule, Alert) else (rule.record, "")
                )
                yield Expression(f"{file.name}: {name}", Source.PROMETHEUS, rule.expr, needs)


def promql_to_run(text: str, window: str) -> str:
    """PromQL with a window for Grafana's, and everything chosen."""
    text = text.replace("$__rate_interval", window).replace("$__range", window)
    return re.sub(r"\$\w+", ".*", text)


def sql_to_run(
    text: str,
    begin: dt.datetime,
    end: dt.datetime,
    chosen: Mapping[str, Sequence[str]],
    interval_ms: int = 60_000,
) -> str:
    """SQL as the plugin for DuckDB makes it of Grafana's macros and variables; times are UTC.

    Its `$__timeFilter` is the one of Grafana's SDK: text compared with the column. The rest is
    Grafana's own, replaced before the plugin sees it. Where there is nothing to choose from, "all"
    is no text: so questions ask `IN [...]`, which may be empty. DuckDB 1.5 refuses `IN ()`.
    """
    first, last = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (begin, end))
    text = re.sub(r"\$__timeFilter\(([^()]+)\)", rf"\1 >= '{first}' AND \1 <= '{last}'", text)
    text = text.replace("$__interval_ms", str(interval_ms))
    for name, moment in (("__from", begin), ("__to", end)):
        text = text.replace(f"${{{name}}}", str(int(moment.timestamp() * 1000)))
    for name, values in chosen.items():
        quoted = ",".join("'" + value.replace("'", "''") + "'" for value in values)
        text = text.replace(f"${{{name}:sqlstring}}", quoted)
    return text
