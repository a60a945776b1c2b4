"""Citations of an answer are divided among the parts of its text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.conversation.citations import Citation, citations_of_parts

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (0, 3, [(0, 0, 3)]),
        (5, 7, [(1, 0, 2)]),
        (3, 7, [(0, 3, 5), (1, 0, 2)]),
        (5, 5, [(0, 5, 5)]),
        (None, None, [(1, None, None)]),
        (20, 30, [(1, None, None)]),
    ],
)
def test_citation_goes_to_the_text_that_it_supports(
    start: int | None, end: int | None, found: list[tuple[int, int | None, int | None]]
) -> None:
    """Its span counts from the beginning of that part."""
    parts = citations_of_parts(Citation(start=start, end=end, url="u"), [5, 4], 1)

    assert [(place, one.start, one.end) for place, one in parts] == found


@given(lengths=LENGTHS, start=st.integers(0, 50), length=st.integers(0, 50))
def test_span_selects_the_same_text(lengths: list[int], start: int, length: int) -> None:
    """What the parts of the citation select is what the citation selects."""
    text = "".join(chr(ord("a") + index % 26) for index in range(sum(lengths)))
    firsts = [sum(lengths[:place]) for place in range(len(lengths))]
    texts = [text[first : first + size] for first, size in zip(firsts, lengths, strict=True)]

    parts = citations_of_parts(Citation(start=start, end=start + length, url="u"), lengths, 0)

    selected = "".join(
        texts[place][one.start : one.end] for place, one in parts if one.start is not None
    )
    assert selected == text[start : start + length]
