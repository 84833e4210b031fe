"""Counts of work that come out alike however busy the machine is.

Times do not, and machine instructions come out alike in one build of Python only, at fifty times
the price: README.md has the measurements.
"""

from __future__ import annotations

import gc
import os
import sys
import tracemalloc
from collections import Counter
from importlib import import_module
from pathlib import Path
from threading import get_ident
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

    from benchmarks.guard_process import Counts

    Work = Callable[[], object]

_OURS = ("otel_forgesyte", "otel_forgesyte_duckdb", "otel_forgesyte_prometheus")
_ROUNDS = 5
_COUNTERS = Path("/proc/self/io")


def work_of(call: Work, times: int = 1) -> Counts:
    """What the calling thread does in one call: the average of `times` calls, least of 5 rounds.

    `own bytecodes` and `own calls` are those of this project's code, the calls into other code and
    into C among them; `all bytecodes` adds what it makes others do, in Python.

    The least, because some work is due by the clock and not by the call: an export looks through
    the spool once a second, which is in more rounds the busier the machine is.
    """

    def repeated() -> None:
        for _ in range(times):
            call()

    gc.collect()
    gc.disable()  # a finalizer would run on whichever thread allocates
    try:
        bytecodes = [_bytecodes(repeated) for _ in range(_ROUNDS)]
        callers = [_callers(repeated) for _ in range(_ROUNDS)]
    finally:
        gc.enable()
    return {
        "own bytecodes": min(_of_ours(counts) for counts in bytecodes) / times,
        "own calls": min(_of_ours(counts) for counts in callers) / times,
        "all bytecodes": min(counts.total() for counts in bytecodes) / times,
    }


def system_calls(call: Work) -> Counter[str]:
    """How often the calling thread's Python code called each function of `os` that is written in C.

    Of code in C, such as DuckDB's, `written` sees what it writes.
    """
    names: Counter[str] = Counter()

    def note(frame: FrameType, event: str, arg: Any) -> None:
        del frame
        if event == "c_call" and arg.__module__ == "posix":
            names[arg.__name__] += 1

    _profiled(call, note)
    return names


def held(call: Work) -> int:
    """The most bytes of Python's memory that `call` had at once, beyond what there was before."""
    tracemalloc.start()
    try:
        call()  # what stays, stays the first time
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def written(call: Work) -> Counts:
    """How often and how many bytes all threads of this process wrote into files, in C too."""
    before = _input_output()
    call()
    after = _input_output()
    return {
        "write calls": after["syscw"] - before["syscw"],
        "bytes written": after["wchar"] - before["wchar"],
    }


def _bytecodes(call: Work) -> Counter[CodeType]:
    counts: Counter[CodeType] = Counter()
    if sys.version_info >= (3, 12):
        _monitored(call, counts)
    else:
        _traced(call, counts)
    return counts


if sys.version_info >= (3, 12):

    def _monitored(call: Work, counts: Counter[CodeType]) -> None:
        me = get_ident()

        def note(code: CodeType, offset: int) -> None:
            del offset
            if get_ident() == me:
                counts[code] += 1

        monitoring, tool = sys.monitoring, sys.monitoring.PROFILER_ID
        monitoring.use_tool_id(tool, "guard")
        monitoring.register_callback(tool, monitoring.events.INSTRUCTION, note)
        monitoring.set_events(tool, monitoring.events.INSTRUCTION)
        try:
            call()
        finally:
            monitoring.set_events(tool, monitoring.events.NO_EVENTS)
            monitoring.free_tool_id(tool)

else:

    def _traced(call: Work, counts: Counter[CodeType]) -> None:
        def note(frame: FrameType, event: str, arg: Any) -> Any:
            del arg
            if event == "opcode":
                counts[frame.f_code] += 1
            elif event == "call":
                frame.f_trace_lines = False
                frame.f_trace_opcodes = True
            return note

        before = sys.gettrace()  # a measurement of coverage
        sys.settrace(note)
        try:
            call()
        finally:
            sys.settrace(before)


def _callers(call: Work) -> Counter[CodeType]:
    counts: Counter[CodeType] = Counter()

    def note(frame: FrameType, event: str, arg: Any) -> None:
        del arg
        if event == "c_call":
            counts[frame.f_code] += 1
        elif event == "call" and frame.f_back is not None:
            counts[frame.f_back.f_code] += 1

    _profiled(call, note)
    return counts


def _profiled(call: Work, note: Callable[[FrameType, str, Any], None]) -> None:
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(before)


def _of_ours(counts: Counter[CodeType]) -> int:
    folders = tuple(f"{_folder(name)}{os.sep}" for name in _OURS)
    return sum(count for code, count in counts.items() if code.co_filename.startswith(folders))


def _folder(package: str) -> Path:
    file = import_module(package).__file__
    if file is None:
        raise RuntimeError(f"{package} is no package with files")
    return Path(file).parent


def _input_output() -> dict[str, int]:
    lines = _COUNTERS.read_text("ascii").splitlines()
    return {name: int(value) for name, value in (line.split(": ") for line in lines)}
