"""The response formats a caller can ask for: JSON objects and JSON schemas."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class JsonObjectFormat:
    """Any JSON object."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class JsonSchemaFormat:
    """JSON that conforms to `json_schema`, which is JSON text."""

    name: str
    json_schema: str = dataclasses.field(repr=False)
    description: str = dataclasses.field(default="", repr=False)
    strict: bool | None = None


ResponseFormat = JsonObjectFormat | JsonSchemaFormat
