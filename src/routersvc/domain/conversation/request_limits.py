"""Limits of what one request may hold, so that no request holds up the others."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RequestLimits:
    """The largest request that is read. Whatever exceeds a limit is refused before any attempt.

    `parts` are those of all messages together, tool results included; `text_characters` those of
    all texts, which profile and detectors read. `json_bytes` are the JSON of tools, response format
    and wire extensions together. Of any JSON, `json_depth` is the nesting, and `json_values` the
    objects, arrays and further members of all of it together.
    """

    messages: int = 2_048
    parts: int = 4_096
    tools: int = 512
    text_characters: int = 8_000_000
    json_bytes: int = 512 * 1024
    json_depth: int = 100
    json_values: int = 32_000
    url_bytes: int = 8_192
    private_addresses: bool = False

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if getattr(self, field.name) is not False and getattr(self, field.name) < 1:
                raise ValueError(f"`{field.name}` is at least 1")


DEFAULT_LIMITS = RequestLimits()
