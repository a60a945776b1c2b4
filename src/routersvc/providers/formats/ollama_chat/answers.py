"""Reads one answer of Ollama's chat: its lines, or its one body."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import orjson

from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.errors.classes import failure_of_event
from routersvc.providers.reading.answer_start import started
from routersvc.providers.reading.block_answers import BlockAnswer
from routersvc.providers.reading.counts import Counts, usage_counted
from routersvc.providers.reading.json_lines import LineSplitter
from routersvc.providers.reading.json_values import JsonObject, json_object, read_json, text_of
from routersvc.providers.reading.labels import label_of
from routersvc.providers.reading.token_logprobs import read_logprobs
from routersvc.providers.reading.whole_bodies import truncated
from routersvc.providers.wire_format import ResponseHead

FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}
)
"""Ollama's finish reasons; old servers send none, which means `stop`.

Any other value means `FinishReason.OTHER`.
"""


class AnswerReader:
    """The state of one answer while it is read. Unknown fields and nulls are ignored."""

    def __init__(
        self, prompt: Prompt, head: ResponseHead, lines: LineSplitter | None = None
    ) -> None:
        """`lines` is what splits the stream, where the answer comes as one."""
        self._lines = lines
        self.is_finished = False
        self.may_end = False
        self._head = head
        self._wants_logprobs = prompt.logprobs is not None
        self._answer = BlockAnswer(prompt)
        self._started = False
        self._model_version = ""
        self._last: JsonObject | None = None

    def read_piece(self, piece: bytes, events: list[AnswerEvent]) -> None:
        """Append the events of a line; one with `done` ends the answer.

        Raises:
            AttemptFailedError: the line reports a failure, or ends an invalid answer.
        """
        self.read_body(read_json(piece), events)
        if self._last is not None:
            self.finish(events)
            self.is_finished = True

    def read_body(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of a line or of a complete body.

        Raises:
            AttemptFailedError: it is an error.
        """
        if body.get("error"):
            self._count(body, events)
            raise AttemptFailedError(failure_of_event(body, self._head))
        if not self._started:
            self._started = True
            self._model_version = label_of(body.get("model"))
            events.append(
                started(
                    self._head,
                    model_version=self._model_version,
                )
            )
        message: JsonObject = body.get("message") or {}
        self._answer.think(message.get("thinking"), events)
        tokens = read_logprobs(body.get("logprobs")) if self._wants_logprobs else ()
        self._answer.read_text(message.get("content"), events, logprobs=tokens)
        for call in message.get("tool_calls") or ():
            self._read_call(call, events)
        if body.get("done"):
            self._last = body
            self._count(body, events)

    def end(self, events: list[AnswerEvent]) -> None:
        """Read the last line if only its line end is missing.

        Raises:
            AttemptFailedError: the stream ended without its last line.
        """
        rest = b"" if self._lines is None else self._lines.unfinished
        if (json_object(rest) or {}).get("done"):
            self.read_piece(rest, events)
            return
        raise truncated("the answer ended without its terminator")

    def finish(self, events: list[AnswerEvent]) -> None:
        """Append the count and `Finished`.

        Raises:
            AttemptFailedError: the answer is incomplete or invalid.
        """
        last = self._last
        if last is None:
            raise truncated("the answer ended without its terminator")
        word = text_of(last.get("done_reason")) or "stop"
        reason = FINISH_REASONS.get(word, FinishReason.OTHER)
        reason = self._answer.sound_reason(reason, events)
        events.append(Finished(reason=reason, model_version=self._model_version))

    def _read_call(self, call: JsonObject, events: list[AnswerEvent]) -> None:
        """Append a call, which comes whole; old servers give no id."""
        function: JsonObject = call["function"]
        self._answer.begin_call(
            call.get("id"),
            function["name"],
            events,
            arguments=orjson.dumps(function.get("arguments") or {}).decode(),
        )

    def _count(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append what was counted; a prompt that the server still knew has no count."""
        counts = Counts(body)
        inputs, outputs = counts.count("prompt_eval_count"), counts.count("eval_count")
        counted = usage_counted(counts, inputs=inputs or None, outputs=outputs)
        if counted is not None and (inputs or outputs):
            events.append(counted)
