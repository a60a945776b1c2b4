"""Maps aiohttp's exceptions to httpx's.

An answer whose framing or content encoding is invalid is a `DecodingError`; a connection that ended
too early is a `RemoteProtocolError`, a stale one among them.
"""

from __future__ import annotations

import zlib

import aiohttp
import httpx
from aiohttp.http_exceptions import (
    ContentEncodingError,
    DecompressSizeError,
    HttpProcessingError,
)

_HttpxError = type[httpx.TransportError | httpx.DecodingError]

ERRORS: tuple[tuple[type[Exception], _HttpxError], ...] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ServerFingerprintMismatch, httpx.ConnectError),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
    (aiohttp.ClientPayloadError, httpx.RemoteProtocolError),
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ClientResponseError, httpx.DecodingError),
    (HttpProcessingError, httpx.DecodingError),
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol),
    (aiohttp.ClientConnectionError, httpx.ReadError),
    (aiohttp.ClientError, httpx.NetworkError),
    (TimeoutError, httpx.ConnectTimeout),
    (OSError, httpx.ReadError),
    (ValueError, httpx.LocalProtocolError),
)
"""The httpx exception for each that aiohttp raises; the first match counts."""

_BROKEN_ENCODINGS = (ContentEncodingError, DecompressSizeError)


def exception_of_sending(error: Exception, request: httpx.Request) -> Exception:
    """Return the httpx exception for `error`, which a request raised before its body was read.

    An exception from elsewhere is returned as it is: a defect must not pass for an outage.
    """
    for theirs, ours in ERRORS:
        if isinstance(error, theirs):
            return ours(type(error).__name__, request=request)
    return error


def exception_of_reading(error: Exception, request: httpx.Request) -> Exception:
    """Return the httpx exception for `error`, which reading a body raised."""
    is_broken = isinstance(error, ValueError | zlib.error) or (
        isinstance(error, aiohttp.ClientPayloadError)
        and isinstance(error.__cause__, _BROKEN_ENCODINGS)
    )
    if is_broken:
        return httpx.DecodingError(type(error).__name__, request=request)
    return exception_of_sending(error, request)
