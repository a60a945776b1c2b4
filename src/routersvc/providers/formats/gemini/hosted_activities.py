"""Reads what Google's own tools did, and writes it back.

Code that ran and its result are parts of the answer, as are calls of other tools where the request
asks for them: they are kept whole and sent back. Searches stand beside the answer instead, and
nothing of them is sent back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from routersvc.domain.conversation.hosted_activities import (
    HostedActivity,
    HostedSource,
    HostedStatus,
)
from routersvc.providers.reading.citations import object_in, objects_in, text_in, values_in
from routersvc.providers.reading.hosted_activities import (
    fields_of,
    json_text,
    queries_in,
    sources_in,
)
from routersvc.providers.reading.json_values import JsonObject, json_object
from routersvc.providers.reading.labels import LONGEST_CALL_ID, label_of

_CODE_EXECUTION = "code_execution"
_PARTS = frozenset({"codeExecutionResult", "executableCode", "toolCall", "toolResponse"})
_BESIDE = frozenset({"partMetadata", "thoughtSignature"})
_OUTCOMES: Mapping[str, HostedStatus] = MappingProxyType(
    {
        "OUTCOME_OK": HostedStatus.COMPLETED,
        "OUTCOME_FAILED": HostedStatus.FAILED,
        "OUTCOME_DEADLINE_EXCEEDED": HostedStatus.FAILED,
    }
)
_TOOLS: Mapping[str, str] = MappingProxyType(
    {
        "FILE_SEARCH": "file_search",
        "GOOGLE_MAPS": "google_maps",
        "GOOGLE_SEARCH_IMAGE": "web_search",
        "GOOGLE_SEARCH_WEB": "web_search",
        "URL_CONTEXT": "web_fetch",
    }
)
"""Names that vendors share for the types of Google's tools."""

_GROUNDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "web_search": ("web", "image"),
        "file_search": ("retrievedContext",),
        "google_maps": ("maps",),
    }
)
"""The kinds of chunks that each tool finds."""

_QUERIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "web_search": ("webSearchQueries", "imageSearchQueries"),
        "file_search": ("retrievalQueries",),
        "google_maps": ("retrievalQueries",),
    }
)
_WEB_SEARCH = "web_search"
_FETCHED = "URL_RETRIEVAL_STATUS_SUCCESS"


def activity_of(part: JsonObject, maker: str) -> HostedActivity | None:
    """Return what a part says that a tool did; `None` for any other part."""
    kind = next((it for it in _PARTS if isinstance(part.get(it), dict)), None)
    if kind is None:
        return None
    fields = object_in(part, kind)
    tool, output, error, status = _CODE_EXECUTION, "", "", None
    given: object = None
    sources: tuple[HostedSource, ...] = ()
    match kind:
        case "codeExecutionResult":
            outcome = label_of(fields.get("outcome"))
            status = _OUTCOMES.get(outcome)
            output = text_in(fields, "output")
            error = outcome if status is HostedStatus.FAILED else ""
        case "toolCall":
            given = fields.get("args")
        case "toolResponse":
            answered = object_in(fields, "response")
            output = json_text(fields.get("response"))
            sources = sources_in(answered.get("results"))
            status = HostedStatus.COMPLETED
        case _:
            pass
    if kind in {"toolCall", "toolResponse"}:
        word = label_of(fields.get("toolType"))
        tool = _TOOLS.get(word, word.lower())
    return HostedActivity(
        tool=tool,
        activity_id=label_of(fields.get("id"), longest=LONGEST_CALL_ID),
        input_json=json_text(given),
        queries=queries_in(fields_of(given)),
        code=text_in(fields, "code"),
        status=status,
        output=output,
        error=error,
        sources=sources,
        proof=orjson.dumps(part),
        maker=maker,
    )


def part_of(proof: bytes) -> JsonObject | None:
    """Return the part that a proof holds; `None` where another format made the proof."""
    part = json_object(proof)
    if part is None or len(_PARTS & part.keys()) != 1:
        return None
    return part if part.keys() <= _PARTS | _BESIDE else None


def searches_in(grounding: Mapping[str, Any], maker: str) -> Iterator[HostedActivity]:
    """Yield the searches that an answer is grounded on, one for each tool."""
    chunks = list(objects_in(grounding.get("groundingChunks")))
    for tool, kinds in _GROUNDED.items():
        found = [one for chunk in chunks for kind in kinds for one in objects_in(chunk.get(kind))]
        queries = [
            query
            for field in _QUERIES[tool]
            for query in values_in(grounding.get(field))
            if isinstance(query, str) and query
        ]
        # Queries of one field may be those of several tools.
        if found or (queries and (tool == _WEB_SEARCH or not chunks)):
            yield HostedActivity(
                tool=tool,
                queries=tuple(queries),
                status=HostedStatus.COMPLETED,
                sources=sources_in(found),
                maker=maker,
            )


def fetches_in(context: Mapping[str, Any], maker: str) -> Iterator[HostedActivity]:
    """Yield the pages that Google fetched for an answer."""
    for page in objects_in(context.get("urlMetadata")):
        url = text_in(page, "retrievedUrl")
        word = label_of(page.get("urlRetrievalStatus"))
        if url:
            is_read = word == _FETCHED
            yield HostedActivity(
                tool="web_fetch",
                status=HostedStatus.COMPLETED if is_read else HostedStatus.FAILED,
                error="" if is_read else word,
                sources=(HostedSource(url=url),),
                maker=maker,
            )
