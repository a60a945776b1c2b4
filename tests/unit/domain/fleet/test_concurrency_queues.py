"""Tickets of a call that waits: what it holds it gives back."""

from __future__ import annotations

import pytest

from routersvc.domain.fleet.concurrency import ConcurrencyLimiter, ConcurrencyRule, TicketState
from routersvc.domain.fleet.queue_waits import QueuePlace, QueueWait
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.testing.worlds import scripted_deployment

A = scripted_deployment("a")


def full_limiter() -> ConcurrencyLimiter:
    """Return a limiter whose only place is taken."""
    limiter = ConcurrencyLimiter(ConcurrencyRule(initial=1, maximum=1))
    assert limiter.try_acquire(0.0) is not None
    return limiter


def queued(limiter: ConcurrencyLimiter) -> QueuePlace:
    """Return a place in the queue of a limiter."""
    ticket = limiter.enqueue()
    assert ticket is not None
    return QueuePlace(A, ticket)


def waiting(*places: QueuePlace) -> QueueWait:
    """Return a call that waits for these."""
    return QueueWait(places, reason=AttemptReason.FAILOVER, caused_by=3, until=9.0)


def test_place_that_was_granted_and_is_not_used_goes_to_the_next() -> None:
    """The caller left in the moment its turn came; the place must not be lost."""
    limiter = ConcurrencyLimiter(ConcurrencyRule(initial=1, maximum=1))
    running = limiter.try_acquire(0.0)
    assert running is not None
    place, following = queued(limiter), queued(limiter)
    leaver = waiting(place)
    limiter.released(running, 1.0)
    assert leaver.granted is place

    leaver.leave(2.0)

    assert place.ticket.state is TicketState.ENDED
    assert following.ticket.state is TicketState.RUNNING
    assert following.ticket.started_at == 2.0
    assert (limiter.in_flight, limiter.queued) == (1, 0)


def test_who_leaves_stands_in_no_queue() -> None:
    """In neither of the two."""
    first, second = full_limiter(), full_limiter()
    leaver = waiting(queued(first), queued(second))

    leaver.leave(1.0)
    leaver.leave(2.0)

    assert (first.queued, second.queued) == (0, 0)
    assert (first.in_flight, second.in_flight) == (1, 1)


def test_what_an_attempt_will_be_told_is_kept() -> None:
    """Why it starts, after which attempt, and until when it is waited for."""
    call = waiting(queued(full_limiter()))

    assert (call.reason, call.caused_by, call.until) == (AttemptReason.FAILOVER, 3, 9.0)


def test_call_waits_in_one_queue_or_two() -> None:
    """More would make every queue longer than it is."""
    limiter = full_limiter()
    three = [queued(limiter) for _ in range(3)]

    for places in ([], three):
        with pytest.raises(ValueError, match="queues"):
            waiting(*places)
