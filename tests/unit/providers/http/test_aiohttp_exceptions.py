"""Every exception of aiohttp has its counterpart in httpx's tree."""

from __future__ import annotations

import ssl

import aiohttp
import httpx
import pytest
from aiohttp.http_exceptions import HttpProcessingError

from routersvc.providers.http.aiohttp_exceptions import ERRORS, exception_of_sending


def kinds(of: type[Exception]) -> set[type[Exception]]:
    """Return every kind of an exception, itself included."""
    return {of}.union(*(kinds(kind) for kind in of.__subclasses__()))


LIBRARY_ERRORS = kinds(aiohttp.ClientError) | kinds(HttpProcessingError) | kinds(ssl.SSLError)


@pytest.mark.parametrize("kind", sorted(LIBRARY_ERRORS, key=repr))
def test_every_exception_of_aiohttp_is_translated(kind: type[Exception]) -> None:
    """The engine knows httpx's tree only; nothing may fall through to the last resort unseen."""
    error = kind.__new__(kind)
    request = httpx.Request("GET", "http://127.0.0.1")

    found = exception_of_sending(error, request)

    assert isinstance(found, httpx.TransportError | httpx.DecodingError)
    assert found.request is request
    by_hand = {theirs for theirs, _ in ERRORS} - {aiohttp.ClientError}
    if kind is not aiohttp.ClientError and not issubclass(kind, tuple(by_hand)):
        assert kind in UNREACHABLE


UNREACHABLE = {aiohttp.RedirectClientError, aiohttp.UploadAbortedError}
"""Kinds that only features raise which are not used; they take the last resort."""


def test_exception_that_is_not_aiohttps_stays_what_it_is() -> None:
    """A defect must not pass for an outage."""
    defect = KeyError("x")

    assert exception_of_sending(defect, httpx.Request("GET", "http://127.0.0.1")) is defect
