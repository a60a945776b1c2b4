"""What is wrong with routing is named by its exact path."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from llmrouter.v1 import router_service_pb2 as service
from llmrouter.v1 import routing_pb2 as r

ViolationsOf = Callable[[service.CompleteRequest], list[tuple[str, str]]]

UNKNOWN: Any = 99
"""A number that a newer contract may give a meaning."""

CASES: dict[str, tuple[r.Routing, str, str]] = {
    "empty model": (
        r.Routing(required_models=["a", ""]),
        "routing.required_models[1]",
        "must not be empty",
    ),
    "empty preference": (
        r.Routing(preferred_models=[""]),
        "routing.preferred_models[0]",
        "must not be empty",
    ),
    "pin without mode": (
        r.Routing(pinned_deployment="d1"),
        "routing.pinned_deployment",
        "stands with `CONSISTENCY_MODE_PINNED`, and only with it",
    ),
    "mode without pin": (
        r.Routing(consistency_mode=r.CONSISTENCY_MODE_PINNED),
        "routing.pinned_deployment",
        "stands with `CONSISTENCY_MODE_PINNED`, and only with it",
    ),
    "consistency unknown": (
        r.Routing(consistency_mode=UNKNOWN),
        "routing.consistency_mode",
        "99 is not a value that this version knows",
    ),
    "session": (
        r.Routing(session_id="a" * 257),
        "routing.session_id",
        "must have at most 256 bytes",
    ),
    "empty region": (
        r.Routing(constraints=r.Constraints(allowed_regions=[""])),
        "routing.constraints.allowed_regions[0]",
        "must not be empty",
    ),
    "empty data class": (
        r.Routing(constraints=r.Constraints(data_classes=[""])),
        "routing.constraints.data_classes[0]",
        "must not be empty",
    ),
    "empty provider": (
        r.Routing(constraints=r.Constraints(allowed_providers=[""])),
        "routing.constraints.allowed_providers[0]",
        "must not be empty",
    ),
    "empty denial": (
        r.Routing(constraints=r.Constraints(denied_providers=[""])),
        "routing.constraints.denied_providers[0]",
        "must not be empty",
    ),
    "negative cost": (
        r.Routing(constraints=r.Constraints(max_cost_usd=-0.5)),
        "routing.constraints.max_cost_usd",
        "must be at least 0, not -0.5",
    ),
    "cost not a number": (
        r.Routing(constraints=r.Constraints(max_cost_usd=math.nan)),
        "routing.constraints.max_cost_usd",
        "must be a finite number",
    ),
    "negative reserve": (
        r.Routing(constraints=r.Constraints(context_reserve_tokens=-1)),
        "routing.constraints.context_reserve_tokens",
        "must be at least 0, not -1",
    ),
    "negative weight": (
        r.Routing(objectives=r.Objectives(quality_weight=-1.0)),
        "routing.objectives.quality_weight",
        "must be at least 0, not -1",
    ),
    "endless weight": (
        r.Routing(objectives=r.Objectives(cost_weight=math.inf)),
        "routing.objectives.cost_weight",
        "must be a finite number",
    ),
    "weight not a number": (
        r.Routing(objectives=r.Objectives(latency_weight=math.nan)),
        "routing.objectives.latency_weight",
        "must be a finite number",
    ),
    "no weight at all": (
        r.Routing(objectives=r.Objectives(quality_weight=0.0, cost_weight=0.0, latency_weight=0.0)),
        "routing.objectives",
        "must weigh something: one of the weights above 0",
    ),
    "latency budget": (
        r.Routing(objectives=r.Objectives(latency_budget=Duration())),
        "routing.objectives.latency_budget",
        "must be above 0 seconds",
    ),
    "task unknown": (
        r.Routing(hints=r.Hints(task=UNKNOWN)),
        "routing.hints.task",
        "99 is not a value that this version knows",
    ),
    "complexity above 1": (
        r.Routing(hints=r.Hints(complexity=1.5)),
        "routing.hints.complexity",
        "must lie between 0 and 1, not at 1.5",
    ),
    "complexity not a number": (
        r.Routing(hints=r.Hints(complexity=math.nan)),
        "routing.hints.complexity",
        "must be a finite number",
    ),
    "priority unknown": (
        r.Routing(hints=r.Hints(priority=UNKNOWN)),
        "routing.hints.priority",
        "99 is not a value that this version knows",
    ),
    "expected tokens": (
        r.Routing(hints=r.Hints(expected_output_tokens=0)),
        "routing.hints.expected_output_tokens",
        "must be at least 1, not 0",
    ),
    "labels": (
        r.Routing(hints=r.Hints(labels={str(number): "" for number in range(33)})),
        "routing.hints.labels",
        "must be at most 32",
    ),
    "label key": (
        r.Routing(hints=r.Hints(labels={"ä" * 33: ""})),
        "routing.hints.labels",
        "must have keys of at most 64 bytes",
    ),
    "label value": (
        r.Routing(hints=r.Hints(labels={"team": "a" * 257})),
        "routing.hints.labels[team]",
        "must have at most 256 bytes",
    ),
    "hedging unknown": (
        r.Routing(hedging=r.Hedging(mode=UNKNOWN)),
        "routing.hedging.mode",
        "99 is not a value that this version knows",
    ),
    "hedge delay": (
        r.Routing(hedging=r.Hedging(delay=Duration())),
        "routing.hedging.delay",
        "must be above 0 seconds",
    ),
    "recovery unknown": (
        r.Routing(stream_recovery_mode=UNKNOWN),
        "routing.stream_recovery_mode",
        "99 is not a value that this version knows",
    ),
    "attempts": (
        r.Routing(max_attempts=0),
        "routing.max_attempts",
        "must be at least 1, not 0",
    ),
    "negative attempts": (
        r.Routing(max_attempts=-3),
        "routing.max_attempts",
        "must be at least 1, not -3",
    ),
    "first content timeout": (
        r.Routing(timeouts=r.AttemptTimeouts(first_content_timeout=Duration(seconds=-1))),
        "routing.timeouts.first_content_timeout",
        "must be above 0 seconds",
    ),
    "idle timeout": (
        r.Routing(timeouts=r.AttemptTimeouts(idle_timeout=Duration(seconds=1, nanos=-1))),
        "routing.timeouts.idle_timeout",
        "is not a valid duration: seconds or nanos are out of range",
    ),
    "attempt timeout": (
        r.Routing(timeouts=r.AttemptTimeouts(attempt_timeout=Duration(seconds=315_576_000_001))),
        "routing.timeouts.attempt_timeout",
        "is not a valid duration: seconds or nanos are out of range",
    ),
}


@pytest.mark.parametrize(("routing", "field", "description"), CASES.values(), ids=CASES)
def test_wrong_routing_is_refused_by_name(
    routing: r.Routing,
    field: str,
    description: str,
    hello: service.CompleteRequest,
    violations_of: ViolationsOf,
) -> None:
    """The caller hears which field it is and what is right."""
    hello.routing.CopyFrom(routing)

    assert violations_of(hello) == [(field, description)]
