"""The head of a request as bytes, and where it goes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import httpx

_DEFAULT_PORTS = {"http": 80, "https": 443}
_KNOWN_TARGETS = 256
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})
"""Methods of which no server expects a body, so that an empty one needs no length."""


class Origin(NamedTuple):
    """What a connection is made to; connections to one origin are alike."""

    scheme: str
    host: str
    port: int


class Target(NamedTuple):
    """Where a request goes: the origin, and what stands in the request line."""

    origin: Origin
    path: bytes


class Targets:
    """The targets of URLs; a provider has a handful, and the same objects come again and again."""

    def __init__(self, *, absolute: bool) -> None:
        self._absolute = absolute
        # By identity: comparing URLs costs more than sending a request. The URL is kept with its
        # target, so that no other object can have its identity.
        self._known: dict[int, tuple[httpx.URL, Target]] = {}

    def target_of(self, url: httpx.URL) -> Target:
        """Return the target of a URL; with a proxy in between, http requests name the whole URL.

        Raises:
            httpx.UnsupportedProtocol: it is no http or https URL with a host.
        """
        known = self._known.get(id(url))
        if known is None or known[0] is not url:
            if len(self._known) >= _KNOWN_TARGETS:
                self._known.clear()
            known = self._known[id(url)] = (url, self._new_target(url))
        return known[1]

    def _new_target(self, url: httpx.URL) -> Target:
        origin = origin_of(url)
        if self._absolute and origin.scheme == "http":
            return Target(origin, b"http://%s%s" % (url.netloc, url.raw_path))
        return Target(origin, url.raw_path)


def origin_of(url: httpx.URL) -> Origin:
    """Return what a connection for this URL is made to.

    Raises:
        httpx.UnsupportedProtocol: it is no http or https URL with a host.
    """
    scheme = url.scheme
    if scheme not in _DEFAULT_PORTS or not url.host:
        raise httpx.UnsupportedProtocol("only http:// and https:// URLs with a host")
    return Origin(scheme, url.raw_host.decode("ascii"), url.port or _DEFAULT_PORTS[scheme])


def request_head(
    request: httpx.Request, path: bytes, body: bytes, more_headers: Iterable[tuple[bytes, bytes]]
) -> bytes:
    """Return the request line and the headers.

    Raises:
        httpx.LocalProtocolError: a header has a line end or a null byte.
    """
    headers = request.headers.raw
    parts = [request.method.encode("ascii"), b" ", path, b" HTTP/1.1\r\n"]
    for name, value in headers:
        parts += (name, b": ", value, b"\r\n")
    lines = len(headers) + 2
    for name, value in more_headers:
        parts += (name, b": ", value, b"\r\n")
        lines += 1
    if not body and request.method not in _WITHOUT_BODY and "content-length" not in request.headers:
        parts.append(b"content-length: 0\r\n")
        lines += 1
    parts.append(b"\r\n")
    head = b"".join(parts)
    if head.count(b"\n") != lines or head.count(b"\r") != lines or b"\0" in head:
        raise httpx.LocalProtocolError("a header has a line end or a null byte", request=request)
    return head
