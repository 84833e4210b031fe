"""python-json-logger: the faster of its formatters, by the library that ours writes JSON with."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from pythonjsonlogger.orjson import OrjsonFormatter

from benchmarks.log_record import ATTRIBUTES, MESSAGE
from benchmarks.workload import timed

if TYPE_CHECKING:
    from benchmarks.harness import Case


def formatted() -> Case:
    """Time, level, logger, message and the same attributes; nothing is redacted."""
    record = logging.makeLogRecord(
        {"name": "benchmark", "levelname": "INFO", "msg": MESSAGE, **ATTRIBUTES}
    )
    formatter = OrjsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    line = json.loads(formatter.format(record))
    if not set(ATTRIBUTES) <= set(line):
        raise RuntimeError(f"the line lacks attributes: {line}")
    return timed(lambda: formatter.format(record), lambda: None)
