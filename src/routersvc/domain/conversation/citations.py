"""The sources that an answer names for its text."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """A source that supports a piece of the answer's text.

    `start` and `end` (exclusive) count characters: in an event from the beginning of the answer's
    text, in a part from the beginning of the part. `None`: the provider did not say which text.
    `document` is the place among the prompt's documents.
    """

    start: int | None = None
    end: int | None = None
    url: str = dataclasses.field(default="", repr=False)
    title: str = dataclasses.field(default="", repr=False)
    cited_text: str = dataclasses.field(default="", repr=False)
    document: int | None = None
    source_id: str = dataclasses.field(default="", repr=False)


def citations_of_parts(
    citation: Citation, lengths: Sequence[int], latest: int
) -> Iterator[tuple[int, Citation]]:
    """Yield the citation for each part of the text that it supports, with the part's number.

    `lengths` are the lengths of the parts; `latest` is the part for a citation without a span, or
    with one beyond the text.
    """
    start, end = citation.start, citation.end
    found = False
    first = 0
    if start is not None and end is not None:
        for place, length in enumerate(lengths):
            after = first + length
            is_here = start < after and first < end
            if is_here or (start == end and not found and first <= start <= after):
                found = True
                yield (
                    place,
                    dataclasses.replace(
                        citation, start=max(0, start - first), end=min(end, after) - first
                    ),
                )
            first = after
    if not found:
        yield latest, dataclasses.replace(citation, start=None, end=None)
