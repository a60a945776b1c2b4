"""Headers are read and written as PROTOCOL-HTTP2.md says."""

from __future__ import annotations

import base64
import urllib.parse

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.grpc_api.edges.nghttp2.callers import HEADERS

from routersvc.grpc_api.edges.nghttp2.limits import RefusedCallError
from routersvc.grpc_api.edges.nghttp2.metadata import (
    MAX_TIMEOUT,
    encoded_metadata,
    percent_encoded,
    request_head,
    status_headers,
    timeout_of,
)

PATH = (b":path", b"/a.B/C")


@given(st.text())
def test_message_survives_its_escapes(message: str) -> None:
    """Any text, as printable ASCII; lone surrogates, which are no text, become `?`."""
    encoded = percent_encoded(message)

    assert all(0x20 <= byte <= 0x7E for byte in encoded)
    assert urllib.parse.unquote_to_bytes(encoded) == message.encode(errors="replace")


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=4), st.sampled_from([b"-", b"="]))
def test_binary_values_are_read_with_and_without_padding(
    values: list[bytes], unpadded: bytes
) -> None:
    """Also those that a proxy has joined."""
    encoded = [base64.b64encode(value) for value in values]
    joined = b",".join(each.rstrip(unpadded) for each in encoded)

    head = request_head([*HEADERS, PATH, (b"key-bin", joined)])

    assert head.invocation_metadata == tuple(("key-bin", value) for value in values)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("a-bin"), st.binary(max_size=30)),
            st.tuples(st.just("b"), st.text(st.characters(min_codepoint=32, max_codepoint=126))),
        )
    )
)
def test_metadata_survives_the_way_there_and_back(entries: list[tuple[str, str | bytes]]) -> None:
    """What one side writes, the other reads."""
    head = request_head([*HEADERS, PATH, *encoded_metadata(entries)])

    assert list(head.invocation_metadata) == entries


@pytest.mark.parametrize("entry", [("a", "line\nbreak"), ("a", "ü"), ("ü", "a"), ("a", b"\x7f")])
def test_metadata_that_is_no_header_is_refused(entry: tuple[str, str | bytes]) -> None:
    """Rather than a broken connection."""
    with pytest.raises(ValueError, match=r"ASCII|codec"):
        encoded_metadata([entry])


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (b"2H", 7_200.0),
        (b"3M", 180.0),
        (b"100S", 100.0),
        (b"250m", 0.25),
        (b"20u", 2e-5),
        (b"0S", 0.0),
        (b"99999999H", MAX_TIMEOUT),
    ],
)
def test_timeout_has_a_unit(value: bytes, seconds: float) -> None:
    """From hours to nanoseconds."""
    assert timeout_of(value) == pytest.approx(seconds)


@pytest.mark.parametrize("value", [b"", b"S", b"1", b"-1S", b"1.5S", b"123456789S", b"1x", b"1 S"])
def test_other_timeout_is_refused(value: bytes) -> None:
    """A call that meant to have a deadline must not run without one."""
    with pytest.raises(RefusedCallError) as caught:
        timeout_of(value)

    assert caught.value.code is grpc.StatusCode.INTERNAL


def test_headers_of_grpc_itself_are_not_metadata() -> None:
    """Handlers see what grpcio shows them."""
    own = [
        (b"grpc-timeout", b"1S"),
        (b"grpc-encoding", b"gzip"),
        (b"grpc-accept-encoding", b"gzip"),
    ]
    kept = [(b"user-agent", b"test"), (b"grpc-previous-rpc-attempts", b"2"), (b"latin", b"\xe4")]

    head = request_head([*HEADERS, PATH, *own, *kept])

    assert (head.method, head.timeout, head.encoding) == ("/a.B/C", 1.0, b"gzip")
    assert head.invocation_metadata == (
        ("user-agent", "test"),
        ("grpc-previous-rpc-attempts", "2"),
        ("latin", "ä"),
    )


def test_status_without_a_message_has_none() -> None:
    """An empty header is a header, too."""
    assert status_headers(grpc.StatusCode.NOT_FOUND, "") == [(b"grpc-status", b"5")]
