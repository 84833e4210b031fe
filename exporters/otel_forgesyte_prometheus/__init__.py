"""OpenTelemetry metrics for Prometheus: a reader, a server, and ASGI and WSGI applications.

    reader = PrometheusReader()
    provider = MeterProvider(metric_readers=[reader])
    server = start_server(reader)  # server.url is http://127.0.0.1:9464/metrics

`ServingPrometheusReader` does the last step itself, from ``OTEL_EXPORTER_PROMETHEUS_HOST`` and
``OTEL_EXPORTER_PROMETHEUS_PORT``. Who may scrape is a `Door`: a web configuration in Prometheus'
format, and a token file.
"""

from __future__ import annotations

from otel_forgesyte_prometheus.apps import make_asgi_app, make_wsgi_app
from otel_forgesyte_prometheus.cardinality import Explosion
from otel_forgesyte_prometheus.door import Door
from otel_forgesyte_prometheus.formats import Format
from otel_forgesyte_prometheus.gathering import Gathering
from otel_forgesyte_prometheus.reader import PrometheusReader, Scrape, ScrapeBusyError
from otel_forgesyte_prometheus.server import Server, start_server
from otel_forgesyte_prometheus.serving import ServingPrometheusReader, address
from otel_forgesyte_prometheus.together import Together

__all__ = [
    "Door",
    "Explosion",
    "Format",
    "Gathering",
    "PrometheusReader",
    "Scrape",
    "ScrapeBusyError",
    "Server",
    "ServingPrometheusReader",
    "Together",
    "address",
    "make_asgi_app",
    "make_wsgi_app",
    "start_server",
]
