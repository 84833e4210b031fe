"""What travels in the OpenTelemetry context below a job: the job, and the operation in progress.

Everything started below inherits it, across `await`, `asyncio.to_thread` and `create_task`; a bare
`Thread` or `ThreadPoolExecutor.submit` starts with an empty context, as for every OpenTelemetry
span. Processors read `JOB_KEY` from a span's parent context to stamp the job id on it.
"""

from __future__ import annotations

import os
import time
from itertools import count
from typing import TYPE_CHECKING, Any, Final, cast

from opentelemetry.context import Context, create_key, detach, get_value
from opentelemetry.trace import INVALID_SPAN, set_span_in_context

if TYPE_CHECKING:
    from contextvars import Token
    from random import Random

    from opentelemetry.trace import Span

JOB_KEY: Final = create_key("forgesyte-job")
OPERATION_KEY: Final = create_key("forgesyte-operation")

# The key is private to the API; asking the API to set it tells us, and one copy of the context
# then carries span, job and operation (three `set_value` calls would make three copies).
SPAN_KEY: Final[str] = next(iter(set_span_in_context(INVALID_SPAN, Context())))


class JobState:
    """The job that surrounds the running code.

    `device` is canonical and changes when a device is reported. `span` is None where a plugin runs
    outside any job. `frames` numbers the frames that come without an index (one `next` is atomic).
    """

    __slots__ = ("device", "frames", "job_id", "plugin", "span")

    def __init__(self, job_id: str, plugin: str, device: str | None) -> None:
        self.job_id = job_id
        self.plugin = plugin
        self.device = device
        self.span: Span | None = None
        self.frames = count()


def current_job(context: Context | None = None) -> JobState | None:
    """The job that surrounds the caller (or `context`), None outside of any."""
    return cast("JobState | None", get_value(JOB_KEY, context))


def current_job_id() -> str | None:
    """The id of the job that surrounds the caller, None outside of any."""
    job = current_job()
    return None if job is None else job.job_id


def new_job_id() -> str:
    """A fresh id in UUIDv7 layout: ids made later sort later.

    From a generator of our own: applications seed the shared one, and two workers with one seed
    would share their job ids. `uuid4` asks the kernel each time and takes five times as long.
    """
    bits = (_random or _seeded()).getrandbits
    milliseconds = time.time_ns() // 1_000_000
    return "%08x-%04x-7%03x-%04x-%012x" % (  # noqa: UP031 - half the time of an f-string here
        milliseconds >> 16,
        milliseconds & 0xFFFF,
        bits(12),
        0x8000 | bits(14),
        bits(48),
    )


_random: Random | None = None


def _seeded() -> Random:
    import random  # when the first id is made: an application may give all of its own

    global _random  # noqa: PLW0603 - one generator per process
    _random = random.Random()  # noqa: S311 - ids are told apart by it, nothing is kept secret
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_random.seed)
    return _random


def leave(token: Token[Any]) -> None:
    """Restore the context that was current before `token`'s attach.

    A coroutine closed by the garbage collector, or a `with` left in another task, runs this in a
    `contextvars.Context` that never saw the attach. There is nothing to restore there;
    `opentelemetry.context.detach` would log an error with a stack for it.
    """
    try:
        token.var.reset(token)
    except ValueError:
        return
    except AttributeError:  # a runtime context of another make (OTEL_PYTHON_CONTEXT)
        detach(token)
