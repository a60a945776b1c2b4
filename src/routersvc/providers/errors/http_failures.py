"""What it means for an attempt that its connection failed."""

from __future__ import annotations

import enum
from typing import assert_never

import httpx

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure


class Stage(enum.Enum):
    """How far an attempt had come."""

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
            failure_class=FailureClass.SERVER_ERROR, message="the answer's encoding is broken"
        )
    if isinstance(error, httpx.PoolTimeout):
        return Failure(
            failure_class=FailureClass.LOCAL_LIMIT,
            message="no connection to the provider is free",
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
                message="no connection to the provider came about",
            )
        case Stage.BEFORE_RESPONSE:
            return Failure(
                failure_class=FailureClass.RESET,
                message="the connection broke before a response began",
                connection_was_idle=connection_was_idle,
            )
        case Stage.BEFORE_CONTENT:
            return Failure(
                failure_class=FailureClass.RESET,
                message="the connection broke before any content came",
            )
        case Stage.AFTER_CONTENT:
            return Failure(
                failure_class=FailureClass.TRUNCATED,
                message="the connection broke in the middle of the answer",
            )
        case _:
            assert_never(stage)
