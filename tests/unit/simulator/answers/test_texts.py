"""Texts: what a simulated model says, piece by piece."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.simulator.answers.patterns import matching_text
from routersvc.simulator.answers.texts import Prose, split_into_pieces


@given(text=st.text())
def test_pieces_joined_are_the_text(text: str) -> None:
    """A stream must add up to the unary answer, whatever the text."""
    pieces = split_into_pieces(text)

    assert "".join(pieces) == text
    assert all(pieces)


def test_words_stay_whole_up_to_six_letters() -> None:
    """Pieces are about as long as a model's tokens."""
    assert split_into_pieces("The northern road, now.") == (
        "The",
        " northe",
        "rn",
        " road",
        ",",
        " now",
        ".",
    )


@given(digest=st.integers(0, 2**32 - 1), tokens=st.integers(1, 300))
def test_a_stretch_of_prose_has_its_length_and_reads_like_sentences(
    digest: int, tokens: int
) -> None:
    """The demo shows it to people."""
    pieces = Prose(3).stretch(digest, tokens)

    assert len(pieces) == tokens
    assert not pieces[0].startswith(" ")
    assert pieces[0][0].isupper()
    assert tokens == 1 or pieces[-1] == "."


def test_prose_follows_from_its_seed() -> None:
    """Two providers differ, two runs do not."""
    assert Prose(1).stretch(5, 40) == Prose(1).stretch(5, 40)
    assert Prose(1).stretch(5, 40) != Prose(2).stretch(5, 40)


def test_nothing_is_a_stretch_of_no_tokens() -> None:
    """An answer may be limited to nothing."""
    assert Prose(1).stretch(5, 0) == ()


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[A-Z]{3}-\d{4}$",
        r"^(foo|bar)+$",
        r"^[^\s@]+@[^\s@]+\.[a-z]{2,6}$",
        r"^\+?[1-9]\d{1,14}$",
        r"^#(?:[0-9a-fA-F]{3}){1,2}$",
        r"\d+",
        r"^.{5,10}$",
        r"^(?P<year>\d{4})-(0[1-9]|1[0-2])$",
        r"^\w+(\.\w+)*$",
        r"^[a-z0-9]+(?:-[a-z0-9]+)*$",
        r"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$",
        r"^\x41\u0042\t?$",
        r"^[\]\-a]{2}$",
        r"^a{2,}b{1,3}?$",
        r"",
    ],
)
def test_text_for_a_pattern_matches_it(pattern: str) -> None:
    """Models with structured output obey patterns, so does the simulator."""
    for seed in range(20):
        text = matching_text(pattern, random.Random(seed))

        assert text is not None
        assert re.search(pattern, text)


def test_text_for_a_pattern_keeps_the_bounds_of_its_length() -> None:
    """A schema may give both."""
    text = matching_text(r"^[a-z]+", random.Random(1), shortest=12, longest=14)

    assert text is not None
    assert 12 <= len(text) <= 14


@pytest.mark.parametrize("pattern", ["(", "^a$b", "[z-a]", r"(?=x)y(?!y)\Bz$^"])
def test_impossible_patterns_give_nothing(pattern: str) -> None:
    """The caller then says so, instead of answering wrongly."""
    assert matching_text(pattern, random.Random(1)) is None


@pytest.mark.filterwarnings("ignore::FutureWarning")
@given(pattern=st.text(alphabet="ab01[](){}^$|?*+.\\-,dws", max_size=12))
def test_any_pattern_gives_a_match_or_nothing(pattern: str) -> None:
    """A schema comes from a client: nothing in it may break the simulator."""
    text = matching_text(pattern, random.Random(1))

    assert text is None or re.search(pattern, text)
