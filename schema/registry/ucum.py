"""Units in the notation of UCUM (https://ucum.org/ucum), case-sensitive, as OpenTelemetry wants.

The atoms are those that OpenTelemetry's own metrics use. UCUM has some hundreds more; a unit that
needs one is rare enough to be added here on purpose.
"""

from __future__ import annotations

import re

_METRIC_ATOMS = ("s", "By", "bit", "m", "g", "A", "V", "W", "J", "Hz", "Cel", "K")
_PLAIN_ATOMS = ("1", "%", "min", "h", "d")
_PREFIXES = ("n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti")

_ANNOTATION = r"\{[a-z][a-z0-9_.-]*\}"
_ATOM = "|".join(
    [*map(re.escape, _PLAIN_ATOMS), f"(?:{'|'.join(_PREFIXES)})?(?:{'|'.join(_METRIC_ATOMS)})"]
)
_COMPONENT = rf"(?:(?:{_ATOM})(?:-?[1-9])?(?:{_ANNOTATION})?|{_ANNOTATION})"
_UNIT = re.compile(rf"{_COMPONENT}(?:[./]{_COMPONENT})*|/{_COMPONENT}")


def is_unit(text: str) -> bool:
    """Whether the text is a unit such as `s`, `By`, `{job}`, `{frame}/s`, `By/s` or `1`."""
    return _UNIT.fullmatch(text) is not None


def is_other_time(unit: str) -> bool:
    """Whether the unit measures time in anything but seconds."""
    return unit in {"ns", "us", "ms", "ks", "min", "h", "d"}
