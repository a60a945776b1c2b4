"""Anthropic's Messages, as its servers implement them: unary bodies and named events.

Order and keys are those of recorded traffic of 2025 and 2026: `message_start` with the
prompt's usage, blocks with their start and stop, a `ping`, `message_delta` with stop
reason and usage, `message_stop`. No `[DONE]`. Thinking comes as with `display: omitted`: a
block with a signature and no text.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence

import orjson

from routersvc.simulator.answers.completions import Answer, CompletionRequest, Finish
from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.answers.tools import ToolCall
from routersvc.simulator.faults.effects import Effect, InvalidToolJson
from routersvc.simulator.formats.anthropic.errors import ERRORS, REQUEST_ID, refusal
from routersvc.simulator.formats.anthropic.requests import VERSIONS, read_request
from routersvc.simulator.formats.openai.chunks import model_keys
from routersvc.simulator.formats.operations import (
    Completion,
    ModelCard,
    ModelList,
    Operation,
    RequestHead,
    bearer_token,
)
from routersvc.simulator.formats.replies import Headers, Headroom, Identity, StreamScript
from routersvc.simulator.formats.sse_frames import grouped, named_event
from routersvc.simulator.formats.wire_format import Json, WireFormat

# Placeholder of the message's id; JSON escapes control characters, so it is unique.
_ID = b"\x00"
_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_LIMITED = (200, 429)
_SIGNATURE = "c2ltdWxhdGVkIHRoaW5raW5n"


class AnthropicMessagesFormat(WireFormat):
    """The Messages format of one provider; `seed` makes its ids unique."""

    schema_places = ("output_config.format.schema", "tools.0")
    errors = ERRORS

    def __init__(self, models: tuple[SimulatedModel, ...], seed: int) -> None:
        super().__init__(models)
        digest = hashlib.sha256(b"anthropic %d" % seed).hexdigest()
        self._message_prefix = f"msg_01{digest[:14]}".encode()
        self._request_prefix = f"req_011{digest[14:27]}"

    def operation(self, head: RequestHead) -> Operation:
        """Return what a request line asks for.

        Raises:
            RefusedError: unknown path, reported as Anthropic's 404 or 405.
        """
        wanted = "GET"
        found: Operation
        match head.segments:
            case ("v1", "messages"):
                version = head.headers.get("anthropic-version")
                wanted, found = "POST", Completion(version=version)
            case ("v1", "models"):
                found = ModelList()
            case ("v1", "models", name):
                found = ModelCard(model=name)
            case _:
                raise self.errors.unknown_path()
        if head.method != wanted:
            raise refusal("Method Not Allowed", status=405)
        return found

    def credential(self, head: RequestHead) -> str | None:
        """Return the API key, or the bearer token of those who log in otherwise."""
        return head.headers.get("x-api-key") or bearer_token(head)

    def admit(self, head: RequestHead) -> None:
        """Check the version of the API.

        Raises:
            RefusedError: it is missing or none that there is.
        """
        version = head.headers.get("anthropic-version")
        if version is None:
            raise refusal("anthropic-version: header is required")
        if version not in VERSIONS:
            raise refusal(f'anthropic-version: "{version}" is not a valid version')

    def shows(self, effect: Effect, request: CompletionRequest) -> bool:
        """Return whether a fault can be seen: a unary answer holds arguments already parsed."""
        return request.streaming or not isinstance(effect, InvalidToolJson)

    def read(self, completion: Completion, body: bytes) -> CompletionRequest:
        """Return the parsed request body.

        Raises:
            RefusedError: Anthropic would not accept it.
        """
        return read_request(body, self._offer, completion.version)

    def unary(self, answer: Answer, request: CompletionRequest) -> bytes:
        """Return the unsigned body of a unary answer."""
        content: list[Mapping[str, object]] = []
        if _thinks(answer):
            content.append({"type": "thinking", "thinking": "", "signature": _SIGNATURE})
        if answer.pieces:
            content.append({"type": "text", "text": answer.text})
        content.extend(
            {**_opened_call(call), "input": _arguments(call)} for call in answer.tool_calls
        )
        reason, sequence = _stop(answer, request)
        return b'{%s,"id":"%s","type":"message","role":"assistant","content":%s,%s,"usage":%s}' % (
            model_keys(answer.reported_models),
            _ID,
            orjson.dumps(content),
            b'"stop_reason":%s,"stop_sequence":%s' % (orjson.dumps(reason), orjson.dumps(sequence)),
            _usage(answer, answer.usage.completion_tokens, whole=True),
        )

    def stream(
        self, answer: Answer, request: CompletionRequest, tokens_per_chunk: int
    ) -> StreamScript:
        """Return the unsigned frames of a streamed answer."""
        message = (
            b'{%s,"id":"%s","type":"message","role":"assistant","content":[],%s,"usage":%s}'
            % (
                model_keys(answer.reported_models),
                _ID,
                b'"stop_reason":null,"stop_sequence":null',
                _usage(answer, 1, whole=True),
            )
        )
        opening = _event("message_start", b'"message":%s' % message)
        blocks = _Blocks(tokens_per_chunk)
        if _thinks(answer):
            blocks.thinking()
        if answer.pieces:
            blocks.text(answer.pieces)
        for call in answer.tool_calls:
            blocks.call(call)
        reason, sequence = _stop(answer, request)
        closing = blocks.closing + _event(
            "message_delta",
            b'"delta":%s,"usage":%s'
            % (
                orjson.dumps({"stop_reason": reason, "stop_sequence": sequence}),
                _usage(answer, answer.usage.completion_tokens, whole=False),
            ),
        )
        return StreamScript(
            opening=opening + blocks.opening + _PING,
            contents=tuple(blocks.contents),
            closing=closing,
            terminator=_event("message_stop", b""),
            keep_alive=_PING,
        )

    def sign(self, data: bytes, identity: Identity) -> bytes:
        """Put the ids of message and request into an answer."""
        message_id = b"%s%08x" % (self._message_prefix, identity.serial)
        request_id = self._request_id(identity).encode()
        return data.replace(_ID, message_id).replace(REQUEST_ID, request_id)

    def headers(
        self,
        identity: Identity,
        headroom: Headroom,
        processing: float,
        status: int,
    ) -> Headers:
        """Return the request's id, and what is left of the limits where a request was counted."""
        limits: list[tuple[str, str]] = []
        if status in _LIMITED:
            for name, limit, remaining, reset in (
                (
                    "requests",
                    headroom.limit_requests,
                    headroom.remaining_requests,
                    headroom.requests_reset,
                ),
                ("tokens", headroom.limit_tokens, headroom.remaining_tokens, headroom.tokens_reset),
                (
                    "input-tokens",
                    headroom.limit_tokens,
                    headroom.remaining_tokens,
                    headroom.tokens_reset,
                ),
                (
                    "output-tokens",
                    headroom.limit_tokens,
                    headroom.remaining_tokens,
                    headroom.tokens_reset,
                ),
            ):
                at = dt.datetime.fromtimestamp(identity.created + round(reset), tz=dt.UTC)
                limits += [
                    (f"anthropic-ratelimit-{name}-limit", str(limit)),
                    (f"anthropic-ratelimit-{name}-remaining", str(remaining)),
                    (f"anthropic-ratelimit-{name}-reset", f"{at:%Y-%m-%dT%H:%M:%SZ}"),
                ]
        return (
            *limits,
            ("request-id", self._request_id(identity)),
            ("x-envoy-upstream-service-time", str(round(processing * 1000))),
        )

    def _request_id(self, identity: Identity) -> str:
        return f"{self._request_prefix}{identity.serial:08x}"

    def _card(self, model: SimulatedModel) -> Json:
        """Return the description of one model."""
        created = dt.datetime.fromtimestamp(model.created, tz=dt.UTC)
        return {
            "type": "model",
            "id": model.id,
            "display_name": model.id,
            "created_at": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        }

    def _listed(self, cards: Sequence[Json]) -> Json:
        """Return the model list."""
        return {
            "data": cards,
            "has_more": False,
            "first_id": cards[0]["id"],
            "last_id": cards[-1]["id"],
        }


class _Blocks:
    """Writes the blocks of a stream; the first is opened with the message."""

    def __init__(self, tokens_per_chunk: int) -> None:
        self.opening = b""
        self.contents: list[tuple[bytes, int]] = []
        self.closing = b""
        self._tokens = tokens_per_chunk
        self._index = -1

    def thinking(self) -> None:
        """Write a block of thinking that is not shown."""
        self._start({"type": "thinking", "thinking": "", "signature": ""})
        self.contents.append((self._delta({"type": "signature_delta", "signature": _SIGNATURE}), 0))

    def text(self, pieces: Sequence[str]) -> None:
        """Write a block of text."""
        self._start({"type": "text", "text": ""})
        for group in grouped(pieces, self._tokens):
            delta = self._delta({"type": "text_delta", "text": "".join(group)})
            self.contents.append((delta, len(group)))

    def call(self, call: ToolCall) -> None:
        """Write a block that calls a tool."""
        self._start(_opened_call(call))
        empty = self._delta({"type": "input_json_delta", "partial_json": ""})
        self.contents.append((empty, 0))
        for group in grouped(call.pieces, self._tokens):
            delta = self._delta({"type": "input_json_delta", "partial_json": "".join(group)})
            self.contents.append((delta, len(group)))

    def _start(self, block: Mapping[str, object]) -> None:
        self._index += 1
        started = _event(
            "content_block_start",
            b'"index":%d,"content_block":%s' % (self._index, orjson.dumps(block)),
        )
        if self._index:
            self.contents.append((self.closing + started, 0))
        else:
            self.opening = started
        self.closing = _event("content_block_stop", b'"index":%d' % self._index)

    def _delta(self, delta: Mapping[str, object]) -> bytes:
        return _event(
            "content_block_delta", b'"index":%d,"delta":%s' % (self._index, orjson.dumps(delta))
        )


def _event(kind: str, rest: bytes) -> bytes:
    return named_event(kind, b'{"type":"%s"%s%s}' % (kind.encode(), b"," if rest else b"", rest))


def _thinks(answer: Answer) -> bool:
    return answer.usage.reasoning_tokens > 0


def _opened_call(call: ToolCall) -> Mapping[str, object]:
    name = call.id.removeprefix("call_")
    return {"type": "tool_use", "id": f"toolu_01{name[:22]}", "name": call.name, "input": {}}


def _arguments(call: ToolCall) -> object:
    """Return the arguments of a call; none when they were cut off, as the API's parser does."""
    try:
        return orjson.loads("".join(call.pieces))
    except orjson.JSONDecodeError:
        return {}


def _stop(answer: Answer, request: CompletionRequest) -> tuple[str, str | None]:
    if answer.refusal or answer.finish is Finish.CONTENT_FILTER:
        return "refusal", None
    if answer.finish is Finish.LENGTH:
        window = request.model.context_window
        used = answer.usage.prompt_tokens + answer.usage.completion_tokens
        return ("model_context_window_exceeded" if used >= window else "max_tokens"), None
    if answer.tool_calls:
        return "tool_use", None
    if answer.stopped_by is not None:
        return "stop_sequence", answer.stopped_by
    return "end_turn", None


def _usage(answer: Answer, output: int, *, whole: bool) -> bytes:
    usage: dict[str, object] = {
        "input_tokens": answer.usage.prompt_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }
    if whole:
        usage["cache_creation"] = {
            "ephemeral_5m_input_tokens": 0,
            "ephemeral_1h_input_tokens": 0,
        }
    usage["output_tokens"] = output
    if _thinks(answer) and output >= answer.usage.reasoning_tokens:
        usage["output_tokens_details"] = {"thinking_tokens": answer.usage.reasoning_tokens}
    if whole:
        usage["service_tier"] = "standard"
        usage["inference_geo"] = "not_available"
    return orjson.dumps(usage)
