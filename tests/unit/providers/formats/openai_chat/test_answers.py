"""What the bytes of an answer mean, in shapes that recordings do not hold."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.deltas import (
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.logprobs import AlternativeLogprob, TokenLogprob
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.prompts import AudioOutput
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.openai_chat.dialects import OpenAiDialect
from routersvc.providers.formats.openai_chat.vendors import DIALECTS
from routersvc.providers.formats.openai_chat.wire import openai_chat
from routersvc.providers.reading import whole_bodies
from routersvc.providers.wire_format import ResponseHead

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]
DONE = "[DONE]"
STARTED = Started(model_version="m-1", response_id="r-1")
GENERIC = DIALECTS["generic"]


def finished(reason: FinishReason = FinishReason.STOP, stop_sequence: str = "") -> Finished:
    """Return the end of an answer of the model `m-1`."""
    return Finished(
        reason=reason, stop_sequence=stop_sequence, model_version="m-1", response_id="r-1"
    )


def chunk(delta: JsonObject | None = None, finish: str | None = None, **more: Any) -> JsonObject:  # noqa: ANN401 - JSON
    """Return one chunk of a stream."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return {"id": "r-1", "model": "m-1", "choices": [choice], **more}


def message(content: JsonObject, finish: str = "stop", **more: Any) -> JsonObject:  # noqa: ANN401 - JSON
    """Return a complete body."""
    choice = {"index": 0, "message": content, "finish_reason": finish}
    return {"id": "r-1", "model": "m-1", "choices": [choice], **more}


def sse(*payloads: JsonObject | str) -> bytes:
    """Return a stream of these payloads."""
    return "".join(
        f"data: {payload if isinstance(payload, str) else json.dumps(payload)}\n\n"
        for payload in payloads
    ).encode()


def read(
    body: bytes,
    call: AttemptCall,
    *,
    content_type: str = "",
    dialect: OpenAiDialect = GENERIC,
    headers: dict[str, str] | None = None,
) -> tuple[list[AnswerEvent], Failure | None]:
    """Return the events of a body and how it failed, if it did."""
    usual = "text/event-stream" if call.streaming else "application/json"
    head = ResponseHead(
        status=200,
        headers={"content-type": content_type or usual, **(headers or {})},
        received_at=1_790_000_000.0,
    )
    decoder = openai_chat(dialect).decoder(call, head)
    events = decoder.feed(body)
    try:
        events += decoder.end()
    except AttemptFailedError as error:
        return events, error.failure
    return events, None


def failure_class(body: bytes, call: AttemptCall, **how: Any) -> FailureClass | None:  # noqa: ANN401 - passed on
    """Return the class of a body's failure."""
    _, failure = read(body, call, **how)
    return None if failure is None else failure.failure_class


def test_usage_after_the_finish_reason_comes_before_the_end(make_call: MakeCall) -> None:
    """`Finished` is the last event, whatever order the vendor chose."""
    body = sse(
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Hi"}),
        chunk({}, finish="stop"),
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}},
        DONE,
    )

    events, failure = read(body, make_call(streaming=True))

    assert failure is None
    assert events == [
        STARTED,
        TextDelta(text="Hi"),
        UsageCounted(usage=Usage(input_tokens=3, output_tokens=1)),
        finished(),
    ]


def test_complete_body_has_the_events_of_a_stream(make_call: MakeCall) -> None:
    """The engine knows one way only."""
    call = {"id": "c-1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    body = message(
        {"reasoning_content": "Hm.", "content": "Hi", "tool_calls": [call]},
        finish="tool_calls",
        usage={"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
    )

    events, _ = read(json.dumps(body).encode(), make_call())

    assert events == [
        STARTED,
        ThoughtDelta(text="Hm."),
        TextDelta(text="Hi"),
        ToolCallDelta(index=0, call_id="c-1", name="now", arguments_json="{}"),
        UsageCounted(usage=Usage(input_tokens=3, output_tokens=1)),
        finished(FinishReason.TOOL_CALLS),
    ]


def test_start_tells_what_is_left_of_the_rate_limits(make_call: MakeCall) -> None:
    """Every response says it, not only refusals."""
    events, _ = read(
        sse(chunk({"content": "Hi"}, finish="stop"), DONE),
        make_call(streaming=True),
        headers={"x-ratelimit-remaining-requests": "9"},
    )

    assert events[0] == dataclasses.replace(
        STARTED, headroom=RateLimitHeadroom(remaining_requests=9)
    )


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", FinishReason.STOP),
        ("eos", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("model_length", FinishReason.LENGTH),
        ("content_filter", FinishReason.CONTENT_FILTER),
        ("refusal", FinishReason.REFUSAL),
        ("repetition", FinishReason.OTHER),
    ],
)
def test_finish_reasons(make_call: MakeCall, word: str, reason: FinishReason) -> None:
    """An unknown word still ends the answer."""
    events, _ = read(sse(chunk({"content": "Hi"}, finish=word), DONE), make_call(streaming=True))

    assert events[-1] == finished(reason)


def test_stop_with_tool_calls_is_tool_calls(make_call: MakeCall) -> None:
    """OpenAI says `stop` when the caller forced the call; callers should not need to know."""
    call = {"index": 0, "id": "c-1", "function": {"name": "now", "arguments": "{}"}}

    events, _ = read(
        sse(chunk({"tool_calls": [call]}), chunk(finish="stop"), DONE), make_call(streaming=True)
    )

    assert events[-1] == finished(FinishReason.TOOL_CALLS)


def test_refusal_is_told_apart_from_text(make_call: MakeCall) -> None:
    """Structured outputs refuse in a field of their own."""
    events, _ = read(
        sse(chunk({"refusal": "I can"}), chunk({"refusal": "not."}, finish="stop"), DONE),
        make_call(streaming=True, response_format=JsonObjectFormat()),
    )

    assert events == [
        STARTED,
        RefusalDelta(text="I can"),
        RefusalDelta(text="not."),
        finished(FinishReason.REFUSAL),
    ]


def test_stop_sequence_is_told_where_the_server_tells_it(make_call: MakeCall) -> None:
    """Servers with vLLM say which one; a number there is a token and no sequence."""
    stopped = chunk({"content": "Hi"}, finish="stop")
    stopped["choices"][0]["stop_reason"] = "END"
    by_token = chunk({"content": "Hi"}, finish="stop")
    by_token["choices"][0]["stop_reason"] = 128009

    assert read(sse(stopped, DONE), make_call(streaming=True))[0][-1] == finished(
        stop_sequence="END"
    )
    assert read(sse(by_token, DONE), make_call(streaming=True))[0][-1] == finished()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (sse(chunk({"content": "Hi"})), FailureClass.TRUNCATED),
        (sse(chunk({"content": "Hi"}), DONE), FailureClass.TRUNCATED),
        (b"", FailureClass.TRUNCATED),
        (b": keep-alive\n\n", FailureClass.TRUNCATED),
        (sse(chunk({"content": "Hi"}), "{not json}"), FailureClass.SERVER_ERROR),
        (sse("[]"), FailureClass.SERVER_ERROR),
        (sse("null"), FailureClass.SERVER_ERROR),
        (sse('{"choices": 7}'), FailureClass.SERVER_ERROR),
        (sse('{"choices": [{"delta": {"content": 7}}]}'), FailureClass.SERVER_ERROR),
        (b'data: {"choices": "\xff"}\n\n', FailureClass.SERVER_ERROR),
        (sse(chunk({}, finish="stop"), DONE), FailureClass.BAD_ANSWER),
        (sse(chunk({"content": ""}, finish="weird"), DONE), FailureClass.BAD_ANSWER),
        (sse(chunk({}, finish="content_filter"), DONE), FailureClass.CONTENT_FILTERED),
        (sse(chunk({"content": "Hi"}, finish="error"), DONE), FailureClass.SERVER_ERROR),
    ],
)
def test_broken_stream_is_no_success(
    make_call: MakeCall, body: bytes, expected: FailureClass
) -> None:
    """Cut, malformed, empty: none of them is an answer."""
    assert failure_class(body, make_call(streaming=True)) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", FailureClass.SERVER_ERROR),
        (b'{"id":"r-1","choices":[{"index":0,"mess', FailureClass.SERVER_ERROR),
        (b"[]", FailureClass.SERVER_ERROR),
        (b'{"choices": []}', FailureClass.TRUNCATED),
        (b"{}", FailureClass.TRUNCATED),
        (json.dumps(message({"content": ""})).encode(), FailureClass.BAD_ANSWER),
        (json.dumps(message({"content": None})).encode(), FailureClass.BAD_ANSWER),
        (json.dumps(message({}, finish="content_filter")).encode(), FailureClass.CONTENT_FILTERED),
    ],
)
def test_broken_body_is_no_success(
    make_call: MakeCall, body: bytes, expected: FailureClass
) -> None:
    """A complete response must be one."""
    assert failure_class(body, make_call()) is expected


def test_length_without_words_is_an_answer(make_call: MakeCall) -> None:
    """A model that thought until its limit has said nothing, and the caller must hear why."""
    events, failure = read(
        json.dumps(message({"content": ""}, finish="length")).encode(), make_call()
    )

    assert failure is None
    assert events == [STARTED, finished(FinishReason.LENGTH)]


EVERY_DIALECT = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)


@EVERY_DIALECT
def test_finish_reason_and_the_end_of_the_body_complete_an_answer(
    make_call: MakeCall, dialect: OpenAiDialect
) -> None:
    """Many servers and gateways send no `[DONE]`, or half of the line."""
    whole = sse(chunk({"content": "Hi"}), chunk(finish="stop"))

    for end in (b"", b": bye\n\n", b"data: [DONE]", b"data: [DONE]\n", sse(DONE)):
        events, failure = read(whole + end, make_call(streaming=True), dialect=dialect)

        assert failure is None
        assert events == [STARTED, TextDelta(text="Hi"), finished()]


@EVERY_DIALECT
def test_end_without_a_finish_reason_is_a_cut(make_call: MakeCall, dialect: OpenAiDialect) -> None:
    """However orderly it is, and whatever was counted."""
    counted: JsonObject = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    call = make_call(streaming=True)

    for rest in ((), (counted,)):
        body = sse(chunk({"content": "Hi"}), *rest)
        assert failure_class(body, call, dialect=dialect) is FailureClass.TRUNCATED


@pytest.mark.parametrize("end", [b"d", b"data", b"data: {", b'data: {"choices": [\n', b"event: er"])
def test_end_within_an_event_is_a_cut(make_call: MakeCall, end: bytes) -> None:
    """The event may have been an error."""
    body = sse(chunk({"content": "Hi"}), chunk(finish="stop")) + end

    assert failure_class(body, make_call(streaming=True)) is FailureClass.TRUNCATED


def test_answer_may_end_after_its_finish_reason(make_call: MakeCall) -> None:
    """Not before it, not within an event, and not where content followed it."""
    head = ResponseHead(
        status=200, headers={"content-type": "text/event-stream"}, received_at=1_790_000_000.0
    )
    decoder = openai_chat(GENERIC).decoder(make_call(streaming=True), head)
    found: list[bool] = []
    for data in (
        sse(chunk({"content": "Hi"})),
        sse(chunk({}, finish="null")),
        sse(chunk({}, finish="stop")),
        b"data: ",
        b"{}\n\n",
        sse(chunk({"content": "and"}, finish="stop")),
        sse(DONE),
    ):
        decoder.feed(data)
        found.append(decoder.may_end)

    assert found == [False, False, True, False, True, False, False]


@pytest.mark.parametrize(
    ("reason", "native", "expected"),
    [
        ("error", None, FailureClass.SERVER_ERROR),
        ("insufficient_system_resource", None, FailureClass.OVERLOADED),
        ("network_error", None, FailureClass.SERVER_ERROR),
        ("abort", None, FailureClass.SERVER_ERROR),
        ("cancelled", None, FailureClass.SERVER_ERROR),
        ("time_limit", None, FailureClass.TRUNCATED),
        ("timeout", None, FailureClass.TRUNCATED),
        ("stop", "abort", FailureClass.SERVER_ERROR),
        ("stop", "MALFORMED_FUNCTION_CALL", FailureClass.BAD_ANSWER),
        ("length", "timeout", FailureClass.TRUNCATED),
        ("stop", "STOP", None),
        ("repetition", "repetition", None),
    ],
)
def test_finish_reason_may_mean_a_broken_answer(
    make_call: MakeCall, reason: str, native: str | None, expected: FailureClass | None
) -> None:
    """What the model had said by then is no answer."""
    call = chunk({"content": "Half an"})
    last = chunk({}, finish=reason)
    last["choices"][0]["native_finish_reason"] = native
    whole = message({"content": "Half an"}, finish=reason)
    whole["choices"][0]["native_finish_reason"] = native

    assert failure_class(sse(call, last, DONE), make_call(streaming=True)) is expected
    assert failure_class(sse(call, last), make_call(streaming=True)) is expected
    assert failure_class(json.dumps(whole).encode(), make_call()) is expected


def test_error_in_a_choice_is_a_failure(make_call: MakeCall) -> None:
    """OpenRouter puts an upstream's error beside the text that came before it."""
    body = message({"content": "Half an"})
    body["choices"][0]["error"] = {"code": 502, "message": "upstream"}

    assert failure_class(json.dumps(body).encode(), make_call()) is FailureClass.SERVER_ERROR


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b": hello\n\n", b"\n\n"])
@pytest.mark.parametrize("piece", [1, 4, 10_000])
def test_stream_announced_as_json_is_read(make_call: MakeCall, start: bytes, piece: int) -> None:
    """Some gateways replace the media type."""
    head = ResponseHead(
        status=200, headers={"content-type": "application/json"}, received_at=1_790_000_000.0
    )
    decoder = openai_chat(GENERIC).decoder(make_call(streaming=True), head)
    body = start + sse(chunk({"content": "Hi"}), chunk({}, finish="stop"), DONE)
    events: list[AnswerEvent] = []
    for place in range(0, len(body), piece):
        events += decoder.feed(body[place : place + piece])

    assert events + decoder.end() == [STARTED, TextDelta(text="Hi"), finished()]


@pytest.mark.parametrize("body", [b"", b" ", b"{", b"oops", b"data", b":"])
def test_short_body_announced_as_json_is_no_success(make_call: MakeCall, body: bytes) -> None:
    """Whichever reader it is given to."""
    found = failure_class(body, make_call(streaming=True), content_type="application/json")

    assert found in {FailureClass.SERVER_ERROR, FailureClass.TRUNCATED}


def test_nothing_after_the_terminator_is_read(make_call: MakeCall) -> None:
    """Some servers send more after it."""
    body = sse(chunk({"content": "Hi"}, finish="stop"), DONE, chunk({"content": "more"}), DONE)

    events, failure = read(body, make_call(streaming=True))

    assert failure is None
    assert events[-1] == finished()
    assert len(events) == 3


def test_events_before_a_failure_are_handed_on(make_call: MakeCall) -> None:
    """How bytes arrive together must not decide what the caller sees of a broken answer."""
    body = sse(chunk({"content": "Hi"}), {"error": {"message": "x", "type": "server_error"}})

    events, failure = read(body, make_call(streaming=True))

    assert events == [STARTED, TextDelta(text="Hi")]
    assert failure is not None
    assert failure.failure_class is FailureClass.SERVER_ERROR


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ('data: {"error": {"code": "rate_limit_exceeded"}}', FailureClass.RATE_LIMITED),
        ('data: {"error": {"code": 429, "message": "x"}}', FailureClass.RATE_LIMITED),
        ('data: {"error": {"type": "overloaded_error"}}', FailureClass.OVERLOADED),
        ('data: {"error": {"code": 503, "message": "x"}}', FailureClass.OVERLOADED),
        ('data: {"error": {"code": "insufficient_quota"}}', FailureClass.QUOTA_EXHAUSTED),
        ('data: {"error": {"code": "content_filter"}}', FailureClass.CONTENT_FILTERED),
        ('data: {"error": {"code": "context_length_exceeded"}}', FailureClass.CONTEXT_LENGTH),
        ('data: {"error": "out of memory"}', FailureClass.SERVER_ERROR),
        ('data: {"object": "error", "message": "x", "code": 400}', FailureClass.INVALID_REQUEST),
        ('event: error\ndata: {"message": "x", "code": "slow_down"}', FailureClass.OVERLOADED),
        ('event: error\ndata: {"message": "x"}', FailureClass.SERVER_ERROR),
    ],
)
def test_error_inside_an_answer_means_what_it_says(
    make_call: MakeCall, event: str, expected: FailureClass
) -> None:
    """HTTP 200 has gone out before the trouble began; its inner type counts."""
    assert failure_class(f"{event}\n\n".encode(), make_call(streaming=True)) is expected


def test_calls_are_told_apart_however_they_are_numbered(make_call: MakeCall) -> None:
    """With an index, without one, or all with the same."""
    by_index: list[JsonObject] = [
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}},
        {"index": 1, "id": "b", "function": {"name": "g", "arguments": "{}"}},
        {"index": 0, "function": {"arguments": "{}"}},
    ]
    without_index: list[JsonObject] = [
        {"id": "a", "function": {"name": "f", "arguments": "{"}},
        {"function": {"arguments": "}"}},
        {"id": "b", "function": {"name": "g", "arguments": {"x": 1}}},
    ]
    same_index: list[JsonObject] = [
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}},
        {"index": 0, "id": "b", "function": {"name": "g", "arguments": "{}"}},
    ]

    assert calls_of(make_call, by_index) == {0: ("a", "f", "{}"), 1: ("b", "g", "{}")}
    assert calls_of(make_call, without_index) == {0: ("a", "f", "{}"), 1: ("b", "g", '{"x":1}')}
    assert calls_of(make_call, same_index) == {0: ("a", "f", "{}"), 1: ("b", "g", "{}")}


def calls_of(make_call: MakeCall, pieces: Sequence[JsonObject]) -> dict[int, tuple[str, str, str]]:
    """Return the calls that these pieces add up to, by index."""
    body = sse(*(chunk({"tool_calls": [p]}) for p in pieces), chunk(finish="tool_calls"), DONE)
    events, failure = read(body, make_call(streaming=True))
    assert failure is None
    calls: dict[int, tuple[str, str, str]] = {}
    for event in events:
        if isinstance(event, ToolCallDelta):
            call_id, name, arguments = calls.get(event.index, ("", "", ""))
            calls[event.index] = (
                call_id + event.call_id,
                name + event.name,
                arguments + event.arguments_json,
            )
    return calls


def test_call_without_an_id_or_arguments_gets_them(make_call: MakeCall) -> None:
    """A caller must be able to answer every call and to parse its arguments."""
    pieces = [
        {"index": 0, "function": {"name": "f"}},
        {"index": 1, "function": {"name": "g", "arguments": None}},
    ]

    assert calls_of(make_call, pieces) == {0: ("r-1-0", "f", "{}"), 1: ("r-1-1", "g", "{}")}


@pytest.mark.parametrize("streaming", [False, True])
def test_arguments_that_are_no_json_are_a_bad_answer(
    make_call: MakeCall, *, streaming: bool
) -> None:
    """Every caller would stumble over them."""
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"city": '}}
    body = (
        sse(chunk({"tool_calls": [call]}, finish="tool_calls"), DONE)
        if streaming
        else json.dumps(message({"tool_calls": [call]}, finish="tool_calls")).encode()
    )

    assert failure_class(body, make_call(streaming=streaming)) is FailureClass.BAD_ANSWER


def test_arguments_that_the_limit_cut_are_no_bad_answer(make_call: MakeCall) -> None:
    """The finish reason says why they end where they end."""
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": '{"city": '}}

    events, failure = read(
        sse(chunk({"tool_calls": [call]}, finish="length"), DONE), make_call(streaming=True)
    )

    assert failure is None
    assert events[-1] == finished(FinishReason.LENGTH)


@pytest.mark.parametrize(
    ("wanted", "text", "finish", "expected"),
    [
        (JsonObjectFormat(), '{"a": 1}', "stop", None),
        (JsonObjectFormat(), "[1]", "stop", FailureClass.BAD_ANSWER),
        (JsonObjectFormat(), "Sure! {}", "stop", FailureClass.BAD_ANSWER),
        (JsonObjectFormat(), '{"a": ', "length", None),
        (JsonSchemaFormat(name="n", json_schema="{}"), "[1]", "stop", None),
        (JsonSchemaFormat(name="n", json_schema="{}"), "[1", "stop", FailureClass.BAD_ANSWER),
        (None, "Sure!", "stop", None),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_promised_json_is_json(
    make_call: MakeCall,
    wanted: JsonObjectFormat | JsonSchemaFormat | None,
    text: str,
    finish: str,
    expected: FailureClass | None,
    *,
    streaming: bool,
) -> None:
    """A model that writes prose where JSON was promised has not answered."""
    call = make_call(streaming=streaming, response_format=wanted)
    body = (
        sse(chunk({"content": text[:2]}), chunk({"content": text[2:]}, finish=finish), DONE)
        if streaming
        else json.dumps(message({"content": text}, finish=finish)).encode()
    )

    assert failure_class(body, call) is expected


def test_hidden_thoughts_are_left_out(make_call: MakeCall) -> None:
    """Vendors send them unasked."""
    body = sse(chunk({"reasoning": "Hm."}), chunk({"content": "Hi"}, finish="stop"), DONE)
    hidden = make_call(streaming=True, reasoning=Reasoning(visibility=ReasoningVisibility.HIDDEN))

    assert read(body, hidden)[0] == [STARTED, TextDelta(text="Hi"), finished()]
    assert ThoughtDelta(text="Hm.") in read(body, make_call(streaming=True))[0]


def test_thought_is_not_doubled(make_call: MakeCall) -> None:
    """Servers with vLLM say the same in two fields, OpenRouter beside its details."""
    twice = chunk({"reasoning": "a", "reasoning_content": "a"})
    details = chunk(
        {"reasoning": "b", "reasoning_details": [{"type": "reasoning.text", "text": "b"}]}
    )

    events, _ = read(
        sse(twice, details, chunk({"content": "Hi"}, finish="stop"), DONE),
        make_call(streaming=True),
    )

    assert [e.text for e in events if isinstance(e, ThoughtDelta)] == ["a", "b"]


def test_proof_of_a_thought_keeps_all_but_its_text(make_call: MakeCall) -> None:
    """It must go back to the vendor unchanged."""
    signed = {"type": "reasoning.text", "text": "Hm.", "signature": "Ab==", "index": 0}
    encrypted = {"type": "reasoning.encrypted", "data": "Zz==", "id": "t-1"}
    body = message({"reasoning_details": [signed, encrypted], "content": "Hi"})

    events, _ = read(json.dumps(body).encode(), make_call())

    thoughts = [e for e in events if isinstance(e, ThoughtDelta)]
    assert [thought.text for thought in thoughts] == ["Hm.", ""]
    assert json.loads(thoughts[0].signature) == {
        "type": "reasoning.text",
        "signature": "Ab==",
        "index": 0,
    }
    assert json.loads(thoughts[1].encrypted) == encrypted


def test_log_probabilities_come_with_their_text(make_call: MakeCall) -> None:
    """They are read only where they were asked for: they are many."""
    tokens = chunk({"content": "Hi"}, finish="stop")
    tokens["choices"][0]["logprobs"] = {
        "content": [
            {
                "token": "Hi",
                "logprob": -0.1,
                "bytes": [72, 105],
                "top_logprobs": [{"token": "Ho", "logprob": -2.0, "bytes": None}],
            }
        ]
    }

    asked, _ = read(sse(tokens, DONE), make_call(streaming=True, logprobs=1))
    unasked, _ = read(sse(tokens, DONE), make_call(streaming=True))

    assert asked[1] == TextDelta(
        text="Hi",
        logprobs=(
            TokenLogprob(
                token="Hi",
                logprob=-0.1,
                token_bytes=b"Hi",
                alternatives=(AlternativeLogprob(token="Ho", logprob=-2.0),),
            ),
        ),
    )
    assert unasked[1] == TextDelta(text="Hi")


def test_log_probabilities_without_text_are_kept(make_call: MakeCall) -> None:
    """A token may be half a character, so that its text comes later."""
    half = chunk({"content": ""})
    half["choices"][0]["logprobs"] = {"content": [{"token": "\\xf0", "logprob": -0.5}]}

    events, _ = read(
        sse(half, chunk({"content": "x"}, finish="stop"), DONE),
        make_call(streaming=True, logprobs=0),
    )

    assert events[1] == TextDelta(text="", logprobs=(TokenLogprob(token="\\xf0", logprob=-0.5),))


def test_sound_and_pictures_are_decoded(make_call: MakeCall) -> None:
    """Media comes in base64 inside the JSON."""
    spoken = make_call(
        streaming=True, audio_output=AudioOutput(voice="alloy", media_type="audio/wav")
    )
    sound = sse(
        chunk({"audio": {"id": "a-1", "data": "UklGRg==", "transcript": "Hi"}}),
        chunk(finish="stop"),
        DONE,
    )
    picture = message({"images": [{"image_url": {"url": "data:image/png;base64,iVBORw=="}}]})

    assert read(sound, spoken)[0][1] == MediaDelta(
        modality=Modality.AUDIO, media_type="audio/wav", data=b"RIFF", transcript="Hi"
    )
    assert read(json.dumps(picture).encode(), make_call())[0][1] == MediaDelta(
        modality=Modality.IMAGE, media_type="image/png", data=b"\x89PNG"
    )


def test_media_that_is_not_base64_is_malformed(make_call: MakeCall) -> None:
    """Half a picture is none."""
    picture = message({"images": [{"image_url": {"url": "data:image/png;base64,!"}}]})

    assert failure_class(json.dumps(picture).encode(), make_call()) is FailureClass.SERVER_ERROR


def test_other_choices_are_passed_over(make_call: MakeCall) -> None:
    """One answer was asked for; a second must not be mixed into it."""
    other = {"choices": [{"index": 1, "delta": {"content": "NO"}, "finish_reason": "length"}]}

    events, _ = read(
        sse(chunk({"content": "Hi"}), other, chunk(finish="stop"), DONE), make_call(streaming=True)
    )

    assert events == [STARTED, TextDelta(text="Hi"), finished()]


def test_same_count_is_told_once(make_call: MakeCall) -> None:
    """Some vendors repeat the usage in every chunk."""
    usage = {"prompt_tokens": 3, "completion_tokens": 1}

    events, _ = read(
        sse(
            chunk({"content": "a"}, usage=usage),
            chunk({"content": "b"}, usage=usage),
            chunk(finish="stop", usage={**usage, "completion_tokens": 2}),
            DONE,
        ),
        make_call(streaming=True),
    )

    assert [e.usage.output_tokens for e in events if isinstance(e, UsageCounted)] == [1, 2]


@pytest.mark.parametrize(
    ("usage", "read_as"),
    [
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "total_tokens": 120,
                "prompt_tokens_details": {
                    "cached_tokens": 60,
                    "cache_write_tokens": 10,
                    "audio_tokens": 5,
                },
                "completion_tokens_details": {"reasoning_tokens": 8, "audio_tokens": 4},
            },
            Usage(
                input_tokens=100,
                output_tokens=20,
                cached_input_tokens=60,
                cache_write_tokens=10,
                reasoning_tokens=8,
                input_audio_tokens=5,
                output_audio_tokens=4,
            ),
        ),
        (
            {
                "prompt_tokens": 12,
                "completion_tokens": 1,
                "total_tokens": 303,
                "completion_tokens_details": {"reasoning_tokens": 290},
            },
            Usage(input_tokens=12, output_tokens=291, reasoning_tokens=290),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 248,
                "total_tokens": 632,
                "prompt_tokens_details": {"audio_tokens": 375},
            },
            Usage(input_tokens=384, output_tokens=248, input_audio_tokens=375),
        ),
        (
            {"prompt_tokens": 17, "completion_tokens": 2, "prompt_cache_hit_tokens": 16},
            Usage(input_tokens=17, output_tokens=2, cached_input_tokens=16),
        ),
        (
            {
                "prompt_tokens": 7,
                "completion_tokens": 1,
                "prompt_tokens_details": {"cached_tokens": 161},
            },
            Usage(input_tokens=7, output_tokens=1, cached_input_tokens=7),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 0, "prompt_tokens_details": None},
            Usage(input_tokens=5),
        ),
    ],
    ids=["openai", "xai", "mistral with sound", "deepseek", "hidden prompt", "null"],
)
def test_usage_is_read_in_the_contracts_terms(
    make_call: MakeCall, usage: JsonObject, read_as: Usage
) -> None:
    """Costs are booked from it."""
    events, _ = read(json.dumps(message({"content": "Hi"}, usage=usage)).encode(), make_call())

    assert events[2] == UsageCounted(usage=read_as)


@pytest.mark.parametrize("content_type", ["text/html", "text/html; charset=utf-8", "TEXT/HTML"])
@pytest.mark.parametrize("streaming", [False, True])
def test_web_page_is_no_answer(make_call: MakeCall, content_type: str, *, streaming: bool) -> None:
    """A gateway's page with status 200 says nothing of the model, and is never quoted."""
    page = b"<html>Sorry, ada@example.com</html>"

    events, failure = read(page, make_call(streaming=streaming), content_type=content_type)

    assert events == []
    assert failure is not None
    assert failure.failure_class is FailureClass.SERVER_ERROR
    assert "ada" not in failure.message


def test_body_decides_how_it_is_read(make_call: MakeCall) -> None:
    """Some servers do not stream when asked to, some stream unasked."""
    whole = json.dumps(message({"content": "Hi"})).encode()
    stream = sse(chunk({"content": "Hi"}, finish="stop"), DONE)
    expected = [STARTED, TextDelta(text="Hi"), finished()]

    for body, call, content_type in (
        (whole, make_call(streaming=True), "application/json; charset=utf-8"),
        (stream, make_call(), "text/event-stream"),
        (stream, make_call(streaming=True), "application/octet-stream"),
        (whole, make_call(), "text/plain"),
    ):
        assert read(body, call, content_type=content_type) == (expected, None)


def test_body_past_the_limit_is_refused(
    make_call: MakeCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider must not fill the memory."""
    monkeypatch.setattr(whole_bodies, "DEFAULT_MAX_BODY_BYTES", 64)

    whole = json.dumps({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]})
    assert len(whole) > 64

    _, failure = read(whole.encode(), make_call())

    assert failure == Failure(
        failure_class=FailureClass.SERVER_ERROR, message="the answer has more than 64 bytes"
    )


def test_event_past_the_limit_is_a_failure(make_call: MakeCall) -> None:
    """The same for one event of a stream."""
    body = b"data: " + b"x" * (17 * 1024 * 1024)

    _, failure = read(body, make_call(streaming=True))

    assert failure is not None
    assert failure.failure_class is FailureClass.SERVER_ERROR
    assert "bytes" in failure.message
