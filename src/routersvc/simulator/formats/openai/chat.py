"""OpenAI's chat completions, as its servers implement it: unary bodies and event streams.

Order, keys and nulls are those of recorded traffic of 2025 and 2026: a role chunk,
content, a chunk with the finish reason, a usage chunk without choices where it is
asked for, `[DONE]`. Every chunk carries an `obfuscation` of varying length unless
the client declines it; reasoning models have neither fingerprint nor logprobs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import ClassVar

import orjson

from routersvc.simulator.answers.completions import Answer, CompletionRequest, Finish
from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.formats.openai.chunks import (
    NO_MARKS,
    ChunkWriter,
    Marks,
    annotations_of,
    logprobs_of,
    model_keys,
    stream_chunks,
    usage_json,
    whole_call,
)
from routersvc.simulator.formats.openai.errors import ERRORS, duration, refusal
from routersvc.simulator.formats.openai.requests import read_request
from routersvc.simulator.formats.openai.schemas import invalid_response_schema, invalid_tool_schema
from routersvc.simulator.formats.operations import (
    Completion,
    ModelCard,
    ModelList,
    Operation,
    RequestHead,
)
from routersvc.simulator.formats.replies import (
    Headers,
    Headroom,
    HttpAnswer,
    Identity,
    StreamScript,
)
from routersvc.simulator.formats.vendor_errors import VendorErrors
from routersvc.simulator.formats.wire_format import Json, WireFormat

_COMPLETIONS = "/v1/chat/completions"
_MODELS = "/v1/models"
_TERMINATOR = b"data: [DONE]\n\n"
# Placeholders of id and creation time; JSON escapes control characters, so they are unique.
_ID, _CREATED = b"\x00", b"\x01"


class OpenAIChatFormat(WireFormat):
    """The chat completions format of one provider; `seed` makes its ids unique.

    `marks` are what a compatible server adds to OpenAI's shape.
    """

    base_path: ClassVar[str] = "/v1"
    marks: ClassVar[Marks] = NO_MARKS
    errors: ClassVar[VendorErrors] = ERRORS

    def __init__(self, models: tuple[SimulatedModel, ...], seed: int) -> None:
        super().__init__(models)
        digest = hashlib.sha256(b"%d" % seed).hexdigest()
        self._completion_prefix = f"chatcmpl-{digest[:21]}".encode()
        self._request_prefix = f"req_{digest[:24]}"
        self._fingerprints = {
            model.id: None
            if model.reasoning
            else f"fp_{hashlib.sha256(model.reported_name.encode()).hexdigest()[:10]}"
            for model in models
        }

    def operation(self, head: RequestHead) -> Operation:
        """Return what a request line asks for.

        Raises:
            RefusedError: unknown path, reported as OpenAI's 404 or 405.
        """
        method, path = head.method, head.path
        wanted = "GET"
        found: Operation
        if path == _COMPLETIONS:
            wanted, found = "POST", Completion()
        elif path == _MODELS:
            found = ModelList()
        elif path.startswith(f"{_MODELS}/"):
            found = ModelCard(model=path.removeprefix(f"{_MODELS}/"))
        else:
            raise refusal(404, f"Invalid URL ({method} {path})")
        if method != wanted:
            raise refusal(
                405,
                f"Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different "
                "HTTP method?)",
                code="method_not_supported",
            )
        return found

    def read(self, completion: Completion, body: bytes) -> CompletionRequest:  # noqa: ARG002 - not needed
        """Return the parsed request body.

        Raises:
            RefusedError: OpenAI would not accept it.
        """
        return read_request(body, self._offer)

    def refuse_schema(self, request: CompletionRequest, problem: str) -> HttpAnswer:
        """Return OpenAI's answer to a schema that no instance can be made for."""
        if request.json_schema is not None:
            return invalid_response_schema("response", problem).answer
        return invalid_tool_schema(request.tools[0].name, 0, problem).answer

    def unary(self, answer: Answer, request: CompletionRequest) -> bytes:
        """Return the unsigned body of a unary answer."""
        message: dict[str, object] = {
            "role": "assistant",
            "content": None if answer.refusal or answer.tool_calls else answer.text,
        }
        if answer.tool_calls:
            message["tool_calls"] = [whole_call(call) for call in answer.tool_calls]
        message["refusal"] = answer.text if answer.refusal else None
        message["annotations"] = annotations_of(answer)
        choice: dict[str, object] = {"index": 0, "message": message}
        if not request.model.reasoning:
            choice["logprobs"] = logprobs_of(answer.pieces, request, refusal=answer.refusal)
        choice["finish_reason"] = answer.finish.value
        filtered = answer.finish is Finish.CONTENT_FILTER
        marks = self.marks.filtered if filtered else self.marks.content
        return b'{"id":"%s","object":"chat.completion","created":%s,%s,"choices":[{%s%s],%s%s}' % (
            _ID,
            _CREATED,
            model_keys(answer.reported_models),
            marks,
            orjson.dumps(choice)[1:],
            self.marks.body,
            b'"usage":%s,"service_tier":"default","system_fingerprint":%s'
            % (usage_json(answer.usage), orjson.dumps(self._fingerprints[request.model.id])),
        )

    def stream(
        self, answer: Answer, request: CompletionRequest, tokens_per_chunk: int
    ) -> StreamScript:
        """Return the unsigned frames of a streamed answer."""
        frames = ChunkWriter(
            head=b'data: {"id":"%s","object":"chat.completion.chunk","created":%s,%s,%s,'
            % (
                _ID,
                _CREATED,
                model_keys(answer.reported_models),
                b'"service_tier":"default","system_fingerprint":%s'
                % orjson.dumps(self._fingerprints[request.model.id]),
            ),
            request=request,
            marks=self.marks,
        )
        opening, contents = stream_chunks(answer, frames, tokens_per_chunk)
        filtered = answer.finish is Finish.CONTENT_FILTER
        closing = b""
        if answer.citations:
            sources = b'{"annotations":%s}' % orjson.dumps(annotations_of(answer))
            closing = frames.choice(sources, marks=self.marks.bare)
        closing += frames.choice(
            b"{}",
            answer.finish.value,
            marks=self.marks.filtered if filtered else self.marks.bare,
        )
        if request.usage_in_stream:
            closing += frames.usage(answer.usage)
        return StreamScript(
            opening=self.marks.event + opening,
            contents=tuple(contents),
            closing=closing,
            terminator=_TERMINATOR,
            keep_alive=b": keep-alive\n\n",
        )

    def sign(self, data: bytes, identity: Identity) -> bytes:
        """Put id and creation time into an answer."""
        completion_id = b"%s%08x" % (self._completion_prefix, identity.serial)
        return data.replace(_ID, completion_id).replace(_CREATED, b"%d" % identity.created)

    def broken(self, frame: bytes) -> bytes:
        """Return the first event of a frame with truncated JSON."""
        event = frame.partition(b"\n\n")[0]
        return event[: len(event) // 2] + b"\n\n"

    def headers(
        self,
        identity: Identity,
        headroom: Headroom,
        processing: float,
        status: int,  # noqa: ARG002 - the same for all
    ) -> Headers:
        """Return the headers of every answer of OpenAI's API servers."""
        return (
            ("openai-processing-ms", f"{round(processing * 1000)}"),
            ("openai-version", "2020-10-01"),
            ("x-ratelimit-limit-requests", str(headroom.limit_requests)),
            ("x-ratelimit-limit-tokens", str(headroom.limit_tokens)),
            ("x-ratelimit-remaining-requests", str(headroom.remaining_requests)),
            ("x-ratelimit-remaining-tokens", str(headroom.remaining_tokens)),
            ("x-ratelimit-reset-requests", duration(headroom.requests_reset)),
            ("x-ratelimit-reset-tokens", duration(headroom.tokens_reset)),
            ("x-request-id", f"{self._request_prefix}{identity.serial:08x}"),
        )

    def _card(self, model: SimulatedModel) -> Json:
        """Return the description of one model."""
        return {
            "id": model.id,
            "object": "model",
            "created": model.created,
            "owned_by": model.owned_by,
        }

    def _listed(self, cards: Sequence[Json]) -> Json:
        """Return the model list."""
        return {"object": "list", "data": cards}

    def _encoded(self, value: Json) -> bytes:
        """Return the description or the list of models as indented JSON."""
        return orjson.dumps(value, option=orjson.OPT_INDENT_2)
