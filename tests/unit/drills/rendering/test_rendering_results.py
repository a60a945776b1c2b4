"""What came of a drill is counted exactly and shown as it was."""

from __future__ import annotations

import array
import dataclasses
import io

import pytest
from rich.console import Console

from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import HedgingRule
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.drills.figures.drill_figures import CallOutcome, DrillFigures, quantile
from routersvc.drills.plans.distributions import Constant
from routersvc.drills.plans.drill_plans import (
    Batches,
    ClosedLoop,
    DrillPlan,
    PoissonArrivals,
    SimulatedDeployment,
)
from routersvc.drills.plans.faults import Fault, FaultKind
from routersvc.drills.promises.promise_records import Promise, Violation
from routersvc.drills.rendering.terminal_rendering import render, sparkline
from routersvc.drills.simulation.simulation import DrillResult, run_drill
from routersvc.testing.worlds import scripted_policy

PLAN = DrillPlan(
    name="an outage",
    deployments=tuple(
        SimulatedDeployment(
            name=name,
            first_content=Constant(value=0.25),
            gap=Constant(value=0.0),
            min_tokens=1,
            max_tokens=1,
        )
        for name in ("a", "b")
    ),
    policy=scripted_policy(["a", "b"]),
    arrivals=Batches(size=2, pause=0.75),
    duration=20.0,
    faults=(Fault(deployment="a", kind=FaultKind.KILL, start=5.0, end=10.0),),
)


def shown(result: DrillResult) -> str:
    """What a person sees."""
    out = io.StringIO()
    Console(file=out, width=120, color_system=None).print(render(result))
    return out.getvalue()


def test_drill_is_counted_second_by_second() -> None:
    """Two calls a second; while `a` is dead its attempts come on top."""
    figures = run_drill(PLAN).figures

    assert figures.calls == 40
    assert figures.outcomes == {CallOutcome.COMPLETED: 40}
    assert [second.arrived for second in figures.seconds] == [2] * 20
    assert figures.seconds[0].attempts == {"a": 2}
    assert figures.seconds[5].attempts == {"a": 2, "b": 2}
    assert figures.seconds[5].extra == 2
    assert sum(second.extra for second in figures.seconds) == figures.extra_attempts
    assert figures.extra_attempts == figures.reasons[AttemptReason.FAILOVER]
    assert set(figures.durations) == {0.25}
    assert figures.worst_extra(window=1) == 1.0
    assert figures.worst_extra(window=20) == figures.extra_attempts / 40


def test_records_are_bounded() -> None:
    """The last calls are kept one by one, the others are only counted."""
    figures = run_drill(dataclasses.replace(PLAN, kept_records=3)).figures

    assert [record.request_id for record in figures.records] == ["000038", "000039", "000040"]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 5.0), (0.9, 9.0), (0.91, 10.0), (0.999, 10.0), (0.01, 1.0)]
)
def test_quantile_is_exact(share: float, expected: float) -> None:
    """The smallest value that at least that share does not exceed."""
    values = array.array("d", [10, 9, 8, 7, 6, 5, 4, 3, 2, 1])

    assert quantile(values, share) == expected


def test_quantile_of_nothing_is_unknown() -> None:
    """Rather than zero."""
    assert quantile(array.array("d"), 0.5) is None


def test_figures_without_calls_have_no_worst_window() -> None:
    """Nothing is divided by nothing."""
    assert DrillFigures(kept_records=0).worst_extra(window=10) == 0.0


def test_closed_loop_has_one_call_per_caller() -> None:
    """Three callers, 0.25 s each call: twelve calls in each second."""
    plan = dataclasses.replace(PLAN, arrivals=ClosedLoop(callers=3), faults=(), duration=2.0)

    figures = run_drill(plan).figures

    assert figures.calls == 24


def test_poisson_arrivals_have_their_rate() -> None:
    """Within three standard deviations of 1,000."""
    plan = dataclasses.replace(
        PLAN, arrivals=PoissonArrivals(rate=50.0), faults=(), duration=20.0, seed=4
    )

    assert abs(run_drill(plan, checked=False).figures.calls - 1000) < 95


def test_hedges_are_told_apart() -> None:
    """Each slow call is hedged once, and the fast one serves."""
    slow = dataclasses.replace(PLAN.deployments[0], first_content=Constant(value=2.0))
    policy = dataclasses.replace(
        PLAN.policy, hedging=HedgingRule(mode=HedgingMode.DELAYED, delay=0.5)
    )
    plan = dataclasses.replace(
        PLAN, deployments=(slow, PLAN.deployments[1]), policy=policy, faults=(), max_calls=2
    )

    figures = run_drill(plan).figures

    assert figures.reasons == {AttemptReason.FIRST: 2, AttemptReason.HEDGE: 2}
    assert figures.served == {"b": 2}
    assert set(figures.durations) == {0.75}


def test_sparkline_has_a_block_per_value() -> None:
    """The greatest is full, nothing is a dot."""
    assert sparkline([0.0, 0.5, 1.0, None], greatest=1.0) == "▁▅█·"
    assert sparkline([0.0, 0.0], greatest=0.0) == "▁▁"


def test_drill_is_shown_with_its_faults() -> None:
    """Where the fault is marked, the share moves from one deployment to the other."""
    text = shown(run_drill(PLAN))

    lines = {line.split("  ")[0].strip(): line for line in text.splitlines() if line.strip()}
    assert "100.00 %" in lines["completed"] or "100.00 %" in text
    assert lines["share of a"].split()[3][:5] == "█████"
    assert lines["share of b"].split()[3][:5] == "▁▁▁▁▁"
    assert "kkkkk" in text
    assert "breaker opened" in text
    assert "connect" in text


def test_violation_is_shown() -> None:
    """With its promise, time, call and description."""
    result = run_drill(PLAN)
    violation = Violation(
        promise=Promise.BOUNDED, at=1.5, request_id="000003", description="too many"
    )

    text = shown(dataclasses.replace(result, violations=(violation,)))

    assert "7 bounded attempts and budgets: at 1.500000 s call 000003: too many" in text


def test_plan_refuses_a_fault_of_an_unknown_deployment() -> None:
    """A typo in a drill would otherwise make it calm."""
    with pytest.raises(ValueError, match="no deployment is named `c`; there are a, b"):
        dataclasses.replace(PLAN, faults=(Fault(deployment="c", kind=FaultKind.KILL, start=0.0),))
