"""Reads what tools of the vendor did.

An activity is never worth an answer: a field of an unexpected shape is left out of it, and its
proof holds all that the vendor sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, cast

import orjson

from routersvc.domain.conversation.hosted_activities import HostedSource, HostedStatus
from routersvc.providers.reading.citations import objects_in, text_in, values_in
from routersvc.providers.reading.json_values import json_object

STATUSES: Mapping[str, HostedStatus] = MappingProxyType(
    {
        "in_progress": HostedStatus.RUNNING,
        "queued": HostedStatus.RUNNING,
        "searching": HostedStatus.RUNNING,
        "interpreting": HostedStatus.RUNNING,
        "calling": HostedStatus.RUNNING,
        "generating": HostedStatus.RUNNING,
        "completed": HostedStatus.COMPLETED,
        "success": HostedStatus.COMPLETED,
        "incomplete": HostedStatus.FAILED,
        "failed": HostedStatus.FAILED,
        "error": HostedStatus.FAILED,
    }
)
"""The words of vendors; any other gives no status."""

_MOST_SOURCES = 1_000
_MOST_QUERIES = 100
_CODE_FIELDS = ("code", "command", "snippet", "script")


def queries_in(*places: object) -> tuple[str, ...]:
    """Return the search queries of the first object that has any, in any of vendors' fields."""
    for place in places:
        for fields in objects_in(place):
            listed = [it for it in values_in(fields.get("queries")) if isinstance(it, str) and it]
            found = listed or [text_in(fields, "query", "search_query", "q")]
            if found[0]:
                return tuple(found[:_MOST_QUERIES])
    return ()


def code_in(fields: Mapping[str, Any]) -> str:
    """Return the code or the command of an input."""
    commands = values_in(fields.get("commands"))
    if commands:
        return lines_of(commands)
    argv = values_in(fields.get("command"))
    if argv:
        return " ".join(word for word in argv if isinstance(word, str))
    return text_in(fields, *_CODE_FIELDS)


def json_text(value: object) -> str:
    """Return an input as JSON text, as the vendor wrote it; empty where there is none."""
    if value is None or value in ("", {}, []):
        return ""
    if isinstance(value, str):
        return value
    try:
        return orjson.dumps(value).decode()
    except (TypeError, orjson.JSONEncodeError):
        return ""


def fields_of(value: object) -> Mapping[str, Any]:
    """Return the object that an input is, also where it is JSON text; empty for any other."""
    if isinstance(value, dict):
        return cast("Mapping[str, Any]", value)
    return (json_object(value) if isinstance(value, str) else None) or {}


def status_in(fields: Mapping[str, Any]) -> HostedStatus | None:
    """Return the status that a vendor wrote, `None` where it wrote none that is known."""
    return STATUSES.get(text_in(fields, "status").lower())


def sources_in(value: object) -> tuple[HostedSource, ...]:
    """Return the sources in a list of results, however vendors name their fields."""
    return tuple(_few(_sources(value)))


def lines_of(values: Iterable[object]) -> str:
    """Return the texts among these values, each as a line."""
    return "\n".join(it for it in values if isinstance(it, str) and it)


def _sources(value: object) -> Iterator[HostedSource]:
    for item in values_in(value):
        if isinstance(item, str):
            yield HostedSource(url=item)
        for fields in objects_in(item):
            source = HostedSource(
                url=text_in(fields, "url", "uri", "link"),
                title=text_in(fields, "title", "filename", "name"),
                text=text_in(fields, "text", "snippet", "content"),
                source_id=text_in(fields, "file_id", "id", "source_id"),
            )
            if source != _NO_SOURCE:
                yield source


_NO_SOURCE = HostedSource()


def _few(sources: Iterable[HostedSource]) -> Iterator[HostedSource]:
    for number, source in enumerate(sources):
        if number == _MOST_SOURCES:
            return
        yield source
