"""From the contract's routing to the domain's, checked by the rules of `routing.proto`.

The caller must look at the violations before it uses the result. What this version does not serve
is refused by `not_served`.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmrouter.v1 import routing_pb2
from routersvc.domain.catalogue.constraints import (
    Constraints,
)
from routersvc.domain.catalogue.modes import (
    ConsistencyMode,
)
from routersvc.domain.catalogue.policies import (
    Priority,
)
from routersvc.domain.catalogue.routing import (
    Routing,
)
from routersvc.domain.catalogue.weights import (
    NO_WISHES,
    WeightWishes,
)
from routersvc.grpc_api.inbound import enums as enums_in
from routersvc.grpc_api.inbound.violations import Violations

MAX_SESSION_BYTES = 256
MAX_LABELS = 32
MAX_LABEL_KEY_BYTES = 64
MAX_LABEL_VALUE_BYTES = 256


def routing_of(routing: routing_pb2.Routing, violations: Violations) -> Routing:
    """Return what the caller said of the request's route."""
    hints = routing.hints
    timeouts = routing.timeouts
    hedging = routing.hedging
    objectives = routing.objectives
    consistency = _consistency(routing, violations)
    violations.size("routing.session_id", routing.session_id, MAX_SESSION_BYTES)
    return Routing(
        policy=routing.policy,
        required_models=_names("routing.required_models", routing.required_models, violations),
        preferred_models=_names("routing.preferred_models", routing.preferred_models, violations),
        pinned_deployment=routing.pinned_deployment,
        constraints=_constraints(routing.constraints, violations)
        if routing.HasField("constraints")
        else Constraints(),
        task=violations.known("routing.hints.task", hints.task, enums_in.TASKS),
        complexity=violations.number(
            "routing.hints.complexity",
            hints.complexity if hints.HasField("complexity") else None,
            low=0,
            high=1,
        ),
        priority=violations.known("routing.hints.priority", hints.priority, enums_in.PRIORITIES)
        or Priority.NORMAL,
        expected_output_tokens=violations.number(
            "routing.hints.expected_output_tokens",
            hints.expected_output_tokens if hints.HasField("expected_output_tokens") else None,
            low=1,
        ),
        consistency=consistency,
        hedging_mode=violations.known("routing.hedging.mode", hedging.mode, enums_in.HEDGING_MODES),
        hedge_delay=violations.timeout("routing.hedging.delay", hedging.delay)
        if hedging.HasField("delay")
        else None,
        latency_budget=violations.timeout(
            "routing.objectives.latency_budget", objectives.latency_budget
        )
        if objectives.HasField("latency_budget")
        else None,
        stream_recovery=violations.known(
            "routing.stream_recovery_mode",
            routing.stream_recovery_mode,
            enums_in.STREAM_RECOVERY_MODES,
        ),
        max_attempts=violations.number(
            "routing.max_attempts",
            routing.max_attempts if routing.HasField("max_attempts") else None,
            low=1,
        ),
        weights=_weights(objectives, violations) if routing.HasField("objectives") else NO_WISHES,
        session_id=routing.session_id,
        deterministic=routing.deterministic,
        allow_degraded=routing.allow_degraded if routing.HasField("allow_degraded") else None,
        first_content_timeout=violations.timeout(
            "routing.timeouts.first_content_timeout", timeouts.first_content_timeout
        )
        if timeouts.HasField("first_content_timeout")
        else None,
        idle_timeout=violations.timeout("routing.timeouts.idle_timeout", timeouts.idle_timeout)
        if timeouts.HasField("idle_timeout")
        else None,
        attempt_timeout=violations.timeout(
            "routing.timeouts.attempt_timeout", timeouts.attempt_timeout
        )
        if timeouts.HasField("attempt_timeout")
        else None,
        has_side_effects=routing.has_side_effects,
        labels=_labels(hints, violations),
    )


def _names(field: str, names: Sequence[str], violations: Violations) -> tuple[str, ...]:
    for place, name in enumerate(names):
        violations.present(f"{field}[{place}]", name)
    return tuple(names)


def _consistency(routing: routing_pb2.Routing, violations: Violations) -> ConsistencyMode | None:
    mode = violations.known(
        "routing.consistency_mode", routing.consistency_mode, enums_in.CONSISTENCY_MODES
    )
    if (mode is ConsistencyMode.PINNED) is not bool(routing.pinned_deployment):
        violations.add(
            "routing.pinned_deployment",
            "stands with `CONSISTENCY_MODE_PINNED`, and only with it",
        )
    return mode


def _weights(objectives: routing_pb2.Objectives, violations: Violations) -> WeightWishes:
    path = "routing.objectives"
    quality = violations.number(
        f"{path}.quality_weight",
        objectives.quality_weight if objectives.HasField("quality_weight") else None,
        low=0,
    )
    cost = violations.number(
        f"{path}.cost_weight",
        objectives.cost_weight if objectives.HasField("cost_weight") else None,
        low=0,
    )
    latency = violations.number(
        f"{path}.latency_weight",
        objectives.latency_weight if objectives.HasField("latency_weight") else None,
        low=0,
    )
    if quality == cost == latency == 0:
        violations.add(path, "must weigh something: one of the weights above 0")
    if violations.any:
        return NO_WISHES
    return WeightWishes(quality=quality, cost=cost, latency=latency)


def _constraints(constraints: routing_pb2.Constraints, violations: Violations) -> Constraints:
    path = "routing.constraints"
    return Constraints(
        allowed_regions=frozenset(
            _names(f"{path}.allowed_regions", constraints.allowed_regions, violations)
        ),
        data_classes=frozenset(
            _names(f"{path}.data_classes", constraints.data_classes, violations)
        ),
        zero_data_retention=constraints.zero_data_retention,
        no_training=constraints.no_training,
        allowed_providers=frozenset(
            _names(f"{path}.allowed_providers", constraints.allowed_providers, violations)
        ),
        denied_providers=frozenset(
            _names(f"{path}.denied_providers", constraints.denied_providers, violations)
        ),
        max_cost_usd=violations.number(
            f"{path}.max_cost_usd",
            constraints.max_cost_usd if constraints.HasField("max_cost_usd") else None,
            low=0,
        ),
        context_reserve_tokens=violations.number(
            f"{path}.context_reserve_tokens", constraints.context_reserve_tokens, low=0
        )
        or 0,
    )


def _labels(hints: routing_pb2.Hints, violations: Violations) -> dict[str, str]:
    labels = dict(hints.labels)
    if len(labels) > MAX_LABELS:
        violations.add("routing.hints.labels", f"must be at most {MAX_LABELS}")
    for key, value in labels.items():
        if len(key) > MAX_LABEL_KEY_BYTES or len(key.encode()) > MAX_LABEL_KEY_BYTES:
            violations.add(
                "routing.hints.labels", f"must have keys of at most {MAX_LABEL_KEY_BYTES} bytes"
            )
        else:
            violations.size(f"routing.hints.labels[{key}]", value, MAX_LABEL_VALUE_BYTES)
    return labels
