"""What a process accepted, told to a file as it happens: still known when the process is killed.

Two lines a batch, one before it is handed to the spool and one after, so that only a batch that
was under way when the process died can be in doubt. `write` has put a line into the kernel when it
returns: no kill takes it back. (A pipe would do as well, and would have to be read all the time.)
"""

from __future__ import annotations

import itertools
import os
import secrets
from functools import wraps
from typing import TYPE_CHECKING, Any

import orjson

from otel_forgesyte.semconv import FORGESYTE_JOB_ID, FORGESYTE_OPERATION_NAME
from otel_forgesyte_duckdb.losses import Losses
from otel_forgesyte_duckdb.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from otel_forgesyte_duckdb.lines import EncodedBatch

KEY = "soak.key"
"""Attribute that names a span which is nobody's job."""


class Journal:
    """One file a process: a forked child gets its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()
        self._open()
        os.register_at_fork(after_in_child=self._open)

    def _open(self) -> None:
        path = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}.jsonl"
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def tell(self, *words: Any) -> None:
        """Append one line."""
        os.write(self._descriptor, orjson.dumps(words, option=orjson.OPT_APPEND_NEWLINE))

    def next_number(self) -> int:
        """Return a number no other batch of this process has."""
        return next(self._numbers)


def observe(folder: Path) -> Journal:
    """Write down, from here on, all that this process's stores accept and drop."""
    journal = Journal(folder)
    accept, refuse, add = Store.accept, Store.refuse, Losses.add

    @wraps(accept)
    def accepting(self: Store, signal: str, batch: EncodedBatch) -> bool:
        number = journal.next_number()
        handed_over = batch.lines + len(batch.dead)
        journal.tell("try", number, signal, handed_over, keys_in(signal, batch.data))
        kept = accept(self, signal, batch)
        journal.tell("done", number, int(kept))
        return kept

    @wraps(refuse)
    def refusing(self: Store, signal: str, reason: str, count: int) -> None:
        number = journal.next_number()
        journal.tell("try", number, signal, count, [])
        refuse(self, signal, reason, count)
        journal.tell("done", number, 0)

    @wraps(add)
    def adding(self: Losses, signal: str, reason: str, count: int) -> None:
        journal.tell("drop", signal, reason, count)
        add(self, signal, reason, count)

    # Not replaced but watched: everything goes on to the real thing.
    Store.accept, Store.refuse, Losses.add = accepting, refusing, adding  # type: ignore[method-assign]
    return journal


def keys_in(signal: str, lines: bytes) -> list[str]:
    """Return the names of the ended jobs and named spans in some lines of a segment."""
    if signal != "spans":
        return []
    parsed = (orjson.loads(line) for line in lines.splitlines())
    return [key for span in parsed if (key := key_of(span)) is not None]


def key_of(span: dict[str, Any]) -> str | None:
    """Return what one line of a spans segment is called; None for what nobody counts by name."""
    if span.get("stored") is False:
        return None
    attributes: dict[str, Any] = span.get("attributes") or {}
    if attributes.get(FORGESYTE_OPERATION_NAME) == "job":
        return str(attributes[FORGESYTE_JOB_ID])
    key = attributes.get(KEY)
    return None if key is None else str(key)
