"""What a returned value says about the work: the outcome of a job, the soft error of a plugin.

Job servers report failure in many ways without raising. Understood unasked:

- a mapping, or an object with such fields: `error` set (text, exception, mapping with a `message`,
  True), or `success` False; the text of `error_message` or `message` joins the error's;
- for a job, a `status` in either that is a known word for a final state, and those texts with it
  unless it is done;
- for a job, False or None returned, and the `status` and `error_message` of its `job` argument.

Only these few fields are looked at. Results are never iterated, compared or turned into text.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from otel_forgesyte.exceptions import message as exception_message
from otel_forgesyte.exceptions import shortened
from otel_forgesyte.failures import failed
from otel_forgesyte.semconv import JobStatusValues
from otel_forgesyte.values import compiled, follow, is_path, path_reader, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_forgesyte.values import Arguments, Constant, Parameters, Reader


class Outcome(NamedTuple):
    """How a job ended: a status of the Phase 8 vocabulary, or the application's own word."""

    status: str
    message: str | None = None


DONE = Outcome(JobStatusValues.DONE.value)
CANCELLED = Outcome(JobStatusValues.CANCELLED.value)

_FAILED = JobStatusValues.ERROR.value
_FINAL = frozenset({DONE.status, _FAILED, CANCELLED.status})
_WORDS = {
    "queued": "queued pending enqueued submitted waiting accepted",
    "running": "running started processing in_progress in-progress",
    "done": "done completed complete succeeded success successful finished ok",
    "error": "error failed failure errored",
    "cancelled": "cancelled canceled aborted revoked",
}
_STATUSES = {word: status for status, words in _WORDS.items() for word in words.split()}

Judge: TypeAlias = "Callable[[Any, tuple[Any, ...], dict[str, Any]], Outcome]"
SoftErrorJudge: TypeAlias = "Callable[[Any, tuple[Any, ...], dict[str, Any]], str | None]"

Extractor: TypeAlias = "Callable[[Any], Any] | Callable[[Any, Arguments], Any]"

OutcomeValue: TypeAlias = "str | Constant[Any] | Extractor | None"
"""How a job's outcome is found: a callable of the result, or of (result, arguments), returning a
status, (status, error message), a bool or None for done; or a path read after the call, which
begins with a parameter or with `result`. The message may be text or an exception; with a status
that means done it is dropped."""

SoftErrorValue: TypeAlias = "str | bool | Constant[Any] | Extractor | None"
"""How a plugin's soft error is found: a callable or path as for `OutcomeValue`, giving the error's
text, True, or anything false where there is none; `False` turns the default off."""

_PLAIN = frozenset({type(None), bool, int, float, str, bytes, list, tuple, set})


def canonical_status(status: object) -> str:
    """The Phase 8 word for a status of any spelling; an unknown one as it is.

    Raises:
        TypeError: `status` is neither text nor an enum member that holds text.
    """
    said = text(status)
    if said is None:
        raise TypeError("a status must be a word, not empty")
    return _STATUSES.get(said.strip().lower(), said)


def reported_failure(result: Any) -> str | None:
    """The error that a result reports about itself: its text, "" where it has none, else None."""
    if type(result) in _PLAIN:
        return None
    error = _field(result, "error")
    if not _says_error(error) and _field(result, "success") is not False:
        return None
    said = error_text(error)
    more = _said_beside(result)
    if more is None or more == said:
        return said
    return shortened(f"{said}: {more}" if said else more)


def outcome_judge(value: OutcomeValue, parameters: Parameters, job_path: str | None) -> Judge:
    """The function that tells a job's outcome after the call; it never raises.

    `job_path` is the path that the job id was read from: its first part is the job's argument.
    """
    default = _default_judge(parameters, job_path)
    extract = _extractor(value, parameters, "job outcome")
    if extract is None:
        return default

    def judge(result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Outcome:
        try:
            return _as_outcome(extract(result, args, kwargs))
        except Exception as error:  # noqa: BLE001 - the user's extractor may raise anything
            failed("job outcome", error)
            return default(result, args, kwargs)

    return judge


def soft_error_judge(value: SoftErrorValue, parameters: Parameters) -> SoftErrorJudge:
    """The function that tells a plugin's soft error after the call; it never raises."""
    extract = _extractor(value, parameters, "soft error")

    def judge(result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
        try:
            if extract is None:
                return None if type(result) in _PLAIN else reported_failure(result)
            said = extract(result, args, kwargs)
            return error_text(said) if said is not None and said is not False and said else None
        except Exception as error:  # noqa: BLE001 - the user's extractor may raise anything
            failed("soft error", error)
            return None

    return judge


def _default_judge(parameters: Parameters, job_path: str | None) -> Judge:
    root = job_path.split(".")[0] if job_path and "." in job_path else "job"
    read_job = path_reader(root, parameters, lenient=True) if root in parameters else None

    def judge(result: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Outcome:
        try:
            if result is not None and result is not False:
                return DONE if type(result) in _PLAIN else _told_by_result(result)
            # A job that returns True says so itself; the argument is asked only in doubt, since
            # reading an expired row of a database session costs that session a query.
            told = None if read_job is None else _told_by(read_job(args, kwargs))
            return told or (DONE if result is None else Outcome(_FAILED))
        except Exception as error:  # noqa: BLE001 - fields of the user's types may raise anything
            failed("job outcome", error)
            return DONE

    return judge


def _told_by(job: Any) -> Outcome | None:
    status = follow(job, ["status"], lenient=True)
    final = _final_status(status)
    if final is None:
        return None
    said = follow(job, ["error_message"], lenient=True) if final == _FAILED else None
    return Outcome(final, shortened(said) if isinstance(said, str) and said else None)


def _told_by_result(result: Any) -> Outcome:
    error = reported_failure(result)
    final = _final_status(_field(result, "status"))
    if error is not None:
        return Outcome(CANCELLED.status if final == CANCELLED.status else _FAILED, error or None)
    if final is None or final == DONE.status:
        return DONE
    said = _said_beside(result)
    return Outcome(final, None if said is None else shortened(said))


def _final_status(status: Any) -> str | None:
    word = status.value if isinstance(status, Enum) else status
    known = _STATUSES.get(word.strip().lower()) if isinstance(word, str) else None
    return known if known in _FINAL else None


def _as_outcome(told: Any) -> Outcome:
    if told is None or told is True:
        return DONE
    if told is False:
        return Outcome(_FAILED)
    if isinstance(told, tuple):
        status, said = cast("tuple[Any, Any]", told)
        ended = _as_outcome(status)
        return ended if said is None else Outcome(ended.status, error_text(said) or None)
    return Outcome(canonical_status(told))


def _extractor(
    value: OutcomeValue | SoftErrorValue, parameters: Parameters, place: str
) -> Judge | Callable[[Any, tuple[Any, ...], dict[str, Any]], Any] | None:
    """What reads the user's word after the call; None when none was given or it cannot be read."""
    try:
        if is_path(value) and "result" not in parameters:
            root, *steps = value.split(".")
            if root == "result":
                return lambda result, _args, _kwargs: follow(result, steps)
        if callable(value):
            return _called(value, parameters)
        read: Reader | None = compiled(value, parameters)
    except LookupError as error:
        failed(place, error)
        return None
    return None if read is None else lambda _result, args, kwargs: read(args, kwargs)


def _called(
    extract: Callable[..., Any], parameters: Parameters
) -> Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]:
    if _takes_arguments(extract):
        return lambda result, args, kwargs: extract(result, parameters.bind(args, kwargs))
    return lambda result, _args, _kwargs: extract(result)


def _takes_arguments(extract: Callable[..., Any]) -> bool:
    try:
        inspect.signature(extract).bind(None, None)
    except (TypeError, ValueError):  # one parameter, or a builtin such as bool
        return False
    return True


def _field(result: Any, name: str) -> Any:
    """A field of a mapping or object, found without waking `__getattr__` of proxies and frames."""
    if isinstance(result, Mapping):
        return cast("Mapping[str, Any]", result).get(name)
    held = getattr(result, "__dict__", None)
    if isinstance(held, dict) and name in held:
        return cast("dict[str, Any]", held)[name]
    kind = cast("Any", type(result))
    declared = getattr(kind, name, None)
    return None if declared is None or callable(declared) else getattr(result, name, None)


def _says_error(error: Any) -> bool:
    if isinstance(error, (str, Mapping)):
        return bool(cast("str | Mapping[str, Any]", error))
    # Numbers are not asked: an `error` of 0.03 is a measurement, not a failure.
    return error is True or isinstance(error, BaseException)


def error_text(error: Any) -> str:
    """What an error of any shape says, at most 4 KiB; "" where it says nothing. May raise."""
    if isinstance(error, str):
        return shortened(error)
    if isinstance(error, BaseException):
        return exception_message(error)
    if isinstance(error, Mapping):
        said = cast("Mapping[str, Any]", error).get("message")
        return shortened(said) if isinstance(said, str) else ""
    if isinstance(error, (int, float, Enum)) and not isinstance(error, bool):
        return text(error) or ""
    return ""


def _said_beside(result: Any) -> str | None:
    """The text that stands beside a result's error or status."""
    texts = (_field(result, name) for name in ("error_message", "message"))
    return next((said for said in texts if isinstance(said, str) and said), None)
