"""What is recorded of an exception that leaves an operation, in bounded size.

The exception itself leaves as it came. On its way through nested operations it carries one mark in
its `__dict__`, so that its stack is logged once; the outermost operation takes the mark off. The
mark is the number of that outermost operation, its trail: an exception that was handled keeps it,
and one raised again by later work is logged there too. (A number, as exceptions are pickled.)
"""

from __future__ import annotations

import traceback

LONGEST_MESSAGE = 4_096
LONGEST_STACK = 32_768

_MARK = "_forgesyte_logged"

# By name, so that asyncio (30 ms to import), trio and greenlet are not imported to ask.
_CANCELLATIONS = frozenset(
    {
        "builtins.GeneratorExit",
        "asyncio.exceptions.CancelledError",
        "concurrent.futures._base.CancelledError",
        "greenlet.GreenletExit",
        "trio.Cancelled",
    }
)


def is_cancellation(error: BaseException) -> bool:
    """Whether `error` says that the caller gave up, rather than that the work failed."""
    kinds = type(error).__mro__
    return any(f"{kind.__module__}.{kind.__qualname__}" in _CANCELLATIONS for kind in kinds)


def type_name(error: BaseException) -> str:
    """The exception's qualified name, without the module for built-in ones."""
    kind = type(error)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def message(error: object) -> str:
    """The error's message, at most 4 KiB; its type where it has none or cannot say it."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - the exception's own __str__ raised; its type is still known
        said = ""
    return shortened(said) if said else type(error).__qualname__


def stack(error: BaseException) -> str:
    """The formatted traceback with its causes; of a long one the last 32 KiB, where it was raised.

    The standard library keeps this bounded for deep recursion and for a `__str__` that raises.
    """
    formatted = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    cut = len(formatted) - LONGEST_STACK
    return formatted if cut <= 0 else f"[{cut} characters cut]\n{formatted[cut:]}"


def shortened(said: str) -> str:
    """At most 4 KiB of a message, saying how much was cut."""
    cut = len(said) - LONGEST_MESSAGE
    return said if cut <= 0 else f"{said[:LONGEST_MESSAGE]} [{cut} characters cut]"


def is_marked(error: BaseException, trail: int) -> bool:
    """Whether `error` was logged further down the same `trail`."""
    return error.__dict__.get(_MARK) == trail


def mark(error: BaseException, trail: int) -> bool:
    """Note that `error` is logged now; False when it was before on the same `trail`."""
    # Through __dict__: an exception class may refuse attributes in its __setattr__.
    carried = error.__dict__
    if carried.get(_MARK) == trail:
        return False
    carried[_MARK] = trail
    return True


def unmark(error: BaseException) -> None:
    """Leave `error` as it was before `mark`."""
    error.__dict__.pop(_MARK, None)
