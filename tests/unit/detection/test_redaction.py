"""The detector finds nothing in a redacted text; sentences without findings stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.detection.local_detector import LocalDetector
from routersvc.detection.redaction import Redactor
from routersvc.domain.conversation.steps import finished

DETECTOR = LocalDetector()
REDACTOR = Redactor(DETECTOR)
PIECES = (
    "Hello there. ",
    "write to miriam@example.org today",
    "IBAN DE89 3704 0044 0532 0130 00",
    "card 4111 1111 1111 1111; ",
    "\n",
    "call +49 30 901820 ",
    "SSN: ",
    "078-05-1120",
    "0123456789 " * 3,
    " ",
)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Why is the sky blue?\nTell me.", "Why is the sky blue?\nTell me."),
        (
            "Hi Tom. Write to miriam@example.org today! Thanks.",
            "Hi Tom. [redacted: email] Thanks.",
        ),
        (
            "First line\nIBAN DE89 3704 0044 0532 0130 00\nlast line",
            "First line\n[redacted: iban]\nlast line",
        ),
        ("my key is sk-proj-4f9d8a7b6c5e4d3c2b1a0f9e.", "my key is [redacted: token]."),
        ("antidisestablishmentarianism is long", "antidisestablishmentarianism is long"),
        ("", ""),
    ],
)
def test_sentences_with_findings_are_replaced(text: str, redacted: str) -> None:
    """The others stay as they are, and so do line breaks."""
    assert REDACTOR.redacted(text) == redacted


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=12).map("".join))
def test_detector_finds_nothing_in_a_redacted_text(text: str) -> None:
    """Wherever identifiers and the words that announce them lie."""
    redacted = REDACTOR.redacted(text)

    assert finished(DETECTOR.detecting((redacted,))) == ()
