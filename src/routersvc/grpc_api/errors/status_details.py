"""Encodes a status as message and trailing metadata within the size limits of clients.

Clients refuse header blocks above 8 KiB by default, and details are sent in base64. Details that do
not fit are shortened: a long list of attempts loses its middle, a long list of fields its tail, and
a long text its end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from llmrouter.v1 import errors_pb2, report_pb2
from routersvc.domain.outcomes.errors import FieldViolation
from routersvc.grpc_api.errors.statuses import ErrorStatus
from routersvc.grpc_api.outbound.reports import report_of
from routersvc.grpc_api.outbound.times import duration_of

DOMAIN = "llmrouter.v1"
DETAILS_KEY = "grpc-status-details-bin"
PUSHBACK_KEY = "grpc-retry-pushback-ms"

MAX_MESSAGE_BYTES = 400
"""Percent-encoding can triple the size on the wire."""

MAX_DETAILS_BYTES = 4_800
"""6,400 in base64; with the largest message and gRPC's own trailers below 8 KiB."""

MIN_PUSHBACK = 1
"""Milliseconds. Clients of gRPC core never retry after a pushback of 0 (observed in 1.85)."""

NO_RETRY_PUSHBACK = "-1"
"""A negative pushback forbids the client's own retry (gRPC proposal A6)."""

_MAX_VIOLATIONS_BYTES = 2_000
_MAX_METADATA_BYTES = 600
_MAX_FAILURE_MESSAGE_BYTES = 200
_REASON_PREFIX = "ERROR_REASON_"

Trailers = tuple[tuple[str, str | bytes], ...]


def encoded_status(
    status: ErrorStatus, *, time_remaining: float | None = None
) -> tuple[str, Trailers]:
    """Return the message and the trailing metadata of a status.

    `time_remaining` is what is left of the caller's deadline, in seconds; `None` without one. A
    retry that could not start before the deadline is forbidden: the client's retry policy would
    wait for it until the deadline passes, and replace this status by `DEADLINE_EXCEEDED`.
    """
    message = _cut(status.message, MAX_MESSAGE_BYTES)
    code: int = status.code.value[0]
    rpc_status = Status(code=code, message=message)
    _add(rpc_status, _error_info(status))
    if status.violations:
        _add(rpc_status, _bad_request(status.violations))
    trailers: Trailers = ()
    if status.retry_after is not None:
        milliseconds = max(MIN_PUSHBACK, math.ceil(status.retry_after * 1000))
        _add(rpc_status, RetryInfo(retry_delay=duration_of(milliseconds / 1000)))
        can_retry = time_remaining is None or milliseconds < time_remaining * 1000
        trailers = ((PUSHBACK_KEY, str(milliseconds) if can_retry else NO_RETRY_PUSHBACK),)
    if status.report is not None:
        room = MAX_DETAILS_BYTES - rpc_status.ByteSize()
        _add(rpc_status, _fitting(report_of(status.report), room))
    return message, ((DETAILS_KEY, rpc_status.SerializeToString()), *trailers)


def _add(status: Status, detail: Message) -> None:
    status.details.add().Pack(detail)


def _error_info(status: ErrorStatus) -> ErrorInfo:
    return ErrorInfo(
        reason=errors_pb2.ErrorReason.Name(status.reason).removeprefix(_REASON_PREFIX),
        domain=DOMAIN,
        metadata={key: _cut(value, _MAX_METADATA_BYTES) for key, value in status.metadata.items()},
    )


def _bad_request(violations: Iterable[FieldViolation]) -> BadRequest:
    bad_request = BadRequest()
    left_out = 0
    for violation in violations:
        if bad_request.ByteSize() >= _MAX_VIOLATIONS_BYTES:
            left_out += 1
            continue
        bad_request.field_violations.add(
            field=_cut(violation.field, _MAX_METADATA_BYTES),
            description=_cut(violation.description, _MAX_METADATA_BYTES),
        )
    if left_out:
        bad_request.field_violations.add(field="", description=f"and {left_out} more")
    return bad_request


def _fitting(report: report_pb2.RouteReport, room: int) -> report_pb2.RouteReport:
    """Return a report of at most `room` bytes; attempts in the middle are removed first."""
    room -= len("type.googleapis.com/") + len(report.DESCRIPTOR.full_name) + 16
    for attempt in report.attempts:
        attempt.failure_message = _cut(attempt.failure_message, _MAX_FAILURE_MESSAGE_BYTES)
    while report.ByteSize() > room and report.attempts:
        del report.attempts[len(report.attempts) // 2]
    return report


def _cut(text: str, limit: int) -> str:
    """Return a text of at most `limit` bytes, with `...` where it was cut."""
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    return encoded[: limit - 3].decode(errors="ignore") + "..."
