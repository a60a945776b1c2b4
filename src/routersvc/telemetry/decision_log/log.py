"""The engine's `DecisionLog`: notes what has ended, and makes its record later."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec
from opentelemetry.trace import format_trace_id, get_current_span

from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.parts import (
    AudioPart,
    FilePart,
    HostedPart,
    ImagePart,
    Part,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.explaining.ended_decisions import (
    EndedDecision,
    ExplainableDecision,
    record_of,
)
from routersvc.domain.explaining.recorded_decisions import RecordedMessage
from routersvc.domain.outcomes.errors import RouterError
from routersvc.domain.profiling.prompt_reading import texts_of_part
from routersvc.telemetry.call_lines import MAX_TEXT
from routersvc.telemetry.decision_log.files import DecisionFiles
from routersvc.telemetry.decision_log.writer import DecisionLogWriter, Queued
from routersvc.telemetry.options import DecisionLogOptions, LoggedContent
from routersvc.telemetry.outcomes import outcome_of
from routersvc.telemetry.trace_context import TRACEPARENT, trace_id_of

Redact = Callable[[str], str]
"""Returns a text without what its detectors find."""


def _plain(value: object) -> object:
    """Return a mapping or a sequence that is not one of the built-in types as one that is."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    if isinstance(value, Sequence):
        return list(cast("Sequence[object]", value))
    raise NotImplementedError(f"a `{type(value).__name__}` has no form in JSON")


_encoder = msgspec.json.Encoder(order="deterministic", enc_hook=_plain)


class FileDecisionLog:
    """Keeps decisions in files. `redact` is applied to every text if prompts are redacted."""

    def __init__(
        self, files: DecisionFiles, *, content: LoggedContent, redact: Redact | None = None
    ) -> None:
        if content is LoggedContent.REDACTED and redact is None:
            raise ValueError("redacted prompts need a detector")
        self._content = content
        self._redact = redact if content is LoggedContent.REDACTED else None
        self.writer = DecisionLogWriter(files, self._line_of)

    def ended(
        self, request: Request, decision: ExplainableDecision, error: BaseException | None
    ) -> None:
        """Queue a decision; `error` is `None` for a complete answer."""
        # The error itself is not kept: its frames hold the prompt.
        ended = EndedDecision(
            decision=decision,
            request_id=request.request_id[:MAX_TEXT],
            trace_id=_trace_id(request),
            outcome=outcome_of(error).value,
            error=str(error)[:MAX_TEXT] if isinstance(error, RouterError) else "",
            previous_attempts=request.previous_attempts,
        )
        if self._content is LoggedContent.NONE:
            self.writer.put(Queued(ended))
        else:
            self.writer.put(
                Queued(
                    ended,
                    request.prompt,
                    sum(_size(message.parts) for message in request.prompt.messages),
                )
            )

    def _line_of(self, queued: Queued) -> bytes:
        prompt = None if queued.prompt is None else self._messages(queued.prompt)
        return _encoder.encode(record_of(queued.ended, prompt)) + b"\n"

    def _messages(self, prompt: Prompt) -> tuple[RecordedMessage, ...]:
        redact = self._redact
        return tuple(
            RecordedMessage(
                role=message.role,
                texts=tuple(
                    text if redact is None else redact(text)
                    for part in message.parts
                    for text in texts_of_part(part)
                ),
            )
            for message in prompt.messages
        )


@contextlib.contextmanager
def open_decision_log(
    options: DecisionLogOptions, *, wall_clock: Callable[[], float], redact: Redact | None = None
) -> Generator[FileDecisionLog]:
    """Open a decision log; on leaving, write what is queued.

    Raises:
        OSError: no file can be made in the directory.
    """
    files = DecisionFiles(
        Path(options.directory),
        max_file_bytes=options.max_file_size,
        max_total_bytes=options.max_total_size,
        process=uuid.uuid4().hex[:8],
        wall_clock=wall_clock,
    )
    files.open()
    log = FileDecisionLog(files, content=options.content, redact=redact)
    try:
        yield log
    finally:
        log.writer.close()


def _size(parts: Iterable[Part]) -> int:
    """Return the characters and bytes that parts hold in memory, roughly."""
    total = 0
    for part in parts:
        match part:
            case TextPart() | RefusalPart() | ThoughtPart():
                total += len(part.text)
            case ToolCall():
                total += len(part.arguments_json)
            case ToolResult():
                total += _size(part.parts)
            case AudioPart() | FilePart() | ImagePart():
                total += len(part.data or b"")
            case HostedPart():
                total += len(part.activity.output)
    return total


def _trace_id(request: Request) -> str:
    context = get_current_span().get_span_context()
    if context.is_valid:
        return format_trace_id(context.trace_id)
    parent = request.trace_headers.get(TRACEPARENT)
    return "" if parent is None else (trace_id_of(parent) or "")
