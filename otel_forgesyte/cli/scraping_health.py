"""The metrics page as ``doctor`` sees it: who may scrape, and what exploded there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from otel_forgesyte.semconv import (
    FORGESYTE_METRIC_ATTRIBUTE,
    FORGESYTE_METRIC_NAME,
    METRIC_FORGESYTE_METRIC_EXPLOSION,
)
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from otel_forgesyte.setup.settings import Settings as SetupSettings

__all__ = ["Explosion", "explosions", "who_may_scrape"]

# The gauge is told as long as it is so, every few seconds: what is older has been put right.
_RECENT = timedelta(hours=1)
_EXPLOSIONS = """
SELECT attributes ->> $name_path AS metric, attributes ->> $attribute_path AS attribute,
    max(coalesce(int_value, double_value))::BIGINT AS values
FROM otel.metric_points
WHERE name = $name AND time_unix_nano > $since
GROUP BY ALL
ORDER BY values DESC, metric
"""


@dataclass(frozen=True, slots=True)
class Explosion:
    """An attribute with so many values that its metric is not told whole."""

    metric: str
    attribute: str
    values: int


def explosions(connection: DuckDBPyConnection) -> tuple[Explosion, ...]:
    """What exploded within the last hour in any process that stores here."""
    since = datetime.now(timezone.utc).replace(tzinfo=None) - _RECENT
    values = {
        "name": METRIC_FORGESYTE_METRIC_EXPLOSION.name,
        "name_path": f'$."{FORGESYTE_METRIC_NAME}"',
        "attribute_path": f'$."{FORGESYTE_METRIC_ATTRIBUTE}"',
        "since": since,
    }
    return tuple(Explosion(*row) for row in connection.execute(_EXPLOSIONS, values).fetchall())


def who_may_scrape(settings: SetupSettings) -> str:
    """Who may scrape ``/metrics`` as configured, in words.

    Raises:
        ConfigError: what is to guard it cannot be had, so nobody may.
    """
    from otel_forgesyte_prometheus import Door

    files = settings.prometheus_web_config_file, settings.prometheus_token_file
    try:
        door = Door.resolve(*files)
    except ConfigError as error:
        raise ConfigError(f"/metrics lets nobody in: {error}") from error
    who = "who brings what is asked for" if door.asks else "anybody who reaches it"
    return f"{who}, {'over TLS' if door.uses_tls else 'without TLS'}"
