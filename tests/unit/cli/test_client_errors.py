"""What the client makes of a call that failed."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import aio

from llmrouter.v1 import errors_pb2
from llmrouter.v1.report_pb2 import RouteReport
from routersvc.grpc_api.client import NotConnectedError, Violation, call_error_of
from routersvc.grpc_api.client_messages import (
    Explanation,
    RequestShapeError,
    read_message,
    seconds_of,
    to_json,
    word_of,
    words_of,
)


def failed(
    code: grpc.StatusCode, message: str, *details: Message, raw: bytes | None = None
) -> aio.AioRpcError:
    """Return what gRPC raises for a status with these details."""
    status = Status(code=code.value[0], message=message)
    for detail in details:
        status.details.add().Pack(detail)
    trailing = aio.Metadata()
    if details or raw is not None:
        trailing.add("grpc-status-details-bin", raw or status.SerializeToString())
    return aio.AioRpcError(
        code=code, initial_metadata=aio.Metadata(), trailing_metadata=trailing, details=message
    )


def test_every_detail_of_a_router_is_read() -> None:
    """The reason for programs, the fields, the time to come back, and what was done."""
    bad_request = BadRequest()
    bad_request.field_violations.add(field="prompt", description="must not be empty")

    error = call_error_of(
        failed(
            grpc.StatusCode.INVALID_ARGUMENT,
            "the request is  invalid\nthroughout",
            ErrorInfo(reason="INVALID_REQUEST", domain="llmrouter.v1"),
            bad_request,
            RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)),
            RouteReport(decision_id="d-1"),
        ),
        address="a:1",
        connected=True,
    )

    assert error.status == "INVALID_ARGUMENT"
    assert error.reason == "INVALID_REQUEST"
    assert str(error) == "the request is invalid throughout"
    assert error.violations == (Violation(field="prompt", description="must not be empty"),)
    assert error.retry_delay == 1.5
    assert error.report == RouteReport(decision_id="d-1")


def test_the_reason_of_somebody_else_is_not_ours() -> None:
    """A proxy in between may speak the same language about other things."""
    error = call_error_of(
        failed(grpc.StatusCode.UNAVAILABLE, "no", ErrorInfo(reason="X", domain="mesh.example")),
        address="a:1",
        connected=True,
    )

    assert (error.reason, error.retry_delay, error.report) == ("", None, None)


@pytest.mark.parametrize(
    ("code", "message", "connected", "sentence"),
    [
        (
            grpc.StatusCode.UNAVAILABLE,
            "failed to connect to all addresses; last error: UNKNOWN: Connection refused",
            False,
            "no router at a:1: Connection refused",
        ),
        (grpc.StatusCode.UNAVAILABLE, "Socket closed", True, "no router at a:1: Socket closed"),
        (
            grpc.StatusCode.DEADLINE_EXCEEDED,
            "Deadline Exceeded",
            False,
            "no router at a:1: no answer in time",
        ),
    ],
)
def test_a_router_that_is_not_heard_is_told_apart(
    code: grpc.StatusCode, message: str, *, connected: bool, sentence: str
) -> None:
    """The address is what the user has to look at."""
    error = call_error_of(failed(code, message), address="a:1", connected=connected)

    assert isinstance(error, NotConnectedError)
    assert str(error) == sentence


def test_a_deadline_that_passed_on_this_side_is_no_missing_router() -> None:
    """It was there, and only too slow."""
    error = call_error_of(
        failed(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"),
        address="a:1",
        connected=True,
    )

    assert not isinstance(error, NotConnectedError)
    assert str(error) == "the time was up before the router answered"


@pytest.mark.parametrize(
    ("message", "sentence"), [("", "the call ended with INTERNAL"), ("oops", "oops")]
)
def test_a_status_without_details_is_told_as_it_is(message: str, sentence: str) -> None:
    """Even one that says nothing."""
    error = call_error_of(failed(grpc.StatusCode.INTERNAL, message), address="a:1", connected=True)

    assert str(error) == sentence


def test_details_that_cannot_be_read_are_left_out() -> None:
    """A broken trailer must not hide the status."""
    error = call_error_of(
        failed(grpc.StatusCode.INTERNAL, "oops", raw=b"\xff\xff"), address="a:1", connected=True
    )

    assert (error.status, str(error), error.violations) == ("INTERNAL", "oops", ())


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
    with pytest.raises(ValueError, match="`complexity` is no enum"):
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
    """Whoever wrote a request by hand has to find the place."""
    with pytest.raises(RequestShapeError) as caught:
        read_message(RouteReport, entries)

    assert str(caught.value) == sentence
