"""The real Prometheus at our door: what it asks for, what it stores, what it cannot get in to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from otel_forgesyte_prometheus import Door, PrometheusReader, Server, start_server
from tests.waiting import wait_for

from .certificates import PASSWORD, hashed
from .real import promtool, real_prometheus

if TYPE_CHECKING:
    from pathlib import Path

    from .certificates import Certificates


def at(server: Server, job: str, **more: Any) -> dict[str, Any]:
    """A scrape configuration."""
    target = {"targets": [f"{server.host}:{server.port}"]}
    scheme = {"scheme": "https"} if server.door.uses_tls else {}
    return {"job_name": job, "static_configs": [target], **scheme, **more}


def measured(**options: Any) -> tuple[PrometheusReader, MeterProvider]:
    """A reader of an application that has done ten jobs, half of them longer than a second."""
    reader = PrometheusReader(**options)
    provider = MeterProvider([reader], Resource({"service.name": "till"}))
    meter = provider.get_meter("shop")
    seconds = meter.create_histogram(
        "shop.job.duration", "s", "Of jobs", explicit_bucket_boundaries_advisory=[1, 10]
    )
    with TracerProvider().get_tracer("shop").start_as_current_span("job"):
        for number in range(10):
            seconds.record(0.5 if number % 2 else 2.0)
    meter.create_counter("shop.plugin.runs", "{run}", "Of plugins").add(3)
    return reader, provider


def of_nightly(trace_id: int, span_id: int) -> tuple[tuple[str, str], ...]:
    assert trace_id
    assert span_id
    return (("job_id", "nightly"),)


@pytest.mark.slow
def test_it_scrapes_over_mutual_tls_with_a_password_and_keeps_parts_apart(
    tmp_path: Path, certificates: Certificates
) -> None:
    made = certificates
    web = tmp_path / "web.yml"
    web.write_text(
        f"tls_server_config: {{cert_file: {made.server.certificate}, key_file: {made.server.key},"
        f" client_ca_file: {made.ca.certificate},"
        " client_auth_type: RequireAndVerifyClientCert}\n"
        f"basic_auth_users: {{prometheus: '{hashed()}'}}\n"
    )
    # The file is Prometheus' own: its checker takes it as well.
    code, said = promtool("check", "web-config", str(web))
    assert code == 0, said
    (tmp_path / "token").write_text("s3cret-word")
    reader, provider = measured(exemplar_labels=of_nightly)
    server = start_server(reader, port=0, door=Door(web, tmp_path / "token"))
    ours = {"ca_file": str(made.ca.certificate)}
    shown = {"cert_file": str(made.client.certificate), "key_file": str(made.client.key)}
    user = {"basic_auth": {"username": "prometheus", "password": PASSWORD}}
    token = {"authorization": {"credentials": "s3cret-word"}}
    jobs = [
        at(server, "all", tls_config=ours | shown, **user),
        at(server, "part", tls_config=ours | shown, metrics_path="/metrics/job", **token),
        at(server, "no-password", tls_config=ours | shown),
        at(server, "no-certificate", tls_config=ours, **user),
    ]
    with real_prometheus(tmp_path, jobs, "exemplar-storage") as prometheus:
        wait_for(lambda: len(prometheus.values("up")) == 4, "four targets")
        assert prometheus.values("up") == {
            "all": 1, "part": 1, "no-password": 0, "no-certificate": 0,
        }  # fmt: skip
        assert "401" in prometheus.targets()["no-password"][1]
        assert prometheus.values("shop_job_duration_seconds_count") == {"all": 10, "part": 10}
        assert prometheus.values("shop_plugin_runs_total") == {"all": 3}
        assert prometheus.values("target_info") == {"all": 1, "part": 1}
        found = prometheus.exemplars("shop_job_duration_seconds_bucket")
        assert {each["value"] for each in found} == {"0.5", "2"}
        for each in found:
            assert each["labels"].keys() == {"trace_id", "span_id", "job_id"}
            assert each["labels"]["job_id"] == "nightly"
    provider.shutdown()


@pytest.mark.slow
def test_it_stores_exponential_histograms_as_native_ones_when_it_asks_for_protobuf(
    tmp_path: Path,
) -> None:
    exponential = {Histogram: ExponentialBucketHistogramAggregation()}
    reader, provider = measured(preferred_aggregation=exponential)
    server = start_server(reader, port=0, door=Door())
    with real_prometheus(tmp_path, [at(server, "j")], "native-histograms") as prometheus:
        wait_for(lambda: prometheus.values("shop_plugin_runs_total") == {"j": 3}, "a scrape")
        name = "shop_job_duration_seconds"
        assert prometheus.values(f"histogram_count({name})") == {"j": 10}
        assert prometheus.values(f"histogram_sum({name})") == {"j": 12.5}
        (middle,) = prometheus.values(f"histogram_quantile(0.9, {name})").values()
        assert 1.99 < middle < 2.01  # of buckets a thousandth wide
        assert prometheus.values(f"{name}_bucket") == {}
        assert prometheus.values("target_info") == {"j": 1}
    provider.shutdown()


def test_its_checker_finds_no_fault_with_the_page() -> None:
    reader, provider = measured()
    assert promtool("check", "metrics", stdin=reader.page()) == (0, "")
    provider.shutdown()
