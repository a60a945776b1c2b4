"""Chunks that differ in their text only."""

from __future__ import annotations

import pytest

from routersvc.providers.reading.text_runs.text_runs import Found, PlainText, TextRun, end_of_frame


def framed(*payloads: bytes) -> bytes:
    """Return events that hold these."""
    return b"".join(b"data: %b\n\n" % payload for payload in payloads)


def learn(run: TextRun, payload: bytes, text: str, noise: str = "") -> None:
    """Let a run learn a chunk."""
    run.learn(framed(payload), PlainText(text, noise))


def texts(run: TextRun, *payloads: bytes) -> tuple[str, int] | None:
    """Return the texts that a run finds in chunks, and in how many."""
    data = framed(*payloads)
    found = run.find(data)
    if found is None:
        return None
    assert found.size == len(framed(*payloads[: found.pieces]))
    return found.text, found.pieces


@pytest.fixture
def run() -> TextRun:
    """Return a run that has learned a chunk."""
    run = TextRun()
    learn(run, b'{"t": "a", "n": 1}', "a")
    return run


def test_texts_between_the_same_bytes_are_found(run: TextRun) -> None:
    """Also an empty text, and one that is not ASCII."""
    payloads = [b'{"t": "b", "n": 1}', b'{"t": "", "n": 1}', '{"t": "é", "n": 1}'.encode()]

    assert texts(run, *payloads) == ("bé", 3)


@pytest.mark.parametrize(
    "other",
    [
        b'{"t": "b", "n": 2}',
        b'{"s": "b", "n": 1}',
        b'{"t": "b\\", "n": 1}',
        b'{"t": "b\\ud800", "n": 1}',
        b'{"t": "b", "t": "c", "n": 1}',
        b'{"t": "\n", "n": 1}',
        b'{"t": "\xff", "n": 1}',
        b'{"t": ", "n": 1}',
        b"",
    ],
)
def test_run_ends_before_anything_else(run: TextRun, other: bytes) -> None:
    """Other fields, broken escapes, further strings, control bytes, broken UTF-8, too few bytes."""
    assert texts(run, b'{"t": "b", "n": 1}', other, b'{"t": "c", "n": 1}') == ("b", 1)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
@pytest.mark.parametrize("begin", [b"data: ", b"data:", b"event: x\ndata: "])
def test_frames_are_taken_as_they_come(begin: bytes, end: bytes) -> None:
    """With a space or without, with a name, with any line end; what follows is left."""
    run = TextRun()
    frames = [begin + b'{"t": "%b"}' % text + end for text in (b"a", b"b", b"c\\n", b"d")]
    rest = begin + b'{"t": "e"}' + end[:1]
    run.learn(frames[0], PlainText("a"))

    found = run.find(b"".join(frames[1:]) + rest)

    assert found == Found("bc\nd", 3, sum(map(len, frames[1:])))
    assert run.find(rest) is None
    assert end_of_frame(frames[0] + rest) == len(frames[0])
    assert end_of_frame(rest) == 0


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

    learn(run, payload, text)

    assert texts(run, payload) is None


def test_learning_in_vain_ends(run: TextRun) -> None:
    """A field that changes with every chunk is not worth the search."""
    for number in range(2, 9):
        learn(run, b'{"t": "a", "n": %d}' % number, "a")

    assert not run.learns


def test_success_renews_the_will_to_learn(run: TextRun) -> None:
    """An answer may change its shape as often as it likes."""
    for number in range(2, 9):
        payload = b'{"t": "a", "n": %d}' % number
        learn(run, payload, "a")
        assert texts(run, payload) == ("a", 1)

    assert run.learns


def test_forgotten_chunk_is_not_expected(run: TextRun) -> None:
    """What text means has changed."""
    run.forget()

    assert texts(run, b'{"t": "b", "n": 1}') is None


def test_noise_after_the_text_is_passed_over() -> None:
    """It may be longer or shorter, but it is a plain string."""
    run = TextRun()
    learn(run, b'{"t": "a", "z": "xx"}', "a", "xx")

    found = texts(run, b'{"t": "b", "z": "y"}', b'{"t": "c", "z": "y", "u": "y"}')

    assert found == ("b", 1)


def test_noise_before_the_text_teaches_nothing() -> None:
    """A key after the text that reads the same is not the noise."""
    run = TextRun()

    learn(run, b'{"z": "k", "t": "a", "k": "b"}', "a", "k")

    assert texts(run, b'{"z": "k", "t": "a", "error": "b"}') is None
