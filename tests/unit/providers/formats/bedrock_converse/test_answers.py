"""What no recording shows of Bedrock's Converse."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.providers.conftest import make_call_
from tests.unit.providers.formats.claude_bodies import (
    CONVERSE,
    converse,
    delta,
    failure_class,
    head,
    read,
)
from tests.unit.providers.formats.claude_frames import EVENT_STREAM, event_frame, frame

from routersvc.domain.conversation.answers import Finished, Started
from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.citations import Citation
from routersvc.domain.conversation.deltas import (
    CitationDelta,
    HostedDelta,
    MediaDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.hosted_activities import HostedActivity
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError

if TYPE_CHECKING:
    pass

JsonObject = dict[str, Any]


def test_every_kind_of_converse_block_is_read() -> None:
    """What only the vendor understands is kept for the way back, whole."""
    server: JsonObject = {
        "toolUse": {"toolUseId": "s", "name": "grounding", "input": {}, "type": "server_tool_use"}
    }
    events = read(
        CONVERSE,
        "application/json",
        converse(
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
            {"reasoningContent": {"redactedContent": base64.b64encode(b"\x00\x01").decode()}},
            server,
            {"citationsContent": {"content": [{"text": "Hi"}], "citations": []}},
            {"image": {"format": "png", "source": {"bytes": base64.b64encode(b"png").decode()}}},
            {"toolUse": {"toolUseId": "1", "name": "f", "input": {"a": 1}}},
            usage={
                "inputTokens": 3,
                "outputTokens": 11,
                "totalTokens": 26,
                "cacheReadInputTokens": 5,
                "cacheWriteInputTokens": 7,
            },
        ),
    )

    assert events == [
        Started(),
        ThoughtDelta(text="hm"),
        ThoughtDelta(signature=b"sig"),
        ThoughtDelta(encrypted=b"\x00\x01"),
        HostedDelta(
            activity=HostedActivity(
                tool="grounding",
                activity_id="s",
                proof=json.dumps(server, separators=(",", ":")).encode(),
            )
        ),
        TextDelta(text="Hi"),
        MediaDelta(modality=Modality.IMAGE, media_type="image/png", data=b"png"),
        ToolCallDelta(index=0, call_id="1", name="f"),
        ToolCallDelta(index=0, arguments_json='{"a":1}'),
        UsageCounted(
            usage=Usage(
                input_tokens=15, output_tokens=11, cached_input_tokens=5, cache_write_tokens=7
            )
        ),
        Finished(reason=FinishReason.TOOL_CALLS),
    ]


def test_cached_tokens_are_counted_once() -> None:
    """Where the vendor's sum says that they are among the input, they are not added again."""
    usage = {"inputTokens": 9, "outputTokens": 1, "totalTokens": 10, "cacheReadInputTokens": 5}

    answer = collect(read(CONVERSE, "application/json", converse({"text": "Hi"}, usage=usage)))

    assert answer.usage == Usage(input_tokens=9, output_tokens=1, cached_input_tokens=5)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", FinishReason.STOP),
        ("stop_sequence", FinishReason.STOP),
        ("max_tokens", FinishReason.LENGTH),
        ("model_context_window_exceeded", FinishReason.LENGTH),
        ("guardrail_intervened", FinishReason.CONTENT_FILTER),
        ("content_filtered", FinishReason.CONTENT_FILTER),
        ("something_new", FinishReason.OTHER),
    ],
)
def test_converse_ends_are_told_apart(word: str, reason: FinishReason) -> None:
    """A word that is new must not fail an answer."""
    finished = read(CONVERSE, "application/json", converse({"text": "Hi"}, reason=word))[-1]

    assert isinstance(finished, Finished)
    assert finished.reason is reason


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (converse(reason="malformed_tool_use"), FailureClass.BAD_ANSWER),
        (converse(reason="malformed_model_output"), FailureClass.BAD_ANSWER),
        (converse(reason="content_filtered"), FailureClass.CONTENT_FILTERED),
        (converse(), FailureClass.BAD_ANSWER),
        (b'{"message": "?"}', FailureClass.SERVER_ERROR),
        (converse({"text": 5}), FailureClass.SERVER_ERROR),
        (
            converse({"reasoningContent": {"redactedContent": "no base64"}}),
            FailureClass.SERVER_ERROR,
        ),
    ],
)
def test_converse_bodies_that_are_no_answers_fail(body: bytes, failure: FailureClass) -> None:
    """Each in its own way."""
    assert failure_class(CONVERSE, "application/json", body) is failure


def test_converse_stream_is_put_together() -> None:
    """Tools of the vendor's, pictures and calls announce their blocks, text and thoughts do not."""
    server = {"toolUseId": "s", "name": "code", "type": "server_tool_use"}
    body = b"".join(
        event_frame(name, payload)
        for name, payload in [
            ("messageStart", {"role": "assistant"}),
            delta(0, {"reasoningContent": {"text": "hm"}}),
            delta(0, {"reasoningContent": {"signature": "sig"}}),
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": server}}),
            delta(1, {"toolUse": {"input": '{"x":1}'}}),
            ("contentBlockStop", {"contentBlockIndex": 1}),
            (
                "contentBlockStart",
                {"contentBlockIndex": 2, "start": {"toolResult": {"toolUseId": "s"}}},
            ),
            delta(2, {"toolResult": [{"text": "2"}]}),
            ("contentBlockStop", {"contentBlockIndex": 2}),
            ("contentBlockStart", {"contentBlockIndex": 3, "start": {"image": {"format": "png"}}}),
            delta(3, {"image": {"source": {"bytes": "cG5n"}}}),
            ("contentBlockStop", {"contentBlockIndex": 3}),
            delta(4, {"text": "Hi"}),
            delta(4, {"citation": {"title": "t"}}),
            ("contentBlockStop", {"contentBlockIndex": 4}),
            (
                "contentBlockStart",
                {"contentBlockIndex": 5, "start": {"toolUse": {"toolUseId": "1", "name": "f"}}},
            ),
            ("somethingNew", {}),
            ("messageStop", {"stopReason": "tool_use"}),
            ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}}),
        ]
    )

    events = read(CONVERSE, EVENT_STREAM, body)

    assert events == [
        Started(),
        ThoughtDelta(text="hm"),
        ThoughtDelta(signature=b"sig"),
        HostedDelta(
            activity=HostedActivity(
                tool="code",
                activity_id="s",
                input_json='{"x":1}',
                proof=b'{"toolUse":{"toolUseId":"s","name":"code","type":"server_tool_use",'
                b'"input":{"x":1}}}',
            )
        ),
        HostedDelta(
            activity=HostedActivity(
                tool="code",
                activity_id="s",
                output="2",
                proof=b'{"toolResult":{"toolUseId":"s","content":[{"text":"2"}]}}',
            )
        ),
        MediaDelta(modality=Modality.IMAGE, media_type="image/png", data=b"png"),
        TextDelta(text="Hi"),
        CitationDelta(citation=Citation(start=0, end=2, title="t")),
        ToolCallDelta(index=0, call_id="1", name="f"),
        UsageCounted(usage=Usage(input_tokens=1, output_tokens=2)),
        ToolCallDelta(index=0, arguments_json="{}"),
        Finished(reason=FinishReason.TOOL_CALLS),
    ]


def test_request_id_identifies_a_converse_answer() -> None:
    """The vendor's support asks for it."""
    decoder = CONVERSE.decoder(make_call_(), head("application/json", x_amzn_requestid="r-1"))
    decoder.feed(converse({"text": "Hi"}))

    assert decoder.end()[0] == Started(response_id="r-1")


@pytest.mark.parametrize(
    ("kind", "name_header", "name", "failure"),
    [
        ("exception", ":exception-type", "throttlingException", FailureClass.RATE_LIMITED),
        ("exception", ":exception-type", "serviceUnavailableException", FailureClass.OVERLOADED),
        ("exception", ":exception-type", "internalServerException", FailureClass.SERVER_ERROR),
        ("exception", ":exception-type", "modelStreamErrorException", FailureClass.SERVER_ERROR),
        ("exception", ":exception-type", "validationException", FailureClass.INVALID_REQUEST),
        ("error", ":error-code", "InternalFailure", FailureClass.SERVER_ERROR),
    ],
)
def test_exceptions_in_a_stream_are_told_apart(
    kind: str, name_header: str, name: str, failure: FailureClass
) -> None:
    """The status was 200 long ago."""
    body = event_frame("messageStart", {"role": "assistant"}) + frame(
        {name_header: name, ":message-type": kind}, b'{"message": "?"}'
    )

    assert failure_class(CONVERSE, EVENT_STREAM, body) is failure


@pytest.mark.parametrize("where", [3, 9, 20, -2])
def test_broken_message_is_noticed_and_ends_the_reading(where: int) -> None:
    """Its checksums say so; what came before it counts, what comes after it does not."""
    good = event_frame(*delta(0, {"text": "Hi"}))
    broken = bytearray(good)
    broken[where] ^= 0xFF
    decoder = CONVERSE.decoder(make_call_(streaming=True), head(EVENT_STREAM))

    events = decoder.feed(good + bytes(broken) + good * 3)

    assert events == [Started(), TextDelta(text="Hi")]
    with pytest.raises(AttemptFailedError):
        decoder.end()


def test_message_that_announces_too_much_is_refused_at_once() -> None:
    """A frame of 4 GiB is not awaited."""
    prelude = struct.pack("!II", 0xFFFF_FFF0, 16)
    decoder = CONVERSE.decoder(make_call_(streaming=True), head(EVENT_STREAM))

    decoder.feed(prelude + struct.pack("!I", zlib.crc32(prelude)))

    assert decoder.failure is not None
