"""What is wrong with routing is named by its exact path."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from tests.wording import Wording

from llmrouter.v1 import router_service_pb2 as service
from llmrouter.v1 import routing_pb2 as r

ViolationsOf = Callable[[service.CompleteRequest], list[tuple[str, str]]]

UNKNOWN: Any = 99
"""A number that a newer contract may give a meaning."""

CASES: dict[str, tuple[r.Routing, str]] = {
    "empty model": (
        r.Routing(required_models=["a", ""]),
        "routing.required_models[1]",
    ),
    "empty preference": (
        r.Routing(preferred_models=[""]),
        "routing.preferred_models[0]",
    ),
    "pin without mode": (
        r.Routing(pinned_deployment="d1"),
        "routing.pinned_deployment",
    ),
    "mode without pin": (
        r.Routing(consistency_mode=r.CONSISTENCY_MODE_PINNED),
        "routing.pinned_deployment",
    ),
    "consistency unknown": (
        r.Routing(consistency_mode=UNKNOWN),
        "routing.consistency_mode",
    ),
    "session": (
        r.Routing(session_id="a" * 257),
        "routing.session_id",
    ),
    "empty region": (
        r.Routing(constraints=r.Constraints(allowed_regions=[""])),
        "routing.constraints.allowed_regions[0]",
    ),
    "empty data class": (
        r.Routing(constraints=r.Constraints(data_classes=[""])),
        "routing.constraints.data_classes[0]",
    ),
    "empty provider": (
        r.Routing(constraints=r.Constraints(allowed_providers=[""])),
        "routing.constraints.allowed_providers[0]",
    ),
    "empty denial": (
        r.Routing(constraints=r.Constraints(denied_providers=[""])),
        "routing.constraints.denied_providers[0]",
    ),
    "negative cost": (
        r.Routing(constraints=r.Constraints(max_cost_usd=-0.5)),
        "routing.constraints.max_cost_usd",
    ),
    "cost not a number": (
        r.Routing(constraints=r.Constraints(max_cost_usd=math.nan)),
        "routing.constraints.max_cost_usd",
    ),
    "negative reserve": (
        r.Routing(constraints=r.Constraints(context_reserve_tokens=-1)),
        "routing.constraints.context_reserve_tokens",
    ),
    "negative weight": (
        r.Routing(objectives=r.Objectives(quality_weight=-1.0)),
        "routing.objectives.quality_weight",
    ),
    "endless weight": (
        r.Routing(objectives=r.Objectives(cost_weight=math.inf)),
        "routing.objectives.cost_weight",
    ),
    "weight not a number": (
        r.Routing(objectives=r.Objectives(latency_weight=math.nan)),
        "routing.objectives.latency_weight",
    ),
    "no weight at all": (
        r.Routing(objectives=r.Objectives(quality_weight=0.0, cost_weight=0.0, latency_weight=0.0)),
        "routing.objectives",
    ),
    "negative worth": (
        r.Routing(objectives=r.Objectives(worth_of_quality_usd=-1.0)),
        "routing.objectives.worth_of_quality_usd",
    ),
    "negative worth of a second": (
        r.Routing(objectives=r.Objectives(worth_of_second_usd=-1.0)),
        "routing.objectives.worth_of_second_usd",
    ),
    "slack above 1": (
        r.Routing(objectives=r.Objectives(quality_slack=1.5)),
        "routing.objectives.quality_slack",
    ),
    "worth and slack": (
        r.Routing(objectives=r.Objectives(worth_of_quality_usd=1.0, quality_slack=0.5)),
        "routing.objectives.quality_slack",
    ),
    "worth and weight": (
        r.Routing(objectives=r.Objectives(worth_of_second_usd=1.0, cost_weight=0.0)),
        "routing.objectives.cost_weight",
    ),
    "latency budget": (
        r.Routing(objectives=r.Objectives(latency_budget=Duration())),
        "routing.objectives.latency_budget",
    ),
    "task unknown": (
        r.Routing(hints=r.Hints(task=UNKNOWN)),
        "routing.hints.task",
    ),
    "complexity above 1": (
        r.Routing(hints=r.Hints(complexity=1.5)),
        "routing.hints.complexity",
    ),
    "complexity not a number": (
        r.Routing(hints=r.Hints(complexity=math.nan)),
        "routing.hints.complexity",
    ),
    "priority unknown": (
        r.Routing(hints=r.Hints(priority=UNKNOWN)),
        "routing.hints.priority",
    ),
    "expected tokens": (
        r.Routing(hints=r.Hints(expected_output_tokens=0)),
        "routing.hints.expected_output_tokens",
    ),
    "labels": (
        r.Routing(hints=r.Hints(labels={str(number): "" for number in range(33)})),
        "routing.hints.labels",
    ),
    "label key": (
        r.Routing(hints=r.Hints(labels={"ä" * 33: ""})),
        "routing.hints.labels",
    ),
    "label value": (
        r.Routing(hints=r.Hints(labels={"team": "a" * 257})),
        "routing.hints.labels[team]",
    ),
    "hedging unknown": (
        r.Routing(hedging=r.Hedging(mode=UNKNOWN)),
        "routing.hedging.mode",
    ),
    "hedge delay": (
        r.Routing(hedging=r.Hedging(delay=Duration())),
        "routing.hedging.delay",
    ),
    "recovery unknown": (
        r.Routing(stream_recovery_mode=UNKNOWN),
        "routing.stream_recovery_mode",
    ),
    "attempts": (
        r.Routing(max_attempts=0),
        "routing.max_attempts",
    ),
    "negative attempts": (
        r.Routing(max_attempts=-3),
        "routing.max_attempts",
    ),
    "first content timeout": (
        r.Routing(timeouts=r.AttemptTimeouts(first_content_timeout=Duration(seconds=-1))),
        "routing.timeouts.first_content_timeout",
    ),
    "idle timeout": (
        r.Routing(timeouts=r.AttemptTimeouts(idle_timeout=Duration(seconds=1, nanos=-1))),
        "routing.timeouts.idle_timeout",
    ),
    "attempt timeout": (
        r.Routing(timeouts=r.AttemptTimeouts(attempt_timeout=Duration(seconds=315_576_000_001))),
        "routing.timeouts.attempt_timeout",
    ),
}


@pytest.mark.parametrize(("routing", "field"), CASES.values(), ids=CASES)
def test_wrong_routing_is_refused_by_name(
    routing: r.Routing,
    field: str,
    hello: service.CompleteRequest,
    violations_of: ViolationsOf,
    wording: Wording,
) -> None:
    """The caller hears which field it is and what is right."""
    hello.routing.CopyFrom(routing)

    ((found, description),) = violations_of(hello)
    assert found == field
    wording(description)
