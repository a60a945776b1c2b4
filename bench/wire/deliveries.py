"""Delivers every recorded stream byte by byte, and asks after each byte what a cut would mean.

One decoder reads a stream once: to be asked for the end too early changes nothing in it, because it
only raises. So every offset of every stream can be tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.wire import corpus
from bench.wire.adapted import adapted, adapter_of, decoder_of, joined
from bench.wire.traffic.records import UnusableRecordError
from routersvc.app.replays.adapters import NoAdapterError
from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.usage import UsageCounted
from routersvc.domain.outcomes.failures import AttemptFailedError

LONG_ENDS = 2_000
"""Bytes at both ends of a stream that come one by one even where its middle does not."""

MIDDLE_PIECE = 13
"""Bytes in a piece of the middle: odd, so that cuts fall everywhere in events and characters."""


class Delivery(NamedTuple):
    """What came of one stream: its size, and every complaint about it."""

    size: int
    complaints: tuple[str, ...]


def deliveries(wire: Path) -> Mapping[str, Delivery]:
    """Return what came of every stream that is a complete answer, by its file."""
    labels = corpus.labels(wire)
    return dict(delivered(wire, [row for row in corpus.rows(wire) if row.file not in labels]))


def delivered(
    wire: Path, rows: Sequence[corpus.Row], *, every_byte: bool = True
) -> Iterator[tuple[str, Delivery]]:
    """Yield what came of those of the exchanges that are streams and complete answers.

    Without `every_byte`, the middle of long streams comes in pieces of `MIDDLE_PIECE` bytes.
    """
    for row in rows:
        if not row.streaming:
            continue
        try:
            record = corpus.record(wire, row.file)
            adapter = adapter_of(record)
        except (UnusableRecordError, NoAdapterError):
            continue
        whole = adapted(record, adapter)
        if whole.failure is not None:
            continue
        decoder = decoder_of(record, adapter)
        events: list[AnswerEvent] = []
        ended: list[AnswerEvent] | None = None
        complaints: list[str] = []
        for place, following in _pieces(len(record.body), every_byte=every_byte):
            if ended is None:
                try:
                    ended = [*events, *decoder.end()]
                except AttemptFailedError:
                    pass
                else:
                    if _content(ended) != _content(whole.events):
                        complaints.append(f"a success after {place} bytes")
            events += decoder.feed(record.body[place:following])
        found = ended if ended is not None else [*events, *decoder.end()]
        if _content(found) != _content(whole.events):
            complaints.append("other events byte by byte than at once")
        yield row.file, Delivery(len(record.body), tuple(complaints))


def _pieces(size: int, *, every_byte: bool) -> Iterator[tuple[int, int]]:
    """Yield where each piece of a stream begins and ends."""
    place = 0
    while place < size:
        is_middle = not every_byte and LONG_ENDS <= place < size - LONG_ENDS - MIDDLE_PIECE
        following = place + (MIDDLE_PIECE if is_middle else 1)
        yield place, following
        place = following


def _content(events: Sequence[AnswerEvent]) -> list[AnswerEvent]:
    """Return the events but for counts, which may follow the end of an answer; texts joined."""
    return joined(event for event in events if not isinstance(event, UsageCounted))
