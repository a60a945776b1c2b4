"""Converts answers, complete or streamed.

`stream_responses` is the hot path: it runs once for everything that arrived together, and merges
what can share a message, because a message costs far more than a token.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from llmrouter.v1 import prompt_pb2, stream_pb2
from llmrouter.v1.router_service_pb2 import CompleteResponse, StreamCompleteResponse
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import (
    CitationDelta,
    HostedDelta,
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.parts import (
    AudioPart,
    FilePart,
    HostedPart,
    ImagePart,
    Part,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.usage import UsageCounted
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.engine.call_events import CallEvent, Completion, Recovered, RouteSelected
from routersvc.grpc_api.outbound import enums as enums_out
from routersvc.grpc_api.outbound.citations import write_citation
from routersvc.grpc_api.outbound.hosted_activities import write_activity
from routersvc.grpc_api.outbound.reports import write_report, write_usage


def completion_of(completion: Completion) -> CompleteResponse:
    """Return a complete answer."""
    response = CompleteResponse()
    response.message.role = prompt_pb2.ROLE_ASSISTANT
    for part in completion.parts:
        _write_part(part, response.message.parts.add())
    response.finish_reason = enums_out.FINISH_REASONS[completion.finish.reason]
    response.stop_sequence = completion.finish.stop_sequence
    write_usage(completion.usage, response.usage)
    if completion.logprobs:
        response.logprobs.extend(_logprobs(completion.logprobs))
    write_report(completion.report, response.report)
    return response


def stream_responses(
    events: Sequence[CallEvent], report: RouteReport | None = None
) -> Iterator[StreamCompleteResponse]:
    """Yield the messages for events that arrived together; adjacent events of one kind share one.

    `report` is the final one and belongs to `Finished`.
    """
    response = StreamCompleteResponse()
    is_begun = False
    last: CallEvent | None = None
    for event in events:
        if is_begun and not _joins(event, last):
            yield response
            response = StreamCompleteResponse()
        is_begun = True
        last = event
        _write(event, response, report)
    if is_begun:
        yield response


def _joins(event: CallEvent, last: CallEvent | None) -> bool:
    """Whether an event can share the message of the one before it."""
    match event:
        case TextDelta():
            return isinstance(last, TextDelta) and last.phase == event.phase
        case RefusalDelta():
            return isinstance(last, RefusalDelta)
        case ThoughtDelta():
            # A signature or encrypted reasoning ends a block; nothing may follow it in a message.
            return isinstance(last, ThoughtDelta) and not (last.signature or last.encrypted)
        case ToolCallDelta():
            return (
                isinstance(last, ToolCallDelta)
                and last.index == event.index
                and not (event.call_id or event.name or last.signature)
            )
        case _:
            return False


def _write(event: CallEvent, response: StreamCompleteResponse, report: RouteReport | None) -> None:
    match event:
        case TextDelta():
            content = response.content_delta
            content.text += event.text
            content.phase = event.phase
            if event.logprobs:
                content.logprobs.extend(_logprobs(event.logprobs))
        case ThoughtDelta():
            thought = response.reasoning_delta
            thought.text += event.text
            thought.signature = event.signature
            thought.encrypted = event.encrypted
            thought.maker = event.maker
        case ToolCallDelta():
            call = response.tool_call_delta
            call.index = event.index
            call.id += event.call_id
            call.name += event.name
            call.arguments_json += event.arguments_json
            call.signature = event.signature
            call.signature_maker = event.maker
        case RefusalDelta():
            response.refusal_delta.text += event.text
        case CitationDelta():
            write_citation(event.citation, response.citation_delta.citation)
        case HostedDelta():
            write_activity(event.activity, response.hosted_activity_delta.activity)
        case MediaDelta():
            _write_media(event, response.media_delta)
        case UsageCounted():
            write_usage(event.usage, response.usage)
        case RouteSelected():
            write_report(event.report, response.route_selected.report)
        case Recovered():
            recovered = response.recovered
            recovered.kind = enums_out.RECOVERY_KINDS[event.kind]
            recovered.kept_characters = event.kept_characters
            write_report(event.report, recovered.report)
        case Finished():
            finished = response.finished
            finished.finish_reason = enums_out.FINISH_REASONS[event.reason]
            finished.stop_sequence = event.stop_sequence
            if report is not None:
                write_report(report, finished.report)
        case _:
            assert_never(event)


def _write_media(event: MediaDelta, media: stream_pb2.MediaDelta) -> None:
    media.modality = enums_out.MODALITIES[event.modality]
    media.media_type = event.media_type
    media.data = event.data
    media.transcript = event.transcript
    media.index = event.index
    media.url = event.url


def _write_part(part: Part, into: prompt_pb2.Part) -> None:
    match part:
        case TextPart():
            into.text = part.text
            into.phase = part.phase
            for citation in part.citations:
                write_citation(citation, into.citations.add())
        case RefusalPart():
            into.refusal = part.text
        case ThoughtPart():
            into.reasoning.text = part.text
            into.reasoning.signature = part.signature
            into.reasoning.encrypted = part.encrypted
            into.reasoning.maker = part.maker
        case ToolCall():
            into.tool_call.id = part.call_id
            into.tool_call.name = part.name
            into.tool_call.arguments_json = part.arguments_json
            into.tool_call.signature = part.signature
            into.tool_call.signature_maker = part.maker
        case ImagePart():
            into.image.media_type = part.media_type
            if part.url is not None:
                into.image.url = part.url
            else:
                into.image.data = part.data or b""
        case AudioPart():
            into.audio.data = part.data
            into.audio.media_type = part.media_type
            into.audio.transcript = part.transcript
        case HostedPart():
            write_activity(part.activity, into.hosted_activity)
        case FilePart() | ToolResult():
            raise ValueError("no model answers with a document or with the result of a tool")
        case _:
            assert_never(part)


def _logprobs(logprobs: Iterable[TokenLogprob]) -> list[stream_pb2.TokenLogprob]:
    return [
        stream_pb2.TokenLogprob(
            token=logprob.token,
            logprob=logprob.logprob,
            token_bytes=logprob.token_bytes,
            alternatives=[
                stream_pb2.TokenLogprob.Alternative(
                    token=alternative.token,
                    logprob=alternative.logprob,
                    token_bytes=alternative.token_bytes,
                )
                for alternative in logprob.alternatives
            ],
        )
        for logprob in logprobs
    ]
