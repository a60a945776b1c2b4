"""Checks tools and response formats of a chat completions request as OpenAI does.

With `strict`, a schema must name every property as required and forbid others, in
every object it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import cast

from routersvc.simulator.answers.tools import ToolMode, ToolOffer
from routersvc.simulator.formats.openai.checks import Json, array, mapping, one_of, text
from routersvc.simulator.formats.openai.errors import refusal
from routersvc.simulator.formats.replies import RefusedError

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_NO_PARAMETERS: Json = MappingProxyType({"type": "object", "properties": {}})


def read_tools(body: Json) -> tuple[tuple[ToolOffer, ...], ToolMode]:
    """Return the tools that may be called and how far the model is free to call them.

    Raises:
        RefusedError: tools or tool choice are not valid.
    """
    value, choice = body.get("tools"), body.get("tool_choice")
    if value is None:
        if choice not in (None, "none"):
            raise refusal(
                400,
                "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are "
                "specified.",
                param="tool_choice",
            )
        return (), ToolMode.NEVER
    offers = tuple(
        _read_tool(mapping(entry, f"tools[{at}]"), at)
        for at, entry in enumerate(array(value, "tools"))
    )
    if not offers:
        raise refusal(
            400,
            "Invalid 'tools': empty array. Expected an array with minimum length 1, "
            "but got an empty array instead.",
            param="tools",
            code="empty_array",
        )
    return _choose(offers, choice)


def read_response_format(value: object, *, mentions_json: bool) -> Json | None:
    """Return the schema that the answer must fit: empty for any object, nothing for text.

    Raises:
        RefusedError: the response format is not valid.
    """
    if value is None:
        return None
    wanted = mapping(value, "response_format")
    kinds = ("json_object", "json_schema", "text")
    kind = one_of(wanted.get("type"), "response_format.type", kinds)
    if kind == "text":
        return None
    if kind == "json_object":
        if not mentions_json:
            raise refusal(
                400,
                "'messages' must contain the word 'json' in some form, to use 'response_format' "
                "of type 'json_object'.",
                param="messages",
            )
        return {}
    described = mapping(wanted.get("json_schema"), "response_format.json_schema")
    name = text(described.get("name"), "response_format.json_schema.name")
    _check_name(name, "response_format.json_schema.name")
    schema = mapping(described.get("schema"), "response_format.json_schema.schema")
    if schema.get("type") != "object":
        raise invalid_response_schema(
            name, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."
        )
    if described.get("strict"):
        for problem in strictness_problems(schema):
            raise invalid_response_schema(name, problem)
    return schema


def invalid_response_schema(name: str, problem: str) -> RefusedError:
    """Return the refusal of a response format's schema."""
    return refusal(
        400,
        f"Invalid schema for response_format '{name}': {problem}",
        param="response_format",
    )


def invalid_tool_schema(name: str, at: int, problem: str) -> RefusedError:
    """Return the refusal of a function's schema."""
    return refusal(
        400,
        f"Invalid schema for function '{name}': {problem}",
        param=f"tools[{at}].function.parameters",
        code="invalid_function_parameters",
    )


def strictness_problems(schema: object, context: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield what a strict schema may not do, in OpenAI's words, outermost first."""
    if not isinstance(schema, Mapping):
        return
    known = cast("Json", schema)
    where = f"In context={context!r}, "
    if known.get("type") == "object":
        properties = known.get("properties")
        names = list(cast("Json", properties)) if isinstance(properties, Mapping) else []
        required = known.get("required")
        listed = cast("list[object]", required) if isinstance(required, list) else []
        if known.get("additionalProperties") is not False:
            yield f"{where}'additionalProperties' is required to be supplied and to be false."
        absent = [name for name in names if name not in listed]
        if absent:
            yield (
                f"{where}'required' is required to be supplied and to be an array including every "
                f"key in properties. Missing '{absent[0]}'."
            )
    for keyword in ("properties", "$defs", "definitions"):
        inner = known.get(keyword)
        if isinstance(inner, Mapping):
            for name, entry in cast("Json", inner).items():
                yield from strictness_problems(entry, (*context, keyword, name))
    for keyword in ("anyOf", "allOf"):
        branches = known.get(keyword)
        if isinstance(branches, list):
            for at, entry in enumerate(cast("list[object]", branches)):
                yield from strictness_problems(entry, (*context, keyword, str(at)))
    if "items" in known:
        yield from strictness_problems(known["items"], (*context, "items"))


def _read_tool(tool: Json, at: int) -> ToolOffer:
    one_of(tool.get("type"), f"tools[{at}].type", ("function",))
    function = mapping(tool.get("function"), f"tools[{at}].function")
    name = text(function.get("name"), f"tools[{at}].function.name")
    _check_name(name, f"tools[{at}].function.name")
    given = function.get("parameters")
    parameters = (
        _NO_PARAMETERS if given is None else mapping(given, f"tools[{at}].function.parameters")
    )
    if parameters and parameters.get("type") != "object":
        raise invalid_tool_schema(
            name, at, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."
        )
    if function.get("strict"):
        for problem in strictness_problems(parameters):
            raise invalid_tool_schema(name, at, problem)
    return ToolOffer(name=name, parameters=parameters or _NO_PARAMETERS)


def _choose(
    offers: tuple[ToolOffer, ...], choice: object
) -> tuple[tuple[ToolOffer, ...], ToolMode]:
    modes = {"none": ToolMode.NEVER, "auto": ToolMode.AUTO, "required": ToolMode.REQUIRED}
    if choice is None:
        return offers, ToolMode.AUTO
    if isinstance(choice, str):
        return offers, modes[one_of(choice, "tool_choice", tuple(modes))]
    named = mapping(choice, "tool_choice")
    kind = one_of(named.get("type"), "tool_choice.type", ("function", "allowed_tools"))
    if kind == "allowed_tools":
        allowed = mapping(named.get("allowed_tools"), "tool_choice.allowed_tools")
        mode = one_of(allowed.get("mode"), "tool_choice.allowed_tools.mode", ("auto", "required"))
        entries = array(allowed.get("tools"), "tool_choice.allowed_tools.tools")
        names = [_named(entry, "tool_choice.allowed_tools.tools") for entry in entries]
        return tuple(_find(offers, name) for name in names), modes[mode]
    return (_find(offers, _named(named, "tool_choice")),), ToolMode.NAMED


def _named(entry: object, param: str) -> str:
    function = mapping(mapping(entry, param).get("function"), f"{param}.function")
    return text(function.get("name"), f"{param}.function.name")


def _find(offers: tuple[ToolOffer, ...], name: str) -> ToolOffer:
    for offer in offers:
        if offer.name == name:
            return offer
    raise refusal(400, f"Tool choice '{name}' not found in 'tools' parameter.", param="tool_choice")


def _check_name(name: str, param: str) -> None:
    if not _NAME.fullmatch(name):
        raise refusal(
            400,
            f"Invalid '{param}': string does not match pattern. Expected a string that matches "
            "the pattern '^[a-zA-Z0-9_-]+$'.",
            param=param,
            code="invalid_value",
        )
