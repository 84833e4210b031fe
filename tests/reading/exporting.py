"""A real exporter without global set-up: jobs into a database, in any process."""

from __future__ import annotations

import sys
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from otel_forgesyte_duckdb import DuckDBSpanExporter


class Jobs:
    """Records jobs through the SDK; `record` returns once the exporter has accepted the job."""

    def __init__(self, database: str, **settings: Any) -> None:
        self._exporter = DuckDBSpanExporter(database=database, **settings)
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("otel_forgesyte")

    def record(self, job_id: str) -> None:
        with self._tracer.start_as_current_span(
            "job faces",
            attributes={
                "forgesyte.operation.name": "job",
                "forgesyte.job.id": job_id,
                "forgesyte.plugin.name": "faces",
            },
        ):
            pass

    def flush(self) -> bool:
        return self._exporter.force_flush(20_000)

    def shutdown(self) -> None:
        self._provider.shutdown()


if __name__ == "__main__":
    database, count = sys.argv[1], int(sys.argv[2])
    jobs = Jobs(database, flush_interval_s=0.05)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for number in range(count):
        jobs.record(f"job-{number}")
        if number % 10 == 9 and not jobs.flush():
            sys.exit(f"job-{number} did not reach the database in time")
    jobs.shutdown()
