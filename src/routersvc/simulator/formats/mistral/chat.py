"""Mistral's chat completions, as its servers implement it: near OpenAI's, and not the same.

Order and keys are those of recorded traffic of 2025 and 2026: a role chunk, content with
padding (`p`), and a chunk with finish reason and usage, whether asked for or not; `[DONE]`.
A function is called in one piece, never streamed. Answers name the model as it was asked
for. Reasoning is counted and not returned.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping, Sequence

import orjson

from routersvc.simulator.answers.completions import Answer, CompletionRequest, Finish
from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.answers.tools import ToolCall
from routersvc.simulator.faults.effects import ContentFilter, Effect
from routersvc.simulator.formats.mistral.errors import ERRORS
from routersvc.simulator.formats.mistral.requests import read_request
from routersvc.simulator.formats.openai.chunks import model_keys
from routersvc.simulator.formats.operations import Completion
from routersvc.simulator.formats.replies import Headers, Headroom, Identity, StreamScript
from routersvc.simulator.formats.sse_frames import data_event, grouped
from routersvc.simulator.formats.wire_format import Json, WireFormat

# Placeholders of id and creation time; JSON escapes control characters, so they are unique.
_ID, _CREATED = b"\x00", b"\x01"
_PADDING = string.ascii_lowercase + string.digits
_CALL_ID_LENGTH = 9


class MistralChatFormat(WireFormat):
    """The chat completions format of one provider; `seed` makes its ids unique."""

    completion_path = ("v1", "chat", "completions")
    errors = ERRORS

    def __init__(self, models: tuple[SimulatedModel, ...], seed: int) -> None:
        super().__init__(models)
        digest = hashlib.sha256(b"mistral %d" % seed).hexdigest()
        self._prefix = digest[:24].encode()
        self._correlation = f"{digest[:8]}-{digest[8:12]}-772a-a526-{digest[12:16]}"

    def shows(self, effect: Effect, request: CompletionRequest) -> bool:  # noqa: ARG002 - of any request
        """Return whether a fault can be seen: there is no finish reason for a filter."""
        return not isinstance(effect, ContentFilter)

    def read(self, completion: Completion, body: bytes) -> CompletionRequest:  # noqa: ARG002 - not needed
        """Return the parsed request body.

        Raises:
            RefusedError: Mistral would not accept it.
        """
        return read_request(body, self._offer)

    def unary(self, answer: Answer, request: CompletionRequest) -> bytes:
        """Return the unsigned body of a unary answer."""
        message = {
            "role": "assistant",
            "tool_calls": _calls(answer) or None,
            "content": answer.text,
        }
        choice = {"index": 0, "finish_reason": _finish(answer), "message": message}
        return (
            b'{"id":"%s","created":%s,%s,"usage":%s,"object":"chat.completion","choices":[%s]}'
            % (
                _ID,
                _CREATED,
                _model(answer, request),
                orjson.dumps(_usage(answer)),
                orjson.dumps(choice),
            )
        )

    def stream(
        self, answer: Answer, request: CompletionRequest, tokens_per_chunk: int
    ) -> StreamScript:
        """Return the unsigned frames of a streamed answer."""
        head = b'{"id":"%s","object":"chat.completion.chunk","created":%s,%s' % (
            _ID,
            _CREATED,
            _model(answer, request),
        )
        contents: list[tuple[bytes, int]] = []
        for group in grouped(answer.pieces, tokens_per_chunk):
            frame = _chunk(head, {"content": "".join(group)}, padded=len(contents) + 1)
            contents.append((frame, len(group)))
        calls = _calls(answer)
        for call, entry in zip(answer.tool_calls, calls, strict=True):
            frame = _chunk(head, {"tool_calls": [entry]}, padded=len(contents) + 1)
            contents.append((frame, len(call.pieces)))
        usage = orjson.dumps(_usage(answer))
        return StreamScript(
            opening=_chunk(head, {"role": "assistant", "content": ""}),
            contents=tuple(contents),
            closing=_chunk(head, {"content": ""}, finish=_finish(answer), usage=usage),
            terminator=data_event(b"[DONE]"),
            keep_alive=b"",
        )

    def sign(self, data: bytes, identity: Identity) -> bytes:
        """Put id and creation time into an answer."""
        own = b"%s%08x" % (self._prefix, identity.serial)
        return data.replace(_ID, own).replace(_CREATED, b"%d" % identity.created)

    def headers(
        self, identity: Identity, headroom: Headroom, processing: float, status: int
    ) -> Headers:
        """Return the gateway's headers, and the limits where a request was counted."""
        correlation = f"{self._correlation}{identity.serial:08x}"
        headers = (
            ("mistral-correlation-id", correlation),
            ("x-kong-request-id", correlation),
            ("x-envoy-upstream-service-time", str(round(processing * 1000))),
        )
        if status not in (200, 429):
            return headers
        return (
            *headers,
            ("x-ratelimit-limit-req-minute", str(headroom.limit_requests)),
            ("x-ratelimit-limit-tokens-minute", str(headroom.limit_tokens)),
            ("x-ratelimit-remaining-req-minute", str(headroom.remaining_requests)),
            ("x-ratelimit-remaining-tokens-minute", str(headroom.remaining_tokens)),
        )

    def _card(self, model: SimulatedModel) -> Json:
        """Return the description of one model."""
        return {
            "id": model.id,
            "object": "model",
            "created": model.created,
            "owned_by": model.owned_by,
            "capabilities": {
                "completion_chat": True,
                "function_calling": True,
                "completion_fim": False,
                "fine_tuning": False,
                "vision": model.vision,
            },
            "name": model.reported_name,
            "max_context_length": model.context_window,
            "aliases": [] if model.version is None else [model.version],
            "type": "base",
        }

    def _listed(self, cards: Sequence[Json]) -> Json:
        """Return the model list."""
        return {"object": "list", "data": cards}


def _chunk(
    head: bytes,
    delta: Mapping[str, object],
    *,
    finish: str | None = None,
    usage: bytes = b"",
    padded: int = 0,
) -> bytes:
    choice = orjson.dumps({"index": 0, "delta": delta, "finish_reason": finish})
    rest = b',"usage":%s' % usage if usage else b""
    if padded:
        rest += b',"p":"%s"' % _PADDING[: 1 + padded * 7 % len(_PADDING)].encode()
    return data_event(b'%s,"choices":[%s]%s}' % (head, choice, rest))


def _model(answer: Answer, request: CompletionRequest) -> bytes:
    """Return the key of the model: as it was asked for, unless a fault names another."""
    reported = request.model.reported_name
    names = [request.model.id if name == reported else name for name in answer.reported_models]
    return model_keys(names)


def _calls(answer: Answer) -> list[Json]:
    return [_call(index, call) for index, call in enumerate(answer.tool_calls)]


def _call(index: int, call: ToolCall) -> Json:
    name = call.id.removeprefix("call_")[:_CALL_ID_LENGTH]
    arguments = "".join(call.pieces)
    function = {"name": call.name, "arguments": arguments}
    return {"id": name, "type": "function", "function": function, "index": index}


def _finish(answer: Answer) -> str:
    if answer.finish is Finish.LENGTH:
        return "length"
    return "tool_calls" if answer.tool_calls else "stop"


def _usage(answer: Answer) -> Json:
    usage = answer.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "completion_tokens": usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
        "service_tier": "standard",
    }
