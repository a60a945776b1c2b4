"""Waiting for a place at deployments that already run as many attempts as they may."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.fleet.concurrency import (
    Ticket,
    TicketState,
    tie,
)
from routersvc.domain.outcomes.attempt_reports import (
    AttemptReason,
)

MAX_QUEUES_PER_CALL = 2
"""More than two would make every queue longer than it is."""


@dataclasses.dataclass(frozen=True, slots=True)
class QueuePlace:
    """A ticket in the queue of one deployment."""

    deployment: Deployment
    ticket: Ticket


class QueueWait:
    """One call's tickets and what they are for.

    `until` is the instant after which it is not waited on; `reason` and `caused_by` are those of
    the attempt that starts then.
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
        """The place that has become free; `None` while all tickets wait."""
        for place in self._places:
            if place.ticket.state is TicketState.RUNNING:
                return place
        return None

    def leave(self, now: float) -> None:
        """Give everything back: the call waits no longer and starts nothing."""
        for place in self._places:
            ticket = place.ticket
            match ticket.state:
                case TicketState.WAITING:
                    ticket.limiter.cancel(ticket)
                case TicketState.RUNNING:
                    ticket.limiter.released(ticket, now)
                case TicketState.ENDED | TicketState.DROPPED:
                    pass
