"""What the generators write: each file's text by its path below the chosen folder."""

from __future__ import annotations

from otel_forgesyte.monitoring.alerts import (
    device_rules,
    job_alerts,
    overlay_rules,
    plugin_rules,
)
from otel_forgesyte.monitoring.boards import DASHBOARDS
from otel_forgesyte.monitoring.burn_rate import alerts, recordings
from otel_forgesyte.monitoring.grafana import dashboard_json
from otel_forgesyte.monitoring.rules import Group, RuleFile, rules_yaml
from otel_forgesyte.monitoring.targets import Objectives, targets
from otel_forgesyte.monitoring.telemetry_alerts import (
    collector_alerts,
    process_rules,
    record_alerts,
)


def dashboard_files() -> dict[str, str]:
    """The dashboards: `prometheus/jobs.json`, `duckdb/jobs.json` and so on."""
    return {f"{one.source.word}/{one.name}.json": dashboard_json(one) for one in DASHBOARDS}


def rule_files(objectives: Objectives | None = None) -> tuple[RuleFile, ...]:
    """The rules for these objectives; without any, for the default one.

    Raises:
        ConfigError: an objective that no rule could hold anything to.
    """
    held = targets(objectives or Objectives())
    return (
        RuleFile(
            "jobs",
            (
                Group("forgesyte-job-budgets", (*recordings(held), *alerts(held))),
                Group("forgesyte-jobs", job_alerts(held)),
            ),
        ),
        RuleFile("plugins", (Group("forgesyte-plugins", plugin_rules()),)),
        RuleFile("devices", (Group("forgesyte-devices", device_rules()),)),
        RuleFile("overlays", (Group("forgesyte-overlays", overlay_rules(held)),)),
        RuleFile(
            "telemetry",
            (
                Group("forgesyte-telemetry", (*record_alerts(), *process_rules())),
                Group("forgesyte-collector", collector_alerts()),
            ),
        ),
    )


def rule_texts(files: tuple[RuleFile, ...]) -> dict[str, str]:
    """The rules as text: `jobs.yml` and so on."""
    return {f"{one.name}.yml": rules_yaml(one) for one in files}
