"""Which stores this process has: shared by its exporters, counted, and brought through forks."""

from __future__ import annotations

import atexit
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from otel_forgesyte_duckdb import database
from otel_forgesyte_duckdb.spool import make_spool
from otel_forgesyte_duckdb.store import Store
from otel_forgesyte_duckdb.targets import is_remote
from otel_forgesyte_schema.errors import ConfigError

if TYPE_CHECKING:
    from otel_forgesyte_duckdb.settings import Settings

_Target = tuple[str, str]
_stores: dict[_Target, Store] = {}
_users: dict[_Target, int] = {}
_closing: set[Store] = set()
_lock = threading.Lock()
_hooked = False


def acquire(settings: Settings) -> Store:
    """Return the process's store for this target; pair each call with `release`.

    Raises:
        ConfigError: the target cannot be written to; says which path, why, and what to do.
    """
    global _lock, _hooked  # noqa: PLW0602, PLW0603 - one per process by nature
    settings = settings.anchored()
    check_target(settings)
    target = _target(settings)
    with _lock:
        if not _hooked:
            _hooked = True
            _install_hooks()
        store = _stores.get(target) or _stores.setdefault(target, Store(settings))
        _users[target] = _users.get(target, 0) + 1
        return store


def release(store: Store) -> None:
    """Give a store back; the last to do so seals, drains within the limit and closes it."""
    target = _target(store.settings)
    with _lock:
        if _stores.get(target) is not store:
            return
        _users[target] -= 1
        if _users[target]:
            return
        del _stores[target], _users[target]
        _closing.add(store)
    try:
        store.close()
    finally:
        _closing.discard(store)


def live_store(settings: Settings) -> Store | None:
    """Return this process's store for a target, if exporters have one open."""
    return _stores.get(_target(settings))


def live_stores() -> list[Store]:
    """Return all stores of this process that exporters have open."""
    return list(_stores.values())


def check_target(settings: Settings) -> None:
    """Make sure the directories on this machine can be written to, creating them if need be.

    Raises:
        ConfigError: they cannot, or the database is not a regular file.
    """
    if settings.lake is None:
        _check_file(settings.database_path)
    elif settings.data_path and not is_remote(settings.data_path):
        # Whether a lake's server answers is not asked: the spool is there for when it does not.
        _check_directory(Path(settings.data_path), "OTEL_EXPORTER_DUCKDB_DATA_PATH")
    _check_directory(settings.spool, "OTEL_EXPORTER_DUCKDB_SPOOL_DIRECTORY")


def _check_file(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise ConfigError(
            f"{path} is not a regular file; give OTEL_EXPORTER_DUCKDB_DATABASE a path"
        )
    _check_directory(path.parent, "OTEL_EXPORTER_DUCKDB_DATABASE")


def _check_directory(directory: Path, variable: str) -> None:
    try:
        make_spool(directory)
        tempfile.TemporaryFile(
            dir=directory
        ).close()  # permission bits alone mislead (root, mounts)
    except OSError as error:
        raise ConfigError(
            f"cannot write to {directory}: {error.strerror}; make it writable or set {variable}"
        ) from error


def _target(settings: Settings) -> _Target:
    target = settings.target if settings.lake else os.path.realpath(settings.database_path)
    return target, os.path.realpath(settings.spool)


def _install_hooks() -> None:
    # Before the interpreter goes: a daemon thread that it stops inside DuckDB aborts the process.
    atexit.register(_stop_all)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=database.hold_gates,
            after_in_parent=database.release_gates,
            after_in_child=_continue_in_child,
        )


def _stop_all() -> None:
    for store in list(_stores.values()):
        store.stop(store.settings.shutdown_timeout_s)
    for store in list(_closing):  # by a thread whose caller would not wait any longer
        store.hasten()


def _continue_in_child() -> None:
    global _lock  # noqa: PLW0603 - another thread of the parent may have held it
    _lock = threading.Lock()
    # DuckDB's own locks are copied as they were: in the middle of a drain, locked for ever.
    is_quiet = database.renew_gates()
    # Also what a thread of the parent was closing: that thread is not here to finish it.
    for store in [*_stores.values(), *_closing]:
        store.continue_in_child(may_drain=is_quiet)
    _closing.clear()
