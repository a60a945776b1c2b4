"""Reads answers that come as a stream of pieces: server-sent events, or lines.

What the formats have in common stands here: bytes go through a splitter, its pieces through a
reader that knows the format. A decoder never raises while it is fed, and keeps in all no more than
one answer can have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.reading.sse import EventTooLargeError
from routersvc.providers.reading.whole_bodies import DEFAULT_MAX_BODY_BYTES, MALFORMED, server_error

Piece = TypeVar("Piece")
Piece_co = TypeVar("Piece_co", covariant=True)
Piece_contra = TypeVar("Piece_contra", contravariant=True)


class Splitter(Protocol[Piece_co]):
    """Cuts bytes into the pieces that a stream consists of."""

    def feed(self, data: bytes) -> Sequence[Piece_co]:
        """Return the pieces that `data` completes.

        Raises:
            EventTooLargeError: a piece grew past the splitter's limit.
        """
        ...


class PieceReader(Protocol[Piece_contra]):
    """What a wire format knows of its streams."""

    @property
    def is_finished(self) -> bool:
        """Whether the terminator has come: nothing after it is read."""
        ...

    def read_piece(self, piece: Piece_contra, events: list[AnswerEvent]) -> None:
        """Append what a piece says; a shape that no vendor has sent raises one of `MALFORMED`.

        Raises:
            AttemptFailedError: the piece says that the answer failed, or ends an unsound one.
        """
        ...

    def end(self, events: list[AnswerEvent]) -> None:
        """Append the last events of a stream that has ended without a terminator.

        Raises:
            AttemptFailedError: it may not end like that.
        """
        ...


class StreamDecoder(Generic[Piece]):
    """An `AnswerDecoder` of a splitter and a reader. Reads at most `max_bytes` of one answer."""

    def __init__(
        self,
        splitter: Splitter[Piece],
        reader: PieceReader[Piece],
        *,
        max_bytes: int = DEFAULT_MAX_BODY_BYTES,
    ) -> None:
        self.failure: Failure | None = None
        self._splitter = splitter
        self._reader = reader
        self._bytes_left = max_bytes

    def feed(self, data: bytes) -> list[AnswerEvent]:
        """Return the events that `data` completes."""
        events: list[AnswerEvent] = []
        if self.failure is not None or self._reader.is_finished:
            return events
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            self.failure = server_error("the answer has no end")
            return events
        try:
            for piece in self._splitter.feed(data):
                self._reader.read_piece(piece, events)
                if self._reader.is_finished:
                    break
        except AttemptFailedError as error:
            self.failure = error.failure
        except EventTooLargeError as error:
            self.failure = server_error(str(error))
        except MALFORMED:
            self.failure = server_error("a piece of the answer cannot be read")
        return events

    def end(self) -> list[AnswerEvent]:
        """Return the last events of a stream that has ended in good order.

        Raises:
            AttemptFailedError: the answer is not complete.
        """
        if self.failure is not None:
            raise AttemptFailedError(self.failure)
        events: list[AnswerEvent] = []
        if not self._reader.is_finished:
            try:
                self._reader.end(events)
            except MALFORMED:
                raise AttemptFailedError(
                    server_error("the end of the answer cannot be read")
                ) from None
        return events
