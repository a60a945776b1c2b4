"""Cohere's chat (v2), as its servers speak it: unary bodies and named events.

Order and keys are those of recorded traffic of 2025 and 2026: `message-start`, content with its
start and end, calls with theirs after a plan, `message-end` with finish reason and
usage, `[DONE]`. No answer names its model. Thinking is counted and not shown.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import orjson

from routersvc.simulator.formats.cohere.errors import (
    ID,
    error_answer,
    error_event,
    refusal,
    unauthorised,
    unknown_model,
)
from routersvc.simulator.formats.cohere.requests import read_request
from routersvc.simulator.formats.sse_frames import broken_event, data_event, grouped, named_event
from routersvc.simulator.formats.wire_format import (
    Complaint,
    Completion,
    Headroom,
    HttpAnswer,
    Identity,
    ModelCard,
    ModelList,
    Offer,
    Operation,
    RequestHead,
    StreamScript,
    bearer_token,
)
from routersvc.simulator.words.completions import (
    Answer,
    CompletionRequest,
    Finish,
    SimulatedModel,
    ToolCall,
)
from routersvc.simulator.words.effects import ContentFilter, DuplicatedModel, Effect, WrongModel

Json = dict[str, object]


class CohereChatFormat:
    """The chat format of one provider; `seed` makes its ids its own."""

    base_path = ""
    stream_content_type = "text/event-stream"
    unary_content_type = "application/json"
    unary_keep_alive = b"\n"

    def __init__(self, models: tuple[SimulatedModel, ...], seed: int) -> None:
        self._offer = Offer.of(models)
        self._space = uuid.uuid5(uuid.NAMESPACE_OID, f"cohere {seed}")

    def operation(self, head: RequestHead) -> Operation:
        """Return what a request line asks for.

        Raises:
            RefusedError: nothing is there, with Cohere's 404.
        """
        match head.method, head.segments:
            case "POST", ("v2", "chat"):
                return Completion()
            case "GET", ("v1", "models"):
                return ModelList()
            case "GET", ("v1", "models", name):
                return ModelCard(model=name)
            case _:
                raise refusal("resource not found", status=404)

    def credential(self, head: RequestHead) -> str | None:
        """Return the bearer token of a request, if it has one."""
        return bearer_token(head)

    def unauthorised(self, credential: str | None) -> HttpAnswer:
        """Return Cohere's 401."""
        return unauthorised(credential)

    def admit(self, head: RequestHead) -> None:
        """Let every request in: Cohere asks for nothing beside the key."""

    def shows(self, effect: Effect, request: CompletionRequest) -> bool:  # noqa: ARG002 - of any request
        """Return whether a fault can be seen: no answer names its model, or a filter."""
        return not isinstance(effect, ContentFilter | DuplicatedModel | WrongModel)

    def read(self, completion: Completion, body: bytes) -> CompletionRequest:  # noqa: ARG002 - all is in the body
        """Return what a body asks for.

        Raises:
            RefusedError: Cohere would not accept it.
        """
        return read_request(body, self._offer)

    def models(self) -> bytes:
        """Return the body of the model list."""
        return orjson.dumps({"models": [_card(model) for model in self._offer.models]})

    def model(self, name: str) -> bytes:
        """Return the body that describes one model.

        Raises:
            RefusedError: there is no such model.
        """
        model = self._offer.by_name.get(name)
        if model is None:
            raise unknown_model(name)
        return orjson.dumps(_card(model))

    def refuse_schema(self, request: CompletionRequest, problem: str) -> HttpAnswer:
        """Return Cohere's answer to a schema that no instance can be made for."""
        place = "response_format" if request.json_schema is not None else "tools"
        return refusal(f"invalid request: {place}: invalid schema: {problem}").answer

    def unary(self, answer: Answer, request: CompletionRequest) -> bytes:  # noqa: ARG002 - all is in the answer
        """Return the unsigned body of a unary answer."""
        message: Json = {"role": "assistant"}
        if answer.tool_calls:
            message["tool_plan"] = _plan(answer)
            message["tool_calls"] = [
                _call(call, "".join(call.pieces)) for call in answer.tool_calls
            ]
        else:
            message["content"] = [{"type": "text", "text": answer.text}] if answer.pieces else []
        said = {"message": message, "finish_reason": _finish(answer), "usage": _usage(answer)}
        return b'{"id":"%s",%s' % (ID, orjson.dumps(said)[1:])

    def stream(
        self,
        answer: Answer,
        request: CompletionRequest,  # noqa: ARG002 - all is in the answer
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

    def error(self, complaint: Complaint) -> HttpAnswer:
        """Return the answer that says a problem."""
        return error_answer(complaint)

    def error_event(self, complaint: Complaint) -> bytes:
        """Return what says a problem inside a stream."""
        return error_event(complaint)

    def broken(self, frame: bytes) -> bytes:
        """Return the first event of a frame, its JSON ending in the middle."""
        return broken_event(frame)

    def headers(
        self,
        identity: Identity,
        headroom: Headroom,
        processing: float,
        status: int,  # noqa: ARG002 - the same for all
    ) -> tuple[tuple[str, str], ...]:
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


def _event(kind: str, index: int | None, message: Mapping[str, object] | None = None) -> bytes:
    said: Json = {"type": kind}
    if index is not None:
        said["index"] = index
    if message is not None:
        said["delta"] = {"message": message}
    return named_event(kind, orjson.dumps(said))


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


def _card(model: SimulatedModel) -> Json:
    return {
        "name": model.id,
        "endpoints": ["chat"],
        "finetuned": False,
        "context_length": model.context_window,
        "default_endpoints": [],
    }
