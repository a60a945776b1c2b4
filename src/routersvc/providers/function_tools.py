"""Writes functions as most formats have them: a name, what it is for, a JSON Schema."""

from __future__ import annotations

from routersvc.domain.prompts import FunctionTool
from routersvc.providers.json_values import JsonObject, object_in

_NO_PARAMETERS: JsonObject = {"type": "object", "properties": {}}


def encode_function(tool: FunctionTool) -> JsonObject:
    """Return `name`, `description` and `parameters`; a function without any takes an empty object.

    Whether arguments must obey the schema is not said here.

    Raises:
        AttemptFailedError: the schema is no JSON object.
    """
    function: JsonObject = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters_json_schema:
        field = f"tools[{tool.name}].parameters_json_schema"
        function["parameters"] = object_in(tool.parameters_json_schema, field)
    else:
        function["parameters"] = _NO_PARAMETERS
    return function
