"""Hedges start where they help, and every decision has its reason."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import HedgingRule, Priority
from routersvc.domain.measures.latency_histories import LatencyView
from routersvc.domain.racing.hedges import (
    HedgeDecision,
    HedgeReason,
    HedgeSituation,
    decide,
    has_exploded,
)

DELAYED = HedgingRule(mode=HedgingMode.DELAYED)
AUTO = HedgingRule(mode=HedgingMode.AUTO)
PARALLEL = HedgingRule(mode=HedgingMode.PARALLEL)
WELL = LatencyView(samples=500, median=0.6, percentile=2.0, surge=1.0)
SURGING = LatencyView(samples=500, median=6.0, percentile=18.0, surge=9.0)
SITUATION = HedgeSituation(
    running=1, has_other=True, time_left=60.0, useful_time=1.0, primary=WELL, other=WELL
)


def hedged(rule: HedgingRule, **changes: Any) -> tuple[float | None, HedgeReason]:  # noqa: ANN401 - any field
    """Return the decision in a situation that is well but for `changes`."""
    decision = decide(rule, dataclasses.replace(SITUATION, **changes))
    return decision.delay, decision.reason


class TestForbidden:
    """What no mode may do."""

    @pytest.mark.parametrize(
        "rule", [DELAYED, AUTO, PARALLEL, dataclasses.replace(DELAYED, delay=1.0)]
    )
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"has_side_effects": True}, HedgeReason.SIDE_EFFECTS),
            ({"previous_attempts": 1}, HedgeReason.CLIENT_RETRY),
            ({"running": 3}, HedgeReason.ENOUGH_RUNNING),
            ({"has_other": False}, HedgeReason.NOWHERE_TO_GO),
            ({"other": SURGING}, HedgeReason.LATENCY_EXPLODED),
            ({"other": SURGING, "primary": SURGING}, HedgeReason.LATENCY_EXPLODED),
            ({"time_left": 0.5}, HedgeReason.DEADLINE_TOO_NEAR),
        ],
    )
    def test_every_mode_is_bound(
        self, rule: HedgingRule, changes: dict[str, Any], reason: HedgeReason
    ) -> None:
        """Whatever the caller asks for, even where somebody waits."""
        assert hedged(rule, priority=Priority.HIGH, **changes) == (None, reason)

    def test_off_is_off(self) -> None:
        """Failover is left."""
        rule = HedgingRule(mode=HedgingMode.OFF)

        assert hedged(rule, priority=Priority.HIGH) == (None, HedgeReason.OFF)

    def test_as_many_run_as_the_rule_allows(self) -> None:
        """A late hedge has another one, unless an operator wants fewer."""
        fewer = dataclasses.replace(DELAYED, max_parallel=2)

        assert hedged(DELAYED, running=2) == (2.0, HedgeReason.PERCENTILE)
        assert hedged(DELAYED, running=3) == (None, HedgeReason.ENOUGH_RUNNING)
        assert hedged(fewer, running=2) == (None, HedgeReason.ENOUGH_RUNNING)

    def test_parallel_mode_starts_two_at_once(self) -> None:
        """Three only where an operator wants to pay for them."""
        more = dataclasses.replace(PARALLEL, max_parallel=3)

        assert hedged(PARALLEL, running=2) == (None, HedgeReason.ENOUGH_RUNNING)
        assert hedged(more, running=2) == (0.0, HedgeReason.PARALLEL)

    def test_deadline_leaves_a_hedge_its_useful_time(self) -> None:
        """Exactly enough is enough."""
        assert hedged(DELAYED, time_left=3.0) == (2.0, HedgeReason.PERCENTILE)
        assert hedged(DELAYED, time_left=2.999) == (None, HedgeReason.DEADLINE_TOO_NEAR)


class TestDelayed:
    """When a hedge starts."""

    def test_waits_for_the_live_percentile(self) -> None:
        """Then it is later than all but a few."""
        assert hedged(DELAYED) == (2.0, HedgeReason.PERCENTILE)

    @pytest.mark.parametrize(
        ("percentile", "delay"), [(0.01, 0.2), (0.2, 0.2), (0.3, 0.3), (20.0, 20.0)]
    )
    def test_delay_is_clamped(self, percentile: float, delay: float) -> None:
        """A cache that answers in milliseconds must not make hedges of milliseconds."""
        view = LatencyView(samples=500, median=0.01, percentile=percentile)

        assert hedged(DELAYED, primary=view) == (delay, HedgeReason.PERCENTILE)

    @pytest.mark.parametrize("primary", [None, dataclasses.replace(WELL, samples=99)])
    def test_without_enough_samples_it_waits_longest(self, primary: LatencyView | None) -> None:
        """A p95 of few samples is noise."""
        assert hedged(DELAYED, primary=primary) == (20.0, HedgeReason.TOO_FEW_SAMPLES)

    def test_a_hundred_samples_are_enough(self) -> None:
        """As the rule says."""
        primary = dataclasses.replace(WELL, samples=100)

        assert hedged(DELAYED, primary=primary) == (2.0, HedgeReason.PERCENTILE)

    def test_a_delay_that_is_set_replaces_the_percentile(self) -> None:
        """And is not clamped."""
        rule = dataclasses.replace(DELAYED, delay=0.05)

        assert hedged(rule) == (0.05, HedgeReason.FIXED_DELAY)
        assert hedged(rule, primary=None) == (0.05, HedgeReason.FIXED_DELAY)

    def test_a_deployment_that_alone_is_late_is_waited_for_as_usual(self) -> None:
        """Its exploded percentile would delay the hedge of every call that another could serve."""
        assert hedged(DELAYED, primary=SURGING) == (2.0, HedgeReason.DEGRADED)

    def test_beyond_the_longest_delay_it_is_degraded_without_a_surge(self) -> None:
        """It has always been that slow; the clamp is what is left."""
        primary = LatencyView(samples=500, median=9.0, percentile=30.0)

        assert hedged(DELAYED, primary=primary) == (20.0, HedgeReason.DEGRADED)

    def test_unknown_target_may_be_tried(self) -> None:
        """Nothing speaks against it."""
        assert hedged(DELAYED, other=None) == (2.0, HedgeReason.PERCENTILE)

    def test_low_priority_may_be_hedged_where_the_mode_says_so(self) -> None:
        """The caller or the operator has weighed the cost."""
        delay, _ = hedged(DELAYED, priority=Priority.LOW, cost_ratio=50.0)

        assert delay == 2.0


class TestExplosion:
    """When a percentile is beyond mending."""

    @pytest.mark.parametrize(
        ("view", "exploded"),
        [
            (None, False),
            (WELL, False),
            (SURGING, True),
            (dataclasses.replace(SURGING, samples=99), False),
            (dataclasses.replace(SURGING, samples=100), True),
            (dataclasses.replace(WELL, surge=None), False),
            (dataclasses.replace(WELL, surge=2.99), False),
            (dataclasses.replace(WELL, surge=3.0), True),
            (dataclasses.replace(WELL, percentile=20.0), False),
            (dataclasses.replace(WELL, percentile=20.1, surge=None), True),
        ],
    )
    def test_explosion_is_defined(self, view: LatencyView | None, *, exploded: bool) -> None:
        """Above the longest delay, or three times the usual, and known well enough."""
        assert has_exploded(view, DELAYED) is exploded


class TestParallel:
    """Two at once."""

    def test_starts_at_once(self) -> None:
        """That is its meaning."""
        assert hedged(PARALLEL) == (0.0, HedgeReason.PARALLEL)
        assert hedged(PARALLEL, time_left=1.0) == (0.0, HedgeReason.PARALLEL)


class TestAuto:
    """Hedging where it is worth its cost."""

    def test_late_attempt_is_reason_enough(self) -> None:
        """At the live percentile, as the mode `delayed` does."""
        assert hedged(AUTO) == (2.0, HedgeReason.PERCENTILE)

    def test_somebody_who_waits_is_a_reason(self) -> None:
        """At any price."""
        assert hedged(AUTO, priority=Priority.HIGH) == (2.0, HedgeReason.PERCENTILE)
        assert hedged(AUTO, priority=Priority.HIGH, cost_ratio=50.0) == (
            2.0,
            HedgeReason.PERCENTILE,
        )

    def test_low_priority_refuses_a_hedge_whatever_else_holds(self) -> None:
        """A batch job has time."""
        decision = hedged(
            AUTO,
            priority=Priority.LOW,
            latency_budget=0.5,
            primary=SURGING,
        )

        assert decision == (None, HedgeReason.LOW_PRIORITY)

    def test_surging_primary_is_a_reason(self) -> None:
        """After what is usual for it."""
        assert hedged(AUTO, primary=SURGING) == (2.0, HedgeReason.DEGRADED)

    def test_a_price_too_high_is_a_reason_against(self) -> None:
        """Three times the price is the most for normal priority."""
        assert hedged(AUTO, cost_ratio=3.0)[0] == 2.0
        assert hedged(AUTO, cost_ratio=3.1) == (
            None,
            HedgeReason.NOT_WORTH_ITS_COST,
        )

    def test_latency_budget_that_is_kept_changes_nothing(self) -> None:
        """The percentile is within it."""
        assert hedged(AUTO, latency_budget=2.0) == (2.0, HedgeReason.PERCENTILE)

    def test_latency_budget_that_would_be_missed_hedges_in_time(self) -> None:
        """When the other deployment's median still fits, which is before the percentile."""
        other = dataclasses.replace(WELL, median=0.5)

        assert hedged(AUTO, latency_budget=1.75, other=other) == (
            1.25,
            HedgeReason.LATENCY_BUDGET,
        )

    def test_latency_budget_does_not_put_a_hedge_off(self) -> None:
        """The usual percentile comes first where it is earlier."""
        primary = dataclasses.replace(SURGING, surge=12.0)

        assert hedged(AUTO, latency_budget=10.0, primary=primary) == (1.5, HedgeReason.DEGRADED)

        other = dataclasses.replace(WELL, median=0.75)
        assert hedged(AUTO, latency_budget=2.25, primary=primary, other=other) == (
            1.5,
            HedgeReason.DEGRADED,
        )

    def test_latency_budget_of_an_unknown_target_hedges_at_its_end(self) -> None:
        """No better moment is known."""
        assert hedged(AUTO, latency_budget=1.5, other=None) == (1.5, HedgeReason.LATENCY_BUDGET)

    def test_latency_budget_that_cannot_be_kept_hedges_soonest(self) -> None:
        """But not sooner than is ever allowed."""
        assert hedged(AUTO, latency_budget=0.1) == (0.2, HedgeReason.LATENCY_BUDGET)
        assert hedged(AUTO, latency_budget=0.0, other=None) == (0.2, HedgeReason.LATENCY_BUDGET)

    def test_latency_budget_needs_a_percentile_to_be_judged(self) -> None:
        """An unknown latency misses no budget; high priority is hedged as usual."""
        enough = dataclasses.replace(WELL, samples=100)
        few = dataclasses.replace(WELL, samples=99)

        assert hedged(AUTO, latency_budget=1.0, primary=enough) == (
            0.4,
            HedgeReason.LATENCY_BUDGET,
        )
        assert hedged(AUTO, latency_budget=0.5, primary=few) == (
            20.0,
            HedgeReason.TOO_FEW_SAMPLES,
        )
        assert hedged(AUTO, latency_budget=0.5, primary=None, priority=Priority.HIGH) == (
            20.0,
            HedgeReason.TOO_FEW_SAMPLES,
        )

    def test_delayed_ignores_the_latency_budget(self) -> None:
        """It hedges everything at the percentile, so it has no need of it."""
        assert hedged(DELAYED, latency_budget=0.5) == (2.0, HedgeReason.PERCENTILE)

    def test_mode_decides_whether_and_the_delay_when(self) -> None:
        """A delay that is set is no reason to hedge a batch job."""
        rule = dataclasses.replace(AUTO, delay=1.0)

        assert hedged(rule, priority=Priority.LOW) == (None, HedgeReason.LOW_PRIORITY)
        assert hedged(rule) == (1.0, HedgeReason.FIXED_DELAY)


@pytest.mark.parametrize("reason", HedgeReason)
def test_every_reason_has_its_sentence(reason: HedgeReason) -> None:
    """Explanations quote it."""
    assert HedgeDecision(delay=None, reason=reason).description.startswith("no hedge: ")
    name = "rescue" if reason is HedgeReason.RESCUE else "hedge"
    later = HedgeDecision(delay=1.25, reason=reason).description
    assert later.startswith(f"a {name} after 1.25 s: ")


views = st.none() | st.builds(
    LatencyView,
    samples=st.integers(0, 200),
    median=st.floats(0.001, 30),
    percentile=st.floats(0.001, 60),
    surge=st.none() | st.floats(0.1, 20),
)


@given(
    rule=st.builds(
        HedgingRule,
        mode=st.sampled_from(HedgingMode),
        delay=st.none() | st.floats(0.01, 30),
        max_parallel=st.integers(1, 3),
    ),
    situation=st.builds(
        HedgeSituation,
        running=st.integers(1, 3),
        has_other=st.booleans(),
        time_left=st.floats(0, 60),
        useful_time=st.floats(0.1, 2),
        priority=st.sampled_from(Priority),
        previous_attempts=st.integers(0, 1),
        has_side_effects=st.booleans(),
        latency_budget=st.none() | st.floats(0.01, 30),
        primary=views,
        patience=st.none() | st.floats(0.1, 30),
        has_content=st.booleans(),
        other=views,
        cost_ratio=st.none() | st.floats(0, 10),
        refused_after=st.none() | st.floats(0, 60),
        other_duration=st.none() | st.floats(0.1, 60),
    ),
)
def test_a_hedge_never_breaks_a_promise(rule: HedgingRule, situation: HedgeSituation) -> None:
    """In any situation at all."""
    decision = decide(rule, situation)

    assert decision == decide(rule, situation)
    if decision.delay is None:
        return
    assert rule.mode is not HedgingMode.OFF
    assert not situation.has_side_effects
    assert situation.has_other
    assert situation.running < rule.most_parallel
    assert situation.time_left - decision.delay >= situation.useful_time
    if decision.reason is HedgeReason.RESCUE:
        assert situation.patience is not None or situation.other_duration is not None
        return
    assert situation.previous_attempts == 0
    assert not situation.has_content
    assert not has_exploded(situation.other, rule)
    if decision.reason is HedgeReason.ASKED_AGAIN:
        assert decision.delay > (situation.refused_after or 0.0)
        return
    if rule.mode is HedgingMode.AUTO:
        assert situation.priority is not Priority.LOW
    if rule.mode is HedgingMode.PARALLEL:
        assert decision.delay == 0.0
    elif rule.delay is not None:
        assert decision.delay == rule.delay
    else:
        assert rule.min_delay <= decision.delay <= rule.max_delay


class TestRescue:
    """What a deadline at stake justifies where nothing else does."""

    def test_refused_hedge_leaves_the_last_moment(self) -> None:
        """Twice the other's usual duration before the deadline: it may be slow, too."""
        assert hedged(DELAYED, refused_after=36.0, other_duration=10.0) == (
            40.0,
            HedgeReason.RESCUE,
        )

    def test_call_that_is_not_hedged_is_rescued_at_the_last_moment(self) -> None:
        """Neither its priority nor its cost is a reason to miss a deadline."""
        for changes in ({"priority": Priority.LOW}, {"cost_ratio": 4.0}, {"previous_attempts": 1}):
            decision = hedged(AUTO, other_duration=12.5, **changes)

            assert decision == (35.0, HedgeReason.RESCUE)

    def test_silent_attempt_is_rescued_when_its_patience_is_over(self) -> None:
        """In every mode but `off`, whichever of hedge and rescue comes first."""
        assert hedged(AUTO, patience=6.0, primary=None) == (6.0, HedgeReason.RESCUE)
        assert hedged(AUTO, patience=6.0) == (2.0, HedgeReason.PERCENTILE)
        assert hedged(AUTO, patience=6.0, other=SURGING) == (6.0, HedgeReason.RESCUE)
        assert hedged(HedgingRule(mode=HedgingMode.OFF), patience=6.0) == (None, HedgeReason.OFF)

    def test_attempt_with_content_is_not_silent(self) -> None:
        """Only its deadline can still need a rescue."""
        assert hedged(AUTO, patience=6.0, has_content=True) == (None, HedgeReason.CONTENT_ARRIVED)
        assert hedged(AUTO, patience=6.0, has_content=True, other_duration=20.0) == (
            20.0,
            HedgeReason.RESCUE,
        )

    def test_refused_rescue_is_tried_again(self) -> None:
        """With the same growing pauses as a hedge, whatever instants are rounded to."""
        delay, reason = hedged(AUTO, patience=6.0, primary=None, refused_after=6.0 - 1e-12)

        assert reason is HedgeReason.RESCUE
        assert delay == pytest.approx(6.9)

    def test_rescue_is_no_sooner_than_the_attempt_is_late(self) -> None:
        """A deadline that is always short is no reason to call two deployments each time."""
        low = Priority.LOW
        few = dataclasses.replace(WELL, samples=99)

        assert hedged(AUTO, priority=low, other_duration=45.0) == (2.0, HedgeReason.RESCUE)
        assert hedged(AUTO, priority=low, other_duration=45.0, primary=few) == (
            0.2,
            HedgeReason.RESCUE,
        )

    def test_rescue_leaves_the_other_its_useful_time(self) -> None:
        """Exactly enough is enough; less would be thrown away."""
        enough = hedged(DELAYED, refused_after=55.0, other_duration=0.5)
        too_little = hedged(DELAYED, refused_after=55.0, other_duration=0.4)

        assert enough == (59.0, HedgeReason.RESCUE)
        assert too_little == (None, HedgeReason.DEADLINE_TOO_NEAR)


class TestAskingAgain:
    """A hedge that was due and refused."""

    def test_it_is_asked_for_ever_less_often(self) -> None:
        """Each time when the attempt is later by a sixth or so."""
        asked = [hedged(DELAYED, refused_after=after) for after in (2.0, 10.0, 40.0)]

        assert [reason for _, reason in asked] == [HedgeReason.ASKED_AGAIN] * 3
        assert [delay for delay, _ in asked] == pytest.approx([2.3, 11.5, 46.0])

    def test_it_is_never_asked_for_without_a_pause(self) -> None:
        """Where the rule starts two at once, the next moment would be no other."""
        assert hedged(PARALLEL, refused_after=0.0) == (0.2, HedgeReason.ASKED_AGAIN)

    def test_the_deadline_ends_it(self) -> None:
        """Exactly enough time for another attempt is enough."""
        assert hedged(DELAYED, refused_after=50.0, time_left=58.5) == (
            57.5,
            HedgeReason.ASKED_AGAIN,
        )
        assert hedged(DELAYED, refused_after=50.0, time_left=58.4) == (
            None,
            HedgeReason.DEADLINE_TOO_NEAR,
        )

    def test_a_rescue_of_the_same_moment_goes_first(self) -> None:
        """It is paid from the larger budget."""
        assert hedged(DELAYED, refused_after=20.0, other_duration=18.5) == (
            23.0,
            HedgeReason.RESCUE,
        )
        assert hedged(DELAYED, refused_after=20.0, other_duration=18.4) == (
            23.0,
            HedgeReason.ASKED_AGAIN,
        )
