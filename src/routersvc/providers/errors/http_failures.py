"""Maps transport exceptions to failures of an attempt.

The cause of a failed connection and an exhausted local resource are found in the exceptions below
the transport's own (`__cause__`): those of sockets and TLS, which all transports share.
"""

from __future__ import annotations

import enum
import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import assert_never

import httpx

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure


class Stage(enum.Enum):
    """How far an attempt got before it failed."""

    BEFORE_RESPONSE = "before_response"
    BEFORE_CONTENT = "before_content"
    AFTER_CONTENT = "after_content"


TRANSPORT_ERRORS = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError)
"""What a transport may raise; sockets and TLS raise kinds of `OSError`."""

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)

_LOCAL_LIMITS = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
)
"""Descriptors, buffers, memory and ports that this machine has run out of."""

_LOCAL_LOOKUP_LIMITS = frozenset({socket.EAI_MEMORY, socket.EAI_SYSTEM})

_CAUSES: Mapping[int, str] = MappingProxyType(
    {
        errno.ECONNREFUSED: "connection refused",
        errno.EPIPE: "connection reset",
        errno.ENETUNREACH: "network unreachable",
        errno.ENETDOWN: "network unreachable",
        errno.EHOSTUNREACH: "host unreachable",
        errno.ETIMEDOUT: "connect timed out",
        errno.EACCES: "connection not permitted",
        errno.EPERM: "connection not permitted",
    }
)

_ERROR_NUMBER = re.compile(r"\[Errno (\d+)\]")
"""Where several addresses were tried, their errors are joined in one text."""

_DEPTH = 8


def failure_of_exception(error: Exception, stage: Stage, *, connection_was_idle: bool) -> Failure:
    """Return the failure that an exception of the transport means at this stage."""
    if isinstance(error, httpx.PoolTimeout):
        return Failure(
            failure_class=FailureClass.LOCAL_LIMIT,
            message="no connection to the provider is available: all are in use",
        )
    if any(_is_local_limit(cause) for cause in _causes(error)):
        return Failure(
            failure_class=FailureClass.LOCAL_LIMIT,
            message="no connection to the provider is available: "
            "this machine has run out of descriptors, ports or memory",
        )
    if isinstance(error, httpx.LocalProtocolError):
        return Failure(
            failure_class=FailureClass.INVALID_REQUEST,
            message="the request cannot be sent over HTTP",
        )
    unreadable = isinstance(error, httpx.DecodingError)
    match stage:
        case Stage.BEFORE_RESPONSE | Stage.BEFORE_CONTENT if unreadable:
            return Failure(
                failure_class=FailureClass.SERVER_ERROR,
                message="unreadable answer: its HTTP framing or content encoding is invalid",
            )
        case Stage.BEFORE_RESPONSE if isinstance(error, _NEVER_SENT):
            return Failure(
                failure_class=FailureClass.CONNECT,
                message=f"connection to the provider failed: {cause_of_failed_connection(error)}",
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
                message="the answer became unreadable: its HTTP framing is invalid"
                if unreadable
                else "connection lost in the middle of the answer",
            )
        case _:
            assert_never(stage)


def cause_of_failed_connection(error: Exception) -> str:
    """Return why no connection was made, in fixed words."""
    causes = tuple(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return "TLS handshake failed: certificate verify failed"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "TLS handshake failed"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "DNS lookup failed"
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        return "the URL is not supported"
    over_tls = _scheme(error) == "https"
    if any(isinstance(cause, ConnectionResetError | ConnectionAbortedError) for cause in causes):
        return "TLS handshake failed: connection reset" if over_tls else "connection reset"
    for cause in causes:
        for number in _error_numbers(cause):
            if number in _CAUSES:
                return _CAUSES[number]
    if any(isinstance(cause, httpx.ConnectTimeout | TimeoutError) for cause in causes):
        return "connect timed out" + (" (TCP connect or TLS handshake)" if over_tls else "")
    return "proxy failed" if isinstance(error, httpx.ProxyError) else "unknown cause"


def _scheme(error: Exception) -> str:
    """Return the scheme of the URL that was called, empty where the exception has no request."""
    if not isinstance(error, httpx.RequestError):
        return ""
    try:
        return error.request.url.scheme
    except RuntimeError:
        return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those below it."""
    below: BaseException | None = error
    for _ in range(_DEPTH):
        if below is None:
            return
        yield below
        below = below.__cause__ or below.__context__


def _is_local_limit(error: BaseException) -> bool:
    if isinstance(error, socket.gaierror):
        return error.errno in _LOCAL_LOOKUP_LIMITS
    numbers = _error_numbers(error)
    return bool(numbers) and _LOCAL_LIMITS.issuperset(numbers)


def _error_numbers(error: BaseException) -> tuple[int, ...]:
    if not isinstance(error, OSError) or isinstance(error, socket.gaierror):
        return ()
    if error.errno is not None and not isinstance(error, ssl.SSLError):
        return (error.errno,)
    return tuple(map(int, _ERROR_NUMBER.findall(str(error))))
