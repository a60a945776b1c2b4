"""Google's generateContent: read by the types of Google's own SDK."""

from __future__ import annotations

import base64
import dataclasses
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import google.genai
from google.genai import types

from bench.wire.readings import (
    CALL,
    MEDIUM,
    PLAIN,
    TEXT,
    THOUGHT,
    Call,
    Cited,
    Counts,
    Failing,
    JsonObject,
    Logprob,
    Medium,
    Ran,
    Reading,
    Record,
    in_order,
    word_in,
)
from bench.wire.traffic.events import payloads
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

JUDGE = f"google-genai SDK {google.genai.__version__}"

_BLOCKED = Failing(
    failure_class=FailureClass.CONTENT_FILTERED, reason="the prompt or all of the answer is blocked"
)

_IN_PIECES: Mapping[str, tuple[Call, ...]] = {
    "gemini/tool_calls/generate_content.stream."
    "google-stream-tool-call-array-arguments-missing-.225514c7.json": (
        Call(
            call_id="",
            name="writeItems",
            arguments={
                "operations": [
                    {
                        "action": "add",
                        "description": "Fresh red apple",
                        "itemid": "apple_001",
                        "price": 0.5,
                    },
                    {
                        "action": "add",
                        "description": "Ripe yellow banana",
                        "itemid": "banana_001",
                        "price": 0.3,
                    },
                ]
            },
        ),
    ),
}
"""Calls whose arguments come with JSONPaths, which no SDK puts together: read by hand."""

_REASONS: Mapping[str, FinishReason] = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    "RECITATION": FinishReason.CONTENT_FILTER,
    "SAFETY": FinishReason.CONTENT_FILTER,
    "BLOCKLIST": FinishReason.CONTENT_FILTER,
    "PROHIBITED_CONTENT": FinishReason.CONTENT_FILTER,
    "SPII": FinishReason.CONTENT_FILTER,
    "MODEL_ARMOR": FinishReason.CONTENT_FILTER,
    "IMAGE_SAFETY": FinishReason.CONTENT_FILTER,
    "IMAGE_PROHIBITED_CONTENT": FinishReason.CONTENT_FILTER,
    "IMAGE_RECITATION": FinishReason.CONTENT_FILTER,
}


_KNOWN = frozenset({"candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId"})
_NO_BLOCK = (None, "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED")
_BUNGLED = (
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MALFORMED_RESPONSE",
    "NO_IMAGE",
)
"""Reasons for an end without an answer, by Google's documents."""


def read(record: Record) -> Reading | Failing:
    """Return what an answer says."""
    chunks = _chunks(record)
    if any("error" in chunk for chunk in chunks):
        return Failing(reason="the answer holds an error")
    heard = _Heard()
    for chunk in filter(_KNOWN.intersection, chunks):
        blocked: JsonObject = chunk.get("promptFeedback") or {}
        if not chunk.get("candidates") and (
            blocked.get("blockReason") not in _NO_BLOCK or blocked.get("blockReasonMessage")
        ):
            return _BLOCKED
        heard.hear(_parsed(chunk))
    in_pieces = _IN_PIECES.get(record.file)
    if in_pieces is not None:
        heard.calls, heard.judge = list(in_pieces), PLAIN
    finish = word_in(_REASONS, heard.reason)
    if heard.reason in _BUNGLED:
        return Failing(
            reason=f"Google says `{heard.reason}`", failure_class=FailureClass.BAD_ANSWER
        )
    if finish is FinishReason.CONTENT_FILTER and not heard.kinds:
        return _BLOCKED
    if not heard.reason:
        return Failing(
            reason="no finish reason says that the answer is complete",
            failure_class=FailureClass.TRUNCATED,
        )
    return Reading(
        judge=heard.judge,
        text=heard.text,
        thoughts=heard.thoughts,
        calls=tuple(heard.calls),
        media=tuple(heard.media),
        order=in_order(heard.kinds),
        finish=FinishReason.TOOL_CALLS if heard.calls and finish is FinishReason.STOP else finish,
        counts=None if heard.counted is None else _counts(heard.counted),
        model=heard.model,
        answer_id=heard.answer_id,
        signatures=tuple(base64.b64encode(one).decode() for one in heard.signatures),
        logprobs=tuple(heard.logprobs) if _asked_for_logprobs(record) else None,
        citations=tuple(heard.citations),
        sealed=tuple(heard.sealed),
        ran=(*heard.ran, *_searched(chunks)),
    )


@dataclasses.dataclass(kw_only=True, slots=True)
class _Heard:
    """What came of an answer so far."""

    judge: str = JUDGE
    text: str = ""
    thoughts: str = ""
    calls: list[Call] = dataclasses.field(default_factory=list[Call])
    media: list[Medium] = dataclasses.field(default_factory=list[Medium])
    kinds: list[str] = dataclasses.field(default_factory=list[str])
    signatures: list[bytes] = dataclasses.field(default_factory=list[bytes])
    logprobs: list[Logprob] = dataclasses.field(default_factory=list[Logprob])
    citations: list[Cited] = dataclasses.field(default_factory=list[Cited])
    sealed: list[JsonObject] = dataclasses.field(default_factory=list[JsonObject])
    ran: list[Ran] = dataclasses.field(default_factory=list[Ran])
    reason: str = ""
    model: str = ""
    answer_id: str = ""
    counted: types.GenerateContentResponseUsageMetadata | None = None

    def hear(self, chunk: types.GenerateContentResponse) -> None:
        """Add what a chunk says."""
        self.model = self.model or chunk.model_version or ""
        self.answer_id = self.answer_id or chunk.response_id or ""
        for candidate in chunk.candidates or ():
            if candidate.index:
                continue
            if candidate.finish_reason is not None:
                self.reason = candidate.finish_reason.value
            for part in (candidate.content.parts if candidate.content else None) or ():
                self._hear_part(part)
            if candidate.logprobs_result is not None:
                self.logprobs += _logprobs(candidate.logprobs_result)
            self.citations += _cited(candidate)
        told = chunk.usage_metadata
        if told is not None and any(
            (
                told.prompt_token_count,
                told.candidates_token_count,
                told.thoughts_token_count,
                told.tool_use_prompt_token_count,
            )
        ):
            self.counted = told

    def _hear_part(self, part: types.Part) -> None:
        if part.executable_code is not None or part.code_execution_result is not None:
            self.sealed.append(part.model_dump(mode="json", by_alias=True, exclude_none=True))
            self.kinds.append(THOUGHT)
            code, result = part.executable_code, part.code_execution_result
            asked = "" if code is None else code.code or ""
            self.ran.append(
                Ran(
                    call_id=(code.id if code else result.id if result else None) or "",
                    asked=(asked,) if asked else (),
                    output="" if result is None else result.output or "",
                )
            )
            return
        if part.thought_signature:
            self.signatures.append(part.thought_signature)
        if part.thought:
            self.thoughts += part.text or ""
            self.kinds += [THOUGHT] if part.text else []
        elif part.text:
            self.text += part.text
            self.kinds.append(TEXT)
        if part.inline_data is not None:
            self.media.append(Medium(size=len(part.inline_data.data or b"")))
            self.kinds.append(MEDIUM)
        call = part.function_call
        if call is not None and (call.name or call.will_continue):
            self.kinds.append(CALL)
        if call is not None and call.name and not call.will_continue:
            self.calls.append(
                Call(call_id=call.id or "", name=call.name, arguments=call.args or {})
            )


def _counts(counted: types.GenerateContentResponseUsageMetadata) -> Counts:
    """Return the counts: those of thoughts and of Google's own tools stand beside the others."""
    thinking = counted.thoughts_token_count or 0
    return Counts(
        taken=(counted.prompt_token_count or 0) + (counted.tool_use_prompt_token_count or 0),
        given=(counted.candidates_token_count or 0) + thinking,
        thinking=thinking,
        cached=counted.cached_content_token_count or 0,
        heard=_sound(counted.prompt_tokens_details),
        spoken=_sound(counted.candidates_tokens_details),
    )


def _sound(details: Sequence[types.ModalityTokenCount] | None) -> int:
    sounds = (one for one in details or () if one.modality is types.MediaModality.AUDIO)
    return sum(one.token_count or 0 for one in sounds)


def _asked_for_logprobs(record: Record) -> bool:
    config: JsonObject = record.request.get("generationConfig") or {}
    return bool(config.get("responseLogprobs"))


def _logprobs(result: types.LogprobsResult) -> Iterator[Logprob]:
    tops = result.top_candidates or ()
    for place, chosen in enumerate(result.chosen_candidates or ()):
        others = tops[place].candidates if place < len(tops) else None
        yield Logprob(
            token=chosen.token or "",
            logprob=chosen.log_probability or 0.0,
            others=tuple((one.token or "", one.log_probability or 0.0) for one in others or ()),
        )


def _cited(candidate: types.Candidate) -> Iterator[Cited]:
    grounding = candidate.grounding_metadata
    for chunk in (grounding.grounding_chunks if grounding is not None else None) or ():
        found = chunk.web or chunk.retrieved_context or chunk.maps
        if found is not None:
            yield Cited(source=found.uri or "", title=found.title or "")
    for citation in (candidate.citation_metadata and candidate.citation_metadata.citations) or ():
        yield Cited(source=citation.uri or "", title=citation.title or "")


def _searched(chunks: Sequence[JsonObject]) -> Iterator[Ran]:
    """Yield the pages that were fetched and the searches, as the last chunk with each says."""
    candidates: list[JsonObject] = [
        one for chunk in chunks for one in chunk.get("candidates") or () if not one.get("index")
    ]
    grounding: JsonObject = {}
    pages: list[JsonObject] = []
    for candidate in candidates:
        grounding |= candidate.get("groundingMetadata") or {}
        context: JsonObject = candidate.get("urlContextMetadata") or {}
        pages = context.get("urlMetadata") or pages
    for page in pages:
        yield Ran(sources=(page["retrievedUrl"],))
    found: list[JsonObject] = grounding.get("groundingChunks") or []
    for queries, kind in (
        ("webSearchQueries", "web"),
        ("retrievalQueries", "retrievedContext"),
        ("retrievalQueries", "maps"),
    ):
        asked = tuple(grounding.get(queries) or ())
        sources = [one[kind] for one in found if kind in one]
        if sources or (asked and kind == "web"):
            yield Ran(
                asked=asked,
                sources=tuple(
                    one.get("uri") or one.get("placeId") or one.get("title") or ""
                    for one in sources
                ),
            )


def _chunks(record: Record) -> Sequence[JsonObject]:
    """Return the responses of a stream; without `alt=sse` they come as one list."""
    try:
        whole: Any = json.loads(record.body)
    except ValueError:
        return payloads(record.body)
    return cast("list[JsonObject]", whole) if isinstance(whole, list) else [whole]


def _parsed(chunk: JsonObject) -> types.GenerateContentResponse:
    """Return what the SDK makes of a response, without a word about enums that are new to it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return types.GenerateContentResponse.model_validate(_named(chunk))


def _named(chunk: JsonObject) -> JsonObject:
    """Return a response as the SDK's types want it.

    Enums that a gateway has numbered are spelled out, and the one field is left out that the SDK
    itself removes before it reads.
    """
    chunk = {**chunk, "usageMetadata": {**(chunk.get("usageMetadata") or {})}}
    chunk["usageMetadata"].pop("serviceTier", None)
    text = json.dumps(chunk).replace('"finishReason": 1', '"finishReason": "STOP"')
    text = text.replace('"modality": 1', '"modality": "TEXT"')
    named: JsonObject = json.loads(text.replace('"trafficType": 1', '"trafficType": "ON_DEMAND"'))
    return named
