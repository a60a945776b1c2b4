"""Cohere's chat (v2), as its servers implement it: unary bodies and named events.

Order and keys are those of recorded traffic of 2025 and 2026: `message-start`, content with its
start and end, calls with theirs after a plan, `message-end` with finish reason and
usage, `[DONE]`. No answer reports its model. Reasoning is counted and not returned.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import orjson

from routersvc.simulator.answers.completions import Answer, CompletionRequest, Finish
from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.answers.tools import ToolCall
from routersvc.simulator.faults.effects import ContentFilter, DuplicatedModel, Effect, WrongModel
from routersvc.simulator.formats.cohere.errors import ERRORS, ID
from routersvc.simulator.formats.cohere.requests import read_request
from routersvc.simulator.formats.operations import Completion
from routersvc.simulator.formats.replies import Headers, Headroom, Identity, StreamScript
from routersvc.simulator.formats.sse_frames import data_event, grouped, named_event
from routersvc.simulator.formats.wire_format import Json, WireFormat


class CohereChatFormat(WireFormat):
    """The chat format of one provider; `seed` makes its ids unique."""

    stream_content_type = "text/event-stream"
    completion_path = ("v2", "chat")
    errors = ERRORS

    def __init__(self, models: tuple[SimulatedModel, ...], seed: int) -> None:
        super().__init__(models)
        self._space = uuid.uuid5(uuid.NAMESPACE_OID, f"cohere {seed}")

    def shows(self, effect: Effect, request: CompletionRequest) -> bool:  # noqa: ARG002 - of any request
        """Return whether a fault can be seen: no answer names its model, or a filter."""
        return not isinstance(effect, ContentFilter | DuplicatedModel | WrongModel)

    def read(self, completion: Completion, body: bytes) -> CompletionRequest:  # noqa: ARG002 - not needed
        """Return the parsed request body.

        Raises:
            RefusedError: Cohere would not accept it.
        """
        return read_request(body, self._offer)

    def unary(self, answer: Answer, request: CompletionRequest) -> bytes:  # noqa: ARG002 - not needed
        """Return the unsigned body of a unary answer."""
        message: Json = {"role": "assistant"}
        if answer.tool_calls:
            message["tool_plan"] = _plan(answer)
            message["tool_calls"] = [
                _call(call, "".join(call.pieces)) for call in answer.tool_calls
            ]
        else:
            message["content"] = [{"type": "text", "text": answer.text}] if answer.pieces else []
        body = {"message": message, "finish_reason": _finish(answer), "usage": _usage(answer)}
        return b'{"id":"%s",%s' % (ID, orjson.dumps(body)[1:])

    def stream(
        self,
        answer: Answer,
        request: CompletionRequest,  # noqa: ARG002 - not needed
        tokens_per_chunk: int,
    ) -> StreamScript:
        """Return the unsigned frames of a streamed answer."""
        empty: Json = {
            "role": "assistant",
            "content": [],
            "tool_plan": "",
            "tool_calls": [],
            "citations": [],
        }
        opening = named_event(
            "message-start",
            b'{"id":"%s","type":"message-start","delta":%s}'
            % (ID, orjson.dumps({"message": empty})),
        )
        contents: list[tuple[bytes, int]] = []
        closing = b""
        if answer.pieces:
            opening += _event("content-start", 0, {"content": {"type": "text", "text": ""}})
            for group in grouped(answer.pieces, tokens_per_chunk):
                delta = _event("content-delta", 0, {"content": {"text": "".join(group)}})
                contents.append((delta, len(group)))
            closing = _event("content-end", 0)
        if answer.tool_calls:
            opening += _event("tool-plan-delta", None, {"tool_plan": _plan(answer)})
        for index, call in enumerate(answer.tool_calls):
            started = _event("tool-call-start", index, {"tool_calls": _call(call, "")})
            contents.append((closing + started, 0))
            for group in grouped(call.pieces, tokens_per_chunk):
                arguments = {"function": {"arguments": "".join(group)}}
                delta = _event("tool-call-delta", index, {"tool_calls": arguments})
                contents.append((delta, len(group)))
            closing = _event("tool-call-end", index)
        ended = {
            "type": "message-end",
            "delta": {"finish_reason": _finish(answer), "usage": _usage(answer)},
        }
        return StreamScript(
            opening=opening,
            contents=tuple(contents),
            closing=closing + named_event("message-end", orjson.dumps(ended)),
            terminator=data_event(b"[DONE]"),
            keep_alive=b"",
        )

    def sign(self, data: bytes, identity: Identity) -> bytes:
        """Put the id into an answer."""
        return data.replace(ID, str(uuid.uuid5(self._space, str(identity.serial))).encode())

    def headers(
        self,
        identity: Identity,
        headroom: Headroom,
        processing: float,
        status: int,  # noqa: ARG002 - the same for all
    ) -> Headers:
        """Return the headers of every answer to a trial key."""
        trace = uuid.uuid5(self._space, f"trace {identity.serial}").hex
        return (
            (
                "cache-control",
                "no-cache, no-store, no-transform, must-revalidate, private, max-age=0",
            ),
            ("server", "envoy"),
            ("x-debug-trace-id", trace),
            ("x-trial-endpoint-call-limit", str(headroom.limit_requests)),
            ("x-trial-endpoint-call-remaining", str(headroom.remaining_requests)),
            ("x-envoy-upstream-service-time", str(round(processing * 1000))),
        )

    def _card(self, model: SimulatedModel) -> Json:
        """Return the description of one model."""
        return {
            "name": model.id,
            "endpoints": ["chat"],
            "finetuned": False,
            "context_length": model.context_window,
            "default_endpoints": [],
        }

    def _listed(self, cards: Sequence[Json]) -> Json:
        """Return the model list."""
        return {"models": cards}


def _event(kind: str, index: int | None, message: Mapping[str, object] | None = None) -> bytes:
    event: Json = {"type": kind}
    if index is not None:
        event["index"] = index
    if message is not None:
        event["delta"] = {"message": message}
    return named_event(kind, orjson.dumps(event))


def _plan(answer: Answer) -> str:
    names = ", ".join(dict.fromkeys(call.name for call in answer.tool_calls))
    return f"I will use {names} to answer."


def _call(call: ToolCall, arguments: str) -> Json:
    return {
        "id": f"{call.name}_{call.id.removeprefix('call_')[:12].lower()}",
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _finish(answer: Answer) -> str:
    match answer.finish:
        case Finish.LENGTH:
            return "MAX_TOKENS"
        case Finish.CONTENT_FILTER:
            raise AssertionError("Cohere has no finish reason for a content filter")
        case Finish.STOP | Finish.TOOL_CALLS:
            if answer.tool_calls:
                return "TOOL_CALL"
            return "COMPLETE" if answer.stopped_by is None else "STOP_SEQUENCE"


def _usage(answer: Answer) -> Json:
    usage = answer.usage
    tokens: Json = {
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
    }
    if usage.reasoning_tokens:
        tokens["reasoning_tokens"] = usage.reasoning_tokens
    return {
        "billed_units": {
            "input_tokens": usage.prompt_tokens,
            "output_tokens": usage.completion_tokens,
        },
        "tokens": tokens,
        "cached_tokens": 0,
    }
