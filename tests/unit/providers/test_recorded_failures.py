"""Every recorded and documented error of vendors that speak chat completions, against its label."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from routersvc.domain.answers import Finished, FinishReason
from routersvc.domain.failures import AttemptFailedError, FailureClass

if TYPE_CHECKING:
    from tests.unit.providers.conftest import ReadRecording, Recording

PROVIDERS = frozenset(
    {
        "azure",
        "deepseek",
        "generic",
        "groq",
        "mistral",
        "ollama",
        "openai",
        "openrouter",
        "perplexity",
        "together",
        "vllm",
        "xai",
    }
)
OTHER_FORMATS = ("responses-", "ndjson-")
"""Documented errors of these vendors' other wire formats, by how their names begin."""

CLASSES: Mapping[str, frozenset[FailureClass]] = {
    "auth": frozenset({FailureClass.AUTHENTICATION}),
    "content_filter": frozenset({FailureClass.CONTENT_FILTERED}),
    "context_length": frozenset({FailureClass.CONTEXT_LENGTH}),
    "invalid_request": frozenset({FailureClass.INVALID_REQUEST}),
    "model_not_found": frozenset({FailureClass.MODEL_NOT_FOUND}),
    "overloaded": frozenset({FailureClass.OVERLOADED}),
    "permission": frozenset({FailureClass.PERMISSION}),
    "quota_exhausted": frozenset({FailureClass.QUOTA_EXHAUSTED}),
    "rate_limit": frozenset({FailureClass.RATE_LIMITED}),
    "request_too_large": frozenset({FailureClass.CONTEXT_LENGTH}),
    "server_error": frozenset({FailureClass.SERVER_ERROR}),
    # The error's own type decides; these have none that says more.
    "stream_error": frozenset({FailureClass.SERVER_ERROR, FailureClass.TRUNCATED}),
    "timeout": frozenset({FailureClass.SERVER_ERROR}),
}
"""What the labels are called here."""

MODEL_CANNOT = "another model may well do what this one says it cannot"
FIELD_UNKNOWN = "this server does not know a field that others do"
MODEL_BUNGLED = "the model wrote a tool call that breaks its schema: the request is sound"

OBJECTIONS: Mapping[str, tuple[FailureClass, str]] = {
    "groq/error_400/chat_completions.unary.test-tool-use-failed-error-with-text.e680aae4.json": (
        FailureClass.BAD_ANSWER,
        MODEL_BUNGLED,
    ),
    "groq/error_400/chat_completions.unary.test-tool-use-failed-error.84c782c4.json": (
        FailureClass.BAD_ANSWER,
        MODEL_BUNGLED,
    ),
    "groq/error_in_200/chat_completions.stream."
    "test-tool-use-failed-error-streaming-with-text.ff58fc5c.json": (
        FailureClass.BAD_ANSWER,
        MODEL_BUNGLED,
    ),
    "openai/error_400/chat_completions.unary.chat-bad-request.cfbd2ada.json": (
        FailureClass.CAPABILITY_MISMATCH,
        MODEL_CANNOT,
    ),
    "openai/error_400/chat_completions.unary.openai-gpt-5-mini-completions.b68b581c.json": (
        FailureClass.CAPABILITY_MISMATCH,
        MODEL_CANNOT,
    ),
    "openai/error_400/chat_completions.unary."
    "reasoning-model-legacy-parameter-error.4043d7dc.json": (
        FailureClass.CAPABILITY_MISMATCH,
        MODEL_CANNOT,
    ),
    "openai/error_400/chat_completions.unary."
    "test-openai-o1-mini-system-role-system.4ec4bd4a.json": (
        FailureClass.CAPABILITY_MISMATCH,
        MODEL_CANNOT,
    ),
    "errors/openrouter/invalid_request.400.unary.provider-400-nested.json": (
        FailureClass.CAPABILITY_MISMATCH,
        MODEL_CANNOT,
    ),
    "errors/ollama/invalid_request.400.unary.no-tools.json": (
        FailureClass.CAPABILITY_MISMATCH,
        MODEL_CANNOT,
    ),
    "errors/mistral/invalid_request.422.unary.extra-forbidden.json": (
        FailureClass.CAPABILITY_MISMATCH,
        FIELD_UNKNOWN,
    ),
    "errors/vllm/invalid_request.400.unary.extra-forbidden.json": (
        FailureClass.CAPABILITY_MISMATCH,
        FIELD_UNKNOWN,
    ),
    "errors/mistral/invalid_request.400.unary.glossary-shape.json": (
        FailureClass.MODEL_NOT_FOUND,
        "its code says `unknown_model`",
    ),
}
"""Where the label is not followed: what is said instead, and why."""


@pytest.fixture(scope="module")
def labelled(shared: Path, recorded: ReadRecording) -> Sequence[tuple[str, str, Recording]]:
    """Return (file, label, recording) of every error that a vendor of this format sends."""
    found: list[tuple[str, str, Recording]] = []
    with (shared / "wire/errors/LABELS.csv").open(newline="") as labels:
        for row in csv.DictReader(labels):
            file, name = row["file"], Path(row["file"]).name
            is_documented = file.startswith("errors/") and not any(
                f".{prefix}" in name for prefix in OTHER_FORMATS
            )
            if row["provider"] in PROVIDERS and (
                is_documented or name.startswith("chat_completions.")
            ):
                recording = recorded(file)
                assert recording is not None, file
                found.append((file, row["expected_class"], recording))
    return found


def outcome(recording: Recording) -> FailureClass | FinishReason:
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


def test_every_error_means_what_its_label_says(
    labelled: Sequence[tuple[str, str, Recording]],
) -> None:
    """The class decides where the request goes next and what is disabled."""
    wrong: list[tuple[str, str, FailureClass | FinishReason]] = []
    for file, label, recording in labelled:
        found = outcome(recording)
        if file in OBJECTIONS:
            expected: frozenset[FailureClass | FinishReason] = frozenset({OBJECTIONS[file][0]})
        elif label == "none":
            expected = frozenset({FinishReason.STOP})
        elif label == "content_filter" and recording.streaming:
            expected = CLASSES[label] | {FinishReason.CONTENT_FILTER}
        else:
            expected = frozenset(CLASSES[label])
        if found not in expected:
            wrong.append((file, label, found))

    assert wrong == []


def test_no_objection_is_stale(labelled: Sequence[tuple[str, str, Recording]]) -> None:
    """An objection to a label that is followed, or to no recording, would hide a mistake."""
    labels = {file: label for file, label, _ in labelled}

    assert OBJECTIONS.keys() <= labels.keys()
    for file, (failure_class, _) in OBJECTIONS.items():
        assert failure_class not in CLASSES[labels[file]]


def test_many_errors_are_held_against_their_labels(
    labelled: Sequence[tuple[str, str, Recording]],
) -> None:
    """The selection must not shrink unseen: most classes and vendors are in it."""
    assert len(labelled) >= 80
    assert len({label for _, label, _ in labelled}) >= 13
    assert {recording.provider for _, _, recording in labelled} == PROVIDERS - {"xai"}


def test_no_sentence_quotes_a_body(labelled: Sequence[tuple[str, str, Recording]]) -> None:
    """A provider's words may hold the prompt: only the router's own sentences are passed on."""
    for file, _, recording in labelled:
        if recording.head.status != 200:
            message = recording.wire_format.decode_failure(recording.head, recording.body).message

            assert message.endswith(f"(HTTP {recording.head.status})"), file
            assert message.removesuffix(f" (HTTP {recording.head.status})").encode() not in (
                recording.body
            ), file
