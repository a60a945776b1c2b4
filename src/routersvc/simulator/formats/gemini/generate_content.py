"""Gemini's generateContent and streamGenerateContent, as Google's servers speak them.

Order and keys are those of recorded traffic of 2025 and 2026: every chunk is a whole
answer so far as it is new, with the usage up to it; the last carries the finish reason.
There is no terminator beside it, no sign of life, no rate-limit header. Functions are
called in one piece. The paths of the Gemini API and of Vertex AI are served.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson

from routersvc.simulator.answers.completions import Answer, CompletionRequest, Finish
from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.answers.tools import ToolCall
from routersvc.simulator.formats.gemini.errors import (
    CONTENT_TYPE,
    ERRORS,
    STREAM_CONTENT_TYPE,
    refusal,
)
from routersvc.simulator.formats.gemini.requests import read_request
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
from routersvc.simulator.formats.sse_frames import data_event, grouped
from routersvc.simulator.formats.wire_format import Json, WireFormat

# Placeholder of the answer's id; JSON escapes control characters, so it is unique.
_ID = b"\x00"
_SIGNATURE = "c2ltdWxhdGVkIHRob3VnaHQ="
_CALLED = "Model generated function call(s)."
_MALFORMED = "Malformed function call: Failed to parse function call."
_CATEGORIES = ("HATE_SPEECH", "DANGEROUS_CONTENT", "HARASSMENT", "SEXUALLY_EXPLICIT")
_METHODS = {"generateContent": False, "streamGenerateContent": True}


class GeminiFormat(WireFormat):
    """The format of one provider; `seed` makes its ids unique."""

    stream_content_type = STREAM_CONTENT_TYPE
    unary_content_type = CONTENT_TYPE
    schema_places = ("generation_config.response_schema", "tools[0].function_declarations[0]")
    errors = ERRORS

    def __init__(self, models: tuple[SimulatedModel, ...], seed: int) -> None:
        super().__init__(models)
        self._prefix = hashlib.sha256(b"gemini %d" % seed).hexdigest()[:14].encode()

    def operation(self, head: RequestHead) -> Operation:
        """Return what a request line asks for.

        Raises:
            RefusedError: unknown path, reported as Google's 404.
        """
        match head.method, head.segments:
            case "POST", (_, *_, "models", last):
                name, _, method = last.rpartition(":")
                if method in _METHODS:
                    streaming = _METHODS[method]
                    if streaming and head.query.get("alt") != "sse":
                        raise refusal("Streams are only supported with `alt=sse` here")
                    return Completion(model=name, streaming=streaming)
            case "GET", (_, *_, "models"):
                return ModelList()
            case "GET", (_, *_, "models", name):
                return ModelCard(model=name)
            case _:
                pass
        raise self.errors.unknown_path()

    def credential(self, head: RequestHead) -> str | None:
        """Return the API key, from header or query, or the access token of Vertex AI."""
        return head.headers.get("x-goog-api-key") or head.query.get("key") or bearer_token(head)

    def read(self, completion: Completion, body: bytes) -> CompletionRequest:
        """Return the parsed request body.

        Raises:
            RefusedError: Google would not accept it.
        """
        streaming = completion.streaming is True
        return read_request(body, completion.model or "", self._offer, streaming=streaming)

    def unary(self, answer: Answer, request: CompletionRequest) -> bytes:  # noqa: ARG002 - not needed
        """Return the unsigned body of a unary answer."""
        parts: list[Json] = [{"text": answer.text}] if answer.pieces else []
        parts += _calls(answer)
        if parts and _thinks(answer):
            parts[0]["thoughtSignature"] = _SIGNATURE
        return _chunk(answer, _candidate(parts, answer), answer.usage.completion_tokens)

    def stream(
        self,
        answer: Answer,
        request: CompletionRequest,  # noqa: ARG002 - not needed
        tokens_per_chunk: int,
    ) -> StreamScript:
        """Return the unsigned frames of a streamed answer."""
        contents: list[tuple[bytes, int]] = []
        sent = answer.usage.reasoning_tokens
        for group in grouped(answer.pieces, tokens_per_chunk):
            sent += len(group)
            frame = _chunk(answer, _candidate([{"text": "".join(group)}]), sent)
            contents.append((_event(frame), len(group)))
        calls = _calls(answer)
        for number, (call, part) in enumerate(zip(_whole(answer), calls, strict=True)):
            if number == 0 and _thinks(answer):
                part["thoughtSignature"] = _SIGNATURE
            sent += len(call.pieces)
            contents.append((_event(_chunk(answer, _candidate([part]), sent)), len(call.pieces)))
        last: Json = {"text": ""}
        if _thinks(answer) and not calls:
            last["thoughtSignature"] = _SIGNATURE
        closing = _candidate([] if _malformed(answer) else [last], answer)
        return StreamScript(
            opening=b"",
            contents=tuple(contents),
            closing=b"",
            terminator=_event(_chunk(answer, closing, answer.usage.completion_tokens)),
            keep_alive=b"",
        )

    def sign(self, data: bytes, identity: Identity) -> bytes:
        """Put the id into an answer."""
        return data.replace(_ID, b"%s%08x" % (self._prefix, identity.serial))

    def headers(
        self,
        identity: Identity,  # noqa: ARG002 - nothing tells one answer from another
        headroom: Headroom,  # noqa: ARG002 - Google does not tell it
        processing: float,
        status: int,  # noqa: ARG002 - the same for all
    ) -> Headers:
        """Return the headers of every answer of Google's servers."""
        return (
            ("server", "scaffolding on HTTPServer2"),
            ("server-timing", f"gfet4t7; dur={round(processing * 1000)}"),
            ("x-content-type-options", "nosniff"),
        )

    def _card(self, model: SimulatedModel) -> Json:
        """Return the description of one model."""
        return {
            "name": f"models/{model.id}",
            "version": model.reported_name,
            "displayName": model.id,
            "inputTokenLimit": model.context_window,
            "outputTokenLimit": model.max_output_tokens,
            "supportedGenerationMethods": ["generateContent"],
            "thinking": model.reasoning,
        }

    def _listed(self, cards: Sequence[Json]) -> Json:
        """Return the model list."""
        return {"models": cards}


def _event(chunk: bytes) -> bytes:
    return data_event(chunk).replace(b"\n\n", b"\r\n\r\n")


def _chunk(answer: Answer, candidate: Json, sent: int) -> bytes:
    """Return an answer with one candidate, and the usage after so many tokens."""
    usage = answer.usage
    counts: Json = {"promptTokenCount": usage.prompt_tokens}
    if sent > usage.reasoning_tokens:
        counts["candidatesTokenCount"] = sent - usage.reasoning_tokens
    counts["totalTokenCount"] = usage.prompt_tokens + sent
    counts["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": usage.prompt_tokens}]
    if usage.reasoning_tokens:
        counts["thoughtsTokenCount"] = usage.reasoning_tokens
    return b'{"candidates":[%s],"usageMetadata":%s,%s,"responseId":"%s"}' % (
        orjson.dumps(candidate),
        orjson.dumps(counts),
        model_keys(answer.reported_models, b"modelVersion"),
        _ID,
    )


def _candidate(parts: list[Json], answer: Answer | None = None) -> Json:
    """Return a candidate; with an answer the one that finishes it."""
    content: Json = {"parts": parts, "role": "model"} if parts else {}
    candidate: Json = {"content": content}
    if answer is not None:
        candidate["finishReason"] = _finish(answer)
    candidate["index"] = 0
    if answer is None:
        return candidate
    if _malformed(answer):
        candidate["finishMessage"] = _MALFORMED
    elif answer.tool_calls:
        candidate["finishMessage"] = _CALLED
    if answer.finish is Finish.CONTENT_FILTER:
        candidate["safetyRatings"] = [
            {
                "category": f"HARM_CATEGORY_{name}",
                "probability": "NEGLIGIBLE" if number else "HIGH",
                **({} if number else {"blocked": True}),
            }
            for number, name in enumerate(_CATEGORIES)
        ]
    return candidate


def _finish(answer: Answer) -> str:
    if _malformed(answer):
        return "MALFORMED_FUNCTION_CALL"
    match answer.finish:
        case Finish.LENGTH:
            return "MAX_TOKENS"
        case Finish.CONTENT_FILTER:
            return "SAFETY"
        case Finish.STOP | Finish.TOOL_CALLS:
            return "STOP"


def _whole(answer: Answer) -> list[ToolCall]:
    """Return the calls whose arguments are JSON: others never leave Google's parser."""
    return [call for call in answer.tool_calls if _parsed(call) is not None]


def _calls(answer: Answer) -> list[Json]:
    return [{"functionCall": {"name": call.name, "args": _parsed(call)}} for call in _whole(answer)]


def _parsed(call: ToolCall) -> object:
    try:
        return orjson.loads("".join(call.pieces))
    except orjson.JSONDecodeError:
        return None


def _malformed(answer: Answer) -> bool:
    cut = answer.finish in (Finish.LENGTH, Finish.CONTENT_FILTER)
    return not cut and len(_whole(answer)) < len(answer.tool_calls)


def _thinks(answer: Answer) -> bool:
    return answer.usage.reasoning_tokens > 0
