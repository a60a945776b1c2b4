"""Chunks that arrive together are read as they would be one by one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from bench.wire.adapted import joined
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.conversation.answers import AnswerEvent, Started
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.response_formats import JsonObjectFormat
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.openai_chat.answers import AnswerReader
from routersvc.providers.formats.openai_chat.decoders import ChunkReader
from routersvc.providers.formats.openai_chat.vendors import DIALECTS
from routersvc.providers.formats.openai_chat.wire import openai_chat
from routersvc.providers.reading.sse import SseDecoder
from routersvc.providers.reading.streams import StreamDecoder
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

HEAD = ResponseHead(
    status=200, headers={"content-type": "text/event-stream"}, received_at=1_790_000_000.0
)
GENERIC = DIALECTS["generic"]
FIELDS: list[dict[str, Any]] = [
    {},
    {"role": "assistant"},
    {"refusal": None, "tool_calls": None},
    {"reasoning_content": "hm"},
    {"refusal": "no"},
    {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]},
]
BESIDE: list[dict[str, Any]] = [
    {},
    {},
    {"finish_reason": None, "logprobs": None},
    {"finish_reason": "stop"},
    {"index": 1},
    {"usage": {"prompt_tokens": 3, "completion_tokens": 4}},
    {"error": {"message": "broken"}},
]
AROUND: list[dict[str, Any]] = [
    {},
    {},
    {"model": "m"},
    {"usage": {"prompt_tokens": 1, "completion_tokens": 2}},
    {"content": "a", "a": ":"},
    {"x": "\\"},
    {"error": {"message": "broken"}},
]
TEXTS = st.one_of(
    st.sampled_from(["a", "b", "content", ":", ",", "{", '"', "\\", "\n", "é", "", "delta", "1"]),
    st.text(max_size=4),
)


@st.composite
def payloads(draw: st.DrawFn) -> bytes:
    """Return several chunks of one shape."""
    fields = draw(st.sampled_from(FIELDS))
    beside = draw(st.sampled_from(BESIDE))
    around = draw(st.sampled_from(AROUND))
    ascii_only = draw(st.booleans())
    hidden = draw(st.booleans())
    name = draw(st.sampled_from([b"", b"", b"event: error\n", b": comment\n\n"]))
    written: list[bytes] = []
    for text in draw(st.lists(TEXTS, min_size=1, max_size=5)):
        chunk: dict[str, Any] = {
            "id": "r",
            "choices": [{"delta": {"content": text, **fields}, **beside}],
            **around,
        }
        if hidden:
            chunk["obfuscation"] = draw(TEXTS)
        payload = json.dumps(chunk, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
        written.append(name + b"data: " + payload + b"\n\n")
    if draw(st.booleans()):
        written.append(draw(st.sampled_from([b"data: {}\n\n", b"data:\n\n", b"data: \xff\n\n"])))
    return b"".join(written)


STREAMS = st.tuples(st.lists(payloads(), max_size=5), st.sampled_from([b"", b"data: [DONE]\n\n"]))


def one_by_one(call: AttemptCall) -> StreamDecoder[Any]:
    """Return a decoder that parses every chunk."""
    answer = AnswerReader(call.prompt, GENERIC, HEAD, maker=call.deployment.maker)
    return StreamDecoder(SseDecoder(), ChunkReader(answer, HEAD))


def read(
    decoder: AnswerDecoder, body: bytes, size: int
) -> tuple[list[AnswerEvent], Failure | None]:
    """Return the events of a body that comes in pieces of a size, and how it failed."""
    events: list[AnswerEvent] = []
    for start in range(0, len(body), size):
        events += decoder.feed(body[start : start + size])
    try:
        events += decoder.end()
    except AttemptFailedError as error:
        return joined(events), error.failure
    return joined(events), decoder.failure


@pytest.fixture(scope="module", params=["text", "json"])
def asked(request: pytest.FixtureRequest, make_call: MakeCall) -> AttemptCall:
    """Return a call for a stream, in free text or in JSON."""
    return make_call(
        streaming=True, response_format=JsonObjectFormat() if request.param == "json" else None
    )


@given(stream=STREAMS, size=st.integers(min_value=1, max_value=4_000))
def test_chunks_that_arrive_together_mean_what_each_means(
    asked: AttemptCall, stream: tuple[list[bytes], bytes], size: int
) -> None:
    """Whatever the chunks hold and however they are cut."""
    body = b"".join(stream[0]) + stream[1]

    found = read(openai_chat(GENERIC).decoder(asked, HEAD), body, size)

    assert found == read(one_by_one(asked), body, size)


def chunk(text: str, **more: object) -> bytes:
    """Return a chunk of a stream."""
    payload = json.dumps({"choices": [{"delta": {"content": text}}], **more})
    return f"data: {payload}\n\n".encode()


def together(call: AttemptCall, *chunks: bytes) -> list[TextDelta]:
    """Return the texts of chunks that arrive together."""
    events = openai_chat(GENERIC).decoder(call, HEAD).feed(b"".join(chunks))
    return [event for event in events if isinstance(event, TextDelta)]


def test_texts_that_arrive_together_are_one_event_that_counts_as_many(make_call: MakeCall) -> None:
    """A caller hears of them at once; the pace of the provider is what it was."""
    found = together(make_call(streaming=True), *map(chunk, ["a", "b", "c", "\n", "d", "e"]))

    assert [(one.text, one.pieces) for one in found] == [("a", 1), ("bc\nde", 5)]


def test_what_arrives_later_is_an_event_of_its_own(make_call: MakeCall) -> None:
    """Nothing is held back."""
    decoder = openai_chat(GENERIC).decoder(make_call(streaming=True), HEAD)

    found = [decoder.feed(chunk(text)) for text in "abc"]

    assert isinstance(found[0][0], Started)
    assert [events[-1] for events in found] == [TextDelta(text=text) for text in "abc"]


def test_log_probabilities_stay_with_their_token(make_call: MakeCall) -> None:
    """Where they were asked for, every chunk is read."""
    found = together(make_call(streaming=True, logprobs=0), *map(chunk, "abc"))

    assert [one.text for one in found] == ["a", "b", "c"]


def test_obfuscation_of_openai_is_passed_over(make_call: MakeCall) -> None:
    """Its length hides that of the text."""
    chunks = [chunk(text, obfuscation="xyzw"[:n]) for n, text in enumerate("abcde", 1)]

    assert [one.text for one in together(make_call(streaming=True), *chunks)] == ["a", "bcde"]


def test_field_that_changes_with_every_chunk_is_no_obstacle(make_call: MakeCall) -> None:
    """Such chunks are read one by one."""
    chunks = [chunk(text, salt=number) for number, text in enumerate("abcdefgh")]

    assert [one.text for one in together(make_call(streaming=True), *chunks)] == list("abcdefgh")
