"""The sources that an answer names for its text."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """A source that supports a piece of the answer's text.

    `start` and `end` (exclusive) count characters from the beginning of the answer's text; `None`
    where the provider did not say which text. `document` is the place among the prompt's documents.
    """

    start: int | None = None
    end: int | None = None
    url: str = dataclasses.field(default="", repr=False)
    title: str = dataclasses.field(default="", repr=False)
    cited_text: str = dataclasses.field(default="", repr=False)
    document: int | None = None
    source_id: str = dataclasses.field(default="", repr=False)
