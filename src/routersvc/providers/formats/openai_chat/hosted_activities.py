"""Reads what vendors' own tools did, where a vendor of this format says so.

    executed_tools     of the message: Groq; the call with its result, repeated as it goes on
    search_results     of the body: Perplexity and others; what a search found
    citations          of the body: xAI and others; the addresses that a search found

None of them wants any of it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import HostedDelta
from routersvc.domain.conversation.hosted_activities import (
    HostedActivity,
    HostedSource,
    HostedStatus,
)
from routersvc.providers.reading.citations import object_in, objects_in, text_in
from routersvc.providers.reading.hosted_activities import (
    code_in,
    fields_of,
    json_text,
    queries_in,
    sources_in,
)
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.reading.labels import LONGEST_CALL_ID, label_of

_TOOLS: Mapping[str, str] = MappingProxyType(
    {
        "browser_search": "web_search",
        "code_interpreter": "code_execution",
        "python": "code_execution",
        "search": "web_search",
        "visit": "web_fetch",
    }
)
"""Names that vendors share, where Groq's own is another."""

_MOST_TOOLS = 1_000


class HostedReader:
    """What tools did for one answer. It is told at the end, for vendors repeat it in each chunk."""

    def __init__(self, maker: str) -> None:
        self._maker = maker
        self._executed: dict[object, dict[str, Any]] = {}
        self._found: dict[str, HostedSource] = {}

    def read_message(self, message: JsonObject) -> None:
        """Keep the tools that a message or a delta says were run."""
        for place, tool in enumerate(objects_in(message.get("executed_tools"))):
            index = tool.get("index")
            key = index if isinstance(index, int) else (place, text_in(tool, "id"))
            if len(self._executed) < _MOST_TOOLS or key in self._executed:
                known = self._executed.setdefault(key, {})
                known.update({name: value for name, value in tool.items() if value is not None})

    def read_body(self, body: JsonObject) -> None:
        """Keep what a body or a chunk says that a search found."""
        found = (*sources_in(body.get("search_results")), *sources_in(body.get("citations")))
        for source in found:
            if source.url:
                self._found.setdefault(source.url, source)

    def finish(self, events: list[AnswerEvent]) -> bool:
        """Append what was done; return whether a tool ran for the answer."""
        events.extend(
            HostedDelta(activity=self._activity(tool)) for tool in self._executed.values()
        )
        if self._found:
            search = HostedActivity(
                tool="web_search",
                status=HostedStatus.COMPLETED,
                sources=tuple(self._found.values()),
                maker=self._maker,
            )
            events.append(HostedDelta(activity=search))
        return bool(self._executed)

    def _activity(self, tool: Mapping[str, Any]) -> HostedActivity:
        kind = label_of(tool.get("type")) or label_of(tool.get("name"))
        name = label_of(tool.get("name"))
        given = tool.get("arguments")
        fields = fields_of(given)
        output = text_in(tool, "output")
        results = [
            *objects_in(object_in(tool, "search_results").get("results")),
            *objects_in(tool.get("browser_results")),
        ]
        url = text_in(fields, "url")
        return HostedActivity(
            tool=_TOOLS.get(kind, kind),
            name=name if name not in {kind, _TOOLS.get(kind, kind)} else "",
            activity_id=label_of(tool.get("id"), longest=LONGEST_CALL_ID),
            server=label_of(tool.get("server_label")),
            input_json=json_text(given),
            queries=queries_in(fields),
            code=code_in(fields),
            status=HostedStatus.COMPLETED if output or results else None,
            output=output,
            sources=sources_in(results) or ((HostedSource(url=url),) if url else ()),
            maker=self._maker,
        )
