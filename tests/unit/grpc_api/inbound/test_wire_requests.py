"""What cannot be read, or is not known, is refused by name; nothing else ever comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrouter.v1 import prompt_pb2 as p
from llmrouter.v1 import router_service_pb2 as service
from llmrouter.v1 import routing_pb2 as r
from routersvc.domain.outcomes.errors import FieldNotServedError, InvalidRequestError
from routersvc.grpc_api.inbound.wire_requests import MAX_FIELDS_SEARCHED, RequestReader

READ = RequestReader(service.CompleteRequest)
REQUEST = service.CompleteRequest(
    prompt=p.Prompt(
        messages=[
            p.Message(role=p.ROLE_SYSTEM, parts=[p.Part(text="first")]),
            p.Message(
                role=p.ROLE_USER,
                name="second",
                parts=[
                    p.Part(image=p.Image(data=b"\xff\xfe", media_type="third")),
                    p.Part(text="fourth"),
                ],
            ),
        ],
        sampling=p.Sampling(temperature=0.5, stop_sequences=["fifth", "sixth"]),
    ),
    routing=r.Routing(
        policy="seventh",
        constraints=r.Constraints(max_cost_usd=0.5),
        hints=r.Hints(labels={"eighth": "ninth"}),
    ),
    request_id="tenth",
)
RAW = REQUEST.SerializeToString()
FUTURE_FIELD = b"\xfa\x01\x01x"
"""Field 31, a text of one letter."""


def refusal(raw: bytes) -> list[tuple[str, str]]:
    """Return what is wrong with bytes that are no request."""
    with pytest.raises(InvalidRequestError) as caught:
        READ(raw)
    return [(found.field, found.description) for found in caught.value.violations]


def test_request_is_read() -> None:
    """What a client of this version sends arrives as it is."""
    assert READ(RAW) == REQUEST


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b"first", "prompt.messages[0].parts[0].text"),
        (b"second", "prompt.messages[1].name"),
        (b"third", "prompt.messages[1].parts[0].image.media_type"),
        (b"fourth", "prompt.messages[1].parts[1].text"),
        (b"sixth", "prompt.sampling.stop_sequences[1]"),
        (b"seventh", "routing.policy"),
        (b"eighth", "routing.hints.labels[0].key"),
        (b"ninth", "routing.hints.labels[0].value"),
        (b"tenth", "request_id"),
    ],
)
def test_text_that_is_not_utf8_is_refused_by_its_path(text: bytes, path: str) -> None:
    """The runtime's parser says only that the message is bad."""
    raw = RAW.replace(text, b"\xff" * len(text))

    assert refusal(raw) == [(path, "must be valid UTF-8")]


@pytest.mark.parametrize(
    ("raw", "path", "message"),
    [
        (b"\xff", "CompleteRequest", "CompleteRequest"),
        (b"\x0a\x05ab", "CompleteRequest", "CompleteRequest"),
        (b"\x0a\x02\x0a\x05", "prompt", "Prompt"),
        (b"\x0a\x01\x0f", "prompt", "Prompt"),
        (b"\x80" * 11, "CompleteRequest", "CompleteRequest"),
    ],
)
def test_broken_framing_is_refused_by_the_message_it_is_in(
    raw: bytes, path: str, message: str
) -> None:
    """The error names the place of the field."""
    assert refusal(raw) == [(path, f"is not a valid `llmrouter.v1.{message}` message")]


def test_search_for_the_bad_field_is_bounded() -> None:
    """A hostile message costs no more than a look at so many of its fields."""
    many = b"\x1a\x00" * MAX_FIELDS_SEARCHED

    assert refusal(many + b"\x1a\x01\xff") == [
        ("CompleteRequest", "is not a valid `llmrouter.v1.CompleteRequest` message")
    ]


def test_deep_nesting_is_refused() -> None:
    """Tool results may hold parts, which may claim to hold tool results, and so on."""
    raw = b""
    for tag in (b"\x32", b"\x12") * 2_000:
        raw = tag + length(raw) + raw
    raw = b"\x0a" + length(raw) + raw
    raw = b"\x0a" + length(raw) + raw

    ((path, description),) = refusal(raw)

    assert path.startswith("prompt.messages[0].parts[0].tool_result.parts[0].tool_result")
    assert description == "is nested deeper than 100 messages"


def length(raw: bytes) -> bytes:
    """Return how protobuf writes the length of `raw`."""
    rest = len(raw)
    written = bytearray()
    while rest > 0x7F:
        written.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*written, rest])


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (RAW + FUTURE_FIELD, "[field 31]"),
        (
            service.CompleteRequest(
                routing=r.Routing(
                    constraints=r.Constraints.FromString(FUTURE_FIELD),
                )
            ).SerializeToString(),
            "routing.constraints[field 31]",
        ),
        (
            service.CompleteRequest(
                prompt=p.Prompt(messages=[p.Message(), p.Message.FromString(FUTURE_FIELD)])
            ).SerializeToString(),
            "prompt.messages[1][field 31]",
        ),
    ],
)
def test_field_of_a_newer_contract_is_refused_by_its_path(raw: bytes, path: str) -> None:
    """It may be a limit that this version would break without knowing it."""
    with pytest.raises(FieldNotServedError) as caught:
        READ(raw)

    assert caught.value.field == path


def test_search_for_the_unknown_field_is_bounded() -> None:
    """The request is refused all the same, without the path."""
    many = p.Prompt(
        messages=[p.Message()] * MAX_FIELDS_SEARCHED + [p.Message.FromString(FUTURE_FIELD)]
    )
    raw = service.CompleteRequest(prompt=many).SerializeToString()

    with pytest.raises(FieldNotServedError) as caught:
        READ(raw)

    assert caught.value.field == "a field of a newer contract"


def test_unusual_encoding_of_known_fields_is_read() -> None:
    """Another language's library may send a message in two pieces."""
    rest = service.CompleteRequest(request_id="again").SerializeToString()

    assert READ(RAW + rest).request_id == "again"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """No other error exists on the way in."""
    try:
        message = READ(raw)
    except (InvalidRequestError, FieldNotServedError):
        return
    assert service.CompleteRequest.FromString(message.SerializeToString()) == message


@given(st.integers(0, len(RAW) - 1), st.integers(0, 255))
def test_any_bent_byte_is_read_or_refused(place: int, byte: int) -> None:
    """The search for the bad field ends whatever it meets."""
    raw = RAW[:place] + bytes([byte]) + RAW[place + 1 :]

    try:
        message = READ(raw)
    except (InvalidRequestError, FieldNotServedError):
        return
    assert service.CompleteRequest.FromString(message.SerializeToString()) == message
