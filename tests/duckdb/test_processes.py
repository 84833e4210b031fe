"""What only shows in a process of its own: imports, time zones, defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from tests.duckdb.conftest import Target


def test_an_application_that_leaves_draining_to_others_never_imports_duckdb(
    target: Target, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python(
        """
        import sys
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from otel_forgesyte_duckdb import DuckDBSpanExporter
        exporter = DuckDBSpanExporter(database=sys.argv[1], drain="external")
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        provider.get_tracer("t").start_span("s").end()
        exporter.force_flush(50)
        provider.shutdown()
        sys.exit("duckdb" in sys.modules)
        """,
        target.path,
    )
    assert done.returncode == 0, done.stderr
    assert target.status().spooled_lines == 1


def test_times_are_utc_whatever_the_zone_of_the_process(
    target: Target, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python(
        """
        import sys, time
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from otel_forgesyte_duckdb import DuckDBSpanExporter, reading
        exporter = DuckDBSpanExporter(database=sys.argv[1])
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        span = provider.get_tracer("t").start_span("s", start_time=1_700_000_000_123_456_789)
        span.end(1_700_000_000_123_456_790)
        assert time.tzname == ("JST", "JST")
        assert exporter.force_flush()
        with reading(sys.argv[1]) as connection:
            print(*connection.execute('''
                SELECT start_time_unix_nano::VARCHAR, duration_ns,
                    (SELECT abs(epoch(max(ingested_at)) - $now) < 60 FROM otel.segments)
                FROM otel.spans
            ''', {"now": time.time()}).fetchone())
        provider.shutdown()
        """,
        target.path,
        TZ="Asia/Tokyo",
    )
    assert done.stdout == "2023-11-14 22:13:20.123456789 1 True\n", done.stderr


def test_the_environment_alone_configures_an_exporter(
    target: Target, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python(
        """
        from opentelemetry.sdk._configuration import _initialize_components
        _initialize_components()
        from opentelemetry import trace
        trace.get_tracer("t").start_span("s").end()
        """,
        OTEL_TRACES_EXPORTER="duckdb",
        OTEL_METRICS_EXPORTER="duckdb",
        OTEL_LOGS_EXPORTER="duckdb",
        OTEL_EXPORTER_DUCKDB_DATABASE=str(target.path),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert target.value("SELECT list(name) FROM otel.spans") == ["s"]
