"""Turns the bytes of a response into events: a stream of chunks, or one body."""

from __future__ import annotations

import orjson

from routersvc.domain.answers import AnswerEvent
from routersvc.domain.failures import AttemptFailedError, Failure, FailureClass
from routersvc.engine.ports import AttemptCall
from routersvc.providers.error_classes import failure_of_event
from routersvc.providers.json_values import JsonObject
from routersvc.providers.openai_chat.answers import AnswerReader
from routersvc.providers.openai_chat.dialects import OpenAiDialect
from routersvc.providers.rate_limit_headers import headroom
from routersvc.providers.sse import EventTooLargeError, SseDecoder
from routersvc.providers.wire_format import ResponseHead

DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024
"""A complete answer with pictures or sound in base64 has some megabytes; text has kilobytes."""

_MALFORMED = (TypeError, AttributeError, KeyError, ValueError)
"""What reading a body of an unknown shape raises; `orjson.JSONDecodeError` is a `ValueError`."""


class StreamDecoder:
    """Reads an answer that comes as server-sent events."""

    def __init__(self, call: AttemptCall, dialect: OpenAiDialect, head: ResponseHead) -> None:
        self.failure: Failure | None = None
        self._head = head
        self._dialect = dialect
        self._events = SseDecoder()
        self._reader = AnswerReader(
            call.prompt, dialect, headroom(head.headers, now=head.received_at)
        )
        self._finished = False

    def feed(self, data: bytes) -> list[AnswerEvent]:
        """Return the events that `data` completes."""
        events: list[AnswerEvent] = []
        if self.failure is None and not self._finished:
            try:
                self._read(data, events)
            except AttemptFailedError as error:
                self.failure = error.failure
            except EventTooLargeError as error:
                self.failure = _server_error(str(error))
            except _MALFORMED:
                self.failure = _server_error("a chunk of the answer cannot be read")
        return events

    def end(self) -> list[AnswerEvent]:
        """Return the last events of a stream that has ended in good order.

        Raises:
            AttemptFailedError: the answer is not complete.
        """
        if self.failure is not None:
            raise AttemptFailedError(self.failure)
        events: list[AnswerEvent] = []
        if not self._finished:
            if self._dialect.terminator_required or not self._reader.has_finish_reason:
                raise AttemptFailedError(
                    Failure(
                        failure_class=FailureClass.TRUNCATED,
                        message="the answer ended without its terminator",
                    )
                )
            self._finished = True
            self._reader.finish(events)
        return events

    def _read(self, data: bytes, events: list[AnswerEvent]) -> None:
        reader = self._reader
        for name, payload in self._events.feed(data):
            if payload == b"[DONE]":
                self._finished = True
                reader.finish(events)
                return
            if not payload:
                continue
            chunk: JsonObject = orjson.loads(payload)
            if chunk.get("error") or name == b"error" or chunk.get("object") == "error":
                raise AttemptFailedError(failure_of_event(chunk, self._head))
            reader.read(chunk, "delta", events)


class BodyDecoder:
    """Reads an answer that comes as one JSON body."""

    def __init__(self, call: AttemptCall, dialect: OpenAiDialect, head: ResponseHead) -> None:
        self.failure: Failure | None = None
        self._head = head
        self._body = bytearray()
        self._reader = AnswerReader(
            call.prompt, dialect, headroom(head.headers, now=head.received_at)
        )

    def feed(self, data: bytes) -> list[AnswerEvent]:
        """Keep `data`; the events come at the end."""
        if self.failure is None:
            if len(self._body) + len(data) > DEFAULT_MAX_BODY_BYTES:
                self._body.clear()
                self.failure = _server_error(
                    f"the answer has more than {DEFAULT_MAX_BODY_BYTES} bytes"
                )
            else:
                self._body += data
        return []

    def end(self) -> list[AnswerEvent]:
        """Return all events of the answer.

        Raises:
            AttemptFailedError: the body is not a complete, sound answer.
        """
        if self.failure is not None:
            raise AttemptFailedError(self.failure)
        events: list[AnswerEvent] = []
        try:
            body: JsonObject = orjson.loads(self._body)
            if body.get("error") or body.get("object") == "error":
                raise AttemptFailedError(failure_of_event(body, self._head))
            self._reader.read(body, "message", events)
        except _MALFORMED:
            raise AttemptFailedError(
                _server_error("the body of the answer cannot be read")
            ) from None
        self._reader.finish(events)
        return events


class WrongTypeDecoder:
    """Stands for a body that is no answer at all, such as a web page. Reads nothing of it."""

    def __init__(self) -> None:
        self.failure: Failure = _server_error("the provider answered with a web page")

    def feed(self, data: bytes) -> list[AnswerEvent]:  # noqa: ARG002 - a decoder's signature
        """Return nothing."""
        return []

    def end(self) -> list[AnswerEvent]:
        """Refuse the body.

        Raises:
            AttemptFailedError: always.
        """
        raise AttemptFailedError(self.failure)


def _server_error(message: str) -> Failure:
    return Failure(failure_class=FailureClass.SERVER_ERROR, message=message)
