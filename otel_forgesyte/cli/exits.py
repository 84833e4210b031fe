"""The exit codes, in one place: scripts rely on them, so a number is never given a new meaning."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ExitCode", "exit_code_help"]


class ExitCode(IntEnum):
    """What a script learns from the process ending."""

    OK = 0
    FINDING = 1
    USAGE = 2
    DATABASE = 3
    NOT_INSTALLED = 4
    INTERNAL = 70
    INTERRUPTED = 130


_MEANING = {
    ExitCode.OK: "the answer was given, nothing is wrong",
    ExitCode.FINDING: "a finding: schema drift, a problem doctor names, dead letters, no such job",
    ExitCode.USAGE: "the command line, a setting or the SQL is wrong",
    ExitCode.DATABASE: "the database is missing, held by another process, or cannot be read",
    ExitCode.NOT_INSTALLED: "the command needs an optional part that is not installed",
    ExitCode.INTERNAL: "a defect in otel-forgesyte (--traceback shows where)",
    ExitCode.INTERRUPTED: "stopped by Ctrl-C",
}


def exit_code_help() -> str:
    """The table of exit codes as it stands under ``--help``, one paragraph a code."""
    lines = [f"{code.value}: {meaning}" for code, meaning in _MEANING.items()]
    return "\n\n".join(["Exit codes:", *lines])
