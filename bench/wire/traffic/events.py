"""Takes the payloads of a stream out of its bytes, as the transports' own documents say.

Server-sent events: WHATWG HTML, section 9.2.6. Recorders strip white space at the end of what they
keep, so the lines of a last event without its empty line count as an event if they are complete.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

JsonObject = dict[str, Any]

END_MARK = "[DONE]"
"""The payload by which OpenAI, and vendors like it, end a stream."""

_LINE_END = re.compile("\r\n|\r|\n")


class Event(NamedTuple):
    """An event: its name, empty where it has none, and its data."""

    name: str
    data: str


def events_of(body: bytes) -> Iterator[Event]:
    """Yield the events of a stream."""
    name, data = "", list[str]()
    for line in _LINE_END.split(body.decode("utf-8-sig", "replace")):
        if line == "":
            if data:
                yield Event(name, "\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value
    rest = "\n".join(data)
    if rest == END_MARK or _is_json(rest):
        yield Event(name, rest)


def payloads(body: bytes) -> Sequence[JsonObject]:
    """Return the JSON payloads of a stream of events."""
    data = (event.data.strip() for event in events_of(body))
    return [json.loads(one) for one in data if one not in {"", END_MARK}]


def lines_of(body: bytes) -> Sequence[JsonObject]:
    """Return the JSON payloads of a stream of lines."""
    return [json.loads(line) for line in body.decode().split("\n") if line.strip()]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def lacks_its_end(body: bytes) -> bool:
    """Return whether a stream of events stops without the empty line that ends its last event."""
    text = body.decode("utf-8", "replace").lstrip("\ufeff\r\n")
    is_events = text.startswith(("data", "event", "id:", "retry", ":"))
    return is_events and not text.endswith(("\n\n", "\r\r", "\r\n\r\n"))
