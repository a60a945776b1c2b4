"""Fields are counted before anything is built from them."""

from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from llmrouter.v1 import prompt_pb2
from llmrouter.v1.router_service_pb2 import CompleteRequest
from routersvc.domain.conversation.steps import finished
from routersvc.grpc_api.inbound.wire_scans import layout_of, scanning

LAYOUT = layout_of(CompleteRequest)


def fits(raw: bytes, limit: int) -> bool:
    """Whether a message has at most so many fields."""
    return finished(scanning(raw, LAYOUT, limit))


def test_fields_of_inner_messages_count() -> None:
    """The prompt, a message with role and two parts, two texts."""
    prompt = prompt_pb2.Prompt(
        messages=[
            prompt_pb2.Message(
                role=prompt_pb2.ROLE_USER,
                parts=[prompt_pb2.Part(text="a" * 300), prompt_pb2.Part(text="b")],
            )
        ]
    )
    raw = CompleteRequest(prompt=prompt).SerializeToString()

    assert fits(raw, 7)
    assert not fits(raw, 6)


def test_packed_numbers_count_each() -> None:
    """A byte each becomes a number each."""
    prompt = prompt_pb2.Prompt(output_modalities=[prompt_pb2.MODALITY_TEXT] * 1_000)
    raw = CompleteRequest(prompt=prompt).SerializeToString()

    assert not fits(raw, 1_000)


def test_unknown_fields_count() -> None:
    """They are kept by parsers, and searched for their names."""
    assert not fits(b"\xf8\x3f\x01" * 1_000, 999)
    assert fits(b"\xf8\x3f\x01" * 1_000, 1_000)


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_scanned(raw: bytes) -> None:
    """Nothing raises, and what fails to parse passes the scan or not, whichever."""
    fits(raw, 50)


@given(raw=st.binary(max_size=60))
def test_scan_counts_at_least_what_a_parser_keeps(raw: bytes) -> None:
    """A message within the limit never becomes more objects than that."""
    try:
        message = CompleteRequest.FromString(raw)
    except DecodeError:
        return

    if fits(raw, 5):
        assert len(message.ListFields()) <= 5


@pytest.mark.parametrize("unit", [b"\x0a\x00", b"\x0a\x02\x0a\x00", b"\x12\x00"])
def test_scan_ends_at_its_limit(unit: bytes) -> None:
    """However long the message is, so many steps are enough."""
    steps = sum(1 for _ in scanning(unit * 1_000_000, LAYOUT, 10_000))

    assert steps <= 10
