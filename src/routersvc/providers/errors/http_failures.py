"""Maps transport exceptions to failures of an attempt."""

from __future__ import annotations

import enum
from typing import assert_never

import httpx

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure


class Stage(enum.Enum):
    """How far an attempt got before it failed."""

    BEFORE_RESPONSE = "before_response"
    BEFORE_CONTENT = "before_content"
    AFTER_CONTENT = "after_content"


_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def failure_of_exception(
    error: httpx.TransportError | httpx.DecodingError, stage: Stage, *, connection_was_idle: bool
) -> Failure:
    """Return the failure that an exception of the transport means at this stage."""
    if isinstance(error, httpx.DecodingError):
        return Failure(
            failure_class=FailureClass.SERVER_ERROR,
            message="the content encoding of the answer is invalid",
        )
    if isinstance(error, httpx.PoolTimeout):
        return Failure(
            failure_class=FailureClass.LOCAL_LIMIT,
            message="no connection to the provider is available: all are in use",
        )
    if isinstance(error, httpx.LocalProtocolError):
        return Failure(
            failure_class=FailureClass.INVALID_REQUEST,
            message="the request cannot be sent over HTTP",
        )
    match stage:
        case Stage.BEFORE_RESPONSE if isinstance(error, _NEVER_SENT):
            return Failure(
                failure_class=FailureClass.CONNECT,
                message="connection to the provider failed",
            )
        case Stage.BEFORE_RESPONSE:
            return Failure(
                failure_class=FailureClass.RESET,
                message="connection lost before the response began",
                connection_was_idle=connection_was_idle,
            )
        case Stage.BEFORE_CONTENT:
            return Failure(
                failure_class=FailureClass.RESET,
                message="connection lost before the first content",
            )
        case Stage.AFTER_CONTENT:
            return Failure(
                failure_class=FailureClass.TRUNCATED,
                message="connection lost in the middle of the answer",
            )
        case _:
            assert_never(stage)
