"""The nesting of JSON in a request, without a parse: deep JSON upsets the parsers of providers."""

from __future__ import annotations

import re

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
"""A string, which is passed over, or a bracket. A string without an end reaches to the end of the
text, so that the search is linear."""

_OPENING = frozenset({b"[", b"{"})
_CLOSING = frozenset({b"]", b"}"})


def is_deeper_than(limit: int, text: str | bytes) -> bool:
    """Whether brackets are nested deeper than `limit`. Linear; few brackets are only counted."""
    if isinstance(text, str):
        if text.count("{") + text.count("[") <= limit:
            return False
        text = text.encode("utf-8", "surrogatepass")
    elif text.count(b"{") + text.count(b"[") <= limit:
        return False
    depth = 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in _OPENING:
            depth += 1
            if depth > limit:
                return True
        elif token in _CLOSING:
            depth -= 1
    return False
