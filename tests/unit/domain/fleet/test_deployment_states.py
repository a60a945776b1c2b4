"""What becomes of a lease is told to everyone it concerns: breaker, limit, picker, histories."""

from __future__ import annotations

import dataclasses
import random

import pytest
from tests.unit.domain.plans import plan_over

from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.conversation.usage import Usage
from routersvc.domain.fleet.active_checks import CheckResult
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.deployment_states import DeploymentState
from routersvc.domain.fleet.health import DeploymentHealth, HealthState, Quantiles
from routersvc.domain.fleet.leases import Lease, Obstacle
from routersvc.domain.fleet.load_balancing import FAILURE_PENALTY, DeploymentLoad
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules
from routersvc.domain.outcomes.failure_rules import BreakerEffect, FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.testing.worlds import scripted_deployment

A = scripted_deployment("a")
PLAN = plan_over(A, tokens=10)
BROKEN = Failure(failure_class=FailureClass.SERVER_ERROR, message="status 503")
LATE = Failure(failure_class=FailureClass.FIRST_CONTENT_TIMEOUT, message="late")
REFUSED = Failure(failure_class=FailureClass.RATE_LIMITED, message="status 429")
INVALID = Failure(failure_class=FailureClass.INVALID_REQUEST, message="status 400")
NOBODY = Failure(failure_class=FailureClass.CONNECT, message="refused")
STALE = Failure(failure_class=FailureClass.RESET, message="reset", connection_was_idle=True)
UNANSWERED = CheckResult(failure=NOBODY, duration=0.1)
SHORT = BreakerRule(consecutive_failures=2, open_time=1.0, open_jitter=0.0, probe_successes=1)


def state_with(
    breaker: BreakerRule = SHORT, concurrency: ConcurrencyRule | None = None
) -> DeploymentState:
    """Return a deployment without calls."""
    rules = DeploymentRules(breaker=breaker, concurrency=concurrency or ConcurrencyRule())
    return DeploymentState(A, rules, random=random.Random(0))


def lease_of(state: DeploymentState, now: float, *, streaming: bool = True) -> Lease:
    """Start an attempt that nothing keeps from starting."""
    assert state.refusal(10, now) is None
    return state.lease(dataclasses.replace(PLAN, streaming=streaming), now)


def known_latency(load: DeploymentLoad) -> float | None:
    """Return the latency that a deployment is charged at its last observation."""
    known = load.fading(0.0)
    return None if known is None else known[0]


def health_of(state: DeploymentState, now: float) -> DeploymentHealth:
    """Return what operators are told."""
    return state.health(now, disabled="")


def about(seconds: float, *, samples: int = 1) -> object:
    """Return what equals the quantiles of so many samples that are all about the same."""
    near = pytest.approx(seconds, rel=0.05)
    return Quantiles(p50=near, p90=near, p95=near, p99=near, samples=samples)  # type: ignore[arg-type]


def test_deployment_without_calls_is_unknown() -> None:
    """Nothing is counted and nothing is guessed."""
    health = health_of(state_with(), 5.0)

    assert health.state is HealthState.UNKNOWN
    assert health.breaker.state is BreakerState.CLOSED
    assert (health.success_rate, health.outcomes, health.window) == (None, 0, SHORT.window)
    assert (health.time_to_first_content, health.duration) == (None, None)
    assert (health.output_tokens_per_second, health.not_before_delay) == (None, None)
    assert (health.last_failure, health.last_failure_age) == (None, None)
    assert (health.headroom, health.headroom_age, health.last_probe) == (None, None, None)
    assert (health.attempts_total, health.served_total, health.cancelled_total) == (0, 0, 0)
    assert health.failures_total == {}


def test_health_tells_what_calls_have_shown() -> None:
    """Each outcome under its own name, with its time and its count."""
    state = state_with(BreakerRule())
    left = RateLimitHeadroom(remaining_requests=90)
    for speed in (10, 20, 30, 40):
        served = lease_of(state, 10.0)
        state.record_first_content(served, 11.0)
        state.succeeded(served, Usage(input_tokens=1, output_tokens=speed * 2), 12.0)
    for _ in range(2):
        state.failed(lease_of(state, 12.0), BROKEN, 13.0)
        state.released(lease_of(state, 12.0), 13.0)
    running = lease_of(state, 13.0)
    state.record_headroom(running, left, 13.5)

    health = health_of(state, 15.0)

    assert (health.attempts_total, health.served_total, health.cancelled_total) == (9, 4, 2)
    assert health.failures_total == {FailureClass.SERVER_ERROR: 2}
    assert (health.success_rate, health.outcomes) == (4 / 6, 6)
    assert health.state is HealthState.DEGRADED
    assert (health.last_failure, health.last_failure_age) == (FailureClass.SERVER_ERROR, 2.0)
    assert health.time_to_first_content == about(1.0, samples=6), "the given up count as well"
    assert health.duration == about(2.0, samples=4)
    assert health.output_tokens_per_second == 30.0
    assert (health.headroom, health.headroom_age) == (left, 1.5)
    assert (health.in_flight, health.queued) == (1, 0)


def test_first_contents_of_streams_are_told_before_those_of_whole_answers() -> None:
    """They are what callers wait for; without streams the others have to do."""
    state = state_with()
    whole = lease_of(state, 0.0, streaming=False)
    state.record_first_content(whole, 8.0)
    state.succeeded(whole, None, 8.0)
    before = health_of(state, 8.0).time_to_first_content
    streamed = lease_of(state, 8.0)
    state.record_first_content(streamed, 9.0)
    state.succeeded(streamed, None, 12.0)

    assert before == about(8.0)
    assert health_of(state, 12.0).time_to_first_content == about(1.0)


def test_one_failure_in_twenty_is_not_degraded() -> None:
    """The edge itself is still healthy."""
    state = state_with(BreakerRule())
    for _ in range(19):
        state.succeeded(lease_of(state, 0.0), None, 0.5)
    state.failed(lease_of(state, 0.5), BROKEN, 0.5)

    edge = health_of(state, 0.5).state
    state.failed(lease_of(state, 0.5), BROKEN, 0.5)

    assert (edge, health_of(state, 0.5).state) == (HealthState.HEALTHY, HealthState.DEGRADED)


@pytest.mark.parametrize("first", ["succeeded", "failed", "released"])
@pytest.mark.parametrize("second", ["succeeded", "failed", "released"])
def test_lease_is_settled_once(first: str, second: str) -> None:
    """Given back twice, a place would be taken by two."""
    state = state_with()
    lease = lease_of(state, 0.0)
    lease_of(state, 0.0)

    def settle(how: str) -> None:
        if how == "succeeded":
            state.succeeded(lease, None, 1.0)
        elif how == "failed":
            state.failed(lease, INVALID, 1.0)
        else:
            state.released(lease, 1.0)

    settle(first)

    with pytest.raises(AssertionError, match="exactly once"):
        settle(second)
    assert state.in_flight == 1


@pytest.mark.parametrize("failure", [None, BROKEN, INVALID, REFUSED])
def test_every_end_frees_the_place_for_who_waits(failure: Failure | None) -> None:
    """From the moment of that end; a refusal for load may leave fewer places, never none."""
    state = state_with(concurrency=ConcurrencyRule(initial=1, maximum=1))
    lease = lease_of(state, 0.0)
    full = state.refusal(10, 0.0)
    ticket = state.enqueue(lambda: None)
    assert full is not None
    assert full.obstacle is Obstacle.FULL
    assert ticket is not None

    if failure is None:
        state.released(lease, 2.0)
    else:
        state.failed(lease, failure, 2.0)

    assert ticket.started_at == 2.0


def test_success_frees_the_place_for_who_waits() -> None:
    """Like every other end."""
    state = state_with(concurrency=ConcurrencyRule(initial=1, maximum=1))
    lease = lease_of(state, 0.0)
    ticket = state.enqueue(lambda: None)
    assert ticket is not None

    state.succeeded(lease, None, 2.0)

    assert ticket.started_at == 2.0


@pytest.mark.parametrize(("failure", "limit"), [(REFUSED, 7), (BROKEN, 10), (INVALID, 10)])
def test_only_refusals_for_load_lower_the_limit(failure: Failure, limit: int) -> None:
    """Only a refusal for load lowers the concurrency limit."""
    state = state_with(concurrency=ConcurrencyRule(initial=10))
    leases = [lease_of(state, 0.0) for _ in range(10)]

    state.failed(leases[0], failure, 1.0)

    assert health_of(state, 1.0).concurrency_limit == limit


def test_failures_are_charged_as_latency() -> None:
    """A deployment that fails at once must not look fast; a late failure is charged in full."""
    for began, failed_at, expected in ((0.0, 0.1, FAILURE_PENALTY), (10.0, 30.0, 20.0)):
        state = state_with()

        state.failed(lease_of(state, began), BROKEN, failed_at)

        assert known_latency(state.load) == expected


def test_invalid_request_is_the_callers_doing() -> None:
    """Neither picker nor breaker nor success rate hold it against the deployment."""
    state = state_with()

    for _ in range(5):
        state.failed(lease_of(state, 0.0), INVALID, 1.0)

    assert known_latency(state.load) is None
    assert health_of(state, 1.0).success_rate is None
    assert health_of(state, 1.0).failures_total == {FailureClass.INVALID_REQUEST: 5}


def test_latency_of_first_content_is_what_the_picker_learns() -> None:
    """At that moment, and not at the end of a long answer."""
    state = state_with()
    lease = lease_of(state, 10.0)

    state.record_first_content(lease, 10.5)
    state.succeeded(lease, None, 40.0)

    assert known_latency(state.load) == 0.5
    assert state.measurements.live_stats(40.0, streaming=True).first_content == pytest.approx(
        0.5, rel=0.05
    )


def test_attempt_that_was_given_up_waited_at_least_so_long() -> None:
    """A loser without content is news of its deployment; one with content has been heard."""
    state = state_with()
    state.released(lease_of(state, 10.0), 13.0)
    late = known_latency(state.load)
    heard = lease_of(state, 20.0)
    state.record_first_content(heard, 20.5)
    after = known_latency(state.load)

    state.released(heard, 60.0)

    assert late == 3.0
    assert known_latency(state.load) == after


def test_late_deployment_is_known_to_be_late() -> None:
    """Its first contents would else be told by the lucky ones alone."""
    for end in ("failed", "released"):
        state = state_with(BreakerRule())
        for _ in range(50):
            lease = lease_of(state, 0.0)
            state.record_first_content(lease, 1.0)
            state.succeeded(lease, None, 1.0)
        for lease in [lease_of(state, 1.0) for _ in range(50)]:
            if end == "failed":
                state.failed(lease, LATE, 21.0)
            else:
                state.released(lease, 21.0)

        late = state.measurements.live_stats(21.0, streaming=True).late

        assert late is not None
        assert late > 15.0


def test_break_after_the_first_content_is_no_late_first_content() -> None:
    """What was heard was in time, whatever became of the answer."""
    stalled = Failure(failure_class=FailureClass.STALLED, message="silent")
    state = state_with(BreakerRule())
    for lease in [lease_of(state, 0.0) for _ in range(50)]:
        state.record_first_content(lease, 1.0)
        state.failed(lease, stalled, 30.0)

    assert state.measurements.live_stats(30.0, streaming=True).late == pytest.approx(1.0, rel=0.05)


def test_failure_tells_what_is_left_of_the_rate_limits() -> None:
    """The headers of a refusal say it exactly."""
    state = state_with()
    left = RateLimitHeadroom(remaining_requests=0, requests_reset=30.0)
    refused = Failure(failure_class=FailureClass.RATE_LIMITED, message="429", headroom=left)

    state.failed(lease_of(state, 0.0), refused, 1.0)

    refusal = state.refusal(10, 11.0, needs_place=False)
    assert refusal is not None
    assert (refusal.obstacle, refusal.wait) == (Obstacle.NO_HEADROOM, 20.0)


def test_call_is_held_back_for_its_own_tokens() -> None:
    """A small one may still pass; the wait is told where it is above nothing."""
    state = state_with()
    left = RateLimitHeadroom(remaining_tokens=100, tokens_reset=0.5)
    state.record_headroom(lease_of(state, 0.0), left, 0.0)

    small, large = (state.refusal(tokens, 0.0, needs_place=False) for tokens in (100, 101))

    assert small is None
    assert large is not None
    assert (large.obstacle, large.wait) == (Obstacle.NO_HEADROOM, 0.5)


def test_open_breaker_says_for_how_long() -> None:
    """In seconds from now."""
    state = state_with()
    for _ in range(2):
        state.failed(lease_of(state, 100.0), BROKEN, 100.0)

    refusal = state.refusal(10, 100.25)

    assert refusal is not None
    assert (refusal.obstacle, refusal.wait) == (Obstacle.BREAKER_OPEN, 0.75)
    assert health_of(state, 100.25).state is HealthState.UNAVAILABLE


def test_request_that_must_not_be_repeated_is_no_probe() -> None:
    """It may be lost; somebody else's may not."""
    state = state_with()
    for _ in range(2):
        state.failed(lease_of(state, 0.0), BROKEN, 0.0)

    assert state.refusal(10, 1.0, may_probe=False) is not None
    assert state.refusal(10, 1.0) is None


def test_probe_that_says_nothing_is_returned() -> None:
    """Another call may probe at once."""
    state = state_with(BreakerRule(consecutive_failures=1, open_time=1.0, open_jitter=0.0))
    state.failed(lease_of(state, 0.0), BROKEN, 0.0)
    probe = lease_of(state, 1.0)
    meanwhile = state.refusal(10, 1.0)

    state.released(probe, 1.5)

    assert meanwhile is not None
    assert state.refusal(10, 1.5) is None


@pytest.mark.parametrize("at_first_content", [True, False])
def test_what_failures_were_charged_is_forgotten_on_recovery(*, at_first_content: bool) -> None:
    """A deployment competes like the others once it has recovered, and not before."""
    state = state_with()
    for _ in range(2):
        state.failed(lease_of(state, 0.0), BROKEN, 0.0)
    probe = lease_of(state, 1.0)
    charged = known_latency(state.load)

    if at_first_content:
        state.record_first_content(probe, 1.5)
        forgotten = known_latency(state.load) == 0.5
    else:
        state.succeeded(probe, None, 1.5)
        forgotten = known_latency(state.load) is None

    assert charged == FAILURE_PENALTY
    assert forgotten
    assert health_of(state, 1.5).breaker.state is BreakerState.CLOSED


def test_success_of_a_closed_breaker_forgets_no_charge() -> None:
    """One good answer among failures is no recovery."""
    state = state_with(BreakerRule())
    state.failed(lease_of(state, 0.0), BROKEN, 0.0)

    state.succeeded(lease_of(state, 0.0), None, 0.0)

    assert known_latency(state.load) == FAILURE_PENALTY


@pytest.mark.parametrize(("first", "opens"), [(3.0, True), (2.9, False)])
def test_slow_first_contents_open_the_breaker(first: float, *, opens: bool) -> None:
    """By the time of the first content, however long the answer goes on."""
    rule = BreakerRule(slow_call_duration=3.0, max_slow_rate=0.5, min_calls=4)
    for is_stream in (True, False):
        state = state_with(rule)
        for _ in range(4):
            lease = lease_of(state, 10.0)
            if is_stream:
                state.record_first_content(lease, 10.0 + first)
            state.succeeded(lease, None, 10.0 + (60.0 if is_stream else first))

        assert (health_of(state, 70.0).breaker.opened_total == 1) is opens


def test_slow_probe_proves_nothing() -> None:
    """The breaker opens again, for longer."""
    rule = BreakerRule(
        consecutive_failures=1,
        open_time=1.0,
        open_jitter=0.0,
        slow_call_duration=3.0,
        probe_successes=1,
    )
    state = state_with(rule)
    state.failed(lease_of(state, 0.0), BROKEN, 0.0)
    probe = lease_of(state, 10.0)

    state.record_first_content(probe, 13.0)

    assert health_of(state, 13.0).breaker.state is BreakerState.OPEN
    assert health_of(state, 13.0).breaker.next_probe_delay == 2.0


@pytest.mark.parametrize("end", ["answered", "refused"])
def test_answer_outdates_failed_checks(end: str) -> None:
    """Those before it and those after it, as long as no call fails: the check may be broken."""
    state = state_with()
    lease = lease_of(state, 0.0)
    state.checked(UNANSWERED, 1.0)
    let_through = lease_of(state, 1.0)
    before = state.refusal(10, 1.0, needs_place=False)

    if end == "answered":
        state.record_first_content(lease, 2.0)
    else:
        state.failed(lease, INVALID, 2.0)
    state.checked(UNANSWERED, 3.0)
    after = [state.refusal(10, 3.0, needs_place=False), health_of(state, 3.0).state]
    state.failed(let_through, BROKEN, 4.0)
    between = state.refusal(10, 4.0, needs_place=False)
    state.checked(UNANSWERED, 5.0)

    assert before is not None
    assert before.obstacle is Obstacle.UNREACHABLE
    assert after == [None, HealthState.UNKNOWN]
    assert between is None
    assert health_of(state, 5.0).state is HealthState.UNAVAILABLE


@pytest.mark.parametrize("outcome", [BROKEN, None])
def test_one_call_per_check_interval_may_prove_a_check_wrong(outcome: Failure | None) -> None:
    """The call counts as a probe; where it fails or is cancelled, the next is let through later."""
    state = state_with(BreakerRule())
    state.checked(UNANSWERED, 0.0)
    assert state.awaits_probe(0.0)
    lease = lease_of(state, 0.0)
    if outcome is None:
        state.released(lease, 1.0)
    else:
        state.failed(lease, outcome, 1.0)

    refusals = [state.refusal(10, now, needs_place=False) for now in (1.0, 9.9, 10.0)]

    assert [refusal is None for refusal in refusals] == [False, False, True]
    assert state.refusal(10, 10.0, may_probe=False) is not None


def test_deployment_whose_checks_succeed_is_healthy() -> None:
    """Also without traffic."""
    state = state_with()

    state.checked(CheckResult(failure=None, duration=0.1), 0.0)

    assert health_of(state, 60.0).state is HealthState.HEALTHY


def test_overdue_attempt_is_a_slow_call_but_no_failure_in_the_totals() -> None:
    """Breaker, success rate and latencies learn of it."""
    state = state_with(BreakerRule(consecutive_failures=2))
    for _ in range(2):
        state.overdue(lease_of(state, 0.0), 8.0)

    health = health_of(state, 8.0)

    assert health.breaker.state is BreakerState.OPEN
    assert (health.attempts_total, health.cancelled_total, health.failures_total) == (2, 2, {})
    assert health.success_rate == 0.0
    assert state.measurements.history(streaming=True).window.count(8.0) == 2
    assert known_latency(state.load) == 8.0


def test_stale_connection_counts_as_nothing() -> None:
    """The provider has not seen the request: no breaker, no success rate, no probe."""
    state = state_with(BreakerRule(consecutive_failures=1, open_time=1.0, open_jitter=0.0))
    state.failed(lease_of(state, 0.0), BROKEN, 0.0)
    state.failed(lease_of(state, 1.0), STALE, 1.1)

    health = health_of(state, 1.1)

    assert state.refusal(10, 1.1) is None
    assert (health.outcomes, health.breaker.opened_total) == (1, 1)


class TestPause:
    """A provider that asks for a long pause is probed after a minute."""

    def paused(self, wait: float) -> DeploymentState:
        """Return a deployment that asked for a pause at 0 s."""
        state = state_with(BreakerRule())
        failure = dataclasses.replace(REFUSED, retry_after=wait)
        state.failed(lease_of(state, 0.0), failure, 0.0)
        return state

    def is_gated(self, state: DeploymentState, now: float) -> bool:
        """Whether a call is kept away."""
        refusal = state.refusal(10, now)
        return refusal is not None and refusal.obstacle is Obstacle.GATED

    def test_answer_ends_the_pause(self) -> None:
        """One call finds out, the others wait for it."""
        state = self.paused(86_400.0)
        before = [self.is_gated(state, now) for now in (59.0, 60.0)]
        probe = lease_of(state, 60.0)
        meanwhile = self.is_gated(state, 60.0)

        state.record_first_content(probe, 61.0)

        assert before == [True, False]
        assert meanwhile
        assert not self.is_gated(state, 61.0)

    def test_refused_probe_waits_for_another_minute(self) -> None:
        """The provider still wants its pause."""
        state = self.paused(86_400.0)

        state.failed(lease_of(state, 60.0), REFUSED, 60.1)

        assert [self.is_gated(state, now) for now in (119.9, 120.0)] == [True, False]

    @pytest.mark.parametrize("end", ["released", "failed"])
    def test_probe_that_says_nothing_makes_room(self, end: str) -> None:
        """The next call probes."""
        state = self.paused(86_400.0)
        probe = lease_of(state, 60.0)
        if end == "released":
            state.released(probe, 61.0)
        else:
            state.failed(probe, BROKEN, 61.0)

        assert not self.is_gated(state, 61.0)
        lease_of(state, 61.0)
        assert self.is_gated(state, 61.0)

    def test_answer_of_another_call_does_not_end_the_pause(self) -> None:
        """It was sent before the provider asked."""
        state = state_with(BreakerRule())
        early = lease_of(state, 0.0)
        state.failed(lease_of(state, 0.0), dataclasses.replace(REFUSED, retry_after=30.0), 0.0)

        state.record_first_content(early, 1.0)

        assert self.is_gated(state, 1.0)

    @pytest.mark.parametrize("wait", [0.0, -100.0])
    def test_wait_in_the_past_is_no_pause(self, wait: float) -> None:
        """The clock of a provider is wrong."""
        assert not self.is_gated(self.paused(wait), 0.0)


def test_short_wait_is_a_wait() -> None:
    """A deployment that asked for half a second is not available for that long."""
    state = state_with()
    asks = Failure(failure_class=FailureClass.RATE_LIMITED, message="429", retry_after=0.5)
    state.failed(lease_of(state, 0.0), asks, 0.0)

    health = health_of(state, 0.25)

    assert (health.state, health.not_before_delay) == (HealthState.UNAVAILABLE, 0.25)


def test_speed_of_a_quick_answer_is_told() -> None:
    """Also of one that took less than a second."""
    state = state_with()

    state.succeeded(lease_of(state, 0.0), Usage(input_tokens=1, output_tokens=10), 0.5)

    assert health_of(state, 1.0).output_tokens_per_second == 20.0


def test_probe_is_awaited_where_a_call_of_any_size_could_make_it() -> None:
    """A deployment without tokens left may still be probed; how many a call needs is its own."""
    state = state_with()
    lease = lease_of(state, 0.0)
    spent = RateLimitHeadroom(remaining_tokens=0, limit_tokens=100, tokens_reset=600.0)
    state.record_headroom(lease, spent, 0.0)
    state.failed(lease, BROKEN, 0.0)
    state.breaker.failed(state.breaker.force(0.0), 0.0, BreakerEffect.FAILURE)

    assert not state.awaits_probe(0.5)
    assert state.awaits_probe(1.0)


def test_lease_is_not_to_be_had_where_the_call_would_be_refused() -> None:
    """`refusal` comes before `lease`."""
    full = state_with(concurrency=ConcurrencyRule(initial=1, minimum=1, maximum=1))
    lease_of(full, 0.0)
    resting = state_with()
    for lease in [lease_of(resting, 0.0) for _ in range(2)]:
        resting.failed(lease, BROKEN, 0.0)

    for state in (full, resting):
        with pytest.raises(AssertionError):
            state.lease(PLAN, 0.0)


def test_refusal_says_why_in_a_sentence() -> None:
    """It becomes the caller's error."""
    state = state_with()
    waits = Failure(failure_class=FailureClass.RATE_LIMITED, message="status 429", retry_after=60.0)
    state.failed(lease_of(state, 0.0), waits, 0.0)

    refusal = state.refusal(10, 0.0)

    assert refusal is not None
    assert refusal.failure().message == "`a` asked not to be called for 60 s"


def test_speed_is_that_of_late_answers() -> None:
    """However many there were before: what was slow once is not slow for ever."""
    state = state_with()
    for number in range(200):
        speed = 1 if number < 136 else 100
        usage = Usage(input_tokens=1, output_tokens=speed)
        state.succeeded(lease_of(state, float(number)), usage, number + 1.0)

    assert health_of(state, 201.0).output_tokens_per_second == 100.0


def test_share_grows_with_time_after_a_recovery() -> None:
    """That is what the picker weighs."""
    state = state_with()
    for _ in range(2):
        state.failed(lease_of(state, 0.0), BROKEN, 0.0)
    state.succeeded(lease_of(state, 1.0), None, 1.0)

    shares = [state.contender(now).share for now in (1.0, 6.0, 11.0)]

    assert shares == pytest.approx([0.1, 0.5, 1.0])


@pytest.mark.parametrize("end", ["first content", "success", "failure", "release"])
def test_every_step_of_a_call_drops_the_live_stats_that_are_kept(end: str) -> None:
    """The next plan sees what the call has shown."""
    state = state_with()
    lease = lease_of(state, 10.0)
    state.measurements.refresh_live_stats(10.0, streaming=True)

    match end:
        case "first content":
            state.record_first_content(lease, 10.1)
        case "success":
            state.succeeded(lease, None, 10.1)
        case "failure":
            state.failed(lease, BROKEN, 10.1)
        case _:
            state.released(lease, 10.1)

    assert state.measurements.kept_live_stats(10.1, streaming=True) is None
