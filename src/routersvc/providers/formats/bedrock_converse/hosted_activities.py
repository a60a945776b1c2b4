"""Reads the blocks of tools that Amazon runs: a call, and its result, which names it by its id.

Each is kept whole beside what is read of it, to be sent back unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from routersvc.domain.conversation.hosted_activities import HostedActivity, HostedStatus
from routersvc.providers.reading.citations import object_in, objects_in, text_in
from routersvc.providers.reading.hosted_activities import (
    code_in,
    fields_of,
    json_text,
    lines_of,
    queries_in,
    sources_in,
    status_in,
)
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.reading.labels import LONGEST_CALL_ID, label_of

_TOOLS: Mapping[str, str] = MappingProxyType(
    {"nova_code_interpreter": "code_execution", "nova_grounding": "web_search"}
)
"""Names that vendors share, where Amazon's own is another."""

_RESULT = "_result"


class HostedReader:
    """The blocks of one answer; remembers which tool the calls are of."""

    def __init__(self, maker: str) -> None:
        self._maker = maker
        self._names: dict[str, str] = {}

    def read(self, block: JsonObject) -> HostedActivity | None:
        """Return what a block says that a tool did; `None` for a block of no tool."""
        match block:
            case {"toolUse": dict()}:
                return self._call(block, object_in(block, "toolUse"))
            case {"toolResult": dict()}:
                return self._result(block, object_in(block, "toolResult"))
            case _:
                return None

    def _call(self, block: JsonObject, call: Mapping[str, Any]) -> HostedActivity:
        name = label_of(call.get("name"))
        call_id = label_of(call.get("toolUseId"), longest=LONGEST_CALL_ID)
        self._names[call_id] = name
        given = call.get("input")
        fields = fields_of(given)
        return HostedActivity(
            tool=_TOOLS.get(name, name),
            name=name if name in _TOOLS else "",
            activity_id=call_id,
            input_json=json_text(given),
            queries=queries_in(fields),
            code=code_in(fields),
            proof=orjson.dumps(block),
            maker=self._maker,
        )

    def _result(self, block: JsonObject, result: Mapping[str, Any]) -> HostedActivity:
        call_id = label_of(result.get("toolUseId"), longest=LONGEST_CALL_ID)
        plain = label_of(result.get("type")).removesuffix(_RESULT)
        name = self._names.get(call_id, plain)
        pieces = list(objects_in(result.get("content")))
        told = [object_in(one, "json") for one in pieces]
        errors = lines_of(text_in(one, "stdErr", "error") for one in told)
        has_failed = any(one.get("isError") is True or one.get("exitCode") for one in told)
        output = lines_of(
            [
                *(text_in(one, "text") for one in pieces),
                *(text_in(one, "stdOut", "output") for one in told),
            ]
        )
        return HostedActivity(
            tool=_TOOLS.get(name, name),
            name=name if name in _TOOLS else "",
            activity_id=call_id,
            status=HostedStatus.FAILED if has_failed else status_in(result),
            output=output,
            error=errors if has_failed else "",
            sources=tuple(source for one in told for source in sources_in(one.get("results"))),
            proof=orjson.dumps(block),
            maker=self._maker,
        )
