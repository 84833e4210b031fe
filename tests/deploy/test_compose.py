"""compose.yaml: what the specification says of it, and what each container may do."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from .files import DEPLOY, checker, document, services

ALL = services()


@pytest.mark.parametrize("name", ["compose.yaml", "compose-duckdb.yaml"])
def test_it_is_what_the_compose_specification_allows(name: str) -> None:
    specification = checker("compose_spec")
    merged = yaml.safe_dump(document(name))  # the checker knows no merge within a merge
    specification.PyCompose.from_yaml(merged).validate()


def test_the_specification_is_really_asked() -> None:
    specification = checker("compose_spec")
    wrong = document("compose.yaml")
    wrong["services"]["grafana"]["memory_limit"] = "1G"
    with pytest.raises(ValueError, match="memory_limit"):
        specification.PyCompose.from_yaml(yaml.safe_dump(wrong))


@pytest.mark.parametrize("name", ALL)
def test_no_container_may_more_than_it_needs(name: str) -> None:
    service = ALL[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].split(":")[0] not in {"0", "root"}
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & set(service)
    limits = service["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}


@pytest.mark.parametrize("name", ALL)
def test_a_container_is_checked_for_its_health_where_its_image_can(name: str) -> None:
    # The collector's image has no shell and no second program; the copy is a loop without a port.
    assert ("healthcheck" in ALL[name]) == (name not in {"collector", "copy"})


@pytest.mark.parametrize("name", ALL)
def test_only_this_machine_reaches_a_published_port(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in ALL[name].get("ports", []))


@pytest.mark.parametrize("name", ALL)
def test_what_a_container_mounts_is_there(name: str) -> None:
    volumes = document("compose.yaml")["volumes"] | document("compose-duckdb.yaml")["volumes"]
    for mount in ALL[name].get("volumes", []):
        source = mount.split(":")[0]
        if source == "./grafana/plugins":
            continue  # unpacked by whoever wants the DuckDB data source
        if source.startswith("./"):
            assert (DEPLOY / source).exists(), mount
            assert mount.endswith(":ro"), mount
        else:
            assert source in volumes


@pytest.mark.parametrize("name", ALL)
def test_a_container_has_the_secrets_that_its_settings_name_and_no_others(name: str) -> None:
    said = yaml.safe_dump(ALL[name]) + _configuration(name)
    for secret in document("compose.yaml")["secrets"]:
        used = f"/run/secrets/{secret}" in said
        assert used == (secret in ALL[name].get("secrets", [])), secret


def _configuration(name: str) -> str:
    files: dict[str, str] = {
        "prometheus": "prometheus/prometheus.yml",
        "alertmanager": "alertmanager/alertmanager.yml",
        "collector": "collector/collector.yaml",
    }
    return (DEPLOY / files[name]).read_text("utf-8") if name in files else ""


def test_the_application_says_nothing_of_where_its_records_go() -> None:
    program = (DEPLOY / "example" / "studio.py").read_text("utf-8")
    assert "configure()" in program
    for word in ("duckdb", "OTEL_", "prometheus_port", "endpoint", "sqlite"):
        assert word not in program.split('"""', 2)[2]


def test_server_and_application_share_one_volume_and_its_owner() -> None:
    server, application = ALL["telemetry"], ALL["application"]
    assert server["volumes"] == application["volumes"] == ALL["copy"]["volumes"][:1]
    assert server["user"] == application["user"] == ALL["copy"]["user"] == "10001:10001"
    environment: dict[str, Any] = application["environment"]
    path = environment["OTEL_EXPORTER_DUCKDB_DATABASE"]
    assert f"--database={path}" in server["command"]
    assert environment["OTEL_EXPORTER_DUCKDB_DRAIN"] == "external"


def test_containers_of_one_application_have_a_page_each() -> None:
    # In the spool, which they share, they would stand on one page, and be scraped once for each.
    application = ALL["application"]
    shared = application["environment"]["OTEL_EXPORTER_PROMETHEUS_SHARED_DIRECTORY"]
    (of_the_container,) = application["tmpfs"]
    assert shared.startswith(of_the_container.partition(":")[0])
