"""Logged decisions, planned again: the same settings change nothing, others what they say."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.decision_logs import logged_calls

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import ConsistencyMode, OrderMode
from routersvc.domain.catalogue.policies import Policy
from routersvc.domain.catalogue.prices import Prices
from routersvc.domain.catalogue.ranking_goals import GoalWishes
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.catalogue.weights import WeightWishes
from routersvc.domain.explaining.recorded_decisions import DecisionRecord
from routersvc.domain.explaining.replayed_decisions import (
    DecisionReplayer,
    ReplayChange,
    ReplayedDecision,
)
from routersvc.domain.measures.cost_budgets import BudgetDowngradeRule, CostBudgetRule
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.planner import Planner
from routersvc.domain.profiling.identifiers import (
    DataClassRule,
    IdentifierFinding,
    IdentifierKind,
)
from routersvc.testing.scripted import Fail, Script, answer
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request

BROKEN: Script = [Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="it failed"))]
PRICES = {"a": 1.0, "b": 1.5, "c": 1.5, "d": 4.0}
BUDGET = CostBudgetRule(
    usd=0.02, window=3600.0, downgrade=BudgetDowngradeRule(threshold=0.5, min_tier=1)
)
TENANTS = {"t": Tenant(name="t", budget=BUDGET), "u": Tenant(name="u")}
NOTHING_FITS = Routing(constraints=Constraints(max_cost_usd=1e-12))
ROUTINGS = (
    Routing(),
    Routing(session_id="one"),
    Routing(session_id="two", deterministic=True),
    Routing(latency_budget=0.3),
    Routing(preferred_models=("model-d",)),
    Routing(consistency=ConsistencyMode.EQUIVALENT),
    Routing(weights=WeightWishes(quality=0.1, cost=5.0, latency=3.0)),
    Routing(worth=GoalWishes(slack=0.05)),
    Routing(constraints=Constraints(denied_providers=frozenset({"a"}), max_cost_usd=0.01)),
    Routing(pinned_deployment="c", max_attempts=2, labels={"team": "search"}),
    Routing(allow_degraded=False),
    NOTHING_FITS,
)


def deployments() -> dict[str, Deployment]:
    """Return four deployments of three models, one of them a canary, one of a weaker tier."""
    found: dict[str, Deployment] = {}
    for name, price in PRICES.items():
        plain = scripted_deployment(name)
        model = dataclasses.replace(
            plain.model,
            name="model-bc" if name in "bc" else f"model-{name}",
            prices=Prices(input=price, output=2 * price),
            tier=1 if name == "a" else 0,
        )
        found[name] = dataclasses.replace(
            plain, model=model, canary_share=0.3 if name == "c" else None
        )
    return found


def logged(
    directory: Path, order: OrderMode, routings: Sequence[Routing] = ROUTINGS
) -> Sequence[DecisionRecord]:
    """Return the records of calls with these routings, by two tenants, some of which fail."""
    scripts = {
        name: [
            BROKEN if (place + turn) % 4 == 3 else answer("x", first=0.1 * (place + 1))
            for turn in range(3 * len(routings))
        ]
        for place, name in enumerate(PRICES)
    }
    return logged_calls(
        directory,
        scripts,
        [
            scripted_request(routing=routing, tenant=tenant, streaming=streaming)
            for routing in routings
            for tenant, streaming in (("t", True), ("u", False))
        ],
        deployments=list(deployments().values()),
        policy=scripted_policy(list(PRICES), order=order),
        tenants=list(TENANTS.values()),
    ).records


def replayer(
    order: OrderMode,
    *,
    change_policy: Callable[[Policy], Policy] = lambda policy: policy,
    change_deployment: Callable[[Deployment], Deployment] = lambda deployment: deployment,
    rules: Sequence[DataClassRule] = (),
) -> DecisionReplayer:
    """Return a replayer under the settings of `logged` with some changes."""
    catalogue = Catalogue(
        deployments={name: change_deployment(one) for name, one in deployments().items()}
    )
    policy = change_policy(scripted_policy(list(PRICES), order=order))
    return DecisionReplayer(
        Planner(
            catalogue=catalogue,
            policies={policy.name: policy},
            default_policy=policy.name,
            tenants=TENANTS,
        ),
        TENANTS,
        rules,
    )


def replayed(
    replayer: DecisionReplayer, records: Sequence[DecisionRecord]
) -> Sequence[ReplayedDecision]:
    """Return all records replayed."""
    return [replayer.replay(record) for record in records]


@pytest.mark.parametrize("order", OrderMode)
def test_same_settings_change_nothing(tmp_path: Path, order: OrderMode) -> None:
    """Whatever the request asked for, and whatever was known of the fleet and of the budget."""
    records = logged(tmp_path, order)

    decisions = replayed(replayer(order), records)

    assert len(decisions) == 2 * len(ROUTINGS)
    assert [one for one in decisions if one.change is not ReplayChange.NONE] == []
    assert [one.after for one in decisions] == [one.before for one in decisions]
    assert [one.cost_after for one in decisions] == [one.cost_before for one in decisions]
    assert any(record.request.budget is not None for record in records)
    assert len({one.before for one in decisions}) > 2


def test_dearer_model_loses_its_place(tmp_path: Path) -> None:
    """The expected cost then and now is stated."""
    records = logged(tmp_path, OrderMode.RANKED, [Routing()])

    def dearer(deployment: Deployment) -> Deployment:
        prices = Prices(input=400.0, output=800.0)
        if deployment.name != decisions[0].before:
            return deployment
        return dataclasses.replace(
            deployment, model=dataclasses.replace(deployment.model, prices=prices)
        )

    decisions = replayed(replayer(OrderMode.RANKED), records)
    changed = replayed(replayer(OrderMode.RANKED, change_deployment=dearer), records)

    assert changed[0].change is ReplayChange.FIRST_CHOICE
    assert changed[0].before == decisions[0].before != changed[0].after
    assert changed[0].cost_before is not None
    assert changed[0].cost_after is not None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"deployments": ("a", "d", "c", "b")}, ReplayChange.ORDER),
        ({"deployments": ("d", "a", "b", "c")}, ReplayChange.FIRST_CHOICE),
        ({"max_attempts": 2}, ReplayChange.RULES),
        (
            {"constraints": Constraints(allowed_providers=frozenset({"z"}))},
            ReplayChange.NOT_PLANNED,
        ),
    ],
)
def test_other_policy_changes_what_it_says(
    tmp_path: Path, change: dict[str, object], expected: ReplayChange
) -> None:
    """From its rules to whether anything may serve."""
    records = logged(tmp_path, OrderMode.FIXED, [Routing()])

    def changed(policy: Policy) -> Policy:
        return dataclasses.replace(policy, **change)  # type: ignore[arg-type]

    decisions = replayed(replayer(OrderMode.FIXED, change_policy=changed), records[1:])

    assert [one.change for one in decisions] == [expected]
    assert bool(decisions[0].reason) is (expected is ReplayChange.NOT_PLANNED)


def test_what_nothing_could_serve_may_be_served_now(tmp_path: Path) -> None:
    """For example because a model became cheaper."""
    records = logged(tmp_path, OrderMode.FIXED, [NOTHING_FITS])

    def free(deployment: Deployment) -> Deployment:
        prices = Prices(input=0.0, output=0.0)
        model = dataclasses.replace(deployment.model, prices=prices)
        return dataclasses.replace(deployment, model=model)

    decisions = replayed(replayer(OrderMode.FIXED, change_deployment=free), records[1:])

    assert [(one.change, one.before, one.after) for one in decisions] == [
        (ReplayChange.PLANNED, "", "a")
    ]


def test_task_that_was_not_determined_is_not_invented(tmp_path: Path) -> None:
    """The prompt is gone: a ranking that asks for its task cannot be replayed."""
    records = logged(tmp_path, OrderMode.FIXED, [Routing()])

    decisions = replayed(replayer(OrderMode.RANKED), records)

    assert {(one.change, one.reason) for one in decisions} == {
        (ReplayChange.UNKNOWN, "the task of the request was not determined then")
    }


def test_names_that_do_not_exist_any_more_are_refused(tmp_path: Path) -> None:
    """A request for a removed model is not served by another one."""
    records = logged(tmp_path, OrderMode.FIXED, [Routing(preferred_models=("model-d",))])

    def renamed(deployment: Deployment) -> Deployment:
        model = dataclasses.replace(deployment.model, name="other")
        return dataclasses.replace(deployment, model=model)

    decisions = replayed(replayer(OrderMode.FIXED, change_deployment=renamed), records)

    assert [one.change for one in decisions] == [ReplayChange.NOT_PLANNED] * 2
    assert "model-d" in decisions[0].reason


def test_detected_identifiers_count_by_the_rules_of_now(tmp_path: Path) -> None:
    """The findings are in the record, so that other data classes follow from them."""
    (record,) = logged(tmp_path, OrderMode.FIXED, [Routing()])[1:]
    profile = dataclasses.replace(
        record.profile, findings=(IdentifierFinding(kind=IdentifierKind.EMAIL, count=3),)
    )
    rule = DataClassRule(data_class="pii", kinds=frozenset({IdentifierKind.EMAIL}), min_count=2)

    decision = replayer(OrderMode.FIXED, rules=[rule]).replay(
        dataclasses.replace(record, profile=profile)
    )

    assert decision.change is ReplayChange.NOT_PLANNED
    assert "`pii`" in decision.reason
