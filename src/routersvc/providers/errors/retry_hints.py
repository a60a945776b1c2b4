"""Finds the retry delay in the text of an error, for responses without such a header.

Seen: `Please try again in 2.4s` and `in 7m12s` (OpenAI, Groq), `Please retry after 9 seconds`
(Azure), `Please retry in 34.07s` (Google), `in 6 minutes`. An error inside a successful response
has no headers of its own.
"""

from __future__ import annotations

import re

from routersvc.providers.errors.rate_limit_headers import seconds_until

_NUMBER = r"[0-9]{1,7}(?:\.[0-9]{1,9})?"
_HINT = re.compile(
    r"\b(?:try again|retry|wait)(?: in| after| for)? (?:about )?"
    rf"(?:(?P<number>{_NUMBER}) ?(?P<unit>(?:millisecond|second|minute|hour)s?)\b"
    rf"|(?P<length>(?:{_NUMBER}(?:ms|[dhms])){{1,4}})(?![a-z0-9]))"
)
_UNITS = {"milliseconds": 0.001, "seconds": 1.0, "minutes": 60.0, "hours": 3_600.0}


def wait_in(text: str) -> float | None:
    """Return the retry delay that a lower-case text names, in seconds; `None` if it names none."""
    found = _HINT.search(text)
    if found is None:
        return None
    if found["length"]:
        return seconds_until(found["length"], now=0.0) or None
    return float(found["number"]) * _UNITS[found["unit"].removesuffix("s") + "s"] or None
