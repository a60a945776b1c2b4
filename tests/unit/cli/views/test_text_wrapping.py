"""Words that arrive in pieces are wrapped on a terminal."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.cli.views.text_wrapping import WordWrap

WIDTH = 12


def screen(written: str) -> list[str]:
    """Return the lines of a terminal after something was written to it."""
    lines = [""]
    for part in re.findall(r"\x1b\[\d+D\x1b\[K|\n|[^\x1b\n]", written):
        if part == "\n":
            lines.append("")
        elif part.startswith("\x1b"):
            size = int(part[2 : part.index("D")])
            lines[-1] = lines[-1][:-size]
        else:
            lines[-1] += part
    return lines


def wrapped(*pieces: str) -> list[str]:
    """Return the lines of a terminal after pieces of a text."""
    wrap = WordWrap(WIDTH)
    return screen("".join(wrap.wrapped(piece) for piece in pieces))


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        (("short",), ["short"]),
        (("one two", " three", " four"), ["one two ", "three four"]),
        (("one two th", "ree"), ["one two ", "three"]),
        (("exactly 11c", " next"), ["exactly 11c", "next"]),
        (("a\n", "b"), ["a", "b"]),
        (("unbreakable-and-long",), ["unbreakable", "-and-long"]),
        (("to unbreakable-and-long",), ["to ", "unbreakable", "-and-long"]),
    ],
)
def test_a_word_that_does_not_fit_moves_to_the_next_line(
    pieces: tuple[str, ...], lines: list[str]
) -> None:
    """Whatever pieces it came in; only what fills a line by itself is cut."""
    assert wrapped(*pieces) == lines


def test_wide_characters_take_two_cells() -> None:
    """Five of them fill eleven cells."""
    assert wrapped("東京東京東京東京") == ["東京東京東", "京東京"]


def test_what_fits_is_written_as_it_is() -> None:
    """No piece waits for the next one."""
    assert WordWrap(WIDTH).wrapped("hel") == "hel"


@given(
    st.lists(st.text(st.sampled_from("abc \n"), max_size=8), max_size=20),
    st.integers(2, 30),
)
def test_no_letter_is_lost_and_no_line_too_long(pieces: list[str], width: int) -> None:
    """Wrapping changes white space alone."""
    wrap = WordWrap(width)

    lines = screen("".join(wrap.wrapped(piece) for piece in pieces))

    assert all(len(line) < width for line in lines)
    assert "".join("".join(lines).split()) == "".join("".join(pieces).split())


@given(st.text(st.sampled_from("abc "), max_size=60), st.lists(st.integers(0, 60)))
def test_pieces_make_no_difference(text: str, cuts: list[int]) -> None:
    """The same text looks the same however it arrives."""
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]

    assert wrapped(*pieces) == wrapped(text)
