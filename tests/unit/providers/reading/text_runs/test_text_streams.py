"""Events of the Messages format that arrive together mean what each means."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bench.wire.adapted import joined
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.providers.conftest import MakeCall

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.anthropic_messages.answers import AnswerReader
from routersvc.providers.formats.anthropic_messages.streams import EventReader
from routersvc.providers.reading.sse import SseDecoder
from routersvc.providers.reading.streams import StreamDecoder
from routersvc.providers.reading.text_runs.text_streams import TextStreamDecoder
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead

HEAD = ResponseHead(status=200, headers={}, received_at=0.0)
START: Mapping[str, object] = {
    "type": "message_start",
    "message": {"id": "m-1", "model": "m", "usage": {}},
}
STOP: Mapping[str, object] = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn"},
    "usage": {},
}


def frame(event: Mapping[str, object], end: str) -> bytes:
    """Return an event as it is sent."""
    lines = f"event: {event['type']}", f"data: {json.dumps(event, ensure_ascii=False)}"
    return (end.join(lines) + end + end).encode()


def delta(index: int, kind: str, key: str, text: str) -> Mapping[str, object]:
    """Return a piece of a block."""
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, key: text}}


TEXTS = st.text(st.sampled_from('ab é€\n"\\😀\u2028'), max_size=4)
EVENTS: st.SearchStrategy[Mapping[str, object]] = st.one_of(
    st.builds(delta, st.just(0), st.just("text_delta"), st.just("text"), TEXTS),
    st.builds(delta, st.just(1), st.just("text_delta"), st.just("text"), TEXTS),
    st.builds(delta, st.just(2), st.just("thinking_delta"), st.just("thinking"), TEXTS),
    st.sampled_from([{"type": "ping"}, {"type": "content_block_stop", "index": 1}, STOP]),
    st.just({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}),
)


def decoders(call: AttemptCall) -> tuple[AnswerDecoder, AnswerDecoder]:
    """Return a decoder that reads events together, and one that reads them one by one."""
    together = EventReader(AnswerReader(call.prompt, HEAD), HEAD)
    alone = EventReader(AnswerReader(call.prompt, HEAD), HEAD)
    return TextStreamDecoder(together), StreamDecoder(SseDecoder(), alone)


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


@given(
    some=st.lists(EVENTS, max_size=12),
    size=st.integers(min_value=1, max_value=2_000),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_events_that_arrive_together_mean_what_each_means(
    make_call: MakeCall, some: list[Mapping[str, object]], size: int, end: str
) -> None:
    """Whatever they hold, however they are cut and however their lines end."""
    blocks: list[Mapping[str, object]] = [
        {"type": "content_block_start", "index": index, "content_block": {"type": kind, kind: ""}}
        for index, kind in enumerate(["text", "text", "thinking"])
    ]
    body = b"".join(frame(event, end) for event in [START, *blocks, *some, STOP])
    together, alone = decoders(make_call(streaming=True))

    assert read(together, body, size) == read(alone, body, size)


def test_texts_that_arrive_together_are_one_event(make_call: MakeCall) -> None:
    """A ping between them is passed over."""
    events = [delta(0, "text_delta", "text", text) for text in ["a", "b", "\n", "c", "é", "d"]]
    events.insert(3, {"type": "ping"})
    block: Mapping[str, object] = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "text"},
    }
    body = b"".join(frame(event, "\n") for event in [START, block, *events])
    together, _ = decoders(make_call(streaming=True))

    found = [event for event in together.feed(body) if isinstance(event, TextDelta)]

    assert [(one.text, one.pieces) for one in found] == [("a", 1), ("b\n", 2), ("c", 1), ("éd", 2)]
