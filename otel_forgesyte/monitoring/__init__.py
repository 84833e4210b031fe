"""Dashboards and alerting rules, generated from the registry and from stated objectives.

A panel or a rule names metrics and attributes by the constants of `otel_forgesyte.semconv`, and by
the functions with which `/metrics` spells them: a renamed metric changes the files, and
`otel-forgesyte dashboards check` and `rules check` say so.
"""

from __future__ import annotations

from otel_forgesyte.monitoring.expressions import (
    Expression,
    expressions,
    promql_to_run,
    sql_to_run,
)
from otel_forgesyte.monitoring.generation import dashboard_files, rule_files, rule_texts
from otel_forgesyte.monitoring.objectives_file import read_objectives
from otel_forgesyte.monitoring.panels import Source
from otel_forgesyte.monitoring.targets import Objectives

__all__ = [
    "Expression",
    "Objectives",
    "Source",
    "dashboard_files",
    "expressions",
    "promql_to_run",
    "read_objectives",
    "rule_files",
    "rule_texts",
    "sql_to_run",
]
