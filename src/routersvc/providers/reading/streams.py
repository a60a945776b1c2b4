"""Reads answers that come as a stream of pieces: server-sent events, or lines.

Bytes go through a splitter, its pieces through a reader that knows the format. A decoder never
raises in `feed`, and its memory is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.reading.sse import EventTooLargeError
from routersvc.providers.reading.whole_bodies import (
    DEFAULT_MAX_BODY_BYTES,
    MALFORMED,
    server_error,
    truncated,
    with_count,
)

Piece = TypeVar("Piece")
Piece_co = TypeVar("Piece_co", covariant=True)
Piece_contra = TypeVar("Piece_contra", contravariant=True)


class Splitter(Protocol[Piece_co]):
    """Cuts bytes into the pieces that a stream consists of."""

    @property
    def is_torn(self) -> bool:
        """Whether the stream would be cut within a piece if it ended now, as far as can be told."""
        ...

    @property
    def beside(self) -> bytes:
        """What came that is no piece, up to the end."""
        ...

    def feed(self, data: bytes) -> Sequence[Piece_co]:
        """Return the pieces that `data` completes.

        Raises:
            EventTooLargeError: a piece grew past the splitter's limit.
        """
        ...


class PieceReader(Protocol[Piece_contra]):
    """Reads the stream of one wire format."""

    @property
    def is_finished(self) -> bool:
        """Whether the terminator has arrived: nothing after it is read."""
        ...

    @property
    def may_end(self) -> bool:
        """Whether the answer is complete without its terminator: it has a finish reason."""
        ...

    def read_piece(self, piece: Piece_contra, events: list[AnswerEvent]) -> None:
        """Append the events of a piece; an unexpected shape raises one of `MALFORMED`.

        Raises:
            AttemptFailedError: the piece reports a failure, or ends an invalid answer.
        """
        ...

    def end(self, events: list[AnswerEvent]) -> None:
        """Append the last events of a stream that has ended without a terminator.

        Raises:
            AttemptFailedError: the answer is not complete.
        """
        ...


class TerminatedReader:
    """What readers share whose format has a terminator: a stream without it is truncated."""

    def end(self, events: list[AnswerEvent]) -> None:  # noqa: ARG002 - the signature of `PieceReader`
        """Refuse a stream that ends without its terminator.

        Raises:
            AttemptFailedError: always.
        """
        raise truncated("the answer ended without its terminator")


class StreamDecoder(Generic[Piece]):
    """An `AnswerDecoder` of a splitter and a reader. Reads at most `max_bytes` of one answer.

    `failure_in` returns the failure that stands beside the pieces of a stream that broke, as some
    gateways write it.
    """

    def __init__(
        self,
        splitter: Splitter[Piece],
        reader: PieceReader[Piece],
        *,
        max_bytes: int = DEFAULT_MAX_BODY_BYTES,
        failure_in: Callable[[bytes], Failure | None] | None = None,
    ) -> None:
        self.failure: Failure | None = None
        self._splitter = splitter
        self._reader = reader
        self._failure_in = failure_in
        self._bytes_left = max_bytes

    @property
    def may_end(self) -> bool:
        """Whether the answer is complete although its terminator has not come."""
        reader = self._reader
        return (
            self.failure is None
            and not reader.is_finished
            and reader.may_end
            and not self._splitter.is_torn
        )

    def feed(self, data: bytes) -> list[AnswerEvent]:
        """Return the events that `data` completes."""
        events: list[AnswerEvent] = []
        if self.failure is not None or self._reader.is_finished:
            return events
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            self.failure = server_error("the answer is too large")
            return events
        try:
            self._read(data, events)
        except AttemptFailedError as error:
            self.failure = error.failure
        except EventTooLargeError as error:
            self.failure = server_error(str(error))
        except MALFORMED:
            self.failure = server_error("the stream of the answer is malformed")
        return events

    def _read(self, data: bytes, events: list[AnswerEvent]) -> None:
        reader = self._reader
        for piece in self._splitter.feed(data):
            reader.read_piece(piece, events)
            if reader.is_finished:
                return

    def end(self) -> list[AnswerEvent]:
        """Return the last events of a stream that the provider has ended.

        Raises:
            AttemptFailedError: the answer is not complete.
        """
        if self.failure is not None:
            raise AttemptFailedError(self.failure)
        events: list[AnswerEvent] = []
        if not self._reader.is_finished:
            beside = self._failure_in(self._splitter.beside) if self._failure_in else None
            if beside is not None:
                raise AttemptFailedError(beside)
            if self._splitter.is_torn:
                raise truncated("the answer was cut in the middle of an event")
            try:
                self._reader.end(events)
            except AttemptFailedError as error:
                raise with_count(error.failure, events) from error
            except MALFORMED:
                malformed = server_error("the end of the answer's stream is malformed")
                raise with_count(malformed, events) from None
        return events
