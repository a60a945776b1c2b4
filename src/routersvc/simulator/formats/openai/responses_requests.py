"""Reads a request for OpenAI's Responses and refuses what OpenAI would refuse.

Supported are the features that the simulator implements: text, images, files, functions, structured
output, reasoning effort, web search. Nothing is stored: what refers to an earlier response is
refused by name, and so are OpenAI's other tools.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import cast

import orjson

from routersvc.simulator.answers.completions import CompletionRequest, Prompt
from routersvc.simulator.answers.models import ReasoningEffort, SimulatedModel
from routersvc.simulator.answers.tools import ToolMode, ToolOffer, tools_named
from routersvc.simulator.formats.offers import Offer
from routersvc.simulator.formats.openai.checks import (
    Json,
    array,
    integer,
    mapping,
    missing,
    number,
    one_of,
    switch,
    text,
    unsupported,
)
from routersvc.simulator.formats.openai.errors import ERRORS, refusal
from routersvc.simulator.formats.openai.schemas import invalid_response_schema, strictness_problems
from routersvc.simulator.formats.prompts import PromptTally

_WEB_SEARCH = "web_search"
_KNOWN = frozenset(
    {
        "include",
        "input",
        "instructions",
        "max_output_tokens",
        "metadata",
        "model",
        "parallel_tool_calls",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    }
)
# These would change the answer, and the simulated models cannot do them.
_UNSERVED = (
    "background",
    "context_management",
    "conversation",
    "max_tool_calls",
    "previous_response_id",
    "prompt",
)
_LEAST_LIMIT = 16
_NOT_JSON = "We could not parse the JSON body of your request."
_NO_PARAMETERS: Json = MappingProxyType({"type": "object", "properties": {}})


def read_request(raw: bytes, offer: Offer) -> CompletionRequest:
    """Return the parsed request.

    Raises:
        RefusedError: OpenAI would not accept it.
    """
    try:
        parsed: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise refusal(400, _NOT_JSON) from error
    body = mapping(parsed, "body")
    for name in _UNSERVED:
        if body.get(name):
            raise unsupported(name)
    unknown = body.keys() - _KNOWN - set(_UNSERVED)
    if unknown:
        name = min(unknown)
        raise refusal(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    name = text(body.get("model"), "model")
    model = offer.model(name, ERRORS.unknown_model)
    limit = integer(body, "max_output_tokens", low=_LEAST_LIMIT, high=model.max_output_tokens)
    number(body, "temperature", low=0, high=2)
    number(body, "top_p", low=0, high=1)
    if model.reasoning and body.get("temperature") not in (None, 1):
        raise unsupported("temperature")
    prompt = _read_prompt(body, model)
    if prompt.tokens > model.context_window:
        raise refusal(
            400,
            "Your input exceeds the context window of this model. Please adjust your input and try "
            "again.",
            param="input",
            code="context_length_exceeded",
        )
    tools, mode = _read_tools(body)
    options = mapping(body.get("stream_options") or {}, "stream_options")
    return CompletionRequest(
        model=model,
        streaming=switch(body, "stream", default=False),
        prompt=prompt,
        tools=tools,
        tool_mode=mode,
        parallel_tool_calls=switch(body, "parallel_tool_calls", default=True),
        json_schema=_read_format(body, prompt),
        max_tokens=limit,
        reasoning_effort=_read_effort(body, model),
        obfuscated=switch(options, "include_obfuscation", default=True),
        web_search=_searches(body),
        echoed=_echoed(body),
    )


def _read_prompt(body: Json, model: SimulatedModel) -> Prompt:
    reader = _Reader(model)
    if body.get("instructions") is not None:
        reader.tally.hold(text(body["instructions"], "instructions"))
    given = body.get("input")
    if given is None:
        raise missing("input")
    if isinstance(given, str):
        reader.tally.hold(given)
        reader.tally.end_message(user_text=given)
    else:
        for at, entry in enumerate(array(given, "input")):
            reader.read(mapping(entry, f"input[{at}]"), f"input[{at}]")
    if reader.open_calls:
        raise refusal(
            400,
            f"No tool output found for function call {min(reader.open_calls)}.",
            param="input",
        )
    return reader.tally.prompt()


class _Reader:
    """Reads one item of the input after the other."""

    def __init__(self, model: SimulatedModel) -> None:
        self.tally = PromptTally()
        self.open_calls: set[str] = set()
        self._vision = model.vision

    def read(self, item: Json, param: str) -> None:
        """Check one item and count what it holds."""
        match item.get("type", "message"):
            case "message":
                self._message(item, param)
            case "function_call":
                self.open_calls.add(text(item.get("call_id"), f"{param}.call_id"))
                self.tally.hold(
                    text(item.get("name"), f"{param}.name"),
                    text(item.get("arguments"), f"{param}.arguments"),
                )
                self.tally.end_message()
            case "function_call_output":
                call = text(item.get("call_id"), f"{param}.call_id")
                if call not in self.open_calls:
                    raise refusal(
                        400,
                        f"No tool call found for function call output with call_id {call}.",
                        param="input",
                    )
                self.open_calls.remove(call)
                self.tally.hold(str(item.get("output")))
                self.tally.end_message(tool_results=True)
            case "web_search_call":
                self.tally.hold(str(item.get("action") or ""))
            case "reasoning":
                self.tally.hold(str(item.get("encrypted_content") or ""))
            case kind:
                raise refusal(
                    400,
                    f"Invalid value: '{kind}'. It is not supported here.",
                    param=f"{param}.type",
                    code="invalid_value",
                )

    def _message(self, item: Json, param: str) -> None:
        role = one_of(
            item.get("role"), f"{param}.role", ("assistant", "system", "developer", "user")
        )
        content = item.get("content")
        texts: list[str] = []
        if isinstance(content, str):
            texts.append(content)
        else:
            for at, entry in enumerate(array(content, f"{param}.content")):
                place = f"{param}.content[{at}]"
                self._part(mapping(entry, place), place, texts)
        self.tally.message(texts, from_user=role == "user", tool_results=False)

    def _part(self, part: Json, place: str, texts: list[str]) -> None:
        kinds = ("input_text", "input_image", "input_file", "output_text", "refusal")
        match one_of(part.get("type"), f"{place}.type", kinds):
            case "input_text" | "output_text":
                texts.append(text(part.get("text"), f"{place}.text"))
            case "refusal":
                texts.append(text(part.get("refusal"), f"{place}.refusal"))
            case "input_image" if self._vision:
                url = str(part.get("image_url") or part.get("file_id") or "")
                self.tally.image(f"{zlib.crc32(url.encode()):08x}")
            case "input_image":
                raise refusal(
                    400, "This model does not support image inputs.", param=f"{place}.type"
                )
            case _:
                self.tally.hold(str(part.get("file_id") or part.get("file_data") or ""))


def _read_tools(body: Json) -> tuple[tuple[ToolOffer, ...], ToolMode]:
    offers: list[ToolOffer] = []
    for at, entry in enumerate(array(body.get("tools") or [], "tools")):
        tool = mapping(entry, f"tools[{at}]")
        kind = one_of(tool.get("type"), f"tools[{at}].type", ("function", _WEB_SEARCH))
        if kind == _WEB_SEARCH:
            continue
        given = tool.get("parameters")
        schema = _NO_PARAMETERS if given is None else mapping(given, f"tools[{at}].parameters")
        offers.append(
            ToolOffer(name=text(tool.get("name"), f"tools[{at}].name"), parameters=schema)
        )
    choice = body.get("tool_choice")
    if choice is None:
        return tuple(offers), ToolMode.AUTO if offers else ToolMode.NEVER
    if isinstance(choice, str):
        modes = {"none": ToolMode.NEVER, "auto": ToolMode.AUTO, "required": ToolMode.REQUIRED}
        mode = modes[one_of(choice, "tool_choice", tuple(modes))]
        if not body.get("tools") and mode is ToolMode.REQUIRED:
            raise refusal(
                400,
                "Tool choice 'required' must be specified with 'tools' parameter.",
                param="tool_choice",
            )
        return tuple(offers), mode if offers else ToolMode.NEVER
    named = mapping(choice, "tool_choice")
    one_of(named.get("type"), "tool_choice.type", ("function",))
    name = text(named.get("name"), "tool_choice.name")
    chosen = tools_named(offers, name)
    if not chosen:
        raise refusal(
            400, f"Tool choice '{name}' not found in 'tools' parameter.", param="tool_choice"
        )
    return chosen, ToolMode.NAMED


def _searches(body: Json) -> bool:
    """Return whether the vendor may search; the tools are checked already."""
    tools = cast("Sequence[Json]", body.get("tools") or ())
    offered = any(tool["type"] == _WEB_SEARCH for tool in tools)
    return offered and body.get("tool_choice") != "none"


def _read_format(body: Json, prompt: Prompt) -> Json | None:
    wanted = mapping(mapping(body.get("text") or {}, "text").get("format") or {}, "text.format")
    kind = one_of(
        wanted.get("type", "text"), "text.format.type", ("json_object", "json_schema", "text")
    )
    if kind == "text":
        return None
    if kind == "json_object":
        if not prompt.mentions_json:
            raise refusal(
                400,
                "Response input messages must contain the word 'json' in some form to use "
                "'text.format' of type 'json_object'.",
                param="input",
            )
        return {}
    name = text(wanted.get("name"), "text.format.name")
    schema = mapping(wanted.get("schema"), "text.format.schema")
    if wanted.get("strict"):
        for problem in strictness_problems(schema):
            raise invalid_response_schema(name, problem)
    return schema


def _read_effort(body: Json, model: SimulatedModel) -> ReasoningEffort | None:
    effort = mapping(body.get("reasoning") or {}, "reasoning").get("effort")
    if effort is None:
        return None
    if not model.reasoning:
        raise unsupported("reasoning.effort")
    allowed = tuple(known.value for known in ReasoningEffort)
    return ReasoningEffort(one_of(effort, "reasoning.effort", allowed))


def _echoed(body: Json) -> bytes:
    """Return what a response repeats of its request, with the defaults of what was left out."""
    tools = [
        tool
        if tool["type"] == _WEB_SEARCH
        else {"type": "function", "description": None, "strict": True, **tool}
        for tool in cast("Sequence[Json]", body.get("tools") or ())
    ]
    reasoning = cast("Mapping[str, object]", body.get("reasoning") or {})
    text_options = cast("Mapping[str, object]", body.get("text") or {})
    return orjson.dumps(
        {
            "background": False,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "max_tool_calls": None,
            "metadata": body.get("metadata") or {},
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "previous_response_id": None,
            "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
            "service_tier": "default",
            "store": body.get("store", True),
            "temperature": body.get("temperature", 1.0),
            "text": {
                "format": text_options.get("format") or {"type": "text"},
                "verbosity": "medium",
            },
            "tool_choice": body.get("tool_choice") or "auto",
            "tools": tools,
            "top_logprobs": 0,
            "top_p": body.get("top_p", 1.0),
            "truncation": body.get("truncation") or "disabled",
            "user": body.get("user"),
        }
    )[1:-1]
