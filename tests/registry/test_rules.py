"""Each rule of the linter passes on a registry in order and speaks up on one that breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Spoil = Callable[[str, str], list[str]]


def test_a_registry_in_order_has_no_findings(spoil: Spoil) -> None:
    assert spoil("One job.", "One job.") == []


@pytest.mark.parametrize("name", ["forgesyte.job.Wait", "acme.wait", "forgesyte.wait-time"])
def test_a_name_is_lower_case_snake_words_below_our_namespace(spoil: Spoil, name: str) -> None:
    found = spoil("key: forgesyte.job.wait", f"key: {name}")
    assert f"{name}: is not of the form `forgesyte.word.other_word`" in found


@pytest.mark.parametrize("leaf", ["count", "sum", "bucket", "total", "info", "created"])
def test_a_name_does_not_end_in_a_word_of_prometheus(spoil: Spoil, leaf: str) -> None:
    assert spoil("forgesyte.job.retries", f"forgesyte.job.{leaf}") == [
        f"forgesyte.job.{leaf}: ends in `{leaf}`, which Prometheus appends itself"
    ]


def test_a_name_is_not_the_namespace_of_another(spoil: Spoil) -> None:
    found = spoil("key: forgesyte.job.wait", "key: forgesyte.job.id.kind")
    assert "forgesyte.job.id: is also the namespace of forgesyte.job.id.kind" in found


def test_a_stated_reason_allows_a_name_that_is_a_namespace(spoil: Spoil) -> None:
    spoil("high_cardinality: true", "namespace_coincidence: The kind belongs to the id.")
    spoil("ref: forgesyte.job.wait", "ref: forgesyte.job.id.kind")
    assert spoil("key: forgesyte.job.wait", "key: forgesyte.job.id.kind") == []


def test_a_reason_without_a_namespace_is_refused(spoil: Spoil) -> None:
    assert spoil("high_cardinality: true", "namespace_coincidence: Because.") == [
        "forgesyte.job.id: excuses a namespace that nothing stands in"
    ]


def test_a_name_is_defined_once(spoil: Spoil) -> None:
    found = spoil("forgesyte.job.retries", "forgesyte.job.duration")
    assert found.count("forgesyte.job.duration: is defined more than once") == 2


def test_two_names_do_not_become_one_constant(spoil: Spoil) -> None:
    found = spoil("key: forgesyte.job.wait", "key: forgesyte.job_id")
    assert found.count("FORGESYTE_JOB_ID: is the constant of two names") == 2


def test_a_reference_to_an_undefined_attribute_does_not_resolve(spoil: Spoil) -> None:
    assert spoil("ref: forgesyte.job.status", "ref: forgesyte.job.state") == [
        "forgesyte.job.status: is carried by no span, metric or event",
        "forgesyte.job.state: is an attribute that nothing defines",
    ]


def test_an_exemplar_attribute_resolves_too(spoil: Spoil) -> None:
    found = spoil("exemplar_attributes: [forgesyte.job.id]", "exemplar_attributes: [forgesyte.x]")
    assert found == ["forgesyte.x: is an attribute that nothing defines"]


def test_a_borrowed_attribute_is_one_that_opentelemetry_defines(spoil: Spoil) -> None:
    found = spoil("ref: error.type", "ref: error.kind")
    assert found == ["error.kind: is unknown to the installed OpenTelemetry conventions"]


def test_a_borrowed_attribute_stands_in_a_group_first(spoil: Spoil) -> None:
    found = spoil("ref: forgesyte.job.wait", "ref: code.function.name")
    assert "code.function.name: is OpenTelemetry's and stands in no attribute group" in found


def test_an_undefined_group_does_not_resolve(spoil: Spoil) -> None:
    found = spoil("ref_group: borrowed", "ref_group: lent")
    assert found == ["lent: is a group that nothing defines"]


def test_a_group_holds_no_group(spoil: Spoil) -> None:
    group = "      - ref_group: borrowed\n\nspans:"
    assert spoil("\nspans:", group) == ["borrowed: is a group inside a group"]


def test_a_signal_does_not_carry_an_attribute_twice(spoil: Spoil) -> None:
    found = spoil("ref: forgesyte.job.wait", "ref: forgesyte.job.id")
    assert "forgesyte.job: carries forgesyte.job.id more than once" in found


def test_the_dependency_is_a_version_that_is_installed(spoil: Spoil) -> None:
    found = spoil("schemas/1.44.0", "schemas/0.0.1")
    assert found == [
        "dependencies: name no version of OpenTelemetry's conventions that is installed"
    ]


def test_a_refined_event_is_imported(spoil: Spoil) -> None:
    assert spoil("events: [exception]", "events: []") == [
        "exception: is not of the form `forgesyte.word.other_word`",
        "exception: is refined and not imported",
    ]


def test_an_import_is_known_and_used(spoil: Spoil) -> None:
    assert spoil("events: [exception]", "events: [exception, accident]") == [
        "accident: is imported and OpenTelemetry does not define it",
        "accident: is imported and nothing refines it",
    ]


def test_a_metric_has_no_attribute_without_bound(spoil: Spoil) -> None:
    found = spoil("- {ref: forgesyte.job.status,", "- {ref: forgesyte.job.id,")
    assert "forgesyte.job.duration: has forgesyte.job.id, whose values have no bound" in found


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("requirement_level: mandatory", "'mandatory'"),
        ("brief: No level at all.", "None"),
    ],
)
def test_a_reference_says_how_much_it_is_required(spoil: Spoil, level: str, shown: str) -> None:
    found = spoil("requirement_level: opt_in", level)
    assert found == [f"forgesyte.job.wait: has the requirement level {shown}"]


@pytest.mark.parametrize(
    "level",
    [
        "conditionally_required: ''",
        "sometimes: If it failed.",
        "{recommended: If it failed., opt_in: Else.}",
    ],
)
def test_a_conditional_level_states_one_condition(spoil: Spoil, level: str) -> None:
    (found,) = spoil("conditionally_required: If it failed.", level)
    assert found.startswith("error.type: has the requirement level")


def test_a_type_is_one_of_opentelemetry(spoil: Spoil) -> None:
    found = spoil("type: double", "type: float")
    assert found == ["forgesyte.job.wait: has the unknown type `float`"]


def test_the_members_of_an_enumeration_differ(spoil: Spoil) -> None:
    found = spoil("value: error", "value: done")
    assert found == ["forgesyte.job.status: has two members with one value"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[0.5]", "['0.5']", "forgesyte.job.wait: has the example '0.5', which is no double"),
        ("[0.5]", "[true]", "forgesyte.job.wait: has the example True, which is no double"),
        ("[job-1]", "[1]", "forgesyte.job.id: has the example 1, which is no string"),
        ("[done]", "[lost]", "forgesyte.job.status: has the example 'lost', which is no enum"),
        ("[0.5]", "[]", "forgesyte.job.wait: has no examples"),
    ],
)
def test_examples_are_of_the_type(spoil: Spoil, old: str, new: str, complaint: str) -> None:
    assert spoil(f"examples: {old}", f"examples: {new}") == [complaint]


def test_an_array_shows_arrays(spoil: Spoil) -> None:
    array = (
        "type: double[]\n    brief: Waits.\n    stability: development\n    examples: [[0.5, 2]]"
    )
    assert spoil(
        "type: double\n    brief: Time before the start.\n"
        "    stability: development\n    examples: [0.5]",
        array,
    ) == ["forgesyte.job.wait: has the example [0.5, 2], which is no double[]"]


def test_a_brief_is_a_sentence(spoil: Spoil) -> None:
    found = spoil("brief: One job.", "brief: one job")
    assert found == ["forgesyte.job: has a brief that is no sentence"]


@pytest.mark.parametrize("unit", ["seconds", "sec", "{two words}", "By//s", "jobs"])
def test_a_unit_is_ucum(spoil: Spoil, unit: str) -> None:
    found = spoil('"{retry}"', f'"{unit}"')
    assert found == [f"forgesyte.job.retries: has the unit `{unit}`, which is not UCUM"]


@pytest.mark.parametrize("unit", ["1", "%", "By", "KiBy", "By/s", "{job}", "{frame}/s", "s", "/s"])
def test_units_of_opentelemetry_are_accepted(spoil: Spoil, unit: str) -> None:
    assert spoil('"{retry}"', f'"{unit}"') == []


def test_a_time_is_in_seconds(spoil: Spoil) -> None:
    found = spoil("unit: s\n    brief: Time of a job.", "unit: ms\n    brief: Time of a job.")
    assert found == ["forgesyte.job.duration: measures time in `ms`"]


@pytest.mark.parametrize("bounds", ["[1, 1, 10]", "[0, 1]", "[-1, 1]", "[]", "[low, high]"])
def test_bucket_bounds_rise_from_above_zero(spoil: Spoil, bounds: str) -> None:
    assert spoil("bucket_bounds: [0.1, 1, 10]", f"bucket_bounds: {bounds}") == [
        "forgesyte.job.duration: has no bucket bounds that rise from above zero"
    ]


def test_only_a_histogram_has_bucket_bounds(spoil: Spoil) -> None:
    found = spoil("instrument: histogram", "instrument: gauge")
    assert found == ["forgesyte.job.duration: has bucket bounds and is a gauge"]


def test_a_delivery_is_push_or_absent(spoil: Spoil) -> None:
    found = spoil("bucket_bounds:", "delivery: pull\n        bucket_bounds:")
    assert found == ["forgesyte.job.duration: has the delivery `pull`"]


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("forgesyte.job.duration_seconds", "forgesyte_job_duration_seconds"),
        # A histogram takes up the names of its parts as well.
        ("forgesyte.job.duration_seconds_bucket", "forgesyte_job_duration_seconds_bucket"),
    ],
)
def test_two_metrics_do_not_meet_in_prometheus(spoil: Spoil, name: str, shared: str) -> None:
    found = spoil("name: forgesyte.job.retries", f"name: {name}")
    assert f"{name}: is `{shared}` in Prometheus, and so is forgesyte.job.duration" in found


def test_two_attributes_do_not_meet_as_labels(spoil: Spoil) -> None:
    found = spoil("key: forgesyte.job.wait", "key: forgesyte.job_id")
    assert "forgesyte.job_id: is the label `forgesyte_job_id`, and so is forgesyte.job.id" in found


def test_an_attribute_is_no_label_that_prometheus_sets(spoil: Spoil) -> None:
    found = spoil("key: forgesyte.job.wait", "key: job")
    assert "job: is the label `job`, which Prometheus sets itself" in found
