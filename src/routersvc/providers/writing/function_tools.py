"""Writes functions and response schemas as most formats have them."""

from __future__ import annotations

from routersvc.domain.conversation.response_formats import JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool
from routersvc.providers.reading.json_values import JsonObject, object_in

FAILED_TOOL = "The tool failed."
"""The result of a tool that failed without a word."""

FAILED_TOOL_PREFIX = "The tool failed: "
"""Marks the result of a failed tool in formats without a flag for it."""


def encode_function(tool: FunctionTool) -> JsonObject:
    """Return `name`, `description` and `parameters`; a function without any takes an empty object.

    `strict` is not written.

    Raises:
        AttemptFailedError: the schema is no JSON object.
    """
    function: JsonObject = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = parameters_of(tool)
    return function


def parameters_of(tool: FunctionTool) -> JsonObject:
    """Return the JSON Schema of a function's arguments: an empty object where it states none.

    Raises:
        AttemptFailedError: the schema is no JSON object.
    """
    if not tool.parameters_json_schema:
        return {"type": "object", "properties": {}}
    return object_in(tool.parameters_json_schema, f"tools[{tool.name}].parameters_json_schema")


def encode_schema(wanted: JsonSchemaFormat) -> JsonObject:
    """Return the response schema as OpenAI's formats have it.

    Raises:
        AttemptFailedError: the schema is no JSON object.
    """
    schema: JsonObject = {
        "name": wanted.name,
        "schema": object_in(wanted.json_schema, "response_format.json_schema"),
    }
    if wanted.description:
        schema["description"] = wanted.description
    if wanted.strict is not None:
        schema["strict"] = wanted.strict
    return schema
