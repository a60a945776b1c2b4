"""How many attempts may run on a deployment at once, and which waiting one is next.

The limit follows the provider in the manner of TCP and of Netflix's concurrency-limits (AIMD): it
grows by one per round of successes while it is being used, and shrinks by a factor when the
provider is overloaded or refuses. Several refusals of one round are one signal, so it shrinks at
most once per round and per `interval`. As in CUBIC, the limit before the refusals is remembered:
two seconds after the last refusal the limit grows back to it within eight, whatever the traffic,
and is remembered a tenth lower where that brings new refusals. Latency-based limits (Vegas,
gradient) are left out: how long a model takes depends on the prompt far more than on the load.

Beyond the limit tickets wait in order, as many as the queue holds. A call may wait in two queues
with tied tickets (Dean and Barroso, The Tail at Scale, 2013): when one starts, its twin leaves its
queue in the same step, so that never both start.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
import math
from collections.abc import Callable

from routersvc.domain.values import Record

_NEAR = 0.75
"""Successes raise the limit only above this share of it."""

_CALM = 2.0
"""Seconds without a refusal after which the limit grows back."""

_RECOVERY = 8.0
"""Seconds in which the limit then grows back to what it was before the refusals."""

_LOWERED = 0.9
"""The part of the remembered limit that is left where growing back brought new refusals."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ConcurrencyRule:
    """The limit lies between `minimum` and `maximum` and starts at `initial`.

    `decrease` is the factor at an overload, `interval` the least time between two of them in
    seconds, `queue` the most tickets that wait, and `max_wait` the seconds that one waits at most.
    """

    initial: int = 100
    minimum: int = 1
    maximum: int = 1000
    decrease: float = 0.7
    interval: float = 1.0
    queue: int = 100
    max_wait: float = 10.0

    def __post_init__(self) -> None:
        if not 1 <= self.minimum <= self.initial <= self.maximum:
            raise ValueError("`initial` lies between `minimum` and `maximum`, which are at least 1")
        if not 0 < self.decrease < 1:
            raise ValueError(f"`decrease` must be above 0 and below 1, not {self.decrease}")
        if not 0 <= self.interval < math.inf:
            raise ValueError(f"`interval` must be at least 0 seconds, not {self.interval}")
        if self.queue < 0:
            raise ValueError(f"`queue` must be at least 0, not {self.queue}")
        if not 0 < self.max_wait < math.inf:
            raise ValueError(f"`max_wait` must be above 0 seconds, not {self.max_wait}")


class TicketState(enum.Enum):
    """Where a ticket stands."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    DROPPED = "dropped"


class Ticket(Record, eq=False):
    """The right to run one attempt, now or when its turn comes.

    `started_at` is seconds on the clock of the limiter's `now`, and infinite until it starts.
    `on_start` is called when a ticket that waited starts; it must not change the limiter.
    """

    limiter: ConcurrencyLimiter
    on_start: Callable[[], None] | None = None
    state: TicketState = TicketState.WAITING
    started_at: float = math.inf
    twin: Ticket | None = None


def tie(first: Ticket, second: Ticket) -> None:
    """Let only one of two waiting tickets start: the other is dropped when one does.

    Raises:
        ValueError: one of them no longer waits, is tied already, or both are the same.
    """
    if first is second or first.twin is not None or second.twin is not None:
        raise ValueError("a ticket is tied to one other ticket, once")
    if first.state is not TicketState.WAITING or second.state is not TicketState.WAITING:
        raise ValueError("only tickets that wait are tied")
    first.twin = second
    second.twin = first


def _untie(ticket: Ticket) -> Ticket | None:
    """Untie a ticket from its twin; return the twin, if any."""
    twin, ticket.twin = ticket.twin, None
    if twin is not None:
        twin.twin = None
    return twin


class ConcurrencyLimiter:
    """The places of one deployment."""

    __slots__ = (
        "_decreased_at",
        "_limit",
        "_refused_at",
        "_remembered",
        "_rule",
        "_shrunk",
        "_waiting",
        "in_flight",
    )

    def __init__(self, rule: ConcurrencyRule) -> None:
        self.in_flight = 0
        self._rule = rule
        self._limit = float(rule.initial)
        self._decreased_at = -math.inf
        self._refused_at = -math.inf
        self._shrunk = self._limit
        self._remembered = self._limit
        self._waiting: collections.OrderedDict[Ticket, None] = collections.OrderedDict()

    def reconfigure(self, rule: ConcurrencyRule) -> None:
        """Go on under another rule; a limit that the provider has lowered stays lowered."""
        scale = rule.initial / self._rule.initial
        least, most = rule.minimum, rule.maximum
        self._limit = min(max(self._limit * scale, least), most)
        self._shrunk = min(max(self._shrunk * scale, least), most)
        self._remembered = min(max(self._remembered * scale, least), most)
        self._rule = rule

    @property
    def limit(self) -> int:
        """How many may run at once, without what has grown back since the last end."""
        return int(self._limit)

    def limit_at(self, now: float) -> int:
        """Return how many may run at once. Changes nothing."""
        return int(self._grown(now))

    @property
    def queued(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def is_full(self, now: float) -> bool:
        """Whether a new attempt has to wait: all places are taken, or others wait already."""
        if not self._waiting and self.in_flight + 1 <= self._limit:
            # The common case; what has grown back only adds places.
            return False
        return bool(self._waiting) or self.in_flight >= int(self._grown(now))

    def try_acquire(self, now: float) -> Ticket | None:
        """Return a running ticket, or `None` where all places are taken or others wait already."""
        if self.is_full(now):
            return None
        ticket = Ticket(self)
        self._start(ticket, now)
        return ticket

    def enqueue(self, on_start: Callable[[], None] | None = None) -> Ticket | None:
        """Return a waiting ticket, or `None` where the queue is full.

        `on_start` is called when it starts.

        Raises:
            AssertionError: there is a place: `try_acquire` comes first.
        """
        if not self._waiting and self.in_flight < int(self._limit):
            raise AssertionError("a ticket waits only where no place is free")
        if len(self._waiting) >= self._rule.queue:
            return None
        ticket = Ticket(self, on_start=on_start)
        self._waiting[ticket] = None
        return ticket

    def grow(self, now: float) -> tuple[Ticket, ...]:
        """Start the tickets for which the limit has grown back enough; return them."""
        self._limit = self._grown(now)
        return self._start_waiting(now)

    def cancel(self, ticket: Ticket) -> None:
        """Take a ticket out of the queue; one that was dropped is out of it already.

        Raises:
            AssertionError: the ticket has started: it has to be given back instead.
        """
        if ticket.state is TicketState.WAITING:
            del self._waiting[ticket]
            ticket.state = TicketState.DROPPED
            ticket.on_start = None
            _untie(ticket)
        elif ticket.state is not TicketState.DROPPED:
            raise AssertionError("a ticket that has started is given back, not cancelled")

    def succeeded(self, ticket: Ticket, now: float) -> tuple[Ticket, ...]:
        """Give back the place of a complete answer; return the tickets that start now."""
        used = self._give_back(ticket, now)
        if used >= _NEAR * int(self._limit):
            # One more per round: `limit` successes make a round.
            self._limit = min(float(self._rule.maximum), self._limit + 1 / self._limit)
        return self._start_waiting(now)

    def overloaded(self, ticket: Ticket, now: float) -> tuple[Ticket, ...]:
        """Give back the place of an attempt that was refused for load.

        Return the tickets that start now.
        """
        used = self._give_back(ticket, now)
        if (
            ticket.started_at > self._decreased_at
            and now - self._decreased_at >= self._rule.interval
        ):
            if self._limit >= self._remembered:
                self._remembered = self._limit
            elif now - self._refused_at > _CALM:
                self._remembered = max(self._limit, self._remembered * _LOWERED)
            # From what really ran: a limit far above it would take many refusals to matter.
            shrunk = min(self._limit, float(used)) * self._rule.decrease
            self._limit = self._shrunk = max(float(self._rule.minimum), shrunk)
            self._decreased_at = now
        if self._limit < self._remembered:
            self._shrunk = self._limit
        self._refused_at = now
        return self._start_waiting(now)

    def released(self, ticket: Ticket, now: float) -> tuple[Ticket, ...]:
        """Give back the place of any other attempt; return the tickets that start now."""
        self._give_back(ticket, now)
        return self._start_waiting(now)

    def _grown(self, now: float) -> float:
        """Return the limit with what has grown back since the last refusal."""
        calm = now - self._refused_at - _CALM
        if calm <= 0 or self._limit >= self._remembered:
            return self._limit
        missing = self._remembered - self._shrunk
        grown = self._shrunk + missing * calm / _RECOVERY
        return max(self._limit, min(self._remembered, grown))

    def _give_back(self, ticket: Ticket, now: float) -> int:
        """Free the place of `ticket`; return how many were taken, its own included."""
        if ticket.state is not TicketState.RUNNING or ticket.limiter is not self:
            raise AssertionError("a place is given back exactly once, to where it was taken")
        ticket.state = TicketState.ENDED
        if self._limit < self._remembered:
            self._limit = self._grown(now)
        self.in_flight -= 1
        return self.in_flight + 1

    def _start_waiting(self, now: float) -> tuple[Ticket, ...]:
        if not self._waiting:
            return ()
        started: list[Ticket] = []
        while self._waiting and self.in_flight < int(self._limit):
            following, _ = self._waiting.popitem(last=False)
            self._start(following, now)
            started.append(following)
        for ticket in started:
            on_start, ticket.on_start = ticket.on_start, None
            if on_start is not None:
                on_start()
        return tuple(started)

    def _start(self, ticket: Ticket, now: float) -> None:
        self.in_flight += 1
        ticket.state = TicketState.RUNNING
        ticket.started_at = now
        if ticket.twin is not None:
            twin = _untie(ticket)
            if twin is not None:
                twin.limiter.cancel(twin)
