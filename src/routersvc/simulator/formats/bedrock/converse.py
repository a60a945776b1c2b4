"""Bedrock's Converse and ConverseStream, as its servers implement them.

Order, keys and padding (`p`) are those of recorded traffic of 2025 and 2026:
`messageStart`, deltas, `contentBlockStop`, `messageStop` with the stop reason, `metadata`
with the usage. Text blocks have no start. A stream is binary; it has no sign of life, and
no answer names its model. Signatures are not verified: the shape of the `Authorization`
header is, and whose access key it names. `latencyMs` is made up.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import string
import uuid
from collections.abc import Mapping, Sequence

import orjson

from routersvc.simulator.answers.completions import Answer, CompletionRequest, Finish
from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.answers.tools import ToolCall
from routersvc.simulator.faults.effects import DuplicatedModel, Effect, InvalidToolJson, WrongModel
from routersvc.simulator.formats.bedrock.errors import ERRORS, refusal
from routersvc.simulator.formats.bedrock.requests import read_request
from routersvc.simulator.formats.event_stream_frames import event, with_half_the_payload
from routersvc.simulator.formats.operations import Completion, Operation, RequestHead, bearer_token
from routersvc.simulator.formats.replies import Headers, Headroom, Identity, StreamScript
from routersvc.simulator.formats.sse_frames import grouped
from routersvc.simulator.formats.wire_format import Json, WireFormat

_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[\w.+-]+)/\d{8}/[\w-]+/bedrock/aws4_request, ?"
    r"SignedHeaders=[\w;-]+, ?Signature=[0-9a-f]{64}"
)
_PADDING = string.ascii_lowercase + string.ascii_uppercase + string.digits
_LATENCY_MS = 640
_METHODS = {"converse": False, "converse-stream": True}


class BedrockConverseFormat(WireFormat):
    """The Converse format of one provider; `seed` makes its request ids its own."""

    stream_content_type = "application/vnd.amazon.eventstream"
    models_path = ("foundation-models",)
    schema_places = ("outputConfig", "toolConfig")
    errors = ERRORS

    def __init__(self, models: tuple[SimulatedModel, ...], seed: int) -> None:
        super().__init__(models)
        self._space = uuid.uuid5(uuid.NAMESPACE_OID, f"bedrock {seed}")

    def operation(self, head: RequestHead) -> Operation:
        """Return what a request line asks for.

        Raises:
            RefusedError: unknown path, reported as Amazon's 404.
        """
        match head.method, head.segments:
            case "POST", ("model", name, method) if method in _METHODS:
                return Completion(model=name, streaming=_METHODS[method])
            case _:
                return super().operation(head)

    def credential(self, head: RequestHead) -> str | None:
        """Return the access key that signed a request, or a Bedrock API key.

        Raises:
            RefusedError: the signature has not the shape of one.
        """
        token = bearer_token(head)
        given = head.headers.get("authorization")
        if token is not None or given is None:
            return token
        signed = _SIGNED.fullmatch(given)
        if signed is None:
            raise refusal(
                "Authorization header requires 'Credential' parameter. Authorization header "
                "requires 'Signature' parameter. Authorization header requires 'SignedHeaders' "
                "parameter.",
                status=403,
                exception="IncompleteSignatureException",
            )
        if "x-amz-date" not in head.headers:
            raise refusal(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' "
                "header.",
                status=403,
                exception="IncompleteSignatureException",
            )
        return signed["key"]

    def shows(self, effect: Effect, request: CompletionRequest) -> bool:
        """Return whether a fault can be seen: no answer names its model.

        A unary answer holds arguments already parsed.
        """
        if isinstance(effect, InvalidToolJson):
            return request.streaming
        return not isinstance(effect, WrongModel | DuplicatedModel)

    def read(self, completion: Completion, body: bytes) -> CompletionRequest:
        """Return the parsed request body.

        Raises:
            RefusedError: Bedrock would not accept it.
        """
        streaming = completion.streaming is True
        return read_request(body, completion.model or "", self._offer, streaming=streaming)

    def unary(self, answer: Answer, request: CompletionRequest) -> bytes:  # noqa: ARG002 - not needed
        """Return the body of a unary answer."""
        content: list[Json] = [{"text": answer.text}] if answer.pieces else []
        for call in answer.tool_calls:
            content.append({"toolUse": {**_opened_call(call), "input": _arguments(call)}})  # noqa: PERF401 - typed here
        return orjson.dumps(
            {
                "metrics": {"latencyMs": _LATENCY_MS},
                "output": {"message": {"content": content, "role": "assistant"}},
                "stopReason": _stop(answer),
                "usage": _usage(answer),
            }
        )

    def stream(
        self,
        answer: Answer,
        request: CompletionRequest,  # noqa: ARG002 - not needed
        tokens_per_chunk: int,
    ) -> StreamScript:
        """Return the frames of a streamed answer."""
        contents: list[tuple[bytes, int]] = []
        for group in grouped(answer.pieces, tokens_per_chunk):
            contents.append((_delta(0, {"text": "".join(group)}), len(group)))  # noqa: PERF401 - typed here
        closing = _block_stop(0) if answer.pieces else b""
        for index, call in enumerate(answer.tool_calls):
            start = {"contentBlockIndex": index, "start": {"toolUse": _opened_call(call)}}
            contents.append((closing + _frame("contentBlockStart", start), 0))
            for group in grouped(call.pieces, tokens_per_chunk):
                delta = _delta(index, {"toolUse": {"input": "".join(group)}})
                contents.append((delta, len(group)))
            closing = _block_stop(index)
        metadata = {"metrics": {"latencyMs": _LATENCY_MS}, "usage": _usage(answer)}
        return StreamScript(
            opening=_frame("messageStart", {"role": "assistant"}),
            contents=tuple(contents),
            closing=closing + _frame("messageStop", {"stopReason": _stop(answer)}),
            terminator=_frame("metadata", metadata),
            keep_alive=b"",
        )

    def model(self, name: str) -> bytes:
        """Return the body that describes one model.

        Raises:
            RefusedError: there is no such model.
        """
        model = self._offer.model(name, self.errors.unknown_model)
        return orjson.dumps({"modelDetails": self._card(model)})

    def sign(self, data: bytes, identity: Identity) -> bytes:  # noqa: ARG002 - its id is in the header
        """Return an answer as it is: nothing in it tells it from any other."""
        return data

    def broken(self, frame: bytes) -> bytes:
        """Return the first frame with its JSON ending in the middle."""
        return with_half_the_payload(frame)

    def headers(
        self,
        identity: Identity,
        headroom: Headroom,  # noqa: ARG002 - Bedrock does not tell it
        processing: float,  # noqa: ARG002 - not reported
        status: int,  # noqa: ARG002 - the same for all
    ) -> Headers:
        """Return the id of the request, all that Bedrock's headers tell."""
        return (("x-amzn-requestid", str(uuid.uuid5(self._space, str(identity.serial)))),)

    def _card(self, model: SimulatedModel) -> Json:
        """Return the description of one model."""
        created = dt.datetime.fromtimestamp(model.created, tz=dt.UTC)
        return {
            "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model.id}",
            "modelId": model.id,
            "modelName": model.id,
            "providerName": model.owned_by,
            "inputModalities": ["TEXT", "IMAGE"] if model.vision else ["TEXT"],
            "outputModalities": ["TEXT"],
            "responseStreamingSupported": True,
            "customizationsSupported": [],
            "inferenceTypesSupported": ["ON_DEMAND"],
            "modelLifecycle": {
                "status": "ACTIVE",
                "startOfLifeTime": f"{created:%Y-%m-%dT%H:%M:%SZ}",
            },
        }

    def _listed(self, cards: Sequence[Json]) -> Json:
        """Return the model list."""
        return {"modelSummaries": cards}


def _frame(kind: str, payload: Mapping[str, object]) -> bytes:
    """Return an event with padding that hides how long its text is."""
    written = orjson.dumps(payload)
    return event(kind, b'%s,"p":"%s"}' % (written[:-1], _padding(len(written))))


@functools.lru_cache(maxsize=256)
def _padding(length: int) -> bytes:
    return _PADDING[: 2 + length * 7 % (len(_PADDING) - 2)].encode()


def _delta(index: int, delta: Mapping[str, object]) -> bytes:
    return _frame("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})


def _block_stop(index: int) -> bytes:
    return _frame("contentBlockStop", {"contentBlockIndex": index})


def _opened_call(call: ToolCall) -> Json:
    return {"toolUseId": f"tooluse_{call.id.removeprefix('call_')[:22]}", "name": call.name}


def _arguments(call: ToolCall) -> object:
    """Return the arguments of a call; none when they were cut off."""
    try:
        return orjson.loads("".join(call.pieces))
    except orjson.JSONDecodeError:
        return {}


def _stop(answer: Answer) -> str:
    match answer.finish:
        case Finish.LENGTH:
            return "max_tokens"
        case Finish.CONTENT_FILTER:
            return "content_filtered"
        case Finish.STOP | Finish.TOOL_CALLS:
            if answer.tool_calls:
                return "tool_use"
            return "end_turn" if answer.stopped_by is None else "stop_sequence"


def _usage(answer: Answer) -> Json:
    usage = answer.usage
    return {
        "inputTokens": usage.prompt_tokens,
        "outputTokens": usage.completion_tokens,
        "serverToolUsage": {},
        "totalTokens": usage.prompt_tokens + usage.completion_tokens,
    }
