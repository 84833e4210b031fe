"""Dashboards as Grafana's JSON: the classic model, which Grafana 11, 12 and 13 read.

No `id` of a database, so that a file can be provisioned anywhere; a stable `uid`; the data source
a variable of the dashboard. Schema version 39 is Grafana 11.0's: later ones migrate what they load.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from otel_forgesyte.monitoring.panels import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from otel_forgesyte.monitoring.panels import Dashboard, Panel, Query, Row, Variable

MARK = '"forgesyte"'
"""The tag that each of our dashboards has, as its file spells it."""

_COLUMNS = 24
# As numbers, which is how Grafana's Go SDK for SQL spells them.
_TIME_SERIES, _TABLE = 0, 1
_SCHEMA_VERSION = 39
_LETTERS = "ABCDEFGHIJ"


def dashboard_json(dashboard: Dashboard) -> str:
    """The file's text."""
    return json.dumps(_dashboard(dashboard), indent=2, ensure_ascii=False) + "\n"


def _dashboard(dashboard: Dashboard) -> dict[str, Any]:
    tags = ["forgesyte", dashboard.source.word]
    return {
        "uid": dashboard.uid,
        "title": f"Forgesyte / {dashboard.title}",
        "description": dashboard.description,
        "tags": tags,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "schemaVersion": _SCHEMA_VERSION,
        "time": {"from": "now-6h", "to": "now"},
        "timepicker": {},
        # Naive UTC is what the tables hold.
        "timezone": "browser" if dashboard.source is Source.PROMETHEUS else "utc",
        "links": [_link(tags)],
        "annotations": {"list": []},
        "templating": {"list": _variables(dashboard)},
        "panels": list(_panels(dashboard)),
    }


def _link(tags: Sequence[str]) -> dict[str, Any]:
    return {
        "title": "Forgesyte",
        "type": "dashboards",
        "tags": list(tags),
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
    }


def _variables(dashboard: Dashboard) -> list[dict[str, Any]]:
    source = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": dashboard.source.value,
        "refresh": 1,
    }
    return [source, *(_variable(dashboard.source, one) for one in dashboard.variables)]


def _variable(source: Source, variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": _datasource(source),
        "definition": variable.query,
        "query": variable.query,
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        # SQL is given the values themselves: it asks with IN, which knows no pattern for all.
        **({"allValue": ".*"} if source is Source.PROMETHEUS else {}),
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _datasource(source: Source) -> dict[str, str]:
    return {"type": source.value, "uid": "${datasource}"}


def _panels(dashboard: Dashboard) -> Iterator[dict[str, Any]]:
    """Headings and panels from left to right and from top to bottom."""
    top, number = 0, 0
    for row in dashboard.rows:
        number += 1
        yield _heading(row, number, top)
        top, left, height = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                top, left, height = top + height, 0, 0
            number += 1
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            yield _panel(dashboard.source, panel, number, place)
            left, height = left + panel.width, max(height, panel.height)
        top += height


def _heading(row: Row, number: int, top: int) -> dict[str, Any]:
    place = {"x": 0, "y": top, "w": _COLUMNS, "h": 1}
    return {
        "id": number,
        "type": "row",
        "title": row.title,
        "collapsed": False,
        "gridPos": place,
        "panels": [],
    }


def _panel(source: Source, panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _datasource(source),
        "gridPos": place,
        "targets": [
            _target(source, panel, query, letter)
            for query, letter in zip(panel.queries, _LETTERS, strict=False)
        ],
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _options(panel),
        **({"transformations": [_WITHOUT_TIME]} if panel.kind == "table" else {}),
    }


def _target(source: Source, panel: Panel, query: Query, letter: str) -> dict[str, Any]:
    common = {"refId": letter, "datasource": _datasource(source), "editorMode": "code"}
    over_time = panel.kind in {"timeseries", "heatmap"}
    if source is Source.DUCKDB:
        code = _TIME_SERIES if over_time else _TABLE
        return {**common, "rawQuery": True, "rawSql": query.text, "format": code}
    shape = {"heatmap": "heatmap", "table": "table"}.get(panel.kind, "time_series")
    return {
        **common,
        "expr": query.text,
        "legendFormat": query.legend or "__auto",
        "format": shape,
        "range": over_time,
        "instant": not over_time,
    }


_WITHOUT_TIME = {"id": "organize", "options": {"excludeByName": {"Time": True}}}


def _field(panel: Panel) -> dict[str, Any]:
    field: dict[str, Any] = {"unit": panel.unit}
    if panel.kind == "timeseries":
        stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
        field["min"] = 0
        field["custom"] = {
            "drawStyle": "line",
            "fillOpacity": 40 if panel.stacked else 8,
            "showPoints": "auto",
            "spanNulls": False,
            "stacking": stacking,
        }
    return field


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "timeseries":
        legend = {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]}
        return {"legend": {**legend, "showLegend": True}, "tooltip": _TOOLTIP}
    if panel.kind == "stat":
        reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        return {"reduceOptions": reduced, "colorMode": "value", "graphMode": "none"}
    if panel.kind == "heatmap":
        return {"calculate": False, "yAxis": {"unit": panel.unit}, "cellGap": 1}
    return {"showHeader": True}


_TOOLTIP = {"mode": "multi", "sort": "desc"}
