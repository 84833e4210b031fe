"""Lengths of time as people type them."""

from __future__ import annotations

import re
from datetime import timedelta

import typer

__all__ = ["parse_timespan"]

_UNITS = {"": "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TIMESPAN = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")


def parse_timespan(text: str) -> timedelta:
    """``90``, ``90s``, ``10m``, ``2h`` or ``1d``; a bare number is seconds.

    Raises:
        typer.BadParameter: the text is none of these.
    """
    matched = _TIMESPAN.fullmatch(text.strip().lower())
    if matched is None:
        raise typer.BadParameter(f"{text!r} is no length of time; write 90s, 10m, 2h or 1d")
    try:
        return timedelta(**{_UNITS[matched[2]]: float(matched[1])})
    except OverflowError as error:
        raise typer.BadParameter(f"{text!r} is longer than any job could run") from error
