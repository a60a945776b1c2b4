"""Task and complexity are determined for routes that depend on them, and for no others."""

from __future__ import annotations

import dataclasses
import random

import pytest

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.modes import OrderMode
from routersvc.domain.catalogue.policies import Policy
from routersvc.domain.catalogue.qualities import Quality
from routersvc.domain.catalogue.route_rules import RouteMatch, RouteRule
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.catalogue.weights import WeightWishes
from routersvc.domain.conversation.steps import finished
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.planning.planner import Planner
from routersvc.domain.planning.plans import PlannedRequest
from routersvc.domain.profiling.classifiers import Classification
from routersvc.domain.profiling.profiles import Profiler
from routersvc.domain.profiling.prompt_reading import PromptReading
from routersvc.domain.profiling.rule_classifier import RuleClassifier
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request

NAMES = ("a", "b")
STATED = Routing(task=Task.CODE, complexity=0.9)


def balanced(*matches: RouteMatch) -> Policy:
    """Return a policy whose rules have these conditions."""
    rules = tuple(
        RouteRule(name=f"rule {place}", match=match, deployments=("b",))
        for place, match in enumerate(matches)
    )
    return dataclasses.replace(scripted_policy(NAMES, order=OrderMode.BALANCED), rules=rules)


RANKED = scripted_policy(NAMES, order=OrderMode.RANKED)


class CountingClassifier:
    """Classifies by the rules, and counts."""

    def __init__(self) -> None:
        self.classified = 0

    def classify(self, reading: PromptReading) -> Classification:
        """Return what the rules say."""
        self.classified += 1
        return RuleClassifier().classify(reading)


def planner_of(policy: Policy, classifier: CountingClassifier) -> Planner:
    """Return a planner of two models, of which the second is better at code."""
    models = [
        Model(name="m-a", context_window=9_000, quality=Quality(general=0.6)),
        Model(
            name="m-b",
            context_window=9_000,
            quality=Quality(general=0.5, of_tasks={Task.CODE: 0.9}),
        ),
    ]
    deployments = [
        scripted_deployment(name, model=model) for name, model in zip(NAMES, models, strict=True)
    ]
    return Planner(
        catalogue=Catalogue(deployments={one.name: one for one in deployments}),
        policies={policy.name: policy},
        default_policy=policy.name,
        profiler=Profiler(classifier=classifier),
    )


CASES = [
    (scripted_policy(NAMES), Routing(), 0),
    (balanced(), Routing(), 0),
    (balanced(), Routing(weights=WeightWishes(cost=1.0)), 1),
    (scripted_policy(NAMES), Routing(weights=WeightWishes(cost=1.0)), 0),
    (balanced(RouteMatch(min_input_tokens=9), RouteMatch(labels={"job": "x"})), Routing(), 0),
    (balanced(RouteMatch(), RouteMatch(tasks=frozenset({Task.CODE}))), Routing(), 1),
    (balanced(RouteMatch(min_complexity=0.1)), Routing(), 1),
    (balanced(RouteMatch(max_complexity=0.9)), Routing(), 1),
    (balanced(RouteMatch(max_complexity=0.8)), STATED, 0),
    (RANKED, Routing(), 1),
    (RANKED, STATED, 0),
    (RANKED, dataclasses.replace(STATED, complexity=None), 1),
    (RANKED, dataclasses.replace(STATED, task=None), 1),
]


@pytest.mark.parametrize(("policy", "routing", "expected"), CASES)
def test_requests_are_classified_where_their_route_depends_on_it(
    policy: Policy, routing: Routing, expected: int
) -> None:
    """The plan is the same as if all were classified."""
    counting = CountingClassifier()
    planner = planner_of(policy, counting)
    view = Fleet(planner.catalogue.deployments.values(), random=random.Random(1)).reading_view(0.0)
    request = scripted_request(
        text="Write a function in Python, please.", routing=routing, streaming=False
    )

    planned = planner.plan(request, view, budget=None, at=0.0)

    assert counting.classified == expected
    profiled = finished(planner.profiling(request, None, in_full=True))
    in_full = planner.plan(request, view, budget=None, at=0.0, profiled=profiled)
    assert counting.classified == expected + 1
    assert isinstance(planned, PlannedRequest)
    assert isinstance(in_full, PlannedRequest)
    assert in_full.limits.profile.task is Task.CODE
    assert planned.limits.rule == in_full.limits.rule
    assert planned.plan == in_full.plan
