"""Every recorded and documented error of Google, Cohere and Ollama, against its label."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routersvc.domain.answers import Finished, FinishReason
from routersvc.domain.failures import AttemptFailedError, FailureClass

if TYPE_CHECKING:
    from tests.unit.providers.native.conftest import NativeRecording, ReadNative

    Labelled = Sequence[tuple[str, str, NativeRecording]]

PROVIDERS = frozenset({"cohere", "gemini", "ollama", "vertex"})
OTHER_FORMATS = ("chat_completions.", "messages.")
"""Errors of Ollama's endpoints that are compatible with others, read as those others' formats."""

CLASSES: Mapping[str, frozenset[FailureClass]] = {
    "auth": frozenset({FailureClass.AUTHENTICATION}),
    "context_length": frozenset({FailureClass.CONTEXT_LENGTH}),
    "invalid_request": frozenset({FailureClass.INVALID_REQUEST}),
    "model_not_found": frozenset({FailureClass.MODEL_NOT_FOUND}),
    "overloaded": frozenset({FailureClass.OVERLOADED}),
    "permission": frozenset({FailureClass.PERMISSION}),
    "quota_exhausted": frozenset({FailureClass.QUOTA_EXHAUSTED}),
    "rate_limit": frozenset({FailureClass.RATE_LIMITED}),
    "server_error": frozenset({FailureClass.SERVER_ERROR}),
    # The error's own type decides; these have none that says more.
    "stream_error": frozenset({FailureClass.SERVER_ERROR, FailureClass.TRUNCATED}),
    "timeout": frozenset({FailureClass.SERVER_ERROR}),
}
"""What the labels are called here."""

OBJECTIONS: Mapping[str, tuple[FailureClass, str]] = {
    "errors/gemini/server_error.200.stream.malformed-function-call.json": (
        FailureClass.BAD_ANSWER,
        "the model bungled a call: the provider is well, and its breaker must not learn otherwise",
    ),
    "errors/ollama/invalid_request.400.unary.no-tools.json": (
        FailureClass.CAPABILITY_MISMATCH,
        "another model may well do what this one says it cannot",
    ),
}
"""Where the label is not followed: what is said instead, and why."""


@pytest.fixture(scope="module")
def labelled(shared: Path, native: ReadNative) -> Labelled:
    """Return (file, label, recording) of every error of these vendors' own formats."""
    found: list[tuple[str, str, NativeRecording]] = []
    with (shared / "wire/errors/LABELS.csv").open(newline="") as labels:
        for row in csv.DictReader(labels):
            name = Path(row["file"]).name
            if row["provider"] in PROVIDERS and not name.startswith(OTHER_FORMATS):
                recording = native(row["file"])
                assert recording is not None, row["file"]
                found.append((row["file"], row["expected_class"], recording))
    return found


def outcome(recording: NativeRecording) -> FailureClass | FinishReason:
    """Return what an exchange is taken for."""
    wire_format = recording.wire_format
    if recording.head.status != 200:
        return wire_format.decode_failure(recording.head, recording.body).failure_class
    decoder = wire_format.decoder(recording.call, recording.head)
    events = decoder.feed(recording.body)
    try:
        events += decoder.end()
    except AttemptFailedError as error:
        return error.failure.failure_class
    last = events[-1]
    assert isinstance(last, Finished)
    return last.reason


def test_every_error_means_what_its_label_says(labelled: Labelled) -> None:
    """The class decides where the request goes next and what is disabled."""
    wrong: list[tuple[str, str, FailureClass | FinishReason]] = []
    for file, label, recording in labelled:
        expected = frozenset({OBJECTIONS[file][0]}) if file in OBJECTIONS else CLASSES[label]
        found = outcome(recording)
        if found not in expected:
            wrong.append((file, label, found))

    assert wrong == []


def test_no_objection_is_stale(labelled: Labelled) -> None:
    """An objection to a label that is followed, or to no recording, would hide a mistake."""
    labels = {file: label for file, label, _ in labelled}

    assert OBJECTIONS.keys() <= labels.keys()
    for file, (failure_class, _) in OBJECTIONS.items():
        assert failure_class not in CLASSES[labels[file]]


def test_many_errors_are_held_against_their_labels(labelled: Labelled) -> None:
    """The selection must not shrink unseen."""
    counts = dict.fromkeys(PROVIDERS, 0)
    for _, _, recording in labelled:
        counts[recording.provider] += 1

    assert counts == {"cohere": 8, "gemini": 23, "ollama": 7, "vertex": 18}


def test_no_sentence_quotes_a_body(labelled: Labelled) -> None:
    """A provider's words may hold the prompt: only the router's own sentences are passed on."""
    for file, _, recording in labelled:
        if recording.head.status != 200:
            message = recording.wire_format.decode_failure(recording.head, recording.body).message

            assert message.endswith(f"(HTTP {recording.head.status})"), file
            assert message.removesuffix(f" (HTTP {recording.head.status})").encode() not in (
                recording.body
            ), file
