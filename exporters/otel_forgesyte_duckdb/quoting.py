"""Texts as SQL writes them, for statements that take no bound values."""

from __future__ import annotations


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    # ATTACH and SET take no bound values; these are paths from the settings, not recorded data.
    return "'" + text.replace("'", "''") + "'"
