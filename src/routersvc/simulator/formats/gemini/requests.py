"""Reads a request for Gemini's content and refuses it as Google would.

Supported features: text, inline data, files by URI, functions,
JSON with and without schema. Google's own tools are refused by name. Names may be
written in camel or in snake case, as protobuf's JSON allows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from routersvc.simulator.answers.completions import CompletionRequest
from routersvc.simulator.answers.models import ReasoningEffort, SimulatedModel
from routersvc.simulator.answers.tools import ToolMode, ToolOffer
from routersvc.simulator.formats.gemini.contents import read_contents
from routersvc.simulator.formats.gemini.errors import ERRORS, GeminiWording, refusal
from routersvc.simulator.formats.json_fields import Fields, Json
from routersvc.simulator.formats.offers import Offer

_KNOWN = frozenset(
    {
        "cachedContent",
        "contents",
        "generationConfig",
        "labels",
        "model",
        "safetySettings",
        "serviceTier",
        "store",
        "systemInstruction",
        "toolConfig",
        "tools",
    }
)
_KNOWN_CONFIG = frozenset(
    {
        "audioTimestamp",
        "candidateCount",
        "enableEnhancedCivicAnswers",
        "frequencyPenalty",
        "imageConfig",
        "logprobs",
        "maxOutputTokens",
        "mediaResolution",
        "presencePenalty",
        "responseJsonSchema",
        "responseLogprobs",
        "responseMimeType",
        "responseModalities",
        "responseSchema",
        "routingConfig",
        "seed",
        "speechConfig",
        "stopSequences",
        "temperature",
        "thinkingConfig",
        "topK",
        "topP",
    }
)
_MOST_STOPS = 5
# What lies under these is the client's own, and keeps its names.
_VERBATIM = frozenset(
    {
        "args",
        "labels",
        "parameters",
        "parametersJsonSchema",
        "response",
        "responseJsonSchema",
        "responseSchema",
    }
)
_NO_PARAMETERS: Json = MappingProxyType({"type": "object", "properties": {}})
_LEVELS: Mapping[str, ReasoningEffort] = MappingProxyType(
    {
        "MINIMAL": ReasoningEffort.MINIMAL,
        "LOW": ReasoningEffort.LOW,
        "MEDIUM": ReasoningEffort.MEDIUM,
        "HIGH": ReasoningEffort.HIGH,
        "XHIGH": ReasoningEffort.XHIGH,
    }
)
_MODES: Mapping[str, ToolMode] = MappingProxyType(
    {
        "AUTO": ToolMode.AUTO,
        "ANY": ToolMode.REQUIRED,
        "NONE": ToolMode.NEVER,
        "VALIDATED": ToolMode.AUTO,
    }
)


def read_request(raw: bytes, name: str, offer: Offer, *, streaming: bool) -> CompletionRequest:
    """Return what a body asks of the model with this name.

    Raises:
        RefusedError: Google would not accept it.
    """
    model = offer.model(name, ERRORS.unknown_model)
    given = Fields.of_body(raw, GeminiWording())
    body = Fields(cast("Json", _camel(given.values)), GeminiWording())
    body.refuse_unknown(_KNOWN)
    config = body.optional_inner("generationConfig") or Fields({}, GeminiWording())
    config.refuse_unknown(_KNOWN_CONFIG)
    _check_sampling(config)
    limit = _read_limit(config, model)
    prompt = read_contents(body, model)
    if prompt.tokens > model.context_window:
        raise refusal(
            f"The input token count ({prompt.tokens}) exceeds the maximum number of tokens allowed "
            f"({model.context_window})."
        )
    tools, mode = _read_tools(body)
    return CompletionRequest(
        model=model,
        streaming=streaming,
        prompt=prompt,
        tools=tools,
        tool_mode=mode,
        json_schema=_read_schema(config),
        stop=_read_stop(config),
        max_tokens=limit,
        seed=config.integer("seed"),
        reasoning_effort=_read_effort(config, model),
    )


def _camel(value: object) -> object:
    """Return JSON with its names in camel case, down to what is the client's own."""
    if isinstance(value, list):
        return [_camel(entry) for entry in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    written: dict[str, object] = {}
    for name, entry in cast("dict[str, object]", value).items():
        key = re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
        written[key] = entry if key in _VERBATIM else _camel(entry)
    return written


def _check_sampling(config: Fields) -> None:
    config.number("temperature", low=0, high=2)
    config.number("topP", low=0, high=1)
    config.number("topK", low=1, high=1000)
    config.number("presencePenalty", low=-2, high=2)
    config.number("frequencyPenalty", low=-2, high=2)
    if config.integer("candidateCount", low=1, high=8) not in (None, 1):
        raise refusal("Multiple candidates is not enabled for this model")
    if config.switch("responseLogprobs", default=False):
        raise refusal("Logprobs is not enabled for this model")


def _read_limit(config: Fields, model: SimulatedModel) -> int | None:
    limit = config.integer("maxOutputTokens", low=1)
    if limit is not None and limit > model.max_output_tokens:
        raise refusal(
            f"Unable to submit request because it has a maxOutputTokens value of {limit} but the "
            f"supported range is from 1 (inclusive) to {model.max_output_tokens + 1} (exclusive). "
            "Update the value and try again."
        )
    return limit


def _read_stop(config: Fields) -> tuple[str, ...]:
    stop = config.texts("stopSequences")
    if len(stop) > _MOST_STOPS:
        raise refusal(f"The number of stop sequences must be at most {_MOST_STOPS}.")
    return stop


def _read_schema(config: Fields) -> Json | None:
    """Return the schema that the answer must fit; empty for any object."""
    schema = config.optional_inner("responseJsonSchema") or config.optional_inner("responseSchema")
    kind = config.optional_text("responseMimeType") or "text/plain"
    if kind == "application/json":
        return {} if schema is None else cast("Json", _json_schema(schema.values))
    if schema is not None:
        raise refusal(f"response_schema is only supported with `application/json`, not `{kind}`")
    return None


def _json_schema(schema: object) -> object:
    """Return a schema with the type names of JSON Schema, where Google writes them large."""
    if isinstance(schema, list):
        return [_json_schema(entry) for entry in cast("list[object]", schema)]
    if not isinstance(schema, dict):
        return schema
    written: dict[str, object] = {}
    for name, entry in cast("dict[str, object]", schema).items():
        if name == "type" and isinstance(entry, str):
            written[name] = entry.lower()
        elif name in ("minItems", "maxItems", "minLength", "maxLength") and isinstance(entry, str):
            written[name] = int(entry)
        else:
            written[name] = entry if name in ("enum", "const") else _json_schema(entry)
    return written


def _read_tools(body: Fields) -> tuple[tuple[ToolOffer, ...], ToolMode]:
    offers: list[ToolOffer] = []
    for tool in body.objects("tools"):
        for name in tool.values:
            if name != "functionDeclarations" and tool.has(name):
                raise refusal(f"`{name}` is not supported here")
        offers.extend(_read_function(function) for function in tool.objects("functionDeclarations"))
    config = body.optional_inner("toolConfig")
    calling = config.optional_inner("functionCallingConfig") if config is not None else None
    if calling is None or not calling.has("mode"):
        return tuple(offers), ToolMode.AUTO if offers else ToolMode.NEVER
    mode = _MODES[calling.one_of("mode", tuple(_MODES))]
    if not offers:
        if mode is ToolMode.REQUIRED:
            raise refusal("Function calling config is set without function_declarations.")
        return (), ToolMode.NEVER
    allowed = calling.texts("allowedFunctionNames")
    if allowed and mode is not ToolMode.REQUIRED:
        raise refusal(
            "Allowed function names should be set only when function calling mode is ANY."
        )
    chosen = tuple(offer for offer in offers if not allowed or offer.name in allowed)
    if not chosen:
        raise refusal("Allowed function names are not among the declared functions.")
    return chosen, mode


def _read_function(function: Fields) -> ToolOffer:
    name = function.text("name")
    if not re.fullmatch(r"[A-Za-z_][\w.:-]{0,127}", name):
        raise refusal(
            "Invalid function name. Must start with a letter or an underscore. Must be "
            "alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), "
            "with a maximum length of 128."
        )
    given = function.optional_inner("parametersJsonSchema") or function.optional_inner("parameters")
    schema = _NO_PARAMETERS if given is None else cast("Json", _json_schema(given.values))
    return ToolOffer(name=name, parameters=schema)


def _read_effort(config: Fields, model: SimulatedModel) -> ReasoningEffort | None:
    thinking = config.optional_inner("thinkingConfig")
    if thinking is None:
        return None
    if not model.reasoning:
        raise refusal("Thinking is not supported for this model.")
    thinking.switch("includeThoughts", default=False)
    budget = thinking.integer("thinkingBudget", low=-1)
    if thinking.has("thinkingLevel"):
        level = thinking.text("thinkingLevel").upper()
        if level not in _LEVELS:
            raise GeminiWording().not_one_of(thinking.at("thinkingLevel"), level, tuple(_LEVELS))
        return _LEVELS[level]
    return ReasoningEffort.NONE if budget == 0 else None
