"""What the Python client makes of a call that failed."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from llmrouter import CallError, NotConnectedError, Reason, Violation
from llmrouter.errors import call_error
from llmrouter.v1 import errors_pb2
from llmrouter.v1.report_pb2 import RouteReport


def failed(
    code: grpc.StatusCode,
    message: str,
    *details: Message,
    raw: bytes | None = None,
    connected: bool = True,
) -> CallError:
    """Return what the client raises for a status with these details."""
    status = Status(code=code.value[0], message=message)
    for detail in details:
        status.details.add().Pack(detail)
    trailing = []
    if details or raw is not None:
        trailing = [("grpc-status-details-bin", raw or status.SerializeToString())]
    return call_error(code, message, trailing, address="a:1", connected=connected)


def test_every_detail_of_a_router_is_read() -> None:
    """The reason for programs, the fields, the time to come back, and what was done."""
    bad_request = BadRequest()
    bad_request.field_violations.add(field="prompt", description="must not be empty")

    error = failed(
        grpc.StatusCode.INVALID_ARGUMENT,
        "the request is  invalid\nthroughout",
        ErrorInfo(reason="INVALID_REQUEST", domain="llmrouter.v1"),
        bad_request,
        RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)),
        RouteReport(decision_id="d-1"),
    )

    assert error.status == "INVALID_ARGUMENT"
    assert error.reason == "INVALID_REQUEST"
    assert str(error) == "the request is invalid throughout"
    assert error.violations == (Violation(field="prompt", description="must not be empty"),)
    assert error.retry_delay == 1.5
    assert error.report == RouteReport(decision_id="d-1")


def test_the_reason_of_somebody_else_is_not_ours() -> None:
    """A proxy in between may speak the same language about other things."""
    error = failed(grpc.StatusCode.UNAVAILABLE, "no", ErrorInfo(reason="X", domain="mesh.example"))

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
    error = failed(code, message, connected=connected)

    assert isinstance(error, NotConnectedError)
    assert str(error) == sentence


def test_a_deadline_that_passed_on_this_side_is_no_missing_router() -> None:
    """It was there, and only too slow."""
    error = failed(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")

    assert not isinstance(error, NotConnectedError)
    assert error.status == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize(
    ("message", "sentence"), [("", "the call ended with INTERNAL"), ("oops", "oops")]
)
def test_a_status_without_details_is_told_as_it_is(message: str, sentence: str) -> None:
    """Even one that says nothing."""
    error = failed(grpc.StatusCode.INTERNAL, message)

    assert str(error) == sentence


def test_details_that_cannot_be_read_are_left_out() -> None:
    """A broken trailer must not hide the status."""
    error = failed(grpc.StatusCode.INTERNAL, "oops", raw=b"\xff\xff")

    assert (error.status, str(error), error.violations) == ("INTERNAL", "oops", ())


def test_every_reason_of_the_contract_has_its_name() -> None:
    """A reason that is added to the contract must be added to the client."""
    _, *names = errors_pb2.ErrorReason.DESCRIPTOR.values_by_name

    assert [f"ERROR_REASON_{reason}" for reason in Reason] == names


def test_a_reason_of_a_newer_router_is_its_name() -> None:
    """Nothing is lost, and nothing breaks."""
    error = failed(
        grpc.StatusCode.INTERNAL, "new", ErrorInfo(reason="NEWER", domain="llmrouter.v1")
    )

    assert (error.status, error.reason) == ("INTERNAL", "NEWER")
    assert (
        failed(
            grpc.StatusCode.UNAVAILABLE, "", ErrorInfo(reason="DRAINING", domain="llmrouter.v1")
        ).reason
        is Reason.DRAINING
    )
