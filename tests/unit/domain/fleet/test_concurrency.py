"""Places are limited by what a provider bears, queues by length, tied tickets by each other."""

import collections
import math

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from routersvc.domain.fleet.concurrency import (
    ConcurrencyLimiter,
    ConcurrencyRule,
    Ticket,
    TicketState,
    tie,
)


def limiter(
    *, limit: int = 2, maximum: int = 1000, queue: int = 2, interval: float = 1.0, minimum: int = 1
) -> ConcurrencyLimiter:
    """Return a limiter that starts at `limit`."""
    return ConcurrencyLimiter(
        ConcurrencyRule(
            initial=limit, minimum=minimum, maximum=maximum, queue=queue, interval=interval
        )
    )


def running(limiter: ConcurrencyLimiter, now: float = 0.0) -> Ticket:
    """Return a running ticket where there has to be a place."""
    ticket = limiter.try_acquire(now)
    assert ticket is not None
    return ticket


def waiting(limiter: ConcurrencyLimiter) -> Ticket:
    """Return a waiting ticket where the queue has to have room."""
    ticket = limiter.enqueue()
    assert ticket is not None
    return ticket


class TestPlaces:
    """Which tickets run and which wait."""

    def test_no_more_run_than_the_limit(self) -> None:
        """The next one has to wait or go elsewhere."""
        tested = limiter(limit=2)

        tickets = [tested.try_acquire(7.0) for _ in range(3)]

        assert [ticket is None for ticket in tickets] == [False, False, True]
        assert tickets[0] is not None
        assert (tickets[0].state, tickets[0].started_at) == (TicketState.RUNNING, 7.0)
        assert tested.in_flight == 2

    def test_tickets_start_in_the_order_they_came(self) -> None:
        """Waiting twice as long because others were luckier is unfair."""
        tested = limiter(limit=1)
        first = running(tested)
        second, third = waiting(tested), waiting(tested)
        assert (second.state, second.started_at) == (TicketState.WAITING, math.inf)

        after_first = tested.released(first, 1.0)
        after_second = tested.released(second, 2.0)

        assert after_first == (second,)
        assert after_second == (third,)
        assert (second.started_at, third.started_at) == (1.0, 2.0)

    def test_queue_is_bounded(self) -> None:
        """A queue without end only makes everybody late."""
        tested = limiter(limit=1, queue=2)
        running(tested)
        waiting(tested)
        waiting(tested)

        assert tested.enqueue() is None
        assert tested.queued == 2

    def test_new_attempt_does_not_overtake_the_queue(self) -> None:
        """A place that is free while others wait is theirs."""
        tested = limiter(limit=2, interval=0.0)
        first, second = running(tested, 1.0), running(tested, 1.0)
        ticket = waiting(tested)
        tested.overloaded(first, 2.0)

        assert tested.limit == 1
        assert tested.try_acquire(2.0) is None
        assert tested.released(second, 3.0) == (ticket,)
        assert tested.try_acquire(3.0) is None

    def test_who_can_have_a_place_does_not_wait(self) -> None:
        """No event would ever start it."""
        with pytest.raises(AssertionError):
            limiter().enqueue()

    def test_cancelled_ticket_leaves_the_queue(self) -> None:
        """Its caller left; the one behind it moves up."""
        tested = limiter(limit=1)
        first = running(tested)
        gone, stays = waiting(tested), waiting(tested)

        tested.cancel(gone)

        assert gone.state is TicketState.DROPPED
        assert tested.queued == 1
        assert tested.released(first, 1.0) == (stays,)

    def test_cancelling_twice_does_nothing(self) -> None:
        """The twin may have been dropped a moment before."""
        tested = limiter(limit=1)
        running(tested)
        ticket = waiting(tested)
        tested.cancel(ticket)

        tested.cancel(ticket)

        assert tested.queued == 0

    def test_a_started_ticket_cannot_be_cancelled(self) -> None:
        """Its place would be lost."""
        tested = limiter()

        with pytest.raises(AssertionError, match="given back"):
            tested.cancel(running(tested))

    @pytest.mark.parametrize("how", ["succeeded", "overloaded", "released"])
    def test_a_place_is_given_back_exactly_once(self, how: str) -> None:
        """Twice would let one too many run."""
        tested = limiter()
        ticket = running(tested)
        getattr(tested, how)(ticket, 1.0)

        with pytest.raises(AssertionError, match="exactly once"):
            getattr(tested, how)(ticket, 1.0)

        assert tested.in_flight == 0

    def test_a_place_is_given_back_where_it_was_taken(self) -> None:
        """Two deployments are easily mixed up."""
        ticket = running(limiter())
        other = limiter()

        with pytest.raises(AssertionError, match="where it was taken"):
            other.released(ticket, 1.0)


class TestLimit:
    """How the limit follows the provider."""

    def test_limit_grows_by_one_per_round_of_successes(self) -> None:
        """As many successes as there are places make a round."""
        tested = limiter(limit=4)
        tickets = [running(tested) for _ in range(4)]
        for _ in range(3):
            tested.succeeded(tickets.pop(), 1.0)
            tickets.append(running(tested, 1.0))
        before = tested.limit

        for _ in range(2):
            tested.succeeded(tickets.pop(), 1.0)
            tickets.append(running(tested, 1.0))

        assert before == 4
        assert tested.limit == 5

    def test_limit_does_not_grow_while_it_is_not_used(self) -> None:
        """Two calls at once say nothing of a hundred."""
        grown: list[bool] = []
        for in_flight in (2, 3):
            tested = limiter(limit=4)
            for _ in range(100):
                tickets = [running(tested) for _ in range(in_flight)]
                tested.succeeded(tickets.pop(), 1.0)
                for ticket in tickets:
                    tested.released(ticket, 1.0)
            grown.append(tested.limit > 4)

        assert grown == [False, True]

    def test_limit_does_not_exceed_its_maximum(self) -> None:
        """The operator's word."""
        tested = limiter(limit=2, maximum=3)
        for _ in range(100):
            tickets = [running(tested) for _ in range(tested.limit)]
            for ticket in tickets:
                tested.succeeded(ticket, 1.0)

        assert tested.limit == 3

    def test_growth_starts_who_waits(self) -> None:
        """The place that is given back, and the new one."""
        tested = limiter(limit=1, queue=5)
        first = running(tested)
        second, third = waiting(tested), waiting(tested)

        started = tested.succeeded(first, 1.0)

        assert tested.limit == 2
        assert started == (second, third)

    def test_overload_shrinks_the_limit_by_its_factor(self) -> None:
        """Less traffic at once is the only help."""
        tested = limiter(limit=10)
        tickets = [running(tested, 1.0) for _ in range(10)]

        tested.overloaded(tickets[0], 2.0)

        assert tested.limit == 7
        assert tested.in_flight == 9

    def test_overload_shrinks_from_what_ran(self) -> None:
        """A limit of a hundred that was never reached would take many refusals to matter."""
        tested = limiter(limit=100)
        tickets = [running(tested, 1.0) for _ in range(10)]

        tested.overloaded(tickets[0], 2.0)

        assert tested.limit == 7

    def test_refusals_of_one_round_are_one_signal(self) -> None:
        """Ten answers to one burst must not take the limit to its minimum."""
        tested = limiter(limit=10)
        tickets = [running(tested, 1.0) for _ in range(10)]

        for ticket in tickets:
            tested.overloaded(ticket, 5.0)

        assert tested.limit == 7

    def test_round_begins_with_what_starts_after_the_last_shrinking(self) -> None:
        """What started before it or with it was not limited by it yet."""
        tested = limiter(limit=10)
        early = [running(tested, 1.0) for _ in range(8)]
        tested.overloaded(early.pop(), 5.0)
        for _ in range(4):
            tested.released(early.pop(), 5.0)
        with_it = running(tested, 5.0)
        after_it = running(tested, 5.5)
        limits: list[int] = []

        for ticket in (early.pop(), with_it, after_it):
            tested.overloaded(ticket, 6.9)
            limits.append(tested.limit)

        assert limits == [5, 5, 2]

    def test_shrinks_at_most_once_per_interval(self) -> None:
        """Refusals come back within milliseconds; recovering takes longer."""
        tested = limiter(limit=100, interval=1.0)
        limits: list[int] = []
        for now in (10.0, 10.9, 11.0):
            tickets = [running(tested, now - 0.05) for _ in range(tested.limit)]
            tested.overloaded(tickets[0], now)
            for ticket in tickets[1:]:
                tested.released(ticket, now)
            limits.append(tested.limit)

        assert limits == [70, 70, 49]

    def test_limit_does_not_fall_below_its_minimum(self) -> None:
        """Without a single place nothing would ever be learned again."""
        tested = limiter(limit=3, minimum=2, interval=0.0)
        for now in range(1, 20):
            tested.overloaded(running(tested, now - 0.5), float(now))

        assert tested.limit == 2

    def test_lower_limit_stops_no_running_attempt(self) -> None:
        """Fewer start instead, until it is kept."""
        tested = limiter(limit=10, queue=5)
        tickets = [running(tested, 1.0) for _ in range(10)]
        ticket = waiting(tested)
        tested.overloaded(tickets.pop(), 2.0)

        started = [tested.released(tickets.pop(), 3.0) for _ in range(3)]

        assert started == [(), (), (ticket,)]

    def test_what_says_nothing_of_load_changes_nothing(self) -> None:
        """Losers and departed callers neither raise nor lower."""
        tested = limiter(limit=2)
        for _ in range(50):
            tickets = [running(tested), running(tested)]
            for ticket in tickets:
                tested.released(ticket, 1.0)

        assert tested.limit == 2


class TestTies:
    """One call in two queues."""

    def test_twin_is_dropped_when_one_starts(self) -> None:
        """It never runs twice, and does not block the tickets behind it."""
        left, right = limiter(limit=1), limiter(limit=1)
        on_left, on_right = running(left), running(right)
        ticket, twin, behind = waiting(left), waiting(right), waiting(right)
        tie(ticket, twin)

        started = left.released(on_left, 1.0)

        assert started == (ticket,)
        assert twin.state is TicketState.DROPPED
        assert right.queued == 1
        assert right.released(on_right, 1.0) == (behind,)

    def test_a_cancelled_ticket_leaves_its_twin_waiting(self) -> None:
        """The call still has the other queue."""
        left, right = limiter(limit=1), limiter(limit=1)
        on_left, on_right = running(left), running(right)
        ticket, twin = waiting(left), waiting(right)
        tie(ticket, twin)

        left.cancel(ticket)

        assert left.released(on_left, 1.0) == ()
        assert right.released(on_right, 1.0) == (twin,)

    def test_twins_in_one_queue_start_once(self) -> None:
        """Two credentials may share a limiter."""
        tested = limiter(limit=1, queue=3)
        first = running(tested)
        ticket, twin, behind = waiting(tested), waiting(tested), waiting(tested)
        tie(ticket, twin)

        assert tested.released(first, 1.0) == (ticket,)
        assert tested.released(ticket, 2.0) == (behind,)

    def test_a_ticket_is_tied_once(self) -> None:
        """A third would be forgotten."""
        tested = limiter(limit=1, queue=4)
        running(tested)
        first, second, third = waiting(tested), waiting(tested), waiting(tested)
        tie(first, second)

        for pair in ((first, third), (third, second), (third, third)):
            with pytest.raises(ValueError, match="once"):
                tie(*pair)

    def test_only_waiting_tickets_are_tied(self) -> None:
        """The other one has been decided already."""
        tested = limiter(limit=1)
        runs = running(tested)
        waits = waiting(tested)

        for pair in ((runs, waits), (waits, runs)):
            with pytest.raises(ValueError, match="wait"):
                tie(*pair)


class TestRecovery:
    """The limit grows back to what it was before refusals, within seconds."""

    def after_storm(self, seconds: int) -> ConcurrencyLimiter:
        """Return a limiter of 100 after as many refusals, one per second from 0 s on."""
        tested = limiter(limit=100)
        for now in range(seconds):
            places = max(1, tested.limit_at(float(now)))
            tickets = [running(tested, now + 0.1) for _ in range(places)]
            for ticket in tickets:
                tested.overloaded(ticket, now + 0.9)
        return tested

    def test_limit_grows_back_without_traffic(self) -> None:
        """Two seconds after the last refusal, in eight more."""
        tested = self.after_storm(12)

        limits = [tested.limit_at(now) for now in (13.8, 17.9, 22.0, 60.0)]

        assert limits[0] <= 2
        assert 48 <= limits[1] <= 52
        assert limits[2:] == [100, 100]

    def test_refusal_while_it_grows_lowers_what_it_grows_back_to(self) -> None:
        """It has met the limit of the provider; the next round is lower."""
        tested = self.after_storm(1)
        tickets = [running(tested, 6.0) for _ in range(tested.limit_at(6.0))]

        tested.overloaded(tickets.pop(), 7.0)
        for ticket in tickets:
            tested.released(ticket, 7.0)

        assert tested.limit_at(8.9) < 70
        assert tested.limit_at(60.0) == 90

    def test_steady_capacity_is_found(self) -> None:
        """A provider that bears fifty at once is asked for about as many, and seldom refuses."""
        tested = limiter(limit=100)
        refused: list[float] = []
        limits: list[int] = []
        for step in range(600):
            now = step / 2
            limits.append(tested.limit_at(now))
            tickets = [running(tested, now) for _ in range(limits[-1])]
            for ticket in tickets[50:]:
                tested.overloaded(ticket, now + 0.4)
                refused.append(now)
            for ticket in tickets[:50]:
                tested.succeeded(ticket, now + 0.4)

        assert sum(limits[300:]) / 300 > 40
        assert len([now for now in refused if now > 150.0]) / sum(limits[300:]) < 0.05

    def test_waiting_tickets_start_when_the_limit_has_grown(self) -> None:
        """Though nothing ends."""
        tested = self.after_storm(12)
        running(tested, 12.0)
        first, second = waiting(tested), waiting(tested)

        started = tested.grow(16.0)

        assert started == (first, second)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("minimum", 0),
        ("initial", 1001),
        ("maximum", 99),
        ("decrease", 0.0),
        ("decrease", 1.0),
        ("interval", -1.0),
        ("interval", float("inf")),
        ("queue", -1),
        ("max_wait", 0.0),
        ("max_wait", float("inf")),
    ],
)
def test_impossible_rule_is_refused(field: str, value: float) -> None:
    """By its name, at the start."""
    with pytest.raises(ValueError, match=f"`{field}`"):
        ConcurrencyRule(**{field: value})  # type: ignore[arg-type]


def test_fixed_limit_without_a_queue_is_possible() -> None:
    """The ends of each range belong to it."""
    rule = ConcurrencyRule(initial=1, minimum=1, maximum=1, queue=0, interval=0.0, max_wait=0.5)
    tested = ConcurrencyLimiter(rule)
    running(tested)

    assert tested.enqueue() is None


class ConcurrencyMachine(RuleBasedStateMachine):
    """Whatever calls do in two queues, places, order and ties are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.rule = ConcurrencyRule(initial=3, minimum=1, maximum=5, queue=4, interval=2.0)
        self.limiters = [ConcurrencyLimiter(self.rule) for _ in range(2)]
        self.queues: list[collections.deque[Ticket]] = [collections.deque(), collections.deque()]
        self.running: list[Ticket] = []
        self.ended: list[Ticket] = []
        self.now = 0.0

    @rule(seconds=st.integers(0, 3))
    def wait(self, seconds: int) -> None:
        """Time goes on."""
        self.now += seconds

    @rule(which=st.integers(0, 1))
    def arrive(self, which: int) -> None:
        """A call wants a place in one, and waits where there is none."""
        self._arrive(which)

    @rule()
    def arrive_at_both(self) -> None:
        """A call that finds no place waits in both queues at once."""
        tickets = [self._arrive(which) for which in range(2)]
        first, second = tickets
        if (
            first is not None
            and second is not None
            and first.state is TicketState.WAITING
            and second.state is TicketState.WAITING
        ):
            tie(first, second)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), how=st.sampled_from(["succeeded", "overloaded", "released"]))
    def end(self, data: st.DataObject, how: str) -> None:
        """An attempt ends."""
        ticket = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        which = self.limiters.index(ticket.limiter)
        limiter = self.limiters[which]
        before = limiter.limit_at(self.now)
        started = getattr(limiter, how)(ticket, self.now)
        self.ended.append(ticket)
        assert {"succeeded": limiter.limit >= before, "overloaded": limiter.limit <= before}.get(
            how, limiter.limit == before
        )
        for each in started:
            while self.queues[which][0].state is TicketState.DROPPED:
                self.queues[which].popleft()
            assert self.queues[which].popleft() is each
            self.running.append(each)
        if started:
            assert limiter.in_flight <= limiter.limit

    @precondition(lambda self: any(self.queues))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A caller leaves the queue."""
        ticket = data.draw(st.sampled_from([*self.queues[0], *self.queues[1]]))
        ticket.limiter.cancel(ticket)

    @invariant()
    def counted(self) -> None:
        """Numbers agree with the tickets, and no ticket waits beside a free place."""
        for which, limiter in enumerate(self.limiters):
            waits = [t for t in self.queues[which] if t.state is TicketState.WAITING]
            assert limiter.queued == len(waits) <= self.rule.queue
            assert limiter.in_flight == sum(t.limiter is limiter for t in self.running)
            assert self.rule.minimum <= limiter.limit <= self.rule.maximum
            assert not waits or limiter.in_flight >= limiter.limit

    @invariant()
    def twins_start_once(self) -> None:
        """Of two tied tickets at most one has ever started."""
        for ticket in [*self.running, *self.ended]:
            twin = ticket.twin
            assert twin is None or twin.state is TicketState.DROPPED

    def _arrive(self, which: int) -> Ticket | None:
        limiter = self.limiters[which]
        ticket = limiter.try_acquire(self.now)
        if ticket is not None:
            assert limiter.in_flight <= limiter.limit_at(self.now)
            assert limiter.queued == 0
            self.running.append(ticket)
            return ticket
        ticket = limiter.enqueue()
        if ticket is not None:
            self.queues[which].append(ticket)
        return ticket


TestConcurrencyMachine = ConcurrencyMachine.TestCase
TestConcurrencyMachine.settings = settings(stateful_step_count=50)
