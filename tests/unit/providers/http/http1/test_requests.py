"""The head of a request, and where it goes."""

from __future__ import annotations

import httpx
import pytest

from routersvc.providers.http.http1.requests import Origin, Target, Targets, request_head


@pytest.mark.parametrize(
    ("url", "absolute", "target"),
    [
        ("http://a/v1?x=1", False, Target(Origin("http", "a", 80), b"/v1?x=1")),
        ("https://a:8443", False, Target(Origin("https", "a", 8443), b"/")),
        ("http://[::1]:1/x", False, Target(Origin("http", "::1", 1), b"/x")),
        ("http://a:81/v1", True, Target(Origin("http", "a", 81), b"http://a:81/v1")),
        ("https://a/v1", True, Target(Origin("https", "a", 443), b"/v1")),
        ("https://é.example/v1", False, Target(Origin("https", "xn--9ca.example", 443), b"/v1")),
    ],
)
def test_target_of_a_url(url: str, target: Target, *, absolute: bool) -> None:
    """A proxy needs the whole URL where it cannot be passed by a tunnel."""
    targets = Targets(absolute=absolute)
    same = httpx.URL(url)

    assert targets.target_of(same) == target
    assert targets.target_of(same) is targets.target_of(same)


def test_urls_are_told_apart_by_what_they_say() -> None:
    """However many there are, and however short they live."""
    targets = Targets(absolute=False)

    found = {targets.target_of(httpx.URL(f"http://a/{number}")).path for number in range(1_000)}

    assert len(found) == 1_000


@pytest.mark.parametrize("url", ["ftp://a/", "/v1", "https:///x"])
def test_other_urls_are_refused(url: str) -> None:
    """Before anything is sent."""
    with pytest.raises(httpx.UnsupportedProtocol):
        Targets(absolute=False).target_of(httpx.URL(url))


def head(request: httpx.Request, body: bytes = b"") -> bytes:
    """Return the head of a request to `/v1`."""
    return request_head(request, b"/v1", body, [(b"x-proxy", b"1")])


def test_head_of_a_request() -> None:
    """Every header as it was given; a length wherever a server may expect a body."""
    stream = httpx.ByteStream(b"")
    headers = [(b"host", b"a"), (b"x-name", b"one two"), (b"x-name", b"\xe9")]
    lines = b"host: a\r\nx-name: one two\r\nx-name: \xe9\r\nx-proxy: 1\r\n"

    got = head(httpx.Request("GET", "http://a/v1", headers=headers, stream=stream))
    posted = head(httpx.Request("POST", "http://a/v1", headers=headers, stream=stream))

    assert got == b"GET /v1 HTTP/1.1\r\n" + lines + b"\r\n"
    assert posted == b"POST /v1 HTTP/1.1\r\n" + lines + b"content-length: 0\r\n\r\n"


@pytest.mark.parametrize("value", [b"a\r\nx-more: b", b"a\nb", b"a\rb", b"a\0b"])
@pytest.mark.parametrize("in_name", [False, True])
def test_header_with_a_line_end_is_refused(value: bytes, *, in_name: bool) -> None:
    """It would be another header, or another request."""
    header = (value, b"x") if in_name else (b"x", value)
    request = httpx.Request(
        "POST", "http://a/v1", headers=[(b"host", b"a"), header], stream=httpx.ByteStream(b"x")
    )

    with pytest.raises(httpx.LocalProtocolError):
        head(request, b"x")
