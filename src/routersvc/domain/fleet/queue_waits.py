"""A call that waits for a place at deployments which run as many attempts as they may."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.concurrency import Ticket, TicketState, tie
from routersvc.domain.outcomes.attempt_reports import AttemptReason

MAX_QUEUES_PER_CALL = 2
"""Each further queue makes the queues of all deployments longer."""


@dataclasses.dataclass(frozen=True, slots=True)
class QueuePlace:
    """A ticket in the queue of one deployment."""

    deployment: Deployment
    ticket: Ticket


class QueueWait:
    """The tickets of one call, and the attempt that starts with the first to be granted.

    The wait ends at `until`. `reason` and `caused_by` are those of the attempt.
    """

    def __init__(
        self, places: Sequence[QueuePlace], *, reason: AttemptReason, caused_by: int, until: float
    ) -> None:
        if not 1 <= len(places) <= MAX_QUEUES_PER_CALL:
            raise ValueError(
                f"a call waits in 1 to {MAX_QUEUES_PER_CALL} queues, not {len(places)}"
            )
        if len(places) == MAX_QUEUES_PER_CALL:
            tie(places[0].ticket, places[1].ticket)
        self.reason = reason
        self.caused_by = caused_by
        self.until = until
        self._places = tuple(places)

    @property
    def granted(self) -> QueuePlace | None:
        """The place that was granted; `None` while all tickets wait."""
        for place in self._places:
            if place.ticket.state is TicketState.RUNNING:
                return place
        return None

    def leave(self, now: float) -> None:
        """End the wait without an attempt: leave the queues, and free a place that was granted."""
        for place in self._places:
            ticket = place.ticket
            match ticket.state:
                case TicketState.WAITING:
                    ticket.limiter.cancel(ticket)
                case TicketState.RUNNING:
                    ticket.limiter.released(ticket, now)
                case TicketState.ENDED | TicketState.DROPPED:
                    pass
