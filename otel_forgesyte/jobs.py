"""`job`: one request of a job server, from its start to its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from opentelemetry.context import Context, get_current

from otel_forgesyte.active import active_jobs
from otel_forgesyte.context import JOB_KEY, JobState, new_job_id
from otel_forgesyte.declaration import (
    UNSPECIFIED,
    Declaration,
    device_reader,
    names_of,
    plugin_reader,
    state_objective,
)
from otel_forgesyte.devices import canonical_device
from otel_forgesyte.failures import failed
from otel_forgesyte.moments import unix_nano
from otel_forgesyte.operation import NOT_RECORDED, Operation, Step
from otel_forgesyte.outcome import (
    CANCELLED,
    DONE,
    Judge,
    Outcome,
    OutcomeValue,
    canonical_status,
    error_text,
    outcome_judge,
)
from otel_forgesyte.semconv import (
    CODE_FUNCTION_NAME,
    ERROR_TYPE,
    FORGESYTE_DEVICE_NAME,
    FORGESYTE_JOB_ID,
    FORGESYTE_JOB_QUEUE_WAIT,
    FORGESYTE_JOB_STATUS,
    FORGESYTE_OPERATION_NAME,
    FORGESYTE_PLUGIN_NAME,
    JobStatusValues,
    OperationNameValues,
)
from otel_forgesyte.telemetry import emitters, measure
from otel_forgesyte.values import (
    Parameters,
    Reader,
    Value,
    compiled,
    is_path,
    plain_text,
    text_reader,
    unmarked,
)
from otel_forgesyte.wrapping import wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_forgesyte.objectives import Objective

P = ParamSpec("P")
R = TypeVar("R")

_OPERATION = OperationNameValues.JOB.value
_ERROR = JobStatusValues.ERROR.value
_NO_PARAMETERS = Parameters(lambda: None)


class JobOperation(Operation):
    """A running job; what `with job(...) as j` gives."""

    __slots__ = ("_judge", "_told")

    def __init__(  # noqa: PLR0913, PLR0917 - everything that a job begins with
        self,
        job_id: str,
        plugin: str,
        device: str | None,
        enqueued_at: Any,
        function_name: str | None,
        judge: Judge,
    ) -> None:
        super().__init__(plugin, device)
        self._judge = judge
        self._told: Outcome | None = None
        attributes: dict[str, Any] = {
            FORGESYTE_OPERATION_NAME: _OPERATION,
            FORGESYTE_JOB_ID: job_id,
            FORGESYTE_PLUGIN_NAME: plugin,
        }
        if function_name is not None:
            attributes[CODE_FUNCTION_NAME] = function_name
        if device is not None:
            attributes[FORGESYTE_DEVICE_NAME] = device
        wait_s = None if enqueued_at is None else _waited_s(enqueued_at)
        if wait_s is not None:
            attributes[FORGESYTE_JOB_QUEUE_WAIT] = wait_s
        state = JobState(job_id, plugin, device)
        above = Context(get_current(), **{JOB_KEY: state})
        self.start(f"job {plugin}", attributes, above, state)
        state.span = self.span
        active_jobs.started(plugin, id(self), self._started_ns)
        if wait_s is not None:
            queue_duration = emitters().queue_duration
            measure(queue_duration, wait_s, {FORGESYTE_PLUGIN_NAME: plugin}, self.context)

    def set_outcome(self, status: str, error_message: str | BaseException | None = None) -> None:
        """State how the job ends, whatever its code returns; an exception still outweighs it.

        `status` may be spelt as the application spells it ("completed"). `error_message` is kept,
        at most 4 KiB of it, unless the job is done. Never raises.
        """
        try:
            said = None if error_message is None else error_text(error_message)
            self._told = Outcome(canonical_status(status), said)
        except Exception as error:  # noqa: BLE001 - telemetry never fails the work
            failed("job outcome", error)

    def _returned(
        self, result: Any, args: tuple[Any, ...], kwargs: dict[str, Any], elapsed_s: float
    ) -> None:
        status, said = self._told or self._judge(result, args, kwargs)
        attributes = {FORGESYTE_JOB_STATUS: status}
        # OpenTelemetry keeps a message with the status ERROR alone, so one that tells why a job was
        # cancelled or timed out makes it ERROR too; the job's own word stays in its attribute.
        self._close(attributes, (said or "") if status == _ERROR else _unless_done(status, said))
        self._measured(attributes, elapsed_s)

    def _raised(self, error_type: str, said: str, elapsed_s: float) -> None:
        attributes = {FORGESYTE_JOB_STATUS: _ERROR, ERROR_TYPE: error_type}
        self._close(attributes, said)
        self._measured(attributes, elapsed_s)

    def _cancelled(self, elapsed_s: float) -> None:
        attributes = {FORGESYTE_JOB_STATUS: CANCELLED.status}
        self._close(attributes)
        self._measured(attributes, elapsed_s)

    def _measured(self, attributes: dict[str, Any], elapsed_s: float) -> None:
        attributes = {FORGESYTE_PLUGIN_NAME: self.plugin, **attributes}
        device = self.job.device
        if device is not None:
            attributes[FORGESYTE_DEVICE_NAME] = device
        active_jobs.ended(self.plugin, id(self))
        measure(emitters().job_duration, elapsed_s, attributes, self.context)


class JobDeclaration(Declaration[JobOperation]):
    """A declared job: decorate a function with it, or enter it with `with` or `async with`."""

    def __init__(  # noqa: PLR0913, PLR0917 - the public arguments, each optional
        self,
        job_id: Value = None,
        plugin: Value = None,
        device: Value = None,
        enqueued_at: Value = None,
        outcome: OutcomeValue = None,
        objective: Objective | None = None,
    ) -> None:
        super().__init__()
        self._job_id = job_id
        self._plugin = plugin
        self._device = device
        self._enqueued_at = enqueued_at
        self._outcome: OutcomeValue = outcome
        self._objective = objective

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Make each call of `function` a job."""
        return wrapped(function, self._begin)

    def _open(self) -> JobOperation:
        return JobOperation(
            plain_text(self._job_id, "job id") or new_job_id(),
            plain_text(self._plugin, "job plugin") or UNSPECIFIED,
            plain_text(self._device, "job device", canonical=canonical_device),
            unmarked(self._enqueued_at),
            None,
            outcome_judge(self._outcome, _NO_PARAMETERS, None),
        )

    def _begin(self, function: Callable[..., Any]) -> Callable[..., Step]:
        parameters = Parameters(function)
        name, function_name = names_of(function)
        read_job_id = text_reader(self._job_id, parameters, "job id", ("job_id", "job.job_id"))
        read_plugin = plugin_reader(self._plugin, parameters, "job plugin", name)
        read_device = device_reader(self._device, parameters, "job device")
        read_enqueued_at = _moment_reader(self._enqueued_at, parameters)
        job_path = self._job_id if is_path(self._job_id) else None
        judge = outcome_judge(self._outcome, parameters, job_path)
        state_objective(self._objective, self._plugin, parameters, (name, function_name))

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Step:
            try:
                return JobOperation(
                    read_job_id(args, kwargs) or new_job_id(),
                    read_plugin(args, kwargs) or name,
                    read_device(args, kwargs),
                    read_enqueued_at(args, kwargs) if read_enqueued_at else None,
                    function_name,
                    judge,
                )
            except Exception as error:  # noqa: BLE001 - telemetry never fails the work
                failed("job start", error)
                return NOT_RECORDED

        return begin


@overload
def job(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def job(
    *,
    job_id: Value = None,
    plugin: Value = None,
    device: Value = None,
    enqueued_at: Value = None,
    outcome: OutcomeValue = None,
    objective: Objective | None = None,
) -> JobDeclaration: ...


def job(  # noqa: PLR0913 - the public arguments, each optional
    function: Callable[P, R] | None = None,
    /,
    *,
    job_id: Value = None,
    plugin: Value = None,
    device: Value = None,
    enqueued_at: Value = None,
    outcome: OutcomeValue = None,
    objective: Objective | None = None,
) -> Callable[P, R] | JobDeclaration:
    """Record each call of a function, or each pass through a `with`, as one job.

    Use it bare (`@job`), with values (`@job(job_id="request.id")`), or as
    `with job(job_id=..., plugin=...) as j:`. What a value may be is told at `Value`.

    Args:
        function: The function, when used bare.
        job_id: The job's id. Default: the parameter `job_id`, else `job.job_id`, else a fresh id.
        plugin: What the job runs. Default: the parameter `plugin`, `plugin_id` or `plugin_name`,
            else the function's name.
        device: The device that is asked for. Default: the parameter `device`.
        enqueued_at: When the job was accepted (a `Moment`; a naive datetime is UTC). Default: the
            parameter `enqueued_at`. The wait until now is recorded, never less than 0.
        outcome: How the end is told from the result or the arguments; see `OutcomeValue`. The
            default understands the shapes listed in `otel_forgesyte.outcome`.
        objective: What alerts hold the decorated function's jobs to; for `otel-forgesyte rules`,
            without effect on a run.

    A job inside a job is a job of its own. A generator is a job from its first step to its last,
    the time between its steps included. The function's result and exceptions pass unchanged.
    """
    declaration = JobDeclaration(job_id, plugin, device, enqueued_at, outcome, objective)
    return declaration if function is None else declaration(function)


def _moment_reader(value: Value, parameters: Parameters) -> Reader | None:
    read: Reader | None = None
    try:
        # A string in a decorator names a parameter, here as everywhere.
        read = compiled(value, parameters)
    except LookupError as error:
        failed("job enqueued_at", error)
    if read is None:
        read = parameters.reader("enqueued_at") if "enqueued_at" in parameters else None
    if read is None:
        return None
    found = read

    def read_moment(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            return found(args, kwargs)
        except Exception as error:  # noqa: BLE001 - the user's extractor may raise anything
            failed("job enqueued_at", error)
            return None

    return read_moment


def _unless_done(status: str, said: str | None) -> str | None:
    return None if status == DONE.status else said or None


def _waited_s(enqueued_at: Any) -> float | None:
    try:
        return max(time.time_ns() - unix_nano(enqueued_at), 0) / 1_000_000_000
    except Exception as error:  # noqa: BLE001 - a moment of the user's may be anything
        failed("job enqueued_at", error)
        return None
