"""Reads the blocks of tools that Anthropic runs, and of MCP servers that it calls.

A call and its result are blocks of their own; the result names the call by its id. Each is kept
whole beside what is read of it: a conversation cannot go on without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from routersvc.domain.conversation.hosted_activities import (
    HostedActivity,
    HostedSource,
    HostedStatus,
)
from routersvc.providers.reading.citations import (
    NOTHING,
    object_in,
    objects_in,
    text_in,
)
from routersvc.providers.reading.hosted_activities import (
    code_in,
    fields_of,
    json_text,
    lines_of,
    queries_in,
    sources_in,
)
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.reading.labels import LONGEST_CALL_ID, label_of

_CALL = "_tool_use"
_RESULT = "_tool_result"
_MCP = "mcp"
_TOOLS: Mapping[str, str] = MappingProxyType(
    {
        "bash_code_execution": "code_execution",
        "text_editor_code_execution": "code_execution",
        "tool_search_tool_bm25": "tool_search",
        "tool_search_tool_regex": "tool_search",
    }
)
"""Names that vendors share, where Anthropic's own is another."""

_EXPLAINED = ("error_code", "error_message", "message")


class HostedReader:
    """The blocks of one answer; remembers which tool the calls are of."""

    def __init__(self, maker: str) -> None:
        self._maker = maker
        self._tools: dict[str, tuple[str, str, str]] = {}

    def read(self, block: JsonObject) -> HostedActivity | None:
        """Return what a block says that a tool did; `None` for a block of no tool."""
        kind: str = block["type"]
        if kind.endswith(_CALL):
            return self._call(block, kind)
        return self._result(block, kind) if kind.endswith(_RESULT) else None

    def _call(self, block: JsonObject, kind: str) -> HostedActivity:
        name = label_of(block.get("name"))
        call_id = label_of(block.get("id"), longest=LONGEST_CALL_ID)
        tool = _MCP if kind.startswith(_MCP) else _TOOLS.get(name, name)
        server = label_of(block.get("server_name"))
        self._tools[call_id] = (tool, name, server)
        given = block.get("input")
        fields = fields_of(given)
        url = text_in(fields, "url")
        return HostedActivity(
            tool=tool,
            name="" if name == tool else name,
            server=server,
            activity_id=call_id,
            input_json=json_text(given),
            queries=queries_in(fields),
            code=code_in(fields),
            sources=(HostedSource(url=url),) if url else (),
            proof=orjson.dumps(block),
            maker=self._maker,
        )

    def _result(self, block: JsonObject, kind: str) -> HostedActivity:
        call_id = label_of(block.get("tool_use_id"), longest=LONGEST_CALL_ID)
        plain = kind.removesuffix(_RESULT)
        tool, name, server = self._tools.get(call_id, (_TOOLS.get(plain, plain), "", ""))
        fields = NOTHING if isinstance(block.get("content"), list) else object_in(block, "content")
        code = fields.get("return_code")
        exit_failed = isinstance(code, int) and code != 0
        error = ""
        if text_in(fields, "type").endswith("_error") or block.get("is_error") is True:
            error = text_in(fields, *_EXPLAINED) or _text(block.get("content"))
        elif exit_failed:
            error = text_in(fields, "stderr")
        has_failed = bool(error) or exit_failed or block.get("is_error") is True
        return HostedActivity(
            tool=tool,
            name="" if name == tool else name,
            server=server,
            activity_id=call_id,
            status=HostedStatus.FAILED if has_failed else HostedStatus.COMPLETED,
            output=_output(block.get("content"), fields),
            error=error,
            sources=_sources(block.get("content"), fields),
            proof=orjson.dumps(block),
            maker=self._maker,
        )


def _output(content: object, fields: Mapping[str, Any]) -> str:
    if not fields:
        return _text(content)
    references = [text_in(one, "tool_name") for one in objects_in(fields.get("tool_references"))]
    if any(references):
        return lines_of(references)
    document = object_in(object_in(fields, "content"), "source")
    if text_in(document, "type") == "text":
        return text_in(document, "data")
    return text_in(fields, "stdout", "content")


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    return lines_of(text_in(one, "text") for one in objects_in(content))


def _sources(content: object, fields: Mapping[str, Any]) -> tuple[HostedSource, ...]:
    if fields:
        url = text_in(fields, "url")
        title = text_in(object_in(fields, "content"), "title")
        return (HostedSource(url=url, title=title),) if url else ()
    found = [one for one in objects_in(content) if text_in(one, "type").endswith("_search_result")]
    return tuple(HostedSource(url=one.url, title=one.title) for one in sources_in(found) if one.url)
