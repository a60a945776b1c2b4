"""What is wrong with tools, formats or extensions is named by its exact path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmrouter.v1 import prompt_pb2 as p
from llmrouter.v1 import router_service_pb2 as service

Change = Callable[[p.Prompt], object]
ViolationsOf = Callable[[service.CompleteRequest], list[tuple[str, str]]]

UNKNOWN: Any = 99
"""A number that a newer contract may give a meaning."""


def tool(name: str, schema: str = "") -> p.Tool:
    """Return a function."""
    return p.Tool(function=p.FunctionTool(name=name, parameters_json_schema=schema))


CASES: dict[str, tuple[Change, str, str]] = {
    "tool without kind": (
        lambda it: it.tools.add(),
        "prompt.tools[0]",
        "must hold a function or a hosted tool",
    ),
    "tool without name": (
        lambda it: it.tools.append(tool("")),
        "prompt.tools[0].function.name",
        "must be 1 to 64 letters, digits, `_` or `-`",
    ),
    "tool name with a space": (
        lambda it: it.tools.append(tool("look out")),
        "prompt.tools[0].function.name",
        "must be 1 to 64 letters, digits, `_` or `-`",
    ),
    "tool name too long": (
        lambda it: it.tools.append(tool("a" * 65)),
        "prompt.tools[0].function.name",
        "must be 1 to 64 letters, digits, `_` or `-`",
    ),
    "tool name twice": (
        lambda it: it.tools.extend([tool("look"), tool("look")]),
        "prompt.tools[1].function.name",
        "must be unique among the tools",
    ),
    "tool schema no JSON": (
        lambda it: it.tools.append(tool("look", '{"type": }')),
        "prompt.tools[0].function.parameters_json_schema",
        "must be a JSON object; it is not JSON at character 9",
    ),
    "tool schema no object": (
        lambda it: it.tools.append(tool("look", "[]")),
        "prompt.tools[0].function.parameters_json_schema",
        "must be a JSON object",
    ),
    "tool choice unknown": (
        lambda it: it.tool_choice.CopyFrom(p.ToolChoice(mode=UNKNOWN)),
        "prompt.tool_choice.mode",
        "99 is not a value that this version knows",
    ),
    "tool choice of no tool": (
        lambda it: it.MergeFrom(
            p.Prompt(
                tools=[tool("look")],
                tool_choice=p.ToolChoice(mode=p.TOOL_CHOICE_MODE_FUNCTION, function_name="hear"),
            )
        ),
        "prompt.tool_choice.function_name",
        "must name one of the functions in `tools`",
    ),
    "tool choice without a name": (
        lambda it: it.MergeFrom(
            p.Prompt(
                tools=[tool("look")], tool_choice=p.ToolChoice(mode=p.TOOL_CHOICE_MODE_FUNCTION)
            )
        ),
        "prompt.tool_choice.function_name",
        "must name one of the functions in `tools`",
    ),
    "tool choice with a name too many": (
        lambda it: it.MergeFrom(
            p.Prompt(tools=[tool("look")], tool_choice=p.ToolChoice(function_name="look"))
        ),
        "prompt.tool_choice.function_name",
        "stands beside `TOOL_CHOICE_MODE_FUNCTION` only",
    ),
    "tool required without tools": (
        lambda it: it.tool_choice.CopyFrom(p.ToolChoice(mode=p.TOOL_CHOICE_MODE_REQUIRED)),
        "prompt.tool_choice.mode",
        "requires a tool call, but `tools` is empty",
    ),
    "schema without name": (
        lambda it: it.response_format.CopyFrom(
            p.ResponseFormat(json_schema=p.JsonSchemaFormat(json_schema="{}"))
        ),
        "prompt.response_format.json_schema.name",
        "must be 1 to 64 letters, digits, `_` or `-`",
    ),
    "schema empty": (
        lambda it: it.response_format.CopyFrom(
            p.ResponseFormat(json_schema=p.JsonSchemaFormat(name="weather"))
        ),
        "prompt.response_format.json_schema.json_schema",
        "must be a JSON object; it is not JSON at character 0",
    ),
    "schema of infinite numbers": (
        lambda it: it.response_format.CopyFrom(
            p.ResponseFormat(
                json_schema=p.JsonSchemaFormat(name="weather", json_schema='{"maximum": NaN}')
            )
        ),
        "prompt.response_format.json_schema.json_schema",
        "must be a JSON object; it is not JSON at character 12",
    ),
    "extension without format": (
        lambda it: it.wire_extensions.add(fields_json="{}"),
        "prompt.wire_extensions[0].wire_format",
        "must not be empty",
    ),
    "extension no object": (
        lambda it: it.wire_extensions.add(wire_format="openai_chat", fields_json="1"),
        "prompt.wire_extensions[0].fields_json",
        "must be a JSON object",
    ),
    "extension twice": (
        lambda it: it.wire_extensions.extend(
            [p.WireExtension(wire_format="openai_chat", fields_json="{}")] * 2
        ),
        "prompt.wire_extensions[1].wire_format",
        "must be unique among the extensions",
    ),
}


@pytest.mark.parametrize(("change", "field", "description"), CASES.values(), ids=CASES)
def test_wrong_tool_is_refused_by_name(
    change: Change,
    field: str,
    description: str,
    hello: service.CompleteRequest,
    violations_of: ViolationsOf,
) -> None:
    """The caller hears which field it is and what is right."""
    change(hello.prompt)

    assert violations_of(hello) == [(field, description)]
