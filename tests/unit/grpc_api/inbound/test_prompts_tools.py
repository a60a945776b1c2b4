"""What is wrong with tools, formats or extensions is named by its exact path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.wording import Wording

from llmrouter.v1 import prompt_pb2 as p
from llmrouter.v1 import router_service_pb2 as service

Change = Callable[[p.Prompt], object]
ViolationsOf = Callable[[service.CompleteRequest], list[tuple[str, str]]]

UNKNOWN: Any = 99
"""A number that a newer contract may give a meaning."""


def tool(name: str, schema: str = "") -> p.Tool:
    """Return a function."""
    return p.Tool(function=p.FunctionTool(name=name, parameters_json_schema=schema))


CASES: dict[str, tuple[Change, str]] = {
    "tool without kind": (
        lambda it: it.tools.add(),
        "prompt.tools[0]",
    ),
    "tool without name": (
        lambda it: it.tools.append(tool("")),
        "prompt.tools[0].function.name",
    ),
    "tool name with a space": (
        lambda it: it.tools.append(tool("look out")),
        "prompt.tools[0].function.name",
    ),
    "tool name too long": (
        lambda it: it.tools.append(tool("a" * 65)),
        "prompt.tools[0].function.name",
    ),
    "tool name twice": (
        lambda it: it.tools.extend([tool("look"), tool("look")]),
        "prompt.tools[1].function.name",
    ),
    "tool schema no JSON": (
        lambda it: it.tools.append(tool("look", '{"type": }')),
        "prompt.tools[0].function.parameters_json_schema",
    ),
    "tool schema no object": (
        lambda it: it.tools.append(tool("look", "[]")),
        "prompt.tools[0].function.parameters_json_schema",
    ),
    "tool schema too wide": (
        lambda it: it.tools.append(tool("look", '{"enum": [1' + ",1" * 50_000 + "]}")),
        "prompt.tools[0].function.parameters_json_schema",
    ),
    "tool schemas too wide together": (
        lambda it: it.tools.extend(
            tool(f"look{place}", '{"enum": [1' + ",1" * 20_000 + "]}") for place in range(3)
        ),
        "prompt.tools[1].function.parameters_json_schema",
    ),
    "tool choice unknown": (
        lambda it: it.tool_choice.CopyFrom(p.ToolChoice(mode=UNKNOWN)),
        "prompt.tool_choice.mode",
    ),
    "tool choice of no tool": (
        lambda it: it.MergeFrom(
            p.Prompt(
                tools=[tool("look")],
                tool_choice=p.ToolChoice(mode=p.TOOL_CHOICE_MODE_FUNCTION, function_name="hear"),
            )
        ),
        "prompt.tool_choice.function_name",
    ),
    "tool choice without a name": (
        lambda it: it.MergeFrom(
            p.Prompt(
                tools=[tool("look")], tool_choice=p.ToolChoice(mode=p.TOOL_CHOICE_MODE_FUNCTION)
            )
        ),
        "prompt.tool_choice.function_name",
    ),
    "tool choice with a name too many": (
        lambda it: it.MergeFrom(
            p.Prompt(tools=[tool("look")], tool_choice=p.ToolChoice(function_name="look"))
        ),
        "prompt.tool_choice.function_name",
    ),
    "tool required without tools": (
        lambda it: it.tool_choice.CopyFrom(p.ToolChoice(mode=p.TOOL_CHOICE_MODE_REQUIRED)),
        "prompt.tool_choice.mode",
    ),
    "schema without name": (
        lambda it: it.response_format.CopyFrom(
            p.ResponseFormat(json_schema=p.JsonSchemaFormat(json_schema="{}"))
        ),
        "prompt.response_format.json_schema.name",
    ),
    "schema empty": (
        lambda it: it.response_format.CopyFrom(
            p.ResponseFormat(json_schema=p.JsonSchemaFormat(name="weather"))
        ),
        "prompt.response_format.json_schema.json_schema",
    ),
    "schema of infinite numbers": (
        lambda it: it.response_format.CopyFrom(
            p.ResponseFormat(
                json_schema=p.JsonSchemaFormat(name="weather", json_schema='{"maximum": NaN}')
            )
        ),
        "prompt.response_format.json_schema.json_schema",
    ),
    "extension without format": (
        lambda it: it.wire_extensions.add(fields_json="{}"),
        "prompt.wire_extensions[0].wire_format",
    ),
    "extension no object": (
        lambda it: it.wire_extensions.add(wire_format="openai_chat", fields_json="1"),
        "prompt.wire_extensions[0].fields_json",
    ),
    "extension twice": (
        lambda it: it.wire_extensions.extend(
            [p.WireExtension(wire_format="openai_chat", fields_json="{}")] * 2
        ),
        "prompt.wire_extensions[1].wire_format",
    ),
}


@pytest.mark.parametrize(("change", "field"), CASES.values(), ids=CASES)
def test_wrong_tool_is_refused_by_name(
    change: Change,
    field: str,
    hello: service.CompleteRequest,
    violations_of: ViolationsOf,
    wording: Wording,
) -> None:
    """The caller hears which field it is and what is right."""
    change(hello.prompt)

    ((found, description),) = violations_of(hello)
    assert found == field
    wording(description)
