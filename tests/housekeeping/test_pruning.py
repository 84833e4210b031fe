"""Retention: what goes, what stays, and what still adds up."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from otel_forgesyte_duckdb import ConfigError, Settings, reading, writing
from otel_forgesyte_duckdb.housekeeping import Housekeeper
from otel_forgesyte_duckdb.pruning import Plan, Pruned, plan_of, prune, would_prune
from otel_forgesyte_duckdb.retention import parse_retention, parse_size
from otel_forgesyte_schema import drift
from otel_forgesyte_schema.retained import sized_bytes, used_bytes
from tests.housekeeping.conftest import NOW, Kept, make_kept

if TYPE_CHECKING:
    from pathlib import Path


def test_rows_older_than_the_retention_go_by_whole_days_and_the_summary_stays(kept: Kept) -> None:
    settings = replace(kept.settings, retention="2d,job_metrics=3d", archive_directory="")
    before = kept.summary()
    pruned = prune(settings, plan_of(settings, NOW + dt.timedelta(hours=7)))

    assert {each.table: each.rows for each in pruned} == {
        "spans": 200,
        "metric_points": 200,
        "logs": 200,
        "job_metrics": 100,
        "plugin_metrics": 200,
    }
    assert kept.value("SELECT min(time_unix_nano)::VARCHAR FROM otel.logs") == "2026-02-09 00:00:00"
    assert kept.value("SELECT count(*) FROM otel.job_keys") == 300
    assert kept.summary() == before
    with reading(kept.path) as connection:
        assert drift(connection) == []


def test_a_dry_run_says_what_would_go_and_deletes_nothing(kept: Kept) -> None:
    plan = Plan({"spans": NOW - dt.timedelta(days=1)})
    with reading(kept.path) as connection:
        assert would_prune(connection, plan) == [
            Pruned("spans", 300, would_prune(connection, plan)[0].bytes)
        ]
    assert kept.value("SELECT count(*) FROM otel.spans") == 400


def test_beyond_the_size_the_oldest_days_of_the_largest_tables_go(tmp_path: Path) -> None:
    kept = make_kept(tmp_path, days=3, rows_a_day=30_000)
    settings = replace(kept.settings, archive_directory="")
    with reading(kept.path) as connection:
        assert sized_bytes(connection) == used_bytes(connection)
        limit = used_bytes(connection) - 500_000
    pruned = prune(settings, Plan(max_bytes=limit))

    with reading(kept.path) as connection:
        assert limit - 1_500_000 < sized_bytes(connection) <= limit
    assert {each.table for each in pruned} <= {"spans", "metric_points", "logs"}
    assert kept.value("SELECT count(*) FROM job_metrics") == 90_000
    newest = "SELECT count(*) FROM otel.spans WHERE start_time_unix_nano >= TIMESTAMP '2026-02-10'"
    assert kept.value(newest) == 30_000


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("30", "give an age such as 12h, 30d or 8w"),
        ("0d", "give an age"),
        ("span=3d", "no table 'span'; there are spans"),
        ("spans=soon", "give an age"),
    ],
)
def test_a_retention_that_cannot_be_understood_says_what_fits(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        Settings.resolve(retention=text)


def test_ages_and_sizes_are_what_people_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_RETENTION", "30d, spans=12h")
    monkeypatch.setenv("OTEL_EXPORTER_DUCKDB_MAX_BYTES", "1.5GB")
    settings = Settings.resolve()

    found = parse_retention(settings.retention)
    assert (found["spans"], found["logs"]) == (dt.timedelta(hours=12), dt.timedelta(days=30))
    assert settings.max_bytes == 1_500_000_000
    assert parse_size("0") == 0
    with pytest.raises(ValueError, match="at least 10MB"):
        parse_size("9MB")


def test_the_housekeeper_works_in_slices_and_not_again_within_the_hour(kept: Kept) -> None:
    settings = replace(kept.settings, retention="1d", archive_directory="")
    housekeeper = Housekeeper(settings)
    with writing(kept.path) as connection:
        assert not housekeeper.is_due(connection)
        connection.execute(
            "UPDATE otel.schema_version SET applied_at = applied_at - INTERVAL 2 HOUR"
        )
        assert housekeeper.is_due(connection)
        steps = 1
        while not housekeeper.step(connection):
            steps += 1
        assert steps == 21
        assert not housekeeper.is_due(connection)
        assert not Housekeeper(settings).is_due(connection)
    assert kept.value("SELECT count(*) FROM otel.spans") == 0
