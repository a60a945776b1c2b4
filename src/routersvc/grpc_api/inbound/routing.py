"""Converts `Routing`, checked by the rules of `routing.proto`.

A new option is one line here. The caller must check the violations before it uses the result.
Unsupported fields are refused by `not_served`.
"""

from __future__ import annotations

from llmrouter.v1 import routing_pb2
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.modes import ConsistencyMode
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.catalogue.ranking_goals import NO_GOAL_WISHES, GoalWishes
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.weights import NO_WISHES, WeightWishes
from routersvc.grpc_api.inbound import enums as enums_in
from routersvc.grpc_api.inbound.message_fields import MessageFields
from routersvc.grpc_api.inbound.violations import Violations

MAX_SESSION_BYTES = 256
MAX_LABELS = 32
MAX_LABEL_KEY_BYTES = 64
MAX_LABEL_VALUE_BYTES = 256


def check_session(routing: routing_pb2.Routing, violations: Violations) -> None:
    """Check the session of a request."""
    violations.size("routing.session_id", routing.session_id, MAX_SESSION_BYTES)


def routing_of(routing: routing_pb2.Routing, violations: Violations) -> Routing:
    """Return the routing options of a request, whose session is checked separately."""
    fields = MessageFields(routing, "routing", violations)
    hints = fields.of("hints")
    hedging = fields.of("hedging")
    timeouts = fields.of("timeouts")
    weights, worth = _wishes(routing, fields, violations)
    return Routing(
        policy=routing.policy,
        required_models=fields.names("required_models"),
        preferred_models=fields.names("preferred_models"),
        pinned_deployment=routing.pinned_deployment,
        constraints=_constraints(routing.constraints, fields.of("constraints")),
        task=hints.member("task", enums_in.TASKS),
        complexity=hints.number("complexity", low=0, high=1),
        priority=hints.member("priority", enums_in.PRIORITIES) or Priority.NORMAL,
        expected_output_tokens=hints.integer("expected_output_tokens", low=1),
        consistency=_consistency(routing, fields, violations),
        hedging_mode=hedging.member("mode", enums_in.HEDGING_MODES),
        hedge_delay=hedging.seconds("delay"),
        latency_budget=fields.of("objectives").seconds("latency_budget"),
        stream_recovery=fields.member("stream_recovery_mode", enums_in.STREAM_RECOVERY_MODES),
        max_attempts=fields.integer("max_attempts", low=1),
        weights=weights,
        worth=worth,
        session_id=routing.session_id,
        deterministic=routing.deterministic,
        allow_degraded=fields.flag("allow_degraded"),
        first_content_timeout=timeouts.seconds("first_content_timeout"),
        idle_timeout=timeouts.seconds("idle_timeout"),
        attempt_timeout=timeouts.seconds("attempt_timeout"),
        has_side_effects=routing.has_side_effects,
        labels=_labels(routing.hints, violations),
    )


def _constraints(constraints: routing_pb2.Constraints, fields: MessageFields) -> Constraints:
    return Constraints(
        allowed_regions=frozenset(fields.names("allowed_regions")),
        data_classes=frozenset(fields.names("data_classes")),
        zero_data_retention=constraints.zero_data_retention,
        no_training=constraints.no_training,
        allowed_providers=frozenset(fields.names("allowed_providers")),
        denied_providers=frozenset(fields.names("denied_providers")),
        max_cost_usd=fields.number("max_cost_usd", low=0),
        context_reserve_tokens=fields.integer("context_reserve_tokens", low=0) or 0,
    )


def _consistency(
    routing: routing_pb2.Routing, fields: MessageFields, violations: Violations
) -> ConsistencyMode | None:
    mode = fields.member("consistency_mode", enums_in.CONSISTENCY_MODES)
    if (mode is ConsistencyMode.PINNED) is not bool(routing.pinned_deployment):
        violations.add(
            "routing.pinned_deployment", "must be set with `CONSISTENCY_MODE_PINNED`, and only then"
        )
    return mode


def _wishes(
    routing: routing_pb2.Routing, fields: MessageFields, violations: Violations
) -> tuple[WeightWishes, GoalWishes]:
    """Return what ranking aims at: weights, or objectives in dollars."""
    if not routing.HasField("objectives"):
        # The common case: no field is read for it.
        return NO_WISHES, NO_GOAL_WISHES
    objectives = fields.of("objectives")
    weights = {
        name: objectives.number(f"{name}_weight", low=0) for name in ("quality", "cost", "latency")
    }
    worth = objectives.number("worth_of_quality_usd", low=0)
    slack = objectives.number("quality_slack", low=0, high=1)
    second = objectives.number("worth_of_second_usd", low=0)
    if all(weight == 0 for weight in weights.values()):
        violations.add("routing.objectives", "at least one weight must be above 0")
    if worth is not None and slack is not None:
        violations.add(
            "routing.objectives.quality_slack", "must not be set beside `worth_of_quality_usd`"
        )
    if (worth, slack, second) != (None, None, None):
        for name, weight in weights.items():
            if weight is not None:
                violations.add(
                    f"routing.objectives.{name}_weight",
                    "must not be set beside an objective in US dollars or `quality_slack`",
                )
    if violations.any:
        return NO_WISHES, NO_GOAL_WISHES
    return WeightWishes(**weights), GoalWishes(quality_usd=worth, slack=slack, second_usd=second)


def _labels(hints: routing_pb2.Hints, violations: Violations) -> dict[str, str]:
    if len(hints.labels) > MAX_LABELS:
        violations.add("routing.hints.labels", f"must have at most {MAX_LABELS} entries")
        return {}
    labels = dict(hints.labels)
    for key, value in labels.items():
        if len(key) > MAX_LABEL_KEY_BYTES or len(key.encode()) > MAX_LABEL_KEY_BYTES:
            violations.add(
                "routing.hints.labels", f"must have keys of at most {MAX_LABEL_KEY_BYTES} bytes"
            )
        else:
            violations.size(f"routing.hints.labels[{key}]", value, MAX_LABEL_VALUE_BYTES)
    return labels
