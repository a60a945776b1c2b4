"""What the bytes of a Responses answer mean, in shapes that recordings do not hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.deltas import (
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.logprobs import AlternativeLogprob, TokenLogprob
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import Modality, TextPart, ThoughtPart, ToolCall
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonObjectFormat
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.openai_responses.dialects import DIALECTS
from routersvc.providers.formats.openai_responses.wire import openai_responses
from routersvc.providers.wire_format import ResponseHead

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]
STARTED = Started(model_version="m-1", response_id="r-1")
USAGE: JsonObject = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
COUNTED = UsageCounted(usage=Usage(input_tokens=3, output_tokens=2))
CREATED: JsonObject = {
    "type": "response.created",
    "response": {"id": "r-1", "model": "m-1", "output": []},
}
CALL: JsonObject = {"type": "function_call", "id": "fc-1", "call_id": "c-1", "name": "f"}


def finished(reason: FinishReason = FinishReason.STOP) -> Finished:
    """Return the end of an answer of the model `m-1`."""
    return Finished(reason=reason, model_version="m-1", response_id="r-1")


def response(*items: JsonObject, status: str = "completed", **more: Any) -> JsonObject:  # noqa: ANN401 - JSON
    """Return a whole response."""
    known = {"id": "r-1", "model": "m-1", "status": status, "usage": USAGE}
    return {**known, "output": list(items), **more}


def end(*items: JsonObject, **more: Any) -> JsonObject:  # noqa: ANN401 - JSON
    """Return the event that ends a stream."""
    whole = response(*items, **more)
    return {"type": f"response.{whole['status']}", "response": whole}


def message(*parts: JsonObject) -> JsonObject:
    """Return an item with what the model said."""
    return {"type": "message", "id": "msg-1", "role": "assistant", "content": list(parts)}


def said(text: str) -> JsonObject:
    """Return a part with text."""
    return {"type": "output_text", "text": text, "annotations": []}


def delta(text: str, *, item: int = 0, part: int = 0, kind: str = "output_text") -> JsonObject:
    """Return an event with a piece."""
    return {
        "type": f"response.{kind}.delta",
        "output_index": item,
        "content_index": part,
        "delta": text,
    }


def added(item: JsonObject, number: int = 0) -> JsonObject:
    """Return the event that begins an item."""
    return {"type": "response.output_item.added", "output_index": number, "item": item}


def done(item: JsonObject, number: int = 0) -> JsonObject:
    """Return the event that ends an item."""
    return {"type": "response.output_item.done", "output_index": number, "item": item}


def sse(*events: JsonObject) -> bytes:
    """Return a stream of these events."""
    return "".join(
        f"event: {event.get('type', '')}\ndata: {json.dumps(event)}\n\n" for event in events
    ).encode()


def read(
    body: bytes,
    call: AttemptCall,
    *,
    dialect: str = "openai",
    content_type: str | None = None,
) -> tuple[list[AnswerEvent], Failure | None]:
    """Return the events of a body and how it failed."""
    kind = content_type or ("text/event-stream" if call.streaming else "application/json")
    head = ResponseHead(status=200, headers={"content-type": kind}, received_at=0.0)
    decoder = openai_responses(DIALECTS[dialect]).decoder(call, head)
    events = decoder.feed(body)
    try:
        events += decoder.end()
    except AttemptFailedError as error:
        return events, error.failure
    return events, None


def events_of(make_call: MakeCall, *events: JsonObject, **prompt: Any) -> list[AnswerEvent]:  # noqa: ANN401 - prompts
    """Return what a stream of these events amounts to."""
    found, failure = read(sse(*events), make_call(streaming=True, **prompt))
    assert failure is None
    return found


def class_of(make_call: MakeCall, *events: JsonObject, **prompt: Any) -> FailureClass | None:  # noqa: ANN401 - prompts
    """Return what a stream of these events fails of."""
    failure = read(sse(*events), make_call(streaming=True, **prompt))[1]
    return None if failure is None else failure.failure_class


@pytest.mark.parametrize(
    "events",
    [
        (CREATED, delta("Hel"), delta("lo"), done(message(said("Hello"))), end()),
        (CREATED, delta("Hel"), done(message(said("Hello"))), end(message(said("Hello")))),
        (CREATED, done(message(said("Hello"))), end()),
        (CREATED, end(message(said("Hello")))),
        (end(message(said("Hello"))),),
        (
            CREATED,
            delta("Hel"),
            {"type": "response.output_text.done", "output_index": 0, "text": "Hello"},
            end(message(said("Hello"))),
        ),
        (CREATED, delta("Hello", part=1), done(message(said("Hello"))), end()),
        (CREATED, delta("Hello"), {"type": "response.something.new"}, end()),
    ],
    ids=["all", "half", "item", "end", "end alone", "part", "misnumbered", "unknown event"],
)
def test_text_is_told_once_whoever_tells_it(
    make_call: MakeCall, events: Sequence[JsonObject]
) -> None:
    """Vendors leave out one or the other of four tellings, and number parts differently."""
    answer = collect(events_of(make_call, *events))

    assert answer.parts == (TextPart(text="Hello"),)
    assert answer.finish == finished()
    assert answer.usage == Usage(input_tokens=3, output_tokens=2)


def test_deltas_are_told_as_they_come(make_call: MakeCall) -> None:
    """A person waits for each of them."""
    assert events_of(make_call, CREATED, delta("Hel"), delta("lo"), end()) == [
        STARTED,
        TextDelta(text="Hel"),
        TextDelta(text="lo"),
        COUNTED,
        finished(),
    ]


def test_later_telling_that_contradicts_adds_nothing(make_call: MakeCall) -> None:
    """What was told cannot be taken back, and half of another text would make nonsense."""
    told = events_of(make_call, CREATED, delta("Yes."), done(message(said("No, never."))), end())

    assert collect(told).parts == (TextPart(text="Yes."),)


@pytest.mark.parametrize(
    "events",
    [
        (
            added({**CALL, "arguments": ""}),
            delta('{"a":', kind="function_call_arguments"),
            delta("1}", kind="function_call_arguments"),
            done({**CALL, "arguments": '{"a":1}'}),
        ),
        (added({**CALL, "arguments": ""}), done({**CALL, "arguments": '{"a":1}'})),
        (done({**CALL, "arguments": '{"a":1}'}),),
        (
            added({**CALL, "arguments": ""}),
            {
                "type": "response.function_call_arguments.done",
                "output_index": 0,
                "arguments": '{"a":1}',
            },
        ),
        (
            delta('{"a":', kind="function_call_arguments"),
            done({**CALL, "arguments": '{"a":1}'}),
        ),
    ],
    ids=["all", "begin and end", "end", "arguments at once", "without its beginning"],
)
def test_call_is_told_once_whoever_tells_it(
    make_call: MakeCall, events: Sequence[JsonObject]
) -> None:
    """The same for the arguments of calls."""
    answer = collect(events_of(make_call, CREATED, *events, end()))

    assert answer.parts == (ToolCall(call_id="c-1", name="f", arguments_json='{"a":1}'),)
    assert answer.finish.reason is FinishReason.TOOL_CALLS


def test_parallel_calls_are_distinguished(make_call: MakeCall) -> None:
    """By the number of their item, whatever else stands between."""
    other = {**CALL, "id": "fc-2", "call_id": "c-2", "name": "g", "arguments": ""}

    answer = collect(
        events_of(
            make_call,
            CREATED,
            added(message(), 0),
            added({**CALL, "arguments": ""}, 1),
            added(other, 2),
            delta("{", item=1, kind="function_call_arguments"),
            delta('{"b":2}', item=2, kind="function_call_arguments"),
            delta("}", item=1, kind="function_call_arguments"),
            end(),
        )
    )

    assert [(part.name, part.arguments_json) for part in calls_of(answer.parts)] == [
        ("f", "{}"),
        ("g", '{"b":2}'),
    ]


def calls_of(parts: Sequence[object]) -> list[ToolCall]:
    """Return the tool calls among the parts."""
    return [part for part in parts if isinstance(part, ToolCall)]


def test_call_without_arguments_gets_an_empty_object(make_call: MakeCall) -> None:
    """A caller must be able to parse them."""
    answer = collect(events_of(make_call, CREATED, end({**CALL, "arguments": ""})))

    assert calls_of(answer.parts)[0].arguments_json == "{}"


def test_call_keeps_what_must_go_back(make_call: MakeCall) -> None:
    """A namespace, or that the tool is a custom one, is no part of the contract's call."""
    found = {**CALL, "arguments": "{}", "namespace": "n", "status": "completed", "caller": None}
    custom = {"type": "custom_tool_call", "call_id": "c-2", "name": "calc", "input": "4 + 4"}

    first, second = calls_of(collect(events_of(make_call, CREATED, end(found, custom))).parts)

    assert json.loads(first.signature) == {"type": "function_call", "namespace": "n"}
    assert second == ToolCall(
        call_id="c-2",
        name="calc",
        arguments_json='{"input":"4 + 4"}',
        signature=b'{"type":"custom_tool_call"}',
    )


def test_custom_calls_of_xai_are_its_own(make_call: MakeCall) -> None:
    """They are searches that it has made itself: the caller has nothing to answer."""
    search = {"type": "custom_tool_call", "call_id": "", "name": "x_search", "input": "{}"}
    body = sse(CREATED, end(search, message(said("Hi"))))

    events, failure = read(body, make_call(streaming=True), dialect="xai")

    assert failure is None
    answer = collect(events)
    assert calls_of(answer.parts) == []
    assert answer.finish.reason is FinishReason.STOP


@pytest.mark.parametrize("streaming", [False, True])
def test_answer_goes_back_as_it_came(make_call: MakeCall, *, streaming: bool) -> None:
    """Thoughts, searches and calls are repeated to the vendor in their order, unchanged."""
    items = (
        {
            "type": "reasoning",
            "id": "rs-1",
            "summary": [{"type": "summary_text", "text": "Hm."}],
            "encrypted_content": "Zz==",
        },
        {"type": "web_search_call", "id": "ws-1", "status": "completed", "action": {"a": 1}},
        message(said("Hi")),
        {"type": "function_call", "call_id": "c-1", "name": "f", "arguments": "{}"},
    )
    call = make_call(streaming=streaming)
    body = sse(CREATED, end(*items)) if streaming else json.dumps(response(*items)).encode()
    events, failure = read(body, call)
    assert failure is None
    turn = Message(role=Role.ASSISTANT, parts=collect(events).parts)
    more = Message(role=Role.USER, parts=(TextPart(text="More"),))

    request = openai_responses(DIALECTS["openai"]).encode(make_call(messages=(turn, more)))

    assert json.loads(request.body)["input"][:4] == [
        items[0],
        items[1],
        {"role": "assistant", "content": "Hi"},
        items[3],
    ]


@pytest.mark.parametrize("way", ["whole", "end", "deltas"])
def test_phases_go_back_as_they_came(make_call: MakeCall, way: str) -> None:
    """Each text is a part of its phase, whoever tells it; vendors without phases get the text."""
    texts = {"commentary": "Let me see.", "final_answer": "Noon.", None: "Bye.", "later": "P.S."}
    items: list[JsonObject] = [
        {**message(said(text)), "id": f"msg-{place}", "phase": phase}
        for place, (phase, text) in enumerate(texts.items())
    ]
    events = [CREATED]
    if way == "deltas":
        for place, (item, text) in enumerate(zip(items, texts.values(), strict=True)):
            events.append(added({**item, "content": []}, place))
            events += [delta(text[:3], item=place), delta(text[3:], item=place)]
            events.append(done(item, place))
    body = json.dumps(response(*items)).encode() if way == "whole" else sse(*events, end(*items))
    found, failure = read(body, make_call(streaming=way != "whole"))
    assert failure is None
    parts = collect(found).parts
    assert parts == tuple(TextPart(text=text, phase=phase or "") for phase, text in texts.items())
    call = make_call(
        messages=(Message(role=Role.ASSISTANT, parts=parts), *make_call().prompt.messages)
    )

    def sent(dialect: str) -> list[JsonObject]:
        request = openai_responses(DIALECTS[dialect]).encode(call)
        encoded: list[JsonObject] = json.loads(request.body)["input"][: len(texts)]
        return encoded

    plain = [{"role": "assistant", "content": text} for text in texts.values()]
    phased = [
        {**item, "phase": phase} if phase else item
        for item, phase in zip(plain, texts, strict=True)
    ]
    assert sent("openai") == sent("azure") == phased
    assert sent("xai") == sent("deepseek") == plain


@pytest.mark.parametrize("streaming", [False, True])
def test_two_thoughts_with_one_id_are_two(make_call: MakeCall, *, streaming: bool) -> None:
    """All the thoughts of an answer of xAI have one id; each must go back to the vendor."""
    thoughts: list[dict[str, Any]] = [
        {"type": "reasoning", "id": "rs-1", "summary": [], "encrypted_content": sealed}
        for sealed in ("Aa==", "Bb==")
    ]
    items = (*thoughts, message(said("Hi")))
    told = (
        {"type": "response.output_item.done", "output_index": at, "item": item}
        for at, item in enumerate(items)
    )
    body = sse(CREATED, *told, end(*items)) if streaming else json.dumps(response(*items)).encode()

    events, failure = read(body, make_call(streaming=streaming))

    assert failure is None
    sealed = [json.loads(e.encrypted) for e in events if isinstance(e, ThoughtDelta)]
    assert sealed == thoughts


def test_thought_is_told_by_paragraphs(make_call: MakeCall) -> None:
    """Each part of a summary has a heading of its own."""
    item = {
        "type": "reasoning",
        "id": "rs-1",
        "summary": [{"type": "summary_text", "text": one} for one in ("**A**", "**B** and C")],
    }
    pieces = [
        {**delta(text, kind="reasoning_summary_text"), "summary_index": place}
        for place, text in ((0, "**A**"), (1, "**B**"), (1, " and "))
    ]

    streamed = events_of(make_call, CREATED, *pieces, done(item), end(message(said("Hi"))))
    whole = events_of(make_call, CREATED, end(item, message(said("Hi"))))

    for events in (streamed, whole):
        assert "".join(e.text for e in events if isinstance(e, ThoughtDelta)) == (
            "**A**\n\n**B** and C"
        )


def test_thought_and_its_summary_are_not_told_both(make_call: MakeCall) -> None:
    """They say the same."""
    item = {
        "type": "reasoning",
        "id": "rs-1",
        "summary": [{"type": "summary_text", "text": "short"}],
        "content": [{"type": "reasoning_text", "text": "long"}],
    }

    answer = collect(events_of(make_call, CREATED, end(item, message(said("Hi")))))

    assert answer.parts == (ThoughtPart(text="long"), TextPart(text="Hi"))


def test_hidden_thoughts_are_left_out(make_call: MakeCall) -> None:
    """Vendors send them unasked."""
    thought = delta("Hm.", kind="reasoning_text")
    hidden = Reasoning(visibility=ReasoningVisibility.HIDDEN)
    events = events_of(make_call, CREATED, thought, delta("Hi", item=1), end(), reasoning=hidden)

    assert events == [STARTED, TextDelta(text="Hi"), COUNTED, finished()]


def test_log_probabilities_come_with_their_text(make_call: MakeCall) -> None:
    """They are read only where they were asked for: they are many."""
    token = {
        "token": "Hi",
        "logprob": -0.1,
        "top_logprobs": [{"token": "Ho", "logprob": -2.0, "bytes": [72, 111]}],
    }
    streamed: Sequence[JsonObject] = (CREATED, {**delta("Hi"), "logprobs": [token]}, end())
    whole: Sequence[JsonObject] = (CREATED, end(message({**said("Hi"), "logprobs": [token]})))
    expected = TextDelta(
        text="Hi",
        logprobs=(
            TokenLogprob(
                token="Hi",
                logprob=-0.1,
                alternatives=(AlternativeLogprob(token="Ho", logprob=-2.0, token_bytes=b"Ho"),),
            ),
        ),
    )

    assert events_of(make_call, *streamed, logprobs=1)[1] == expected
    assert events_of(make_call, *whole, logprobs=1)[1] == expected
    assert events_of(make_call, *streamed)[1] == TextDelta(text="Hi")


def test_picture_is_decoded(make_call: MakeCall) -> None:
    """A hosted tool can draw."""
    item = {
        "type": "image_generation_call",
        "id": "ig",
        "result": "iVBORw==",
        "output_format": "webp",
    }

    assert events_of(make_call, CREATED, end(item))[1] == MediaDelta(
        modality=Modality.IMAGE, media_type="image/webp", data=b"\x89PNG"
    )
    assert class_of(make_call, CREATED, end({**item, "result": "!"})) is FailureClass.SERVER_ERROR


def test_refusal_is_one(make_call: MakeCall) -> None:
    """It is no text, and no answer in the promised format either."""
    events = events_of(
        make_call,
        CREATED,
        delta("I will", kind="refusal"),
        done(message({"type": "refusal", "refusal": "I will not."})),
        end(),
        response_format=JsonObjectFormat(),
    )

    assert events[1:3] == [RefusalDelta(text="I will"), RefusalDelta(text=" not.")]
    assert events[-1] == finished(FinishReason.REFUSAL)


@pytest.mark.parametrize(
    ("why", "text", "expected"),
    [
        ("max_output_tokens", "Hi", FinishReason.LENGTH),
        ("max_output_tokens", "", FinishReason.LENGTH),
        ("content_filter", "Hi", FinishReason.CONTENT_FILTER),
        ("content_filter", "", FailureClass.CONTENT_FILTERED),
        ("something_new", "Hi", FinishReason.OTHER),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_incomplete_answer_says_why(
    make_call: MakeCall,
    why: str,
    text: str,
    expected: FinishReason | FailureClass,
    *,
    streaming: bool,
) -> None:
    """A filter that leaves nothing is a failure, so that a policy may allow another attempt."""
    items = [message(said(text))] if text else []
    details: JsonObject = {"status": "incomplete", "incomplete_details": {"reason": why}}
    body = (
        sse(CREATED, end(*items, **details))
        if streaming
        else json.dumps(response(*items, **details)).encode()
    )

    events, failure = read(body, make_call(streaming=streaming))

    if isinstance(expected, FinishReason):
        assert failure is None
        assert events[-1] == finished(expected)
    else:
        assert failure is not None
        assert failure.failure_class is expected


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"type": "error", "code": "server_is_overloaded"}, FailureClass.OVERLOADED),
        ({"type": "error", "error": {"code": "insufficient_quota"}}, FailureClass.QUOTA_EXHAUSTED),
        ({"type": "error", "message": "x"}, FailureClass.SERVER_ERROR),
        (
            {"type": "response.failed", "response": {"error": {"code": "rate_limit_exceeded"}}},
            FailureClass.RATE_LIMITED,
        ),
        ({"type": "response.failed", "response": {"error": None}}, FailureClass.SERVER_ERROR),
        ({"error": {"code": "model_not_found"}}, FailureClass.MODEL_NOT_FOUND),
    ],
)
def test_error_inside_a_stream_means_what_it_says(
    make_call: MakeCall, event: JsonObject, expected: FailureClass
) -> None:
    """HTTP 200 has gone out before the trouble began; its inner type counts."""
    assert class_of(make_call, CREATED, event) is expected
    assert class_of(make_call, CREATED, delta("Hi"), event) is expected


def test_what_came_before_an_error_is_kept(make_call: MakeCall) -> None:
    """The caller may have heard it already."""
    events, failure = read(sse(CREATED, delta("Hi"), {"type": "error"}), make_call(streaming=True))

    assert events == [STARTED, TextDelta(text="Hi")]
    assert failure is not None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"code": "content_filter"}}, FailureClass.CONTENT_FILTERED),
        (response(status="failed", error={"code": "server_error"}), FailureClass.SERVER_ERROR),
        (response(status="failed"), FailureClass.SERVER_ERROR),
        (response(status="in_progress"), FailureClass.TRUNCATED),
        (response(status="queued"), FailureClass.TRUNCATED),
        (response(status="cancelled"), FailureClass.TRUNCATED),
        (response(), FailureClass.BAD_ANSWER),
        ({"choices": []}, FailureClass.SERVER_ERROR),
        ({"output": [{"type": "message", "content": 5}]}, FailureClass.SERVER_ERROR),
        ([], FailureClass.SERVER_ERROR),
    ],
)
def test_body_that_is_no_answer_is_a_failure(
    make_call: MakeCall, body: object, expected: FailureClass
) -> None:
    """A successful status promises nothing."""
    failure = read(json.dumps(body).encode(), make_call())[1]

    assert failure is not None
    assert failure.failure_class is expected


@pytest.mark.parametrize(
    "events",
    [
        (CREATED,),
        (CREATED, delta("Hi")),
        (CREATED, delta("Hi"), done(message(said("Hi")))),
        (),
    ],
)
def test_stream_without_its_terminator_is_truncated(
    make_call: MakeCall, events: Sequence[JsonObject]
) -> None:
    """Only the event with the whole response says that it is whole."""
    assert class_of(make_call, *events) is FailureClass.TRUNCATED


def test_terminator_of_another_format_does_no_harm(make_call: MakeCall) -> None:
    """Some servers send it as well, and it alone ends nothing."""
    whole = sse(CREATED, delta("Hi"), end())
    half = sse(CREATED, delta("Hi"))
    call = make_call(streaming=True)

    assert read(whole + b"data: [DONE]\n\n", call) == read(whole, call)
    failure = read(half + b"data: [DONE]\n\n", call)[1]
    assert failure is not None
    assert failure.failure_class is FailureClass.TRUNCATED


def test_waiting_for_an_approval_is_no_ordinary_end(make_call: MakeCall) -> None:
    """The contract has no words for the question, so its end must not look like an answer's."""
    asked = {"type": "mcp_approval_request", "id": "a-1", "name": "f", "arguments": "{}"}

    events = events_of(make_call, CREATED, end(asked))

    assert events[-1] == finished(FinishReason.OTHER)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {
                "input_tokens": 100,
                "output_tokens": 20,
                "total_tokens": 120,
                "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
                "output_tokens_details": {"reasoning_tokens": 8},
            },
            Usage(
                input_tokens=100,
                output_tokens=20,
                cached_input_tokens=60,
                cache_write_tokens=10,
                reasoning_tokens=8,
            ),
        ),
        (
            {
                "input_tokens": 5,
                "output_tokens": 2,
                "total_tokens": 10,
                "output_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(input_tokens=5, output_tokens=5, reasoning_tokens=3),
        ),
        (
            {"input_tokens": 5, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 9}},
            Usage(input_tokens=5, output_tokens=1, cached_input_tokens=5),
        ),
        (
            {"input_tokens": 5, "output_tokens": 0, "input_tokens_details": None},
            Usage(input_tokens=5),
        ),
    ],
    ids=["openai", "reasoning left out", "more cached than given", "nulls"],
)
def test_usage_is_read_in_the_contracts_terms(
    make_call: MakeCall, usage: JsonObject, expected: Usage
) -> None:
    """Costs are booked from it."""
    body = {**response(message(said("Hi"))), "usage": usage}

    assert UsageCounted(usage=expected) in read(json.dumps(body).encode(), make_call())[0]


def test_body_decides_how_it_is_read(make_call: MakeCall) -> None:
    """Some servers do not stream when asked to, some stream unasked; a page is no answer."""
    whole = json.dumps(response(message(said("Hi")))).encode()
    stream = sse(CREATED, end(message(said("Hi"))))
    expected = [STARTED, TextDelta(text="Hi"), COUNTED, finished()]

    for body, call, content_type in (
        (whole, make_call(streaming=True), "application/json; charset=utf-8"),
        (stream, make_call(), "text/event-stream"),
        (stream, make_call(streaming=True), "application/octet-stream"),
    ):
        assert read(body, call, content_type=content_type) == (expected, None)
    failure = read(b"<html>", make_call(), content_type="text/html")[1]
    assert failure is not None
    assert failure.failure_class is FailureClass.SERVER_ERROR


def test_arguments_that_are_no_json_are_a_bad_answer(make_call: MakeCall) -> None:
    """Every caller would stumble over them, unless the limit explains them."""
    broken = {**CALL, "arguments": '{"a": '}
    cut: JsonObject = {
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
    }

    assert class_of(make_call, CREATED, end(broken)) is FailureClass.BAD_ANSWER
    assert class_of(make_call, CREATED, end(broken, **cut)) is None


def test_promised_json_is_json(make_call: MakeCall) -> None:
    """A model that writes prose where JSON was promised has not answered."""
    wanted: JsonObject = {"response_format": JsonObjectFormat()}

    assert class_of(make_call, CREATED, delta("{}"), end(), **wanted) is None
    assert class_of(make_call, CREATED, delta("Sure!"), end(), **wanted) is FailureClass.BAD_ANSWER
    assert class_of(make_call, CREATED, end(message(said("[]"))), **wanted) is (
        FailureClass.BAD_ANSWER
    )


def test_first_piece_of_a_call_carries_its_name(make_call: MakeCall) -> None:
    """Callers show it before the arguments are complete."""
    events = events_of(make_call, CREATED, added({**CALL, "arguments": ""}), end())

    assert events[1] == ToolCallDelta(index=0, call_id="c-1", name="f")


def test_what_a_call_holds_may_be_told_at_its_end(make_call: MakeCall) -> None:
    """A namespace may come with the end of the item only."""
    ended = {**CALL, "arguments": "{}", "namespace": "n"}

    answer = collect(
        events_of(make_call, CREATED, added({**CALL, "arguments": ""}), done(ended), end())
    )

    assert json.loads(calls_of(answer.parts)[0].signature) == {
        "type": "function_call",
        "namespace": "n",
    }


def test_items_that_share_a_number_are_all_told(make_call: MakeCall) -> None:
    """A server that counts wrongly must not cost the caller half of the answer."""
    thought: JsonObject = {"type": "reasoning", "id": "rs-1", "summary": [], "content": []}

    answer = collect(
        events_of(
            make_call,
            CREATED,
            added(thought),
            delta("Hm.", kind="reasoning_text"),
            added(message()),
            delta("Hel"),
            done(message(said("Hello"))),
            end(),
        )
    )

    assert answer.parts == (ThoughtPart(text="Hm."), TextPart(text="Hello"))
