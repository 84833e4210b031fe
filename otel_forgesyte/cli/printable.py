"""Text of unknown origin, made safe to show on a terminal.

Job ids, plugin names and error messages come from requests and from exceptions: printed as they
are, an escape sequence in one could retitle the terminal, move the cursor over other rows, or
reverse the reading order of a line.
"""

from __future__ import annotations

__all__ = ["escaped", "shortened"]


def escaped(text: str) -> str:
    r"""The text with every control, formatting and surrogate character as a visible escape.

    A line break becomes ``\n``, so one value is one line; letters of every script stay.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else _escape(character) for character in text
    )


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def shortened(text: str, limit: int) -> str:
    """At most ``limit`` characters of the text, ending in ``…`` when some were left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
