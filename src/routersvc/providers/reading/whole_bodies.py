"""Reads answers that come as one JSON body, and refuses bodies of other types."""

from __future__ import annotations

from typing import Protocol

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.usage import UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.reading.json_values import JsonObject, read_json

DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024
"""A complete answer with pictures or sound in base64 has some megabytes; text has kilobytes."""

MALFORMED = (TypeError, AttributeError, KeyError, ValueError)
"""Raised by reading an unexpected shape; `read_json` raises `ValueError`."""


class BodyReader(Protocol):
    """Reads the complete answers of one wire format."""

    def read_body(self, body: JsonObject, events: list[AnswerEvent]) -> None:
        """Append the events of the body; an unexpected shape raises one of `MALFORMED`.

        Raises:
            AttemptFailedError: the body reports a failure.
        """
        ...

    def finish(self, events: list[AnswerEvent]) -> None:
        """Append `Finished`.

        Raises:
            AttemptFailedError: the answer is incomplete or invalid.
        """
        ...


class BodyDecoder:
    """Buffers a body until it is complete, then reads it."""

    may_end = False

    def __init__(self, reader: BodyReader) -> None:
        self.failure: Failure | None = None
        self._body = bytearray()
        self._reader = reader

    def feed(self, data: bytes) -> list[AnswerEvent]:
        """Keep `data`; the events come at the end."""
        if self.failure is None:
            if len(self._body) + len(data) > DEFAULT_MAX_BODY_BYTES:
                self._body.clear()
                self.failure = server_error(
                    f"the answer has more than {DEFAULT_MAX_BODY_BYTES} bytes"
                )
            else:
                self._body += data
        return []

    def end(self) -> list[AnswerEvent]:
        """Return all events of the answer.

        Raises:
            AttemptFailedError: the body is an incomplete or invalid answer.
        """
        if self.failure is not None:
            raise AttemptFailedError(self.failure)
        events: list[AnswerEvent] = []
        try:
            body: JsonObject = read_json(self._body)
            self._reader.read_body(body, events)
            self._reader.finish(events)
        except AttemptFailedError as error:
            raise with_count(error.failure, events) from error
        except MALFORMED:
            malformed = server_error("the body of the answer is malformed")
            raise with_count(malformed, events) from None
        return events


class WrongTypeDecoder:
    """Refuses a body that is not an answer, such as a web page, without reading it."""

    may_end = False

    def __init__(self) -> None:
        self.failure: Failure = server_error("the provider answered with a web page")

    def feed(self, data: bytes) -> list[AnswerEvent]:  # noqa: ARG002 - a decoder's signature
        """Return nothing."""
        return []

    def end(self) -> list[AnswerEvent]:
        """Refuse the body.

        Raises:
            AttemptFailedError: always.
        """
        raise AttemptFailedError(self.failure)


def with_count(failure: Failure, events: list[AnswerEvent]) -> AttemptFailedError:
    """Return the error for an answer that failed, with the usage that it stated."""
    counted = next((event for event in reversed(events) if isinstance(event, UsageCounted)), None)
    return AttemptFailedError(failure, counted=counted)


def server_error(message: str) -> Failure:
    """Return the failure of a provider whose answer cannot be read."""
    return Failure(failure_class=FailureClass.SERVER_ERROR, message=message)


def truncated(message: str) -> AttemptFailedError:
    """Return the error for an answer that ended before it was complete."""
    return AttemptFailedError(Failure(failure_class=FailureClass.TRUNCATED, message=message))
