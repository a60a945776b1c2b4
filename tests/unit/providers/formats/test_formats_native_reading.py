"""What answers of Google, Cohere and Ollama mean that the recordings do not hold."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wording import Wording

from routersvc.app.wire_formats import adapter
from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.deltas import MediaDelta, TextDelta, ThoughtDelta, ToolCallDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.logprobs import AlternativeLogprob, TokenLogprob
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import Modality, TextPart
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonObjectFormat
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.engine.ports import AttemptCall
from routersvc.providers.reading.json_lines import LineSplitter
from routersvc.providers.reading.sse import EventTooLargeError, SseDecoder
from routersvc.providers.wire_format import ResponseHead, WireFormat

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]

FORMATS: Mapping[str, WireFormat] = {
    "gemini": adapter("gemini", "gemini"),
    "cohere": adapter("cohere_chat", "plain"),
    "ollama": adapter("ollama_chat", "plain"),
}
STREAM_TYPES = {
    "gemini": "text/event-stream",
    "cohere": "text/event-stream",
    "ollama": "application/x-ndjson",
}


def head_of(content_type: str, status: int = 200, **headers: str) -> ResponseHead:
    """Return what precedes a body."""
    return ResponseHead(
        status=status,
        headers={"content-type": content_type, **headers},
        received_at=1_790_000_000.0,
    )


def streamed(vendor: str, *pieces: JsonObject) -> bytes:
    """Return a stream with these pieces."""
    frame = "{}\n" if vendor == "ollama" else "data: {}\r\n\r\n"
    return "".join(frame.format(json.dumps(piece)) for piece in pieces).encode()


def read(
    vendor: str, call: AttemptCall, body: bytes, *, streaming: bool = True
) -> list[AnswerEvent]:
    """Return the events of an answer."""
    content_type = STREAM_TYPES[vendor] if streaming else "application/json"
    decoder = FORMATS[vendor].decoder(call, head_of(content_type))
    return [*decoder.feed(body), *decoder.end()]


def failed(vendor: str, call: AttemptCall, body: bytes, *, streaming: bool = True) -> Failure:
    """Return how an answer failed."""
    with pytest.raises(AttemptFailedError) as error:
        read(vendor, call, body, streaming=streaming)
    return error.value.failure


def said(*parts: JsonObject, reason: str | None = "STOP", **fields: object) -> JsonObject:
    """Return a chunk of Google's with these parts."""
    candidate: JsonObject = {"content": {"role": "model", "parts": list(parts)}}
    if reason is not None:
        candidate["finishReason"] = reason
    return {"candidates": [candidate | fields]}


# ---- Google -------------------------------------------------------------------------------------


def test_google_signatures_travel_with_their_places_and_come_back(make_call: MakeCall) -> None:
    """What was read is sent back as it was: the conversation goes on."""
    parts: Sequence[JsonObject] = (
        {"text": "Hm.", "thought": True},
        {"text": "Hello", "thoughtSignature": "dGV4dA=="},
        {"functionCall": {"id": "1", "name": "a", "args": {"b": 1}}, "thoughtSignature": "Y2E="},
        {"functionCall": {"id": "2", "name": "c", "args": {}}},
    )

    answer = collect(read("gemini", make_call(streaming=True), streamed("gemini", said(*parts))))

    turns = (
        Message(role=Role.USER, parts=(TextPart(text="Hi"),)),
        Message(role=Role.ASSISTANT, parts=answer.parts),
        Message(role=Role.USER, parts=(TextPart(text="And?"),)),
    )
    again = json.loads(FORMATS["gemini"].encode(make_call(messages=turns)).body)
    assert again["contents"][1] == {"role": "model", "parts": list(parts)}


def test_hidden_thoughts_are_left_out_but_calls_keep_their_signatures(make_call: MakeCall) -> None:
    """The caller did not want to see them; Google wants the calls' back all the same."""
    hidden = Reasoning(visibility=ReasoningVisibility.HIDDEN)
    chunk = said(
        {"text": "Hm.", "thought": True, "thoughtSignature": "AA=="},
        {"text": "Hello", "thoughtSignature": "AA=="},
        {"functionCall": {"name": "a"}, "thoughtSignature": "AQ=="},
    )

    events = read("gemini", make_call(streaming=True, reasoning=hidden), streamed("gemini", chunk))

    assert not any(isinstance(event, ThoughtDelta) for event in events)
    assert [e.signature for e in events if isinstance(e, ToolCallDelta)] == [b"AQ==", b""]


def test_google_calls_without_an_id_get_one(make_call: MakeCall) -> None:
    """Results refer to calls by it."""
    chunk = said({"functionCall": {"name": "a"}}, {"functionCall": {"name": "a"}})

    events = read(
        "gemini", make_call(), streamed("gemini", {**chunk, "responseId": "r"}), streaming=True
    )

    calls = [event.call_id for event in events if isinstance(event, ToolCallDelta) and event.name]
    assert calls == ["r-0", "r-1"]
    assert isinstance(events[-1], Finished)
    assert events[-1].reason is FinishReason.TOOL_CALLS


def test_google_fields_may_keep_their_names_from_protocol_buffers(make_call: MakeCall) -> None:
    """JSON readers of protocol buffers take both; what the model wrote is not touched."""
    chunk = {
        "response_id": "r",
        "candidates": [
            {
                "content": {"parts": [{"function_call": {"name": "a", "args": {"b_c": 1}}}]},
                "finish_reason": "STOP",
            }
        ],
        "usage_metadata": {"prompt_token_count": 3, "candidates_token_count": 4},
    }

    events = read("gemini", make_call(), streamed("gemini", chunk))

    assert events == [
        Started(response_id="r"),
        ToolCallDelta(index=0, call_id="r-0", name="a"),
        ToolCallDelta(index=0, arguments_json='{"b_c":1}'),
        UsageCounted(usage=Usage(input_tokens=3, output_tokens=4)),
        Finished(reason=FinishReason.TOOL_CALLS, response_id="r"),
    ]


def test_google_log_probabilities_stand_on_their_text(make_call: MakeCall) -> None:
    """Each token with what might have stood there."""
    result = {
        "chosenCandidates": [{"token": "Hi", "tokenId": 1, "logProbability": -0.5}],
        "topCandidates": [{"candidates": [{"token": "Ho", "tokenId": 2, "logProbability": -1.5}]}],
    }
    chunk = said({"text": "Hi"}, logprobsResult=result)

    events = read("gemini", make_call(logprobs=1), streamed("gemini", chunk))

    assert events[1] == TextDelta(
        text="Hi",
        logprobs=(
            TokenLogprob(
                token="Hi",
                logprob=-0.5,
                alternatives=(AlternativeLogprob(token="Ho", logprob=-1.5),),
            ),
        ),
    )


def test_google_pictures_and_sound_come_as_bytes(make_call: MakeCall) -> None:
    """With the type that the vendor gave them."""
    chunk = said(
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}},
        {"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": "AAE="}},
    )

    events = read("gemini", make_call(), json.dumps(chunk).encode(), streaming=False)

    assert events[1:3] == [
        MediaDelta(modality=Modality.IMAGE, media_type="image/png", data=b"\x89PNG"),
        MediaDelta(
            modality=Modality.AUDIO, media_type="audio/L16;codec=pcm;rate=24000", data=b"\0\1"
        ),
    ]


def test_google_counts_are_put_into_the_contracts_terms(make_call: MakeCall) -> None:
    """What tools brought in is input, thoughts are output, and sound is told apart."""
    counted = {
        "promptTokenCount": 100,
        "toolUsePromptTokenCount": 20,
        "cachedContentTokenCount": 60,
        "candidatesTokenCount": 30,
        "thoughtsTokenCount": 12,
        "totalTokenCount": 162,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 80},
            {"modality": "AUDIO", "tokenCount": 20},
        ],
        "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}],
    }
    chunk = {**said({"text": "Hi"}), "usageMetadata": counted}

    events = read("gemini", make_call(), streamed("gemini", chunk))

    assert events[-2] == UsageCounted(
        usage=Usage(
            input_tokens=120,
            output_tokens=42,
            cached_input_tokens=60,
            reasoning_tokens=12,
            input_audio_tokens=20,
            output_audio_tokens=5,
        )
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("STOP", FinishReason.STOP),
        (1, FinishReason.STOP),
        ("MAX_TOKENS", FinishReason.LENGTH),
        (2, FinishReason.LENGTH),
        ("SAFETY", FinishReason.CONTENT_FILTER),
        ("RECITATION", FinishReason.CONTENT_FILTER),
        ("BLOCKLIST", FinishReason.CONTENT_FILTER),
        ("PROHIBITED_CONTENT", FinishReason.CONTENT_FILTER),
        ("SPII", FinishReason.CONTENT_FILTER),
        ("MODEL_ARMOR", FinishReason.CONTENT_FILTER),
        ("IMAGE_SAFETY", FinishReason.CONTENT_FILTER),
        ("LANGUAGE", FinishReason.OTHER),
        ("SOMETHING_NEW", FinishReason.OTHER),
        (99, FinishReason.OTHER),
    ],
)
def test_google_finish_reasons(
    make_call: MakeCall, reason: str | int, expected: FinishReason
) -> None:
    """A content filter ends the answer; so does an unknown finish reason."""
    chunk = said({"text": "Hi"})
    chunk["candidates"][0]["finishReason"] = reason

    last = read("gemini", make_call(), streamed("gemini", chunk))[-1]

    assert isinstance(last, Finished)
    assert last.reason is expected


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        (said(reason="SAFETY"), FailureClass.CONTENT_FILTERED),
        (said(reason="RECITATION"), FailureClass.CONTENT_FILTERED),
        (said(reason="STOP"), FailureClass.BAD_ANSWER),
        (said(reason="OTHER"), FailureClass.BAD_ANSWER),
        (said({"text": "Hi"}, reason="MALFORMED_FUNCTION_CALL"), FailureClass.BAD_ANSWER),
        (said(reason="UNEXPECTED_TOOL_CALL"), FailureClass.BAD_ANSWER),
        (said(reason="TOO_MANY_TOOL_CALLS"), FailureClass.BAD_ANSWER),
        (said(reason="NO_IMAGE"), FailureClass.BAD_ANSWER),
        (said(reason="MISSING_THOUGHT_SIGNATURE"), FailureClass.INVALID_REQUEST),
        (said({"text": "Hi"}, reason=None), FailureClass.TRUNCATED),
        (said({"functionCall": {"name": "a", "willContinue": True}}), FailureClass.BAD_ANSWER),
        ({"promptFeedback": {"blockReason": "OTHER"}}, FailureClass.CONTENT_FILTERED),
        ({"error": {"code": 503, "status": "UNAVAILABLE", "message": "overloaded"}},
         FailureClass.OVERLOADED),
        ({"error": {"status": "RESOURCE_EXHAUSTED"}}, FailureClass.RATE_LIMITED),
        ([], FailureClass.SERVER_ERROR),
        (said({"inlineData": {"mimeType": "image/png", "data": "?"}}), FailureClass.SERVER_ERROR),
        (said({"functionCall": {"name": "a", "willContinue": True}}, {"functionCall": {
            "partialArgs": [{"jsonPath": "$.a[7]", "stringValue": "x"}]}}),
         FailureClass.SERVER_ERROR),
        (said({"functionCall": {"name": "a", "partialArgs": [{"jsonPath": "a"}]}}),
         FailureClass.SERVER_ERROR),
    ],
)  # fmt: skip
def test_google_answers_that_are_none(
    make_call: MakeCall, chunk: JsonObject, expected: FailureClass
) -> None:
    """Each says what may be tried next."""
    assert failed("gemini", make_call(), streamed("gemini", chunk)).failure_class is expected


def test_google_error_between_the_events_is_no_end(make_call: MakeCall) -> None:
    """It stands there as bare JSON, after events that all say `STOP`."""
    bare = b'{\n  "error": {\n    "code": 503,\n    "status": "UNAVAILABLE"\n  }\n}'
    body = streamed("gemini", said({"text": "Hi"})) + bare

    assert failed("gemini", make_call(), body).failure_class is FailureClass.OVERLOADED
    cut = failed("gemini", make_call(), body[:-20])
    assert cut.failure_class is FailureClass.SERVER_ERROR


def test_google_block_without_its_empty_line_is_a_block(make_call: MakeCall) -> None:
    """It cannot become an answer any more."""
    body = streamed("gemini", {"promptFeedback": {"blockReason": "SAFETY"}})[:-2]

    assert failed("gemini", make_call(), body).failure_class is FailureClass.CONTENT_FILTERED


def test_google_arguments_in_pieces_of_every_kind(make_call: MakeCall) -> None:
    """Texts grow, everything else is set; names with dots stand in brackets."""
    pieces: Iterable[JsonObject] = (
        {"jsonPath": "$.text", "stringValue": "a", "willContinue": True},
        {"jsonPath": "$.text", "stringValue": "b"},
        {"jsonPath": "$['a.b'].list[0]", "numberValue": 1.5},
        {"jsonPath": "$['a.b'].list[1].deep", "boolValue": False},
        {"jsonPath": '$["none"]', "nullValue": "NULL_VALUE"},
    )
    chunks = [
        said({"functionCall": {"name": "f", "willContinue": True}}, reason=None),
        *(
            said({"functionCall": {"partialArgs": [piece], "willContinue": True}}, reason=None)
            for piece in pieces
        ),
        said({"functionCall": {}}, {"functionCall": {}}),
    ]

    events = read("gemini", make_call(), streamed("gemini", *chunks))

    calls = [event for event in events if isinstance(event, ToolCallDelta)]
    assert [call.name for call in calls] == ["f", ""]
    assert json.loads(calls[-1].arguments_json) == {
        "text": "ab",
        "a.b": {"list": [1.5, {"deep": False}]},
        "none": None,
    }


def test_google_list_of_chunks_is_an_answer(make_call: MakeCall) -> None:
    """That is what comes where a proxy has dropped `alt=sse`."""
    chunks = [said({"text": "Hel"}, reason=None), said({"text": "lo"})]

    events = read("gemini", make_call(streaming=True), json.dumps(chunks).encode(), streaming=False)

    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Hel", "lo"]


@pytest.mark.parametrize(
    ("status", "error", "expected", "wait"),
    [
        (429, {"details": [
            {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}]},
            {"retryDelay": "34.5s"}],
            "message": "You exceeded your current quota, check your plan and billing details."},
         FailureClass.RATE_LIMITED, 34.5),
        (429, {"details": [
            {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},
            {"retryDelay": "34s"}], "message": "Resource exhausted"},
         FailureClass.RATE_LIMITED, 34.0),
        (429, {"details": [
            {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"},
                            {"quotaId": "GenerateRequestsPerDayPerProject-FreeTier"}]},
            {"retryDelay": "34s"}], "message": "Resource exhausted"},
         FailureClass.QUOTA_EXHAUSTED, 34.0),
        (429, {"details": [{"retryDelay": "7s"}], "message": "You exceeded your current quota"},
         FailureClass.RATE_LIMITED, 7.0),
        (429, {"details": [{"retryDelay": "86400s"}], "message": "Resource exhausted"},
         FailureClass.RATE_LIMITED, 86_400.0),
        (429, {"message": "You exceeded your current quota"}, FailureClass.QUOTA_EXHAUSTED, None),
        (402, {"status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "7s"}],
               "message": "Prepayment credits exhausted"},
         FailureClass.QUOTA_EXHAUSTED, 7.0),
        (429, {"message": "Resource exhausted"}, FailureClass.RATE_LIMITED, None),
        (503, {"details": [{"retryDelay": "3s"}], "message": "overloaded"},
         FailureClass.OVERLOADED, 3.0),
        (403, {"status": "PERMISSION_DENIED",
               "message": "CachedContent not found (or permission denied)"},
         FailureClass.INVALID_REQUEST, None),
        (403, {"status": "PERMISSION_DENIED",
               "message": "You do not have permission to access the File abc or it may not exist."},
         FailureClass.INVALID_REQUEST, None),
        (403, {"status": "PERMISSION_DENIED", "message": "The caller does not have permission"},
         FailureClass.PERMISSION, None),
        (400, {"status": "INVALID_ARGUMENT", "details": "x", "message": "Bad"},
         FailureClass.INVALID_REQUEST, None),
    ],
)  # fmt: skip
def test_google_errors_say_more_in_their_details(
    status: int, error: JsonObject, expected: FailureClass, wait: float | None
) -> None:
    """One sentence stands for a quota of a minute and for one of a day."""
    for body in ({"error": {"code": status, **error}}, [{"error": {"code": status, **error}}]):
        failure = FORMATS["gemini"].decode_failure(
            head_of("application/json", status), json.dumps(body).encode()
        )

        assert (failure.failure_class, failure.retry_after) == (expected, wait)
        assert f"(HTTP {status}" in failure.message


@pytest.mark.parametrize(
    "message",
    [
        "Function calling with a response mime type: 'application/json' is unsupported",
        "Thinking level is not supported for this model.",
        "Budget 0 is invalid. This model only works in thinking mode.",
        "Penalty is not enabled for this model",
        "Image input modality is not enabled for models/gemma-3-1b-it",
    ],
)
def test_google_model_that_cannot_is_told_from_a_wrong_request(message: str) -> None:
    """Another model may well do it."""
    body = json.dumps({"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": message}})

    failure = FORMATS["gemini"].decode_failure(head_of("application/json", 400), body.encode())

    assert failure.failure_class is FailureClass.CAPABILITY_MISMATCH


def test_google_limit_inside_an_answer_is_told_by_its_name(
    make_call: MakeCall, wording: Wording
) -> None:
    """Without a status of its own, and before any content: the next attempt starts at once."""
    details = [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProject"}]}]
    chunk = {"error": {"status": "RESOURCE_EXHAUSTED", "details": details}}

    failure = failed("gemini", make_call(), streamed("gemini", chunk))

    assert failure.failure_class is FailureClass.QUOTA_EXHAUSTED
    wording(failure.message)


def test_google_header_beats_the_details() -> None:
    """It is what proxies in between go by."""
    head = head_of("application/json", 429, **{"retry-after": "2"})
    body = json.dumps({"error": {"code": 429, "details": [{"retryDelay": "9s"}]}}).encode()

    assert FORMATS["gemini"].decode_failure(head, body).retry_after == 2.0


# ---- Cohere -------------------------------------------------------------------------------------

START: JsonObject = {"type": "message-start", "id": "c-1", "delta": {"message": {}}}


def cohere_end(reason: str, **delta: object) -> JsonObject:
    """Return the last event of a stream of Cohere's."""
    return {"type": "message-end", "delta": {"finish_reason": reason, **delta}}


def cohere_text(text: str) -> JsonObject:
    """Return a piece of text."""
    return {"type": "content-delta", "delta": {"message": {"content": {"text": text}}}}


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (cohere_end("ERROR", error="streaming error"), FailureClass.SERVER_ERROR),
        (cohere_end("ERROR", error_type="INVALID_TOOL_GENERATION"), FailureClass.BAD_ANSWER),
        (cohere_end("TIMEOUT"), FailureClass.SERVER_ERROR),
        ({"type": "message-end", "delta": {}}, FailureClass.TRUNCATED),
        ({"message": "too many tokens"}, FailureClass.CONTEXT_LENGTH),
        ({"type": "tool-call-delta", "delta": {"message": {"tool_calls": {
            "function": {"arguments": "{}"}}}}}, FailureClass.SERVER_ERROR),
    ],
)  # fmt: skip
def test_cohere_answers_that_are_none(
    make_call: MakeCall, last: JsonObject, expected: FailureClass
) -> None:
    """The last event tells; an event without a type is an error."""
    body = streamed("cohere", START, cohere_text("Hi"), last)

    assert failed("cohere", make_call(), body).failure_class is expected


def test_cohere_answer_without_content(make_call: MakeCall) -> None:
    """Filtered, cut short, or simply nothing."""
    toxic = streamed("cohere", START, cohere_end("ERROR_TOXIC"))
    short = streamed("cohere", START, cohere_end("MAX_TOKENS"))
    empty = streamed("cohere", START, cohere_end("COMPLETE"))

    assert failed("cohere", make_call(), toxic).failure_class is FailureClass.CONTENT_FILTERED
    assert read("cohere", make_call(), short)[-1] == Finished(
        reason=FinishReason.LENGTH, response_id="c-1"
    )
    assert failed("cohere", make_call(), empty).failure_class is FailureClass.BAD_ANSWER


def test_cohere_pictures_are_part_of_the_prompt(make_call: MakeCall) -> None:
    """They are billed as input, and counted beside it."""
    usage = {
        "billed_units": {"input_tokens": 267, "output_tokens": 52},
        "tokens": {"input_tokens": 34, "image_tokens": 259, "output_tokens": 56},
        "cached_tokens": 400,
    }
    body = streamed("cohere", START, cohere_text("Hi"), cohere_end("COMPLETE", usage=usage))

    assert read("cohere", make_call(), body)[-2] == UsageCounted(
        usage=Usage(input_tokens=293, output_tokens=56, cached_input_tokens=293)
    )


def test_cohere_body_that_is_an_error(make_call: MakeCall) -> None:
    """Its `message` is a text then."""
    body = json.dumps({"id": "1", "message": "internal server error"}).encode()

    assert failed("cohere", make_call(), body, streaming=False).failure_class is (
        FailureClass.SERVER_ERROR
    )


# ---- Ollama -------------------------------------------------------------------------------------


def test_ollama_calls_come_whole(make_call: MakeCall) -> None:
    """Several in one line or in several lines, with the server's id or one of ours."""
    lines: Iterable[JsonObject] = (
        {"model": "m", "message": {"tool_calls": [
            {"id": "x", "function": {"name": "a", "arguments": {"b": 1}}},
            {"function": {"name": "c"}}]}, "done": False},
        {"model": "m", "message": {"tool_calls": [{"function": {"name": "d"}}]}, "done": False},
        {"model": "m", "message": {"content": ""}, "done": True, "done_reason": "stop"},
    )  # fmt: skip

    events = read("ollama", make_call(), streamed("ollama", *lines))

    assert events == [
        Started(model_version="m"),
        ToolCallDelta(index=0, call_id="x", name="a", arguments_json='{"b":1}'),
        ToolCallDelta(index=1, call_id="call-1", name="c", arguments_json="{}"),
        ToolCallDelta(index=2, call_id="call-2", name="d", arguments_json="{}"),
        Finished(reason=FinishReason.TOOL_CALLS, model_version="m"),
    ]


def test_ollama_log_probabilities_are_read_where_they_were_asked_for(make_call: MakeCall) -> None:
    """A server may send them unasked."""
    line = {
        "message": {"content": "Hi"},
        "logprobs": [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105]}],
        "done": True,
    }
    token = TokenLogprob(token="Hi", logprob=-0.5, token_bytes=b"Hi")

    asked = read("ollama", make_call(logprobs=0), streamed("ollama", line))
    unasked = read("ollama", make_call(), streamed("ollama", line))

    assert asked[1] == TextDelta(text="Hi", logprobs=(token,))
    assert unasked[1] == TextDelta(text="Hi")


NO_CALL: JsonObject = {}
BROKEN_LINES: Sequence[tuple[Any, FailureClass]] = [
    ({"error": "an error was encountered while running the model"}, FailureClass.SERVER_ERROR),
    ({"message": {"content": ""}, "done": True, "done_reason": "load"},
     FailureClass.BAD_ANSWER),
    ({"message": {"content": "x"}, "done": False}, FailureClass.TRUNCATED),
    ({"message": {"tool_calls": [{"function": NO_CALL}]}, "done": True}, FailureClass.SERVER_ERROR),
    (7, FailureClass.SERVER_ERROR),
]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), BROKEN_LINES)
def test_ollama_answers_that_are_none(
    make_call: MakeCall, line: JsonObject, expected: FailureClass
) -> None:
    """A model that was only loaded has not answered."""
    assert failed("ollama", make_call(), streamed("ollama", line)).failure_class is expected


# ---- all ----------------------------------------------------------------------------------------

WHOLE: Mapping[str, JsonObject] = {
    "gemini": said({"text": "Hi"}),
    "cohere": {
        "message": {"content": [{"type": "text", "text": "Hi"}]},
        "finish_reason": "COMPLETE",
    },
    "ollama": {"message": {"content": "Hi"}, "done": True, "done_reason": "stop"},
}
ALL = pytest.mark.parametrize("vendor", FORMATS)


@ALL
def test_answer_that_is_no_json_is_refused_where_json_was_promised(
    make_call: MakeCall, vendor: str
) -> None:
    """The caller will parse it."""
    call = make_call(response_format=JsonObjectFormat())
    body = json.dumps(WHOLE[vendor]).encode()

    assert failed(vendor, call, body, streaming=False).failure_class is FailureClass.BAD_ANSWER
    sound = body.replace(b"Hi", rb"{\"a\": 1}")
    assert isinstance(read(vendor, call, sound, streaming=False)[-1], Finished)


@ALL
def test_web_page_is_no_answer(make_call: MakeCall, vendor: str) -> None:
    """Portals in front of a network answer everything with one."""
    decoder = FORMATS[vendor].decoder(make_call(streaming=True), head_of("text/html"))

    assert decoder.feed(b"<html>") == []
    assert decoder.failure is not None
    assert decoder.failure.failure_class is FailureClass.SERVER_ERROR


@ALL
def test_stream_without_an_end_is_broken_off(
    make_call: MakeCall, vendor: str, wording: Wording
) -> None:
    """Neither one endless piece nor endlessly many may fill the memory."""
    call = make_call(streaming=True)
    endless = FORMATS[vendor].decoder(call, head_of(STREAM_TYPES[vendor]))
    many = FORMATS[vendor].decoder(call, head_of(STREAM_TYPES[vendor]))
    block = b"data: " + b"x" * 2**20
    ping = b"%s%s\n" % (b"" if vendor == "ollama" else b": ", b" " * 2**20)

    for _ in range(17):
        endless.feed(block)
    for _ in range(70):
        many.feed(ping)
        if many.failure is not None:
            break

    assert endless.failure is not None
    assert many.failure is not None
    assert endless.failure.failure_class is FailureClass.SERVER_ERROR
    assert many.failure.failure_class is FailureClass.SERVER_ERROR
    wording(many.failure.message)


@ALL
def test_nothing_is_read_after_the_end(make_call: MakeCall, vendor: str) -> None:
    """A terminator ends the answer; Google has none, and goes on until it ends the stream."""
    if vendor == "gemini":
        return
    last = cohere_end("COMPLETE") if vendor == "cohere" else WHOLE["ollama"]
    decoder = FORMATS[vendor].decoder(make_call(streaming=True), head_of(STREAM_TYPES[vendor]))
    events = decoder.feed(streamed(vendor, START, cohere_text("Hi"), last))

    assert isinstance(events[-1], Finished) == (vendor == "cohere" or len(events) > 1)
    assert decoder.feed(b"data: nonsense\n\n") == []
    assert decoder.end() == []


KEYS = st.sampled_from([
    "args", "arguments", "candidates", "content", "delta", "done", "error", "finishReason",
    "finish_reason", "function", "functionCall", "id", "index", "inlineData", "jsonPath",
    "logprobs",
    "logprobsResult", "message", "name", "partialArgs", "parts", "promptFeedback", "text",
    "thinking", "thought", "thoughtSignature", "tokens", "tool_calls", "tool_plan", "type", "usage",
    "usageMetadata", "willContinue",
])  # fmt: skip
WORDS = st.sampled_from([
    "STOP", "COMPLETE", "TOOL_CALL", "message-start", "message-end", "content-delta", "$.a[0].b",
    "$", "text", "",
])  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@ALL
@given(data=st.data())
def test_no_shape_breaks_a_decoder(make_call: MakeCall, vendor: str, data: st.DataObject) -> None:
    """An answer is a stranger's text: whatever it holds, an end or a failure comes out."""
    pieces: list[Any] = data.draw(st.lists(VALUES, max_size=4))
    call = make_call(streaming=True, logprobs=1)
    bodies = [
        (streamed(vendor, *pieces), STREAM_TYPES[vendor]),
        (json.dumps(pieces[0] if pieces else None).encode(), "application/json"),
    ]

    for body, content_type in bodies:
        decoder = FORMATS[vendor].decoder(call, head_of(content_type))
        events = decoder.feed(body)
        with contextlib.suppress(AttemptFailedError):
            events += decoder.end()
            assert isinstance(events[-1], Finished)


@ALL
def test_end_of_an_unknown_shape_is_no_end(make_call: MakeCall, vendor: str) -> None:
    """Not only what comes before the end may be of any shape."""
    body = json.dumps(WHOLE[vendor]).encode()
    for word in (b"STOP", b"COMPLETE", b"stop"):
        body = body.replace(b'"%s"' % word, b'{"a": 1}')

    failure = failed(vendor, make_call(), body, streaming=False)

    assert failure.failure_class is FailureClass.SERVER_ERROR


@ALL
@given(body=st.binary(max_size=300), cut=st.integers(min_value=0, max_value=300))
def test_no_bytes_break_a_decoder(make_call: MakeCall, vendor: str, body: bytes, cut: int) -> None:
    """Nor do bytes that are no JSON, and splitting them changes nothing."""
    outcomes: list[object] = []
    for pieces in ([body], [body[:cut], body[cut:]], [body[i : i + 1] for i in range(len(body))]):
        decoder = FORMATS[vendor].decoder(make_call(streaming=True), head_of(STREAM_TYPES[vendor]))
        events = [event for piece in pieces for event in decoder.feed(piece)]
        try:
            outcomes.append((events, decoder.end()))
        except AttemptFailedError as error:
            outcomes.append((events, error.failure))

    assert outcomes[0] == outcomes[1] == outcomes[2]


@given(
    lines=st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b""))), end=st.booleans()
)
def test_lines_are_what_stands_between_line_ends(lines: list[bytes], *, end: bool) -> None:
    """However they arrive; what no line end has closed is not a line."""
    data = b"".join(line + b"\n" for line in lines) + (b"" if end else b"rest")
    splitter = LineSplitter()

    found = [line for i in range(len(data)) for line in splitter.feed(data[i : i + 1])]

    assert found == [line.strip() for line in lines if line.strip()]
    assert LineSplitter().feed(data) == found


def test_line_without_an_end_is_refused() -> None:
    """It would fill the memory."""
    splitter = LineSplitter(max_line_bytes=8)

    assert splitter.feed(b"12345678") == []
    with pytest.raises(EventTooLargeError):
        splitter.feed(b"9")


def test_lines_that_are_no_fields_are_kept_apart() -> None:
    """Google writes errors so; the standard passes over them."""
    decoder = SseDecoder()

    events = decoder.feed(b': ping\nid: 1\nretry: 2\ndata: x\n\n{\n"error": {}\n}')

    assert [event.data for event in events] == [b"x"]
    assert decoder.foreign == b'{\n"error": {}\n'
    assert decoder.unfinished == b"}"


@pytest.mark.parametrize(
    ("data", "unfinished"),
    [
        (b"data: x\r\n\r\n", None),
        (b"data: x\r\n\r", b""),
        (b"data: x\r\n", b"x"),
        (b"data: x\r\r", None),
        (b"data: x\n\n: ping", b": ping"),
        (b"data: x\n\n", None),
    ],
)
def test_event_that_has_not_ended_is_seen(data: bytes, unfinished: bytes | None) -> None:
    """Where a stream has no terminator, it is all that tells a cut from an end."""
    whole, bytewise = SseDecoder(), SseDecoder()

    whole.feed(data)
    for at in range(len(data)):
        bytewise.feed(data[at : at + 1])

    assert whole.unfinished == bytewise.unfinished == unfinished
