"""The dashboards as Grafana reads them."""

from __future__ import annotations

import json
import re
from itertools import combinations
from typing import Any

import pytest

from otel_forgesyte import semconv
from otel_forgesyte.monitoring import Source, dashboard_files, expressions
from otel_forgesyte.monitoring.boards import DASHBOARDS
from otel_forgesyte.monitoring.panels import per_second, unit_of
from otel_forgesyte.monitoring.promql import family

_FILES = {name: json.loads(text) for name, text in dashboard_files().items()}
_BOTH = pytest.mark.parametrize("name", sorted(_FILES))
# Grafana's own, and those of ours.
_VARIABLES = {"__rate_interval", "__range", "__interval_ms", "__from", "__to", "__timeFilter"}
# Told to exporters that are pushed to: a scrape never has it.
_PUSHED = semconv.METRIC_FORGESYTE_OVERLAY_FRAME_DURATION


def test_each_subject_has_a_page_over_prometheus_and_one_over_duckdb() -> None:
    subjects = ("devices", "health", "jobs", "overlays", "pipeline", "plugins", "service")
    assert sorted(_FILES) == sorted(
        f"{source}/{subject}.json" for source in ("prometheus", "duckdb") for subject in subjects
    )


@_BOTH
def test_a_page_can_be_provisioned_anywhere(name: str) -> None:
    page = _FILES[name]
    source, subject = name.removesuffix(".json").split("/")
    assert page["uid"] == f"forgesyte-{source}-{subject}"
    assert len(page["uid"]) <= 40
    assert "id" not in page
    assert page["schemaVersion"] == 39
    variable, kind = page["templating"]["list"][0], Source[source.upper()].value
    assert (variable["name"], variable["type"], variable["query"]) == (
        "datasource",
        "datasource",
        kind,
    )
    used = re.findall(r'"datasource": \{"type": "([^"]*)", "uid": "([^"]*)"\}', json.dumps(page))
    assert len(used) == json.dumps(page).count('"datasource": ') > 2
    assert set(used) == {(kind, "${datasource}")}


@_BOTH
def test_panels_lie_beside_and_below_each_other_and_nowhere_else(name: str) -> None:
    panels = _FILES[name]["panels"]
    numbers = [panel["id"] for panel in panels]
    assert numbers == list(range(1, len(panels) + 1))
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)
    assert max(panel["gridPos"]["x"] + panel["gridPos"]["w"] for panel in panels) == 24


@_BOTH
def test_a_page_uses_the_variables_that_it_has(name: str) -> None:
    page = _FILES[name]
    has = {variable["name"] for variable in page["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(page["panels"])))
    assert used <= has | _VARIABLES
    assert has <= used


def test_a_panel_asks_with_what_its_source_understands() -> None:
    def targets(name: str) -> list[dict[str, Any]]:
        panels = _FILES[name]["panels"]
        return [target for panel in panels for target in panel.get("targets", ())]

    for target in targets("prometheus/jobs.json"):
        assert target["expr"]
        assert target["instant"] is not target["range"]
    for target in targets("duckdb/jobs.json"):
        assert target["rawSql"].lstrip("-").strip()
        assert target["format"] in {0, 1}


def test_every_metric_that_a_scrape_shows_is_in_an_expression() -> None:
    asked = " ".join(one.text for one in expressions(()) if one.source is Source.PROMETHEUS)
    instruments = [
        instrument
        for name, instrument in vars(semconv).items()
        if name.startswith("METRIC_") and instrument != _PUSHED
    ]
    assert [one.name for one in instruments if family(one) not in asked] == []


def test_units_are_those_of_the_registry() -> None:
    assert unit_of(semconv.METRIC_FORGESYTE_JOB_DURATION.unit) == "s"
    assert unit_of(semconv.METRIC_FORGESYTE_SPOOL_SIZE.unit) == "bytes"
    assert unit_of(semconv.METRIC_FORGESYTE_JOB_ACTIVE.unit) == "suffix: jobs"
    assert per_second(semconv.METRIC_FORGESYTE_RECORDS_DROPPED.unit) == "suffix: records/s"


def test_a_series_is_called_by_labels_that_its_expression_leaves() -> None:
    for board in DASHBOARDS:
        for panel in board.panels:
            for query in panel.queries:
                for label in re.findall(r"\{\{(\w+)\}\}", query.legend):
                    plain = re.search(rf"by \([^)]*\b{label}\b", query.text)
                    assert plain or " by " not in query.text, (panel.title, label)
