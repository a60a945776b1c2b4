"""What a hedge is weighed by, read from the fleet."""

from __future__ import annotations

import dataclasses

import pytest
from tests.unit.domain.plans import fleet_of, plan_over

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import HedgingRule, Priority
from routersvc.domain.catalogue.prices import Prices
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.leases import Lease
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.hedge_situations import decide_first_hedge
from routersvc.domain.racing.hedges import HedgeReason
from routersvc.domain.racing.latency_lenders import refreshed_latency
from routersvc.testing.worlds import scripted_deployment

A = scripted_deployment("a")
B = scripted_deployment("b")
BROKEN = Failure(failure_class=FailureClass.SERVER_ERROR, message="status 503")


def start(fleet: Fleet, plan: Plan, now: float) -> Lease:
    """Start a first attempt that nothing keeps from starting."""
    lease = fleet.start(plan.deployments[0], plan, reason=AttemptReason.FIRST, now=now)
    assert isinstance(lease, Lease)
    return lease


class TestHedges:
    """What a hedge is weighed by."""

    auto = HedgingRule(mode=HedgingMode.AUTO, min_samples=20, min_delay=0.1, max_delay=10.0)

    def served(self, fleet: Fleet, plan: Plan, first: float, whole: float) -> None:
        """Let the first deployment of a plan answer thirty calls so."""
        for lease in [start(fleet, plan, 0.0) for _ in range(30)]:
            fleet.record_first_content(lease, first)
            fleet.succeeded(lease, usage=None, now=whole)

    def hedge(
        self, fleet: Fleet, plan: Plan, *, now: float = 5.0
    ) -> tuple[float | None, HedgeReason]:
        """Decide on a hedge of the plan's first deployment at its second, two minutes to go."""
        decision = decide_first_hedge(
            fleet,
            dataclasses.replace(plan, timeout=120.0),
            primary=plan.deployments[0],
            other=plan.deployments[1],
            now=now,
        )
        return decision.delay, decision.reason

    def plan(self, *deployments: Deployment, **changes: object) -> Plan:
        """Return a plan that hedges where it pays."""
        return dataclasses.replace(
            plan_over(*deployments),
            hedging_rule=self.auto,
            **changes,  # type: ignore[arg-type]
        )

    def test_latencies_are_borrowed_where_there_are_too_few(self) -> None:
        """Of the same model first, then of the same provider, then of the same wire format."""
        others = [
            dataclasses.replace(B, name="format", model=dataclasses.replace(B.model, name="x")),
            dataclasses.replace(A, name="provider", model=dataclasses.replace(B.model, name="y")),
            dataclasses.replace(B, name="model"),
        ]
        for known in range(len(others)):
            fleet = fleet_of(A, *others)
            for place, other in enumerate(others[: known + 1]):
                self.served(fleet, plan_over(other), 1.0 + place, 1.0 + place)

            delay, reason = self.hedge(fleet, self.plan(A, others[0]))

            assert reason is HedgeReason.PERCENTILE
            assert delay == pytest.approx(1.0 + known, rel=0.05)

    def test_other_that_is_late_itself_is_not_asked(self) -> None:
        """More load would not help it."""
        fleet = fleet_of(A, B)
        self.served(fleet, plan_over(B), 11.0, 11.0)

        plan = self.plan(A, B, priority=Priority.HIGH)

        assert self.hedge(fleet, plan, now=11.0)[1] is HedgeReason.RESCUE

    def test_latency_budget_is_that_of_the_request(self) -> None:
        """Kept by the other's median where the primary's percentile would miss it."""
        fleet = fleet_of(A, B)
        self.served(fleet, plan_over(A), 4.0, 4.0)
        self.served(fleet, plan_over(B), 1.0, 1.0)

        delay, reason = self.hedge(fleet, self.plan(A, B, latency_budget=3.0))

        assert reason is HedgeReason.LATENCY_BUDGET
        assert delay == pytest.approx(2.0, rel=0.05)

    @pytest.mark.parametrize(
        ("price", "reason"),
        [
            (2.9, HedgeReason.TOO_FEW_SAMPLES),
            (3.1, HedgeReason.RESCUE),
            (None, HedgeReason.TOO_FEW_SAMPLES),
        ],
    )
    def test_dear_hedge_is_not_worth_it(self, price: float | None, reason: HedgeReason) -> None:
        """By the sum of both prices; an unknown one is no reason against it."""
        prices = None if price is None else Prices(input=price * 2, output=price)
        model = dataclasses.replace(B.model, prices=prices)
        dear = dataclasses.replace(B, model=model)
        fleet = fleet_of(A, dear)
        for _ in range(5):
            fleet.failed(start(fleet, plan_over(A), 0.0), BROKEN, 0.0)

        assert self.hedge(fleet, self.plan(A, dear))[1] is reason

    def test_what_costs_nothing_has_no_price_to_compare(self) -> None:
        """One's own server as the primary: no multiple of nothing is too much."""
        free = dataclasses.replace(
            A, model=dataclasses.replace(A.model, prices=Prices(input=0.0, output=0.0))
        )
        fleet = fleet_of(free, B)
        for _ in range(5):
            fleet.failed(start(fleet, plan_over(free), 0.0), BROKEN, 0.0)

        assert self.hedge(fleet, self.plan(free, B))[1] is HedgeReason.TOO_FEW_SAMPLES

    def test_rescue_waits_as_long_as_the_other_allows(self) -> None:
        """Where no hedge is worth it; a silent attempt is rescued sooner."""
        fleet = fleet_of(A, B)
        self.served(fleet, plan_over(A), 1.0, 1.0)
        self.served(fleet, plan_over(B), 1.0, 54.0)
        plan = self.plan(A, B, priority=Priority.LOW)

        for deployments in ((A, B), (B, A)):
            plan = dataclasses.replace(plan, deployments=deployments)
            delay, reason = self.hedge(fleet, plan, now=54.0)

            assert reason is HedgeReason.RESCUE
            expected = 12.0 if deployments[0] is A else plan.timeouts.first_content
            assert delay == pytest.approx(expected, rel=0.2)

    def test_deciding_changes_nothing(self) -> None:
        """An explanation must not alter what the next call sees; a call that refreshes does."""
        fleet, plan = fleet_of(A, B), self.plan(A, B)
        self.served(fleet, plan_over(B), 1.0, 1.0)
        self.hedge(fleet, plan)

        for refreshed in (False, True):
            if refreshed:
                refreshed_latency(fleet, B, plan, 5.0)
            before = fleet.latency_view(B, 0.95, streaming=True, now=5.0)
            fleet.record_first_content(start(fleet, plan_over(B), 1.0), 5.0)
            after = fleet.latency_view(B, 0.95, streaming=True, now=5.0)

            assert before is not None
            assert after is not None
            assert after.samples - before.samples == (0 if refreshed else 1)
