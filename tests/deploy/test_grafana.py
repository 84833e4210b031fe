"""What Grafana is told at its start fits the dashboards, and how compose mounts them."""

from __future__ import annotations

import json

import pytest

from .files import DEPLOY, document, services

KINDS = ["prometheus", "duckdb"]
GRAFANA = services()["grafana"]


def mounts() -> dict[str, str]:
    """Where each file or folder stands in the container."""
    return {mount.split(":")[1]: mount.split(":")[0] for mount in GRAFANA["volumes"]}


@pytest.mark.parametrize("kind", KINDS)
def test_both_files_are_mounted_where_grafana_looks(kind: str) -> None:
    for what in ("datasources", "dashboards"):
        source = f"./grafana/provisioning/{what}/{kind}.yml"
        assert mounts()[f"/etc/grafana/provisioning/{what}/{kind}.yml"] == source


@pytest.mark.parametrize("kind", KINDS)
def test_the_folder_of_dashboards_is_the_one_that_is_generated(kind: str) -> None:
    (provider,) = document(f"grafana/provisioning/dashboards/{kind}.yml")["providers"]
    folder = DEPLOY / mounts()[provider["options"]["path"]]
    assert len(list(folder.glob("*.json"))) == 7
    assert provider["type"] == "file"


@pytest.mark.parametrize("kind", KINDS)
def test_each_dashboard_asks_for_the_kind_of_data_source_that_is_there(kind: str) -> None:
    (source,) = document(f"grafana/provisioning/datasources/{kind}.yml")["datasources"]
    for path in (DEPLOY / "grafana" / "dashboards" / kind).glob("*.json"):
        board = json.loads(path.read_text("utf-8"))
        variables = {each["name"]: each for each in board["templating"]["list"]}
        assert variables["datasource"]["query"] == source["type"]
        # Panels name the variable, so the uid of the data source may be any.
        used = json.dumps(board["panels"])
        assert '"uid": "${datasource}"' in used
        assert f'"uid": "{source["uid"]}"' not in used


def test_prometheus_is_asked_where_compose_starts_it() -> None:
    (source,) = document("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    every = document("prometheus/prometheus.yml")["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == every


def test_the_copy_that_grafana_opens_is_the_one_that_is_made() -> None:
    (source,) = document("grafana/provisioning/datasources/duckdb.yml")["datasources"]
    path = source["jsonData"]["path"]
    assert path == "/var/lib/forgesyte/telemetry.duckdb?access_mode=READ_ONLY"
    assert "copy:/var/lib/forgesyte:ro" in GRAFANA["volumes"]
    copying = services()["copy"]
    assert copying["volumes"] == ["telemetry:/data", "copy:/copy"]
    assert copying["user"].rpartition(":")[2] in GRAFANA["group_add"]
    assert copying["command"][-1].split(" && ")[1:] == [
        "chmod 0640 /copy/new.duckdb",
        "mv -f /copy/new.duckdb /copy/telemetry.duckdb; done",
    ]
    # The plugin's name, as Grafana is to load it although nobody signed it.
    allowed = GRAFANA["environment"]["GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS"]
    assert allowed == source["type"]
