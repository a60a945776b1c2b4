"""Totals: rows add up, costs stand where they arose, and quantiles are values that occurred."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest
from tests.unit.telemetry.decision_log.conftest import Log

from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import HedgingRule
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.explaining.recorded_decisions import DecisionRecord
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.telemetry.decision_log.dimensions import Dimension
from routersvc.telemetry.decision_log.totals import totals_of
from routersvc.testing.scripted import Fail, answer
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request

BROKEN = [Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="it failed"))]
NOTHING_FITS = Routing(constraints=Constraints(max_cost_usd=1e-12))


@pytest.fixture
def records(log: Log) -> Sequence[DecisionRecord]:
    """Return a served, a failed-over, a hedged, a failed and a refused call of two tenants."""
    names = ("a", "b")
    deployments = [
        dataclasses.replace(one, model=dataclasses.replace(one.model, name=f"model-{one.name}"))
        for one in map(scripted_deployment, names)
    ]
    hedging = HedgingRule(mode=HedgingMode.DELAYED, delay=1.0, min_samples=0)
    return log(
        {
            "a": [answer("x", first=0.1), BROKEN, answer("x", first=9.0), BROKEN],
            "b": [answer("x", first=0.2), answer("x", first=0.5), BROKEN],
        },
        [
            *(scripted_request(tenant=tenant) for tenant in ("t", "t", "u", "u")),
            scripted_request(tenant="u", routing=NOTHING_FITS),
        ],
        deployments=deployments,
        policy=dataclasses.replace(scripted_policy(names), hedging=hedging),
        tenants=[Tenant(name="t"), Tenant(name="u")],
    ).records


def test_calls_are_counted_by_how_they_ended(records: Sequence[DecisionRecord]) -> None:
    """And their extra attempts by why they were made."""
    _, total = totals_of(records, [])

    figures = total.figures()
    assert {
        name: figures[name]
        for name in ("calls", "served", "failed", "not_planned", "attempts", "failovers")
    } == {
        "calls": 5,
        "served": 3,
        "failed": 1,
        "not_planned": 1,
        "attempts": 8,
        "failovers": 2,
    }
    assert (total.hedges, total.hedges_won) == (1, 1)
    assert figures["time_to_first_content_p50_seconds"] == pytest.approx(0.2)
    assert figures["time_to_first_content_p95_seconds"] == pytest.approx(1.5)


@pytest.mark.parametrize("dimension", Dimension)
def test_rows_add_up_to_the_total(records: Sequence[DecisionRecord], dimension: Dimension) -> None:
    """Whatever they are grouped by."""
    groups, total = totals_of(records, [dimension])

    assert list(groups) == sorted(groups)
    for field in dataclasses.fields(total):
        whole = getattr(total, field.name)
        parts = [getattr(each, field.name) for each in groups.values()]
        if isinstance(whole, int | float):
            assert sum(parts) == pytest.approx(whole)
        else:
            assert sorted(value for part in parts for value in part) == sorted(whole)


def test_cost_stands_at_the_model_that_caused_it(records: Sequence[DecisionRecord]) -> None:
    """The lost attempt of the hedged call is waste of its own model, not of the one that served."""
    groups, _ = totals_of(records, [Dimension.TENANT, Dimension.MODEL])

    assert {key: (each.calls, each.attempts) for key, each in groups.items()} == {
        ("t", "model-a"): (1, 2),
        ("t", "model-b"): (1, 1),
        ("u", ""): (1, 0),
        ("u", "model-a"): (0, 2),
        ("u", "model-b"): (2, 3),
    }
    lost = groups["u", "model-a"]
    assert lost.wasted_usd == lost.cost_usd > 0
    assert groups["t", "model-a"].wasted_usd == 0


def test_nothing_logged_has_no_times() -> None:
    """An empty log is reported, not refused."""
    groups, total = totals_of([], [Dimension.MODEL])

    assert groups == {}
    assert total.figures()["duration_p95_seconds"] is None
    assert total.calls == 0
