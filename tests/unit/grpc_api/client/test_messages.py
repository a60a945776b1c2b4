"""Messages of the contract as words and as JSON."""

from __future__ import annotations

import pytest

from llmrouter.v1 import errors_pb2
from llmrouter.v1.report_pb2 import RouteReport
from routersvc.grpc_api.client.messages import (
    Explanation,
    RequestShapeError,
    read_message,
    seconds_of,
    to_json,
    word_of,
    words_of,
)


def test_enums_become_words_without_their_prefix() -> None:
    """And a value of a newer contract its number."""
    explanation = read_message(
        Explanation,
        {
            "profile": {
                "priority": "PRIORITY_HIGH",
                "capabilities": ["CAPABILITY_JSON_SCHEMA", 99],
            }
        },
    )

    assert word_of(explanation.profile, "priority") == "high"
    assert word_of(explanation.profile, "task") == ""
    assert words_of(explanation.profile, "capabilities") == ["json schema", "99"]
    with pytest.raises(ValueError, match="`complexity` is not an enum"):
        word_of(explanation.profile, "complexity")


def test_every_enum_of_a_report_has_words() -> None:
    """Prefixes are read off the value that says nothing: each enum has one."""
    enums = errors_pb2.DESCRIPTOR.enum_types_by_name.values()

    assert all(enum.values_by_number[0].name.endswith("UNSPECIFIED") for enum in enums)


def test_unset_times_are_none() -> None:
    """Zero would mean that something took no time."""
    report = read_message(RouteReport, {"duration": "1.5s"})

    assert seconds_of(report, "duration") == 1.5
    assert seconds_of(report, "planning_duration") is None


def test_json_can_be_full_or_sparse() -> None:
    """Full for programs that read, sparse for people who write."""
    report = RouteReport(decision_id="d-1")

    assert to_json(report, sparse=True) == {"decision_id": "d-1"}
    assert to_json(report)["attempts"] == []
    assert "duration" not in to_json(report)


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (
            {"served_by": {"deployment": {"region": 5}}},
            "`served_by.deployment.region`: expected string or bytes-like object, got 'int'",
        ),
        (
            {"attempts": [{"failureMessage": "x"}, {"failureMessage": None, "number": "x"}]},
            "`attempts.number`: invalid literal for int() with base 10: 'x'",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_path(entries: dict[str, object], sentence: str) -> None:
    """The error names the place in the request."""
    with pytest.raises(RequestShapeError) as caught:
        read_message(RouteReport, entries)

    assert str(caught.value) == sentence
