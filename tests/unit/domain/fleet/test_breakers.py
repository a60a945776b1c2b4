"""Breakers open on failures, probe with one call at a time, and close slowly."""

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.breakers import Breaker, BreakerLease, BreakerRule
from routersvc.domain.outcomes.failure_rules import BreakerEffect

PLAIN = BreakerRule(open_jitter=0.0, probe_successes=1)


def breaker(rule: BreakerRule = PLAIN) -> Breaker:
    """Return a closed breaker."""
    return Breaker(rule, random=random.Random(1))


def admitted(breaker: Breaker, now: float) -> BreakerLease:
    """Return a lease where one has to be had."""
    lease = breaker.admit(now)
    assert lease is not None
    return lease


def fail(
    breaker: Breaker, now: float, effect: BreakerEffect = BreakerEffect.FAILURE, *, times: int = 1
) -> None:
    """Let calls fail, one after the other."""
    for _ in range(times):
        breaker.failed(admitted(breaker, now), now, effect)


def succeed(breaker: Breaker, now: float, *, slow: bool = False, times: int = 1) -> None:
    """Let calls succeed, one after the other."""
    for _ in range(times):
        breaker.succeeded(admitted(breaker, now), now, slow=slow)


def opened(rule: BreakerRule = PLAIN) -> Breaker:
    """Return a breaker that opened at 0."""
    made = breaker(rule)
    fail(made, 0.0, times=rule.consecutive_failures)
    assert made.state(0.0) is BreakerState.OPEN
    return made


class TestOpening:
    """What opens a breaker, and what does not."""

    def test_opens_at_the_last_of_the_failures_in_a_row(self) -> None:
        """Five is enough to tell an outage from bad luck, and little enough to be quick."""
        tested = breaker()

        fail(tested, 0.0, times=4)
        before = tested.state(0.0)
        fail(tested, 0.0)

        assert before is BreakerState.CLOSED
        assert tested.state(0.0) is BreakerState.OPEN
        assert tested.admit(0.0) is None

    def test_a_success_ends_the_row(self) -> None:
        """Failures that are far apart are judged by their rate."""
        tested = breaker()
        succeed(tested, 0.0, times=20)

        fail(tested, 0.0, times=4)
        succeed(tested, 0.0)
        fail(tested, 0.0)

        assert tested.snapshot(0.0).consecutive_failures == 1
        assert tested.state(0.0) is BreakerState.CLOSED

    def test_timeouts_make_a_row(self) -> None:
        """Whatever the traffic: few calls reach no rate."""
        tested = breaker()
        fail(tested, 0.0, BreakerEffect.SLOW_CALL, times=2)
        fail(tested, 100.0, BreakerEffect.SLOW_CALL, times=2)
        before = tested.state(100.0)

        fail(tested, 200.0, BreakerEffect.SLOW_CALL)

        assert (before, tested.state(200.0)) == (BreakerState.CLOSED, BreakerState.OPEN)

    @pytest.mark.parametrize("effect", [BreakerEffect.RATE_ONLY, BreakerEffect.NOTHING])
    def test_only_failures_make_a_row(self, effect: BreakerEffect) -> None:
        """A rate limit says that the provider is alive; it neither adds to a row nor ends it."""
        tested = breaker()
        succeed(tested, 0.0, times=100)
        fail(tested, 0.0, times=3)

        fail(tested, 0.0, effect, times=6)

        assert tested.snapshot(0.0).consecutive_failures == 3
        assert tested.state(0.0) is BreakerState.CLOSED

    @pytest.mark.parametrize(
        "effect", [BreakerEffect.FAILURE, BreakerEffect.RATE_ONLY, BreakerEffect.SLOW_CALL]
    )
    def test_opens_below_the_success_rate(self, effect: BreakerEffect) -> None:
        """Four of five is still good enough, a little less is not."""
        tested = breaker()
        succeed(tested, 0.0, times=8)
        fail(tested, 0.0, effect, times=2)
        at_the_floor = tested.state(0.0)

        fail(tested, 0.0, effect)

        assert at_the_floor is BreakerState.CLOSED
        assert tested.state(0.0) is BreakerState.OPEN

    def test_few_calls_do_not_make_a_rate(self) -> None:
        """One failure among two calls says little."""
        tested = breaker()
        fail(tested, 0.0, BreakerEffect.RATE_ONLY, times=9)
        with_nine = tested.state(0.0)

        fail(tested, 0.0, BreakerEffect.RATE_ONLY)

        assert with_nine is BreakerState.CLOSED
        assert tested.state(0.0) is BreakerState.OPEN

    def test_old_failures_are_forgotten(self) -> None:
        """The rate is that of the window, not of the day."""
        tested = breaker()
        fail(tested, 0.0, BreakerEffect.RATE_ONLY, times=9)

        fail(tested, 34.0, BreakerEffect.RATE_ONLY)

        assert tested.state(34.0) is BreakerState.CLOSED

    def test_opens_on_slow_successes(self) -> None:
        """Answers that come too late are no use, though none of them failed."""
        tested = breaker(BreakerRule(slow_call_duration=8.0, max_slow_rate=0.5))
        succeed(tested, 0.0, times=6)
        succeed(tested, 0.0, slow=True, times=5)
        below = tested.state(0.0)

        succeed(tested, 0.0, slow=True)

        assert below is BreakerState.CLOSED
        assert tested.state(0.0) is BreakerState.OPEN

    def test_slow_failures_count_as_slow(self) -> None:
        """An attempt without content in time is both."""
        tested = breaker(
            BreakerRule(slow_call_duration=8.0, max_slow_rate=0.2, min_success_rate=0.5)
        )
        succeed(tested, 0.0, times=8)
        fail(tested, 0.0, BreakerEffect.SLOW_CALL)
        below = tested.state(0.0)

        fail(tested, 0.0, BreakerEffect.SLOW_CALL)

        assert below is BreakerState.CLOSED
        assert tested.state(0.0) is BreakerState.OPEN

    def test_rule_tells_which_call_is_slow(self) -> None:
        """Without a duration none is."""
        assert not BreakerRule().is_slow(1e9)
        assert BreakerRule(slow_call_duration=8.0).is_slow(8.0)
        assert not BreakerRule(slow_call_duration=8.0).is_slow(7.9)


class TestOpen:
    """How long a breaker stays open."""

    def test_no_call_passes_until_the_open_time_is_over(self) -> None:
        """The deployment gets its rest, and callers do not wait for it."""
        tested = opened()

        assert [tested.admits(now) for now in (0.0, 0.999, 1.0)] == [False, False, True]
        assert tested.admit(0.999) is None
        assert tested.snapshot(0.25).next_probe_delay == 0.75
        assert tested.next_probe_at(0.25) == 1.0
        assert tested.state(1.0) is BreakerState.HALF_OPEN

    def test_open_time_grows_to_its_limit(self) -> None:
        """A deployment that has failed for an hour need not be probed every second."""
        tested = opened()
        delays = [tested.snapshot(0.0).next_probe_delay]
        now = 0.0

        for _ in range(8):
            now += delays[-1] or 0.0
            fail(tested, now)
            delays.append(tested.snapshot(now).next_probe_delay)

        assert delays == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
        assert tested.snapshot(now).opened_total == 9

    def test_refused_probe_does_not_make_the_open_time_grow(self) -> None:
        """A deployment that refuses for load is alive, and should be probed again soon."""
        tested = opened()
        fail(tested, 1.0)

        fail(tested, 3.0, BreakerEffect.RATE_ONLY)

        assert tested.snapshot(3.0).next_probe_delay == 2.0

    def test_slow_failure_of_a_probe_makes_the_open_time_grow(self) -> None:
        """A deployment without first content in time counts as failed."""
        tested = opened()

        fail(tested, 1.0, BreakerEffect.SLOW_CALL)

        assert tested.snapshot(1.0).next_probe_delay == 2.0

    def test_refusals_never_make_the_open_time_shrink(self) -> None:
        """Not even at its limit."""
        tested = opened(BreakerRule(open_jitter=0.0, open_time=60.0))

        for now in (60.0, 120.0, 180.0):
            fail(tested, now, BreakerEffect.RATE_ONLY)

        assert tested.snapshot(180.0).next_probe_delay == 60.0

    def test_open_time_is_shortened_at_random(self) -> None:
        """Replicas that opened together must not probe together."""
        rule = BreakerRule(open_time=10.0, open_jitter=0.5)
        tested = Breaker(rule, random=random.Random(4))

        fail(tested, 0.0, times=5)

        expected = 10.0 * (1 - 0.5 * random.Random(4).random())
        assert tested.next_probe_at(0.0) == expected
        assert 5.0 < expected < 10.0

    def test_open_time_is_forgiven_window_by_window(self) -> None:
        """A flapping deployment goes on growing, one that has been well for long starts over."""
        delays: list[float | None] = []
        for well in (29.0, 30.0, 60.0, 1e9):
            tested = opened()
            fail(tested, 1.0)
            fail(tested, 3.0)
            succeed(tested, 7.0)
            fail(tested, 7.0 + well, times=5)
            delays.append(tested.snapshot(7.0 + well).next_probe_delay)

        assert delays == [8.0, 4.0, 2.0, 1.0]

    def test_active_check_lets_a_probe_pass_at_once(self) -> None:
        """A free check has succeeded: waiting out a minute would only lose calls."""
        tested = opened(BreakerRule(open_time=60.0))

        tested.probe_soon(5.0)

        assert tested.state(5.0) is BreakerState.HALF_OPEN
        assert admitted(tested, 5.0).probe

    def test_longest_open_time_is_forgiven_like_any_other(self) -> None:
        """After a day of failed probes the open time is still bounded."""
        tested = opened(BreakerRule(open_jitter=0.0, probe_successes=1, max_open_time=4.0))
        for now in (10.0, 20.0, 30.0, 40.0):
            fail(tested, now)
        succeed(tested, 50.0)

        fail(tested, 80.0, times=5)

        assert tested.snapshot(80.0).next_probe_delay == 2.0

    def test_forced_call_of_an_earlier_opening_proves_nothing(self) -> None:
        """It began before the failure that opened the breaker again."""
        tested = opened(BreakerRule(open_time=10.0, open_jitter=0.0, probe_successes=1))
        forced = tested.force(1.0)
        fail(tested, 20.0)

        tested.answered(forced, 21.0)

        assert tested.state(21.0) is BreakerState.OPEN

    def test_forced_call_of_a_breaker_that_has_closed_tells_nothing_more(self) -> None:
        """Slow start goes on from when it closed."""
        tested = opened(BreakerRule(open_time=10.0, open_jitter=0.0, probe_successes=1))
        forced = tested.force(1.0)
        succeed(tested, 20.0)
        before = tested.share(25.0)

        tested.answered(forced, 25.0)

        assert tested.share(25.0) == before

    def test_active_check_of_a_closed_breaker_does_nothing(self) -> None:
        """Neither now nor at its next opening."""
        tested = breaker()

        tested.probe_soon(5.0)

        assert tested.state(5.0) is BreakerState.CLOSED
        fail(tested, 6.0, times=5)
        assert tested.next_probe_at(6.0) == 7.0

    def test_active_check_puts_no_probe_off(self) -> None:
        """The next probe is already due."""
        tested = opened()

        tested.probe_soon(5.0)

        assert tested.state(1.0) is BreakerState.HALF_OPEN

    def test_late_results_of_calls_from_before_change_nothing(self) -> None:
        """They tell how it was, which is known."""
        tested = breaker()
        early = [admitted(tested, 0.0) for _ in range(3)]
        fail(tested, 0.0, times=5)
        probe = admitted(tested, 1.0)

        tested.succeeded(early[0], 1.0)
        tested.failed(early[1], 1.0, BreakerEffect.FAILURE)
        tested.released(early[2])

        assert tested.state(1.0) is BreakerState.HALF_OPEN
        assert tested.admit(1.0) is None
        assert tested.snapshot(1.0).opened_total == 1
        tested.succeeded(probe, 1.0)
        assert tested.state(1.0) is BreakerState.CLOSED

    def test_late_results_do_not_count_after_closing_either(self) -> None:
        """A recovered deployment is not judged by calls from before its failure."""
        tested = breaker()
        early = [admitted(tested, 0.0) for _ in range(5)]
        fail(tested, 0.0, times=5)
        succeed(tested, 1.0)

        for lease in early:
            tested.failed(lease, 1.0, BreakerEffect.FAILURE)

        assert tested.state(1.0) is BreakerState.CLOSED
        assert tested.snapshot(1.0).consecutive_failures == 0


class TestProbing:
    """How a breaker finds out."""

    def test_one_probe_at_a_time(self) -> None:
        """A crowd of probes is what a recovering deployment least needs."""
        tested = opened()

        probe = admitted(tested, 1.0)

        assert probe.probe
        assert not tested.admits(1.0)
        assert [tested.admit(now) for now in (1.0, 2.0, 150.9)] == [None, None, None]

    def test_successful_probes_close(self) -> None:
        """One success may be luck."""
        tested = opened(BreakerRule(open_jitter=0.0, probe_successes=2))
        succeed(tested, 1.0)
        after_one = tested.state(1.0)

        succeed(tested, 1.0)

        assert after_one is BreakerState.HALF_OPEN
        assert tested.state(1.0) is BreakerState.CLOSED
        assert tested.next_probe_at(1.0) is None
        assert not admitted(tested, 1.0).probe

    def test_a_failed_probe_starts_the_count_of_successes_over(self) -> None:
        """They have to come in a row."""
        tested = opened(BreakerRule(open_jitter=0.0, probe_successes=2))
        succeed(tested, 1.0)
        fail(tested, 1.0)

        succeed(tested, 3.0)

        assert tested.state(3.0) is BreakerState.HALF_OPEN

    @pytest.mark.parametrize("by", ["released", "nothing"])
    def test_cancelled_probe_makes_room_for_the_next(self, by: str) -> None:
        """Its caller left or lost: nothing was learned, and nothing may block."""
        tested = opened()
        probe = admitted(tested, 1.0)

        if by == "released":
            tested.released(probe)
        else:
            tested.failed(probe, 1.0, BreakerEffect.NOTHING)

        assert tested.state(1.0) is BreakerState.HALF_OPEN
        assert admitted(tested, 1.0).probe

    def test_lost_probe_does_not_block_for_ever(self) -> None:
        """Its result is worth nothing any more once another has taken its place."""
        tested = opened()
        lost = admitted(tested, 1.0)

        second = admitted(tested, 151.0)

        assert second.probe
        tested.failed(lost, 152.0, BreakerEffect.FAILURE)
        assert tested.snapshot(152.0).opened_total == 1
        tested.succeeded(second, 153.0)
        assert tested.state(153.0) is BreakerState.CLOSED

    def test_slow_probe_has_failed(self) -> None:
        """It opened for being slow and still is."""
        tested = opened()

        succeed(tested, 1.0, slow=True)

        assert tested.state(1.0) is BreakerState.OPEN
        assert tested.snapshot(1.0).next_probe_delay == 2.0

    def test_probe_has_succeeded_once_it_answers(self) -> None:
        """A stream of a minute would keep everybody else away for a minute."""
        tested = opened()
        probe = admitted(tested, 1.0)

        tested.answered(probe, 1.5)

        assert tested.state(1.5) is BreakerState.CLOSED

    def test_a_probe_that_answered_counts_like_any_call_after_closing(self) -> None:
        """Its stream may still break."""
        tested = opened()
        probe = admitted(tested, 1.0)
        tested.answered(probe, 1.5)

        tested.failed(probe, 2.0, BreakerEffect.FAILURE)

        assert tested.snapshot(2.0).consecutive_failures == 1

    def test_a_probe_that_answered_counts_once(self) -> None:
        """The end of its stream is no second success."""
        tested = opened(BreakerRule(open_jitter=0.0, probe_successes=2))
        probe = admitted(tested, 1.0)

        tested.answered(probe, 1.5)
        tested.succeeded(probe, 2.0)

        assert tested.state(2.0) is BreakerState.HALF_OPEN

    def test_a_probe_that_answers_slowly_has_failed(self) -> None:
        """Its first content is what is measured."""
        tested = opened()
        probe = admitted(tested, 1.0)

        tested.answered(probe, 9.0, slow=True)

        assert tested.state(9.0) is BreakerState.OPEN

    def test_answers_of_ordinary_calls_prove_nothing(self) -> None:
        """Neither while closed, nor to an opening that came after them."""
        tested = breaker()
        lease = admitted(tested, 0.0)
        tested.answered(lease, 0.0)
        fail(tested, 0.0, times=5)

        tested.answered(lease, 1.0)

        assert tested.state(1.0) is BreakerState.HALF_OPEN
        assert tested.snapshot(1.0).opened_total == 1

    def test_a_lease_is_given_back_exactly_once(self) -> None:
        """Twice is a mistake of the engine's that would be counted as health."""
        tested = breaker()
        lease = admitted(tested, 0.0)
        tested.released(lease)

        with pytest.raises(AssertionError, match="exactly once"):
            tested.succeeded(lease, 0.0)


class TestForcing:
    """What happens where all are open and the least bad one is called."""

    def test_forced_call_passes_while_open(self) -> None:
        """Trying is better than nothing."""
        tested = opened()

        lease = tested.force(0.5)

        assert lease.forced
        assert not lease.probe

    def test_forced_call_is_a_probe_where_one_is_due(self) -> None:
        """So that it counts as one."""
        tested = opened()

        assert tested.force(1.0).probe

    def test_forced_call_is_an_ordinary_one_while_closed(self) -> None:
        """There is nothing to force."""
        lease = breaker().force(0.0)

        assert (lease.forced, lease.probe) == (False, False)

    def test_success_of_a_forced_call_counts_like_that_of_a_probe(self) -> None:
        """It shows just as well that the deployment answers."""
        tested = opened(BreakerRule(open_jitter=0.0, probe_successes=2))

        tested.succeeded(tested.force(0.5), 0.5)

        assert tested.state(0.5) is BreakerState.HALF_OPEN
        succeed(tested, 0.5)
        assert tested.state(0.5) is BreakerState.CLOSED

    def test_success_of_a_forced_call_counts_once(self) -> None:
        """Its first content and its end are one success."""
        tested = opened(BreakerRule(open_jitter=0.0, probe_successes=2))
        lease = tested.force(0.5)

        tested.answered(lease, 0.6)
        tested.succeeded(lease, 0.7)

        assert tested.state(0.7) is BreakerState.HALF_OPEN

    def test_slow_forced_call_proves_nothing(self) -> None:
        """It neither closes nor prolongs."""
        tested = opened()

        tested.succeeded(tested.force(0.5), 0.5, slow=True)

        assert tested.state(0.5) is BreakerState.OPEN
        assert tested.snapshot(0.5).opened_total == 1

    def test_failure_of_a_forced_call_tells_nothing_new(self) -> None:
        """Otherwise callers without a choice would keep the breaker open for ever."""
        tested = opened()

        tested.failed(tested.force(0.5), 0.5, BreakerEffect.FAILURE)

        assert tested.next_probe_at(0.5) == 1.0
        assert tested.snapshot(0.5).opened_total == 1

    def test_forced_call_leaves_the_probe_alone(self) -> None:
        """Its success makes no room for a second probe beside the first."""
        tested = opened(BreakerRule(open_jitter=0.0, probe_successes=3))
        admitted(tested, 1.0)

        tested.succeeded(tested.force(1.0), 1.0)

        assert tested.admit(1.0) is None


class TestSlowStart:
    """How traffic returns."""

    def test_share_grows_after_closing(self) -> None:
        """A provider that has just come back is not run over at once."""
        tested = opened()
        succeed(tested, 1.0)

        shares = [tested.share(now) for now in (1.0, 2.0, 3.5, 10.9, 11.0, 500.0)]

        assert shares == [0.1, 0.1, 0.25, pytest.approx(0.99), 1.0, 1.0]

    def test_share_is_whole_before_any_failure_and_nothing_while_open(self) -> None:
        """A restarted router starts with everything."""
        assert breaker().share(0.0) == 1.0
        assert opened().share(0.5) == 0.0
        assert opened().share(1.5) == 0.0

    def test_recovered_deployment_is_judged_anew(self) -> None:
        """Failures from before the opening are not held against it."""
        tested = breaker()
        fail(tested, 0.0, BreakerEffect.RATE_ONLY, times=10)
        succeed(tested, 1.0)

        fail(tested, 1.0, BreakerEffect.RATE_ONLY, times=4)
        fail(tested, 1.0, BreakerEffect.FAILURE, times=4)

        assert tested.state(1.0) is BreakerState.CLOSED


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("consecutive_failures", 0),
        ("min_calls", 0),
        ("probe_successes", 0),
        ("min_success_rate", 0.0),
        ("min_success_rate", 1.1),
        ("max_slow_rate", 0.0),
        ("max_slow_rate", 1.1),
        ("slow_start_share", 0.0),
        ("slow_start_share", 1.1),
        ("window", 0.0),
        ("probe_timeout", float("inf")),
        ("slow_start", 0.0),
        ("slow_call_duration", 0.0),
        ("open_time", 0.0),
        ("open_time", 61.0),
        ("max_open_time", float("inf")),
        ("open_growth", 0.9),
        ("open_jitter", -0.1),
        ("open_jitter", 1.0),
    ],
)
def test_impossible_rule_is_refused(field: str, value: float) -> None:
    """By its name, at the start."""
    with pytest.raises(ValueError, match=f"`{field}`"):
        BreakerRule(**{field: value})  # type: ignore[arg-type]


def test_extreme_rule_is_possible() -> None:
    """The ends of each range belong to it, where the message says so."""
    rule = BreakerRule(
        consecutive_failures=1,
        min_calls=1,
        probe_successes=1,
        min_success_rate=1.0,
        max_slow_rate=1.0,
        slow_start_share=1.0,
        window=0.5,
        probe_timeout=0.5,
        slow_start=0.5,
        slow_call_duration=0.5,
        open_time=0.5,
        max_open_time=0.5,
        open_growth=1.0,
        open_jitter=0.0,
    )

    assert rule.open_time == rule.max_open_time


class BreakerMachine(RuleBasedStateMachine):
    """Any calls in any order keep the promises."""

    def __init__(self) -> None:
        super().__init__()
        self.rule = BreakerRule(
            consecutive_failures=2, min_calls=4, probe_timeout=40.0, open_time=4.0
        )
        self.breaker = Breaker(self.rule, random=random.Random(3))
        self.now = 0.0
        self.leases: list[BreakerLease] = []
        self.probe: tuple[BreakerLease, float] | None = None
        self.not_before = 0.0

    @rule(seconds=st.integers(min_value=0, max_value=20))
    def wait(self, seconds: int) -> None:
        """Time goes on."""
        self.now += seconds

    @rule()
    def admit(self) -> None:
        """A call asks for a lease."""
        state = self.breaker.state(self.now)
        admits = self.breaker.admits(self.now)
        lease = self.breaker.admit(self.now)
        assert admits == (lease is not None)
        if lease is None:
            assert state is not BreakerState.CLOSED
            assert state is BreakerState.OPEN or self.probe is not None
            return
        self.leases.append(lease)
        assert state is not BreakerState.OPEN
        assert lease.probe == (state is BreakerState.HALF_OPEN)
        if lease.probe:
            assert self.probe is None or self.now >= self.probe[1] + self.rule.probe_timeout
            assert self.now >= self.not_before
            self.probe = (lease, self.now)

    @rule()
    def force(self) -> None:
        """A call has no other choice."""
        lease = self.breaker.force(self.now)
        self.leases.append(lease)
        if lease.probe:
            assert self.probe is None or self.now >= self.probe[1] + self.rule.probe_timeout
            self.probe = (lease, self.now)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), slow=st.booleans())
    def answer(self, data: st.DataObject, *, slow: bool) -> None:
        """First content arrives on a lease that stays out."""
        lease = data.draw(st.sampled_from(self.leases))
        with self._watched(lease):
            self.breaker.answered(lease, self.now, slow=slow)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), slow=st.booleans())
    def succeed(self, data: st.DataObject, *, slow: bool) -> None:
        """A call succeeds."""
        lease = self._taken(data)
        with self._watched(lease):
            self.breaker.succeeded(lease, self.now, slow=slow)

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), effect=st.sampled_from(BreakerEffect))
    def fail(self, data: st.DataObject, effect: BreakerEffect) -> None:
        """A call fails."""
        lease = self._taken(data)
        with self._watched(lease):
            self.breaker.failed(lease, self.now, effect)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """A call is cancelled or has lost: nothing that is told changes."""
        lease = self._taken(data)
        before = (self.breaker.snapshot(self.now), self.breaker.share(self.now))
        with self._watched(lease):
            self.breaker.released(lease)
        assert (self.breaker.snapshot(self.now), self.breaker.share(self.now)) == before

    @invariant()
    def told_alike(self) -> None:
        """State, share and delay agree."""
        snapshot = self.breaker.snapshot(self.now)
        is_open = snapshot.state is BreakerState.OPEN
        assert (snapshot.next_probe_delay is not None) == is_open
        assert (self.breaker.share(self.now) > 0) == (snapshot.state is BreakerState.CLOSED)
        if snapshot.next_probe_delay is not None:
            assert 0 < snapshot.next_probe_delay <= self.rule.max_open_time

    def _taken(self, data: st.DataObject) -> BreakerLease:
        return self.leases.pop(data.draw(st.integers(0, len(self.leases) - 1)))

    def _watched(self, lease: BreakerLease) -> "_Watch":
        return _Watch(self, lease)


class _Watch:
    """Follows the model through one step: whose opening it is, and which probe is out."""

    def __init__(self, machine: BreakerMachine, lease: BreakerLease) -> None:
        self.machine = machine
        self.lease = lease
        self.forced = lease.forced
        self.openings = machine.breaker.snapshot(machine.now).opened_total
        self.state = machine.breaker.state(machine.now)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        machine = self.machine
        openings = machine.breaker.snapshot(machine.now).opened_total
        state = machine.breaker.state(machine.now)
        if self.lease.opening != self.openings:
            assert (openings, state) == (self.openings, self.state), "a stale lease counted"
        if openings != self.openings:
            shortest = machine.rule.open_time * (1 - machine.rule.open_jitter)
            machine.not_before = machine.now + shortest
        elif self.state is BreakerState.OPEN and state is not BreakerState.OPEN:
            assert self.forced, "only a forced call is there to prove anything while open"
            machine.not_before = machine.now
        its_probe = machine.probe is not None and machine.probe[0] is self.lease
        if its_probe or openings != self.openings or state is BreakerState.CLOSED:
            machine.probe = None


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(stateful_step_count=50)
