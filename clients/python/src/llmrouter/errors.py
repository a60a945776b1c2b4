"""Typed errors of calls, from the status and its details.

    CallError                    the call failed
    ├── NotConnectedError        no connection to a router, or the connection broke
    └── IncompleteStreamError    the stream ended without `finished`: its text is not the answer

Reasons of newer routers that have no name here are plain strings.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from llmrouter.v1 import errors_pb2
from llmrouter.v1.report_pb2 import RouteReport

ERROR_DOMAIN = errors_pb2.DESCRIPTOR.package
"""The domain of every `ErrorInfo` of a router."""

_DETAILS_KEY = "grpc-status-details-bin"

Metadata = Iterable[tuple[str, str | bytes]]


class Reason(enum.StrEnum):
    """Why a call failed: the names of the contract's `ErrorReason`, which describes each.

    A newer router may send a reason that has no name here; it is then a plain string.
    """

    INVALID_REQUEST = "INVALID_REQUEST"
    UNKNOWN_POLICY = "UNKNOWN_POLICY"
    UNKNOWN_NAME = "UNKNOWN_NAME"
    FIELD_NOT_SERVED = "FIELD_NOT_SERVED"
    NO_ELIGIBLE_DEPLOYMENT = "NO_ELIGIBLE_DEPLOYMENT"
    CONTEXT_LENGTH_EXCEEDED = "CONTEXT_LENGTH_EXCEEDED"
    REJECTED_BY_PROVIDER = "REJECTED_BY_PROVIDER"
    PROVIDERS_UNAVAILABLE = "PROVIDERS_UNAVAILABLE"
    PROVIDERS_RATE_LIMITED = "PROVIDERS_RATE_LIMITED"
    PROVIDER_MISCONFIGURED = "PROVIDER_MISCONFIGURED"
    CONTENT_FILTERED = "CONTENT_FILTERED"
    STREAM_BROKEN = "STREAM_BROKEN"
    BAD_ANSWER = "BAD_ANSWER"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    CANCELLED = "CANCELLED"
    ROUTER_OVERLOADED = "ROUTER_OVERLOADED"
    DRAINING = "DRAINING"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    TENANT_BUDGET_EXHAUSTED = "TENANT_BUDGET_EXHAUSTED"
    UNKNOWN_DECISION = "UNKNOWN_DECISION"
    INTERNAL = "INTERNAL"
    TENANT_RATE_LIMITED = "TENANT_RATE_LIMITED"
    AUTHENTICATION_UNAVAILABLE = "AUTHENTICATION_UNAVAILABLE"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """One field of the request that is missing or wrong."""

    field: str
    description: str


class CallError(Exception):
    """The call failed.

    `status` is the name of the gRPC status. `reason` is a `Reason`, the name of an unknown one, or
    empty if the error is not from a router; `metadata` has the facts that belong to it.
    `retry_delay` (seconds) is set if a retry can help, `report` if the router made attempts.
    """

    def __init__(
        self,
        *,
        status: str,
        message: str,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        violations: tuple[Violation, ...] = (),
        retry_delay: float | None = None,
        report: RouteReport | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = Reason(reason) if reason in Reason.__members__ else reason
        self.message = message
        self.metadata = dict(metadata or {})
        self.violations = violations
        self.retry_delay = retry_delay
        self.report = report


class NotConnectedError(CallError):
    """No connection to a router: nothing listens at the address, or the connection broke."""


class IncompleteStreamError(CallError):
    """The stream ended with `OK` but without `finished`: an intermediary cut it."""

    def __init__(self) -> None:
        super().__init__(
            status="DATA_LOSS", message="the stream ended before the answer was complete"
        )


def call_error(
    code: grpc.StatusCode,
    details: str | None,
    trailing_metadata: Metadata | None,
    *,
    address: str,
    connected: bool,
) -> CallError:
    """Return the typed error of a failed call.

    `connected` is whether the channel has a connection: without one, an exceeded deadline is a
    failed connection.
    """
    status = code.name
    message = " ".join((details or "").split())
    given = _details_of(trailing_metadata or ())
    if given is None:
        timed_out_connecting = status == "DEADLINE_EXCEEDED" and not connected
        if status == "UNAVAILABLE" or timed_out_connecting:
            # The message of gRPC core ends with the cause: `…; last error: …: Connection refused`.
            cause = "no answer in time" if timed_out_connecting else message.rpartition(": ")[2]
            return NotConnectedError(status=status, message=f"no router at {address}: {cause}")
        if status == "DEADLINE_EXCEEDED":
            message = "the deadline passed before the router answered"
        return CallError(status=status, message=message or f"the call ended with {status}")
    info, bad_request = ErrorInfo(), BadRequest()
    retry, report = RetryInfo(), RouteReport()
    found = {detail.TypeName() for detail in given}
    for detail in given:
        for target in (info, bad_request, retry, report):
            detail.Unpack(target)
    is_ours = info.domain == ERROR_DOMAIN
    return CallError(
        status=status,
        message=message,
        reason=info.reason if is_ours else "",
        metadata=info.metadata if is_ours else None,
        violations=tuple(
            Violation(field=violation.field, description=violation.description)
            for violation in bad_request.field_violations
        ),
        retry_delay=(
            retry.retry_delay.ToTimedelta().total_seconds()
            if retry.DESCRIPTOR.full_name in found
            else None
        ),
        report=report if report.DESCRIPTOR.full_name in found else None,
    )


def _details_of(trailing_metadata: Metadata) -> list[Any] | None:
    """Return the details of the status, `None` without any or if they cannot be parsed."""
    for key, value in trailing_metadata:
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return list(Status.FromString(value).details)
            except DecodeError:
                return None
    return None
