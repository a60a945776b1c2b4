"""Composes the answers of a simulated model: text, JSON, tool calls or a refusal.

An answer depends only on the behaviour, the request and the provider's seed: the same request
gets the same answer, regardless of earlier requests.
"""

from __future__ import annotations

import dataclasses
import random
import string
import zlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import assert_never

import orjson

from routersvc.simulator.answers.completions import (
    Answer,
    CompletionRequest,
    Finish,
    Usage,
    WebSearch,
)
from routersvc.simulator.answers.json_instances import json_instance
from routersvc.simulator.answers.models import ReasoningEffort
from routersvc.simulator.answers.texts import MULTI_BYTE_OPENING, Prose, split_into_pieces
from routersvc.simulator.answers.tools import ToolCall, ToolMode
from routersvc.simulator.behaviours.behaviours import Behaviour, Echo, Fixed, Generated
from routersvc.simulator.behaviours.distributions import Constant
from routersvc.simulator.errors import SchemaError
from routersvc.simulator.faults.effects import (
    ContentFilter,
    DuplicatedModel,
    Effect,
    EmptyAnswer,
    InvalidToolJson,
    Refusal,
    SchemaViolation,
    SplitBytes,
    WrongModel,
)

# Tokens that reasoning about a small prompt takes at each effort.
_REASONING_TOKENS: Mapping[ReasoningEffort | None, int] = MappingProxyType(
    {
        None: 192,
        ReasoningEffort.NONE: 0,
        ReasoningEffort.MINIMAL: 0,
        ReasoningEffort.LOW: 64,
        ReasoningEffort.MEDIUM: 192,
        ReasoningEffort.HIGH: 512,
        ReasoningEffort.XHIGH: 1024,
        ReasoningEffort.MAX: 2048,
    }
)
_ID_LETTERS = string.ascii_letters + string.digits
_ID_LENGTH = 24
_VIOLATION = '{"unexpected":[true,'
_OFF_SCHEMA = '{"unexpected":"this is not what the schema asks for"}'


class Author:
    """Composes the answers of one provider."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._prose = Prose(seed)

    def compose(
        self, request: CompletionRequest, behaviour: Behaviour, effect: Effect | None = None
    ) -> Answer:
        """Return the answer for this behaviour and, if one applies, this fault.

        Raises:
            SchemaError: no value can be made for the JSON schema of the request.
        """
        digest = self._digest(request)
        calls: tuple[ToolCall, ...] = ()
        pieces: tuple[str, ...] = ()
        finish = Finish.STOP
        refusal = False
        stopped_by: str | None = None
        search: WebSearch | None = None
        match effect:
            case EmptyAnswer():
                pass
            case Refusal(text=text):
                pieces, refusal = split_into_pieces(text), True
            case _ if self._calls_tools(request) or isinstance(effect, InvalidToolJson):
                calls = self._tool_calls(request, behaviour, digest, effect)
                finish = Finish.STOP if request.tool_mode is ToolMode.NAMED else Finish.TOOL_CALLS
            case _:
                pieces, stopped_by = self._content(request, behaviour, digest, effect)
                if request.web_search:
                    search = WebSearch(
                        query=request.prompt.last_user_text,
                        citations=behaviour.citations_per_answer,
                    )
        answer = Answer(
            pieces=pieces,
            tool_calls=calls,
            refusal=refusal,
            finish=finish,
            usage=Usage(prompt_tokens=request.prompt.tokens, completion_tokens=0),
            reported_models=_reported_models(request, effect),
            stopped_by=stopped_by,
            search=search,
        )
        return _limited(answer, request, effect)

    def _digest(self, request: CompletionRequest) -> int:
        if request.seed is None and self._seed == 0:
            return request.prompt.digest
        return zlib.crc32(b"%d:%d" % (self._seed, request.seed or 0), request.prompt.digest)

    def _calls_tools(self, request: CompletionRequest) -> bool:
        match request.tool_mode:
            case ToolMode.NEVER:
                return False
            case ToolMode.AUTO:
                return not request.prompt.after_tool_results
            case ToolMode.REQUIRED | ToolMode.NAMED:
                return True
            case _:
                assert_never(request.tool_mode)

    def _tool_calls(
        self,
        request: CompletionRequest,
        behaviour: Behaviour,
        digest: int,
        effect: Effect | None,
    ) -> tuple[ToolCall, ...]:
        source = random.Random(digest)
        wanted = behaviour.tool_calls_per_answer
        if not request.parallel_tool_calls or request.tool_mode is ToolMode.NAMED:
            wanted = 1
        calls: list[ToolCall] = []
        for number in range(wanted):
            offer = request.tools[number % len(request.tools)]
            text = _instance_text(offer.parameters, source)
            if isinstance(effect, InvalidToolJson):
                text = _VIOLATION
            name = "".join(source.choices(_ID_LETTERS, k=_ID_LENGTH))
            calls.append(
                ToolCall(id=f"call_{name}", name=offer.name, pieces=split_into_pieces(text))
            )
        return tuple(calls)

    def _content(
        self,
        request: CompletionRequest,
        behaviour: Behaviour,
        digest: int,
        effect: Effect | None,
    ) -> tuple[tuple[str, ...], str | None]:
        """Return the text and the stop sequence that ended it, if any."""
        if request.json_schema is not None:
            if isinstance(effect, SchemaViolation):
                return split_into_pieces(_OFF_SCHEMA), None
            schema = request.json_schema or {"type": "object", "properties": _FREE_PROPERTIES}
            return split_into_pieces(_instance_text(schema, random.Random(digest))), None
        pieces = self._text(request, behaviour, digest)
        if isinstance(effect, SplitBytes):
            pieces = MULTI_BYTE_OPENING + pieces
        return _stopped(pieces, request.stop)

    def _text(
        self, request: CompletionRequest, behaviour: Behaviour, digest: int
    ) -> tuple[str, ...]:
        match behaviour.answer:
            case Generated():
                length = behaviour.tokens_per_answer
                drawn = (
                    length.value
                    if isinstance(length, Constant)
                    else length.draw(random.Random(digest))
                )
                return self._prose.stretch(digest, max(1, round(drawn)))
            case Fixed(text=text):
                return split_into_pieces(text)
            case Echo():
                return split_into_pieces(request.prompt.last_user_text)
            case _:
                assert_never(behaviour.answer)


_FREE_PROPERTIES: Mapping[str, object] = MappingProxyType(
    {"answer": {"type": "string"}, "confidence": {"type": "number", "minimum": 0, "maximum": 1}}
)


def _instance_text(schema: Mapping[str, object], source: random.Random) -> str:
    """Return JSON that is valid for a schema.

    Raises:
        SchemaError: no value was found, or one that JSON cannot write.
    """
    try:
        return orjson.dumps(json_instance(schema, source)).decode()
    except TypeError as error:
        raise SchemaError("schema", "allows values that JSON cannot represent") from error


def _reported_models(request: CompletionRequest, effect: Effect | None) -> tuple[str, ...]:
    match effect:
        case WrongModel(reported_model=name):
            return (name,)
        case DuplicatedModel(reported_model=name):
            return (request.model.reported_name, name)
        case _:
            return (request.model.reported_name,)


def _stopped(pieces: tuple[str, ...], stop: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """Return the pieces before the first stop sequence, and that sequence."""
    if not stop:
        return pieces, None
    text = "".join(pieces)
    ends = [(found, sequence) for sequence in stop if (found := text.find(sequence)) >= 0]
    if not ends:
        return pieces, None
    end, sequence = min(ends)
    return split_into_pieces(text[:end]), sequence


def _limited(answer: Answer, request: CompletionRequest, effect: Effect | None) -> Answer:
    """Apply the token limit and the content filter, and set the usage."""
    reasoning = _REASONING_TOKENS[request.reasoning_effort] if request.model.reasoning else 0
    budget = min(
        request.model.max_output_tokens,
        request.model.context_window - request.prompt.tokens,
    )
    if request.max_tokens is not None:
        budget = min(budget, request.max_tokens)
    finish = answer.finish
    reasoning = min(reasoning, budget)
    visible = budget - reasoning
    if answer.tokens > visible or (visible == 0 and reasoning):
        finish = Finish.LENGTH
    if isinstance(effect, ContentFilter):
        visible = min(visible, effect.after_tokens)
        finish = Finish.CONTENT_FILTER
    pieces = answer.pieces[:visible]
    calls: list[ToolCall] = []
    left = visible - len(pieces)
    for call in answer.tool_calls:
        if left > 0:
            calls.append(ToolCall(id=call.id, name=call.name, pieces=call.pieces[:left]))
            left -= len(call.pieces)
    sent = len(pieces) + sum(len(call.pieces) for call in calls)
    return dataclasses.replace(
        answer,
        pieces=pieces,
        tool_calls=tuple(calls),
        finish=finish,
        usage=Usage(
            prompt_tokens=request.prompt.tokens,
            completion_tokens=sent + reasoning,
            reasoning_tokens=reasoning,
        ),
    )
