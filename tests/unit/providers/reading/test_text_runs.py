"""Chunks that differ in their text only."""

from __future__ import annotations

import pytest

from routersvc.providers.reading.sse import SseEvent
from routersvc.providers.reading.text_runs import TextRun


def texts(run: TextRun, *payloads: bytes) -> list[str]:
    """Return the texts that a run finds in unnamed chunks."""
    return run.texts([SseEvent(b"", payload) for payload in payloads], 0)


@pytest.fixture
def run() -> TextRun:
    """Return a run that has learned a chunk."""
    run = TextRun()
    run.learn(b'{"t": "a", "n": 1}', "a")
    return run


def test_texts_between_the_same_bytes_are_found(run: TextRun) -> None:
    """Also an empty text, and one that is not ASCII."""
    payloads = [b'{"t": "b", "n": 1}', b'{"t": "", "n": 1}', '{"t": "é", "n": 1}'.encode()]

    assert texts(run, *payloads) == ["b", "", "é"]


@pytest.mark.parametrize(
    "other",
    [
        b'{"t": "b", "n": 2}',
        b'{"s": "b", "n": 1}',
        b'{"t": "b\\n", "n": 1}',
        b'{"t": "b", "t": "c", "n": 1}',
        b'{"t": "\n", "n": 1}',
        b'{"t": "\xff", "n": 1}',
        b'{"t": ", "n": 1}',
        b"",
    ],
)
def test_run_ends_before_anything_else(run: TextRun, other: bytes) -> None:
    """Other fields, escapes, further strings, control bytes, broken UTF-8, too few bytes."""
    assert texts(run, b'{"t": "b", "n": 1}', other, b'{"t": "c", "n": 1}') == ["b"]


def test_named_event_is_no_part_of_a_run(run: TextRun) -> None:
    """An event named `error` is one, whatever it holds."""
    assert run.texts([SseEvent(b"error", b'{"t": "b", "n": 1}')], 0) == []


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b'{"t": "a", "u": "a"}', "a"),
        (b'{"t": ":":"x"}', ":"),
        (b'{"t": "\\u0061", "u": "a"}', "a"),
        (b'{"t": "\\u0061"}', "a"),
    ],
)
def test_text_whose_place_is_not_certain_teaches_nothing(payload: bytes, text: str) -> None:
    """It stands there twice, overlapping itself, or escaped."""
    run = TextRun()

    run.learn(payload, text)

    assert texts(run, payload) == []


def test_learning_in_vain_ends(run: TextRun) -> None:
    """A field that changes with every chunk is not worth the search."""
    for number in range(2, 9):
        run.learn(b'{"t": "a", "n": %d}' % number, "a")

    assert not run.learns


def test_success_renews_the_will_to_learn(run: TextRun) -> None:
    """An answer may change its shape as often as it likes."""
    for number in range(2, 9):
        payload = b'{"t": "a", "n": %d}' % number
        run.learn(payload, "a")
        assert texts(run, payload) == ["a"]

    assert run.learns


def test_forgotten_chunk_is_not_expected(run: TextRun) -> None:
    """What text means has changed."""
    run.forget()

    assert texts(run, b'{"t": "b", "n": 1}') == []


def test_noise_after_the_text_is_passed_over() -> None:
    """It may be longer or shorter, but it is a plain string."""
    run = TextRun()
    run.learn(b'{"t": "a", "z": "xx"}', "a", "xx")

    found = texts(run, b'{"t": "b", "z": "y"}', b'{"t": "c", "z": "y", "u": "y"}')

    assert found == ["b"]


def test_noise_before_the_text_teaches_nothing() -> None:
    """A key after the text that reads the same is not the noise."""
    run = TextRun()

    run.learn(b'{"z": "k", "t": "a", "k": "b"}', "a", "k")

    assert texts(run, b'{"z": "k", "t": "a", "error": "b"}') == []
