"""Reads the items of tools that the vendor runs.

Each is kept whole beside what is read of it, to be sent back unchanged. xAI writes the input of its
tools as JSON text in `arguments`, or in the `input` of a custom call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from routersvc.domain.conversation.hosted_activities import (
    HostedActivity,
    HostedSource,
    HostedStatus,
)
from routersvc.providers.formats.openai_responses.items import CUSTOM_CALL, proof_of
from routersvc.providers.reading.citations import object_in, objects_in, text_in, values_in
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

_ENDINGS = ("_call_output", "_call", "_output", "_list_tools", "_approval_request")
"""How the types of items end that belong to a tool."""

_TOOLS: Mapping[str, str] = MappingProxyType(
    {
        "code_interpreter": "code_execution",
        "computer": "computer_use",
    }
)
"""Names that vendors share, where the item's type is not one."""

_APPROVAL = "mcp_approval_request"
_VISITING = frozenset({"web_fetch_call", "web_search_call"})
"""Calls whose input may name a page."""

_BY_CALLER = frozenset({"computer_call", "local_shell_call"})
"""Calls of tools that the caller runs."""


def awaits_caller(item: JsonObject) -> bool:
    """Return whether the caller must approve or run what an item asks for."""
    return item["type"] == _APPROVAL or item.get("execution") == "client"


def activity_of(item: JsonObject, maker: str) -> HostedActivity | None:
    """Return what an item says that a tool did; `None` for an item of no tool."""
    kind: str = item["type"]
    ending = next((it for it in _ENDINGS if kind.endswith(it)), None)
    if ending is None:
        return None
    tool = kind.removesuffix(ending)
    name = label_of(item.get("name"))
    if kind == CUSTOM_CALL:
        tool = "x_search" if name.startswith("x_") else name or tool
    elif ending == "_list_tools":
        name = "list_tools"
    tool = _TOOLS.get(tool, tool)
    given = _given(item)
    fields = fields_of(given)
    status = status_in(item)
    error = _error(item)
    if awaits_caller(item) or kind in _BY_CALLER:
        status = HostedStatus.WAITING
    elif error and status in {None, HostedStatus.COMPLETED}:
        status = HostedStatus.FAILED
    call_id = item.get("call_id") or item.get("id")
    return HostedActivity(
        tool=tool,
        name="" if name == tool else name,
        activity_id=label_of(call_id, longest=LONGEST_CALL_ID),
        server=label_of(item.get("server_label")),
        input_json=json_text(given),
        queries=queries_in(item, fields),
        code=text_in(item, "code") or code_in(fields),
        status=status,
        output=_output(item),
        error=error,
        sources=tuple(_sources(item, fields)),
        proof=proof_of(item),
        maker=maker,
    )


def _given(item: JsonObject) -> object:
    """Return the input of a call, in the field that its type has for it."""
    for field in ("arguments", "action", "input", "operation"):
        value = item.get(field)
        if value not in (None, "", {}):
            return value
    for field in ("queries", "code"):
        if item.get(field):
            return {field: item[field]}
    return None


def _sources(item: JsonObject, fields: Mapping[str, Any]) -> Iterator[HostedSource]:
    yield from sources_in(item.get("results"))
    yield from sources_in(fields.get("sources"))
    url = text_in(fields, "url") if item["type"] in _VISITING else ""
    if url:
        yield HostedSource(url=url)


def _output(item: JsonObject) -> str:
    """Return the text that a tool returned: logs, standard output, the names of tools."""
    written = item.get("output")
    if isinstance(written, str):
        return written
    pieces = [text_in(one, "logs") for one in objects_in(item.get("outputs"))]
    for one in objects_in(written):
        pieces += [text_in(one, "stdout"), text_in(one, "stderr"), text_in(one, "text", "logs")]
    pieces += [text_in(one, "name") for one in objects_in(values_in(item.get("tools")))]
    return lines_of(pieces)


def _error(item: JsonObject) -> str:
    return text_in(item, "error") or text_in(object_in(item, "error"), "message", "code", "type")
