"""The collector's configuration, held to the keys of its version; no collector is run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from .files import DEPLOY, ROOT, document, services

JSONSCHEMA: Any = pytest.importorskip("jsonschema")
SCHEMA = json.loads((Path(__file__).parent / "collector.schema.json").read_text("utf-8"))
CONFIGURATION = document("collector/collector.yaml")


def mistakes(configuration: Any) -> list[str]:
    return [
        error.message
        for error in JSONSCHEMA.Draft202012Validator(SCHEMA).iter_errors(configuration)
    ]


def test_every_key_is_one_that_the_collector_knows() -> None:
    JSONSCHEMA.Draft202012Validator.check_schema(SCHEMA)
    assert mistakes(CONFIGURATION) == []


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (("exporters", "otlp_http"), "retries"),
        (("exporters", "otlp_http", "sending_queue"), "size"),
        (("receivers", "otlp", "protocols"), "https"),
        (("processors", "memory_limiter"), "limit"),
        (("service",), "pipeline"),
        ((), "exporter"),
    ],
)
def test_a_key_that_it_does_not_know_is_found(path: tuple[str, ...], key: str) -> None:
    wrong = json.loads(json.dumps(CONFIGURATION))
    place = wrong
    for name in path:
        place = place[name]
    place[key] = 1
    assert len(mistakes(wrong)) == 1


def test_pipelines_use_all_that_is_set_up_and_nothing_else() -> None:
    service = CONFIGURATION["service"]
    assert set(service["extensions"]) == set(CONFIGURATION["extensions"])
    assert set(service["pipelines"]) == {"traces", "metrics", "logs"}
    for part in ("receivers", "processors", "exporters"):
        used = {name for pipeline in service["pipelines"].values() for name in pipeline[part]}
        assert used == set(CONFIGURATION[part])
    for pipeline in service["pipelines"].values():
        assert pipeline["processors"][0] == "memory_limiter"


def test_it_sends_to_the_server_of_compose_with_its_token() -> None:
    exporter = CONFIGURATION["exporters"]["otlp_http"]
    server = services()["telemetry"]
    assert exporter["endpoint"] == "http://telemetry:4318"
    assert "--otlp-port=4318" in server["command"]
    assert exporter["auth"]["authenticator"] in CONFIGURATION["extensions"]
    token = CONFIGURATION["extensions"]["bearertokenauth"]["filename"]
    assert f"--token-file={token}" in server["command"]


def test_a_batch_is_no_longer_than_the_server_takes() -> None:
    text = (ROOT / "docs" / "serving.md").read_text("utf-8")
    most = re.search(r"--max-body-bytes` \| (\d+) MiB", text)
    assert most
    batch = CONFIGURATION["exporters"]["otlp_http"]["sending_queue"]["batch"]
    assert batch["max_size"] < int(most[1]) * 1024 * 1024


def test_what_it_listens_on_is_what_compose_and_kubernetes_publish() -> None:
    protocols = CONFIGURATION["receivers"]["otlp"]["protocols"]
    ports = {each["endpoint"].rpartition(":")[2] for each in protocols.values()}
    assert ports == {"4317", "4318"}
    assert services()["collector"]["ports"] == ["127.0.0.1:4317:4317", "127.0.0.1:4318:4318"]
    manifest = (DEPLOY / "kubernetes" / "collector.yaml").read_text("utf-8")
    for port in (*ports, "8888", "13133"):
        assert f"containerPort: {port}" in manifest


def test_its_own_metrics_have_the_names_that_the_rules_read() -> None:
    # Its Prometheus reader says _total and _seconds unless it is told `without_type_suffix`.
    (reader,) = CONFIGURATION["service"]["telemetry"]["metrics"]["readers"]
    assert reader["pull"]["exporter"]["prometheus"].keys() == {"host", "port"}
    rules = (DEPLOY / "prometheus" / "rules" / "telemetry.yml").read_text("utf-8")
    for name in ("process_uptime_seconds", "receiver_refused_spans", "exporter_send_failed_spans"):
        assert f"otelcol_{name}_total" in rules
