"""Where decorators find their values, and how they are read."""

from __future__ import annotations

import pickle
import uuid
from enum import Enum
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from otel_forgesyte import job, plugin
from otel_forgesyte.values import Parameters, compiled, constant, path_reader, text, text_reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.domain.recorder import Recorder


class Color(str, Enum):
    RED = "red"


class Level(Enum):
    HIGH = 3


class Device:
    """An object whose text is its name, as a framework's device is."""

    def __str__(self) -> str:
        return "cuda:1"


class Plugin:
    """An object known by its name."""

    name = "ocr"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ocr", "ocr"),
        ("", None),
        (None, None),
        (0, "0"),
        (2.5, "2.5"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Color.RED, "red"),
        (Level.HIGH, "3"),
        (PurePosixPath("/a/b"), "/a/b"),
        (Device(), "cuda:1"),
        (Plugin(), "ocr"),
        ("x" * 1000, "x" * 256),
    ],
)
def test_short_values_have_a_text(value: Any, expected: str | None) -> None:
    assert text(value) == expected


@pytest.mark.parametrize("value", [[], ["a"], {}, {"a": 1}, b"x", (1,), object(), SimpleNamespace])
def test_containers_bytes_and_nameless_objects_have_none(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot stand as a short text"):
        text(value)


def test_the_repr_of_a_value_is_never_asked_for() -> None:
    class Image:
        def __repr__(self) -> str:
            raise AssertionError("a repr of a million pixels")

    with pytest.raises(TypeError, match=r"a .*Image cannot stand"):
        text(Image())


def everything(
    first: Any, /, second: Any = "two", *rest: Any, key: Any = "key", **more: Any
) -> tuple[Any, ...]:
    return (first, second, rest, key, more)


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "expected"),
    [
        ("first", ("a",), {}, "a"),
        ("second", ("a",), {}, "two"),
        ("second", ("a", "b"), {}, "b"),
        ("second", ("a",), {"second": "c"}, "c"),
        ("rest", ("a", "b", "c", "d"), {}, ("c", "d")),
        ("rest", ("a",), {}, ()),
        ("key", ("a",), {}, "key"),
        ("key", ("a",), {"key": "k"}, "k"),
        ("more", ("a",), {"key": "k", "other": 1}, {"other": 1}),
        ("other", ("a",), {"other": 1}, 1),
        ("other", ("a",), {}, None),
    ],
)
def test_every_kind_of_parameter_is_read_without_binding(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], expected: Any
) -> None:
    read = Parameters(everything).reader(name)
    assert read is not None
    assert read(args, kwargs) == expected


def test_a_parameter_without_default_that_is_missing_reads_as_nothing() -> None:
    def function(name: str) -> str:
        return name

    read = Parameters(function).reader("name")
    assert read is not None
    assert read((), {}) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("job.job_id", 7),
        ("job.args.device", "gpu"),
        ("job.args.missing", None),
        ("job.args.missing.further", None),
        ("job.nothing.further", None),
        ("args.device", "mps"),
    ],
)
def test_paths_step_through_attributes_and_keys(path: str, expected: Any) -> None:
    def function(job: Any, args: Any) -> Any:
        return job, args

    job = SimpleNamespace(job_id=7, args={"device": "gpu"}, nothing=None)
    read = path_reader(path, Parameters(function))
    assert read is not None
    assert read((job, {"device": "mps"}), {}) == expected


def test_a_path_through_self_works_in_methods() -> None:
    class Tool:
        name = "ocr"

        def run(self) -> str:
            return self.name

    read = path_reader("self.name", Parameters(Tool.run))
    assert read is not None
    assert read((Tool(),), {}) == "ocr"


def test_a_path_without_such_a_parameter_says_how_a_constant_is_marked() -> None:
    with pytest.raises(LookupError, match=r"no parameter is named 'ocr' .*constant\('ocr'\)"):
        compiled("ocr", Parameters(_of_image))


def test_a_callable_gets_all_arguments_by_name() -> None:
    read = compiled(dict, Parameters(everything))
    assert read is not None
    assert read((), {}) is dict  # a class is a value, not an extractor
    read = compiled(lambda arguments: {**arguments}, Parameters(everything))
    assert read is not None
    assert read(("a",), {"other": 1}) == {
        "first": "a",
        "second": "two",
        "rest": (),
        "key": "key",
        "more": {"other": 1},
    }


def test_constants_are_read_as_they_are() -> None:
    read = compiled(constant("image"), Parameters(_of_image))
    assert read is not None
    assert read(("pixels",), {}) == "image"


def test_a_builtin_without_signature_offers_no_parameters() -> None:
    parameters = Parameters(dict)
    assert "job_id" not in parameters
    with pytest.raises(TypeError, match="no signature"):
        parameters.bind((), {})


def _of_image(image: Any) -> Any:
    return image


def _defaulting(function: Callable[..., Any]) -> Any:
    return text_reader(None, Parameters(function), "place", ("job_id", "job.job_id"))


def test_the_first_default_whose_parameter_exists_is_read() -> None:
    def both(job_id: Any, job: Any) -> Any:
        return job_id, job

    def of_job(job: Any) -> Any:
        return job

    assert _defaulting(both)(("a", None), {}) == "a"
    assert _defaulting(of_job)((SimpleNamespace(job_id="b"),), {}) == "b"
    assert _defaulting(of_job)((SimpleNamespace(),), {}) is None
    assert _defaulting(_of_image)((Path(),), {}) is None


def test_an_enum_member_that_is_text_is_the_value_itself(recorded: Recorder) -> None:
    @job(job_id=Color.RED, plugin=Color.RED)
    @plugin(plugin=Color.RED, tool=Color.RED, device=Color.RED)
    def execute(red: str) -> str:
        return red

    assert execute("parameter") == "parameter"
    assert recorded.attributes("job red")["forgesyte.job.id"] == "red"
    assert recorded.attributes("plugin red.red")["forgesyte.device.name"] == "red"


def test_an_outcome_may_be_an_enum_member_that_is_text(recorded: Recorder) -> None:
    class Ended(str, Enum):
        FAILED = "failed"

    job(plugin=constant("p"), outcome=Ended.FAILED)(lambda: 1)()
    assert recorded.attributes("job p")["forgesyte.job.status"] == "error"


def test_a_constant_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(constant("gpu"))) == constant("gpu")  # noqa: S301 - our own
