"""Converts the requests of `RouterService`.

A request is checked completely, so that its caller learns of all invalid fields at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from llmrouter.v1 import router_service_pb2
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.fleet.health import HealthState
from routersvc.grpc_api.inbound import enums as enums_in
from routersvc.grpc_api.inbound import not_served
from routersvc.grpc_api.inbound.prompts import prompt_of
from routersvc.grpc_api.inbound.routing import routing_of
from routersvc.grpc_api.inbound.violations import Violations

MAX_REQUEST_ID_BYTES = 128
MAX_DECISION_ID_BYTES = 128

_NO_PROMPT = Prompt(messages=())
_NO_ROUTING = Routing()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """Facts about a call besides its message.

    `timeout` is in seconds; `make_id` generates an id for a request without one. `trace_headers`
    are the caller's trace context.
    """

    timeout: float
    make_id: Callable[[], str]
    tenant: str = ""
    previous_attempts: int = 0
    trace_headers: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HealthFilter:
    """Filters for a health report; an empty set passes everything."""

    providers: frozenset[str]
    models: frozenset[str]
    deployments: frozenset[str]
    states: frozenset[HealthState]


def complete_request_of(
    request: router_service_pb2.CompleteRequest | router_service_pb2.StreamCompleteRequest,
    arrival: Arrival,
    *,
    streaming: bool,
) -> Request:
    """Return the request for an answer.

    Raises:
        InvalidRequestError: fields are missing or invalid.
        FieldNotServedError: it uses a field that this version does not support.
    """
    violations = Violations()
    violations.size("request_id", request.request_id, MAX_REQUEST_ID_BYTES)
    prompt, routing = _prompt_and_routing(request, violations)
    return Request(
        request_id=request.request_id or arrival.make_id(),
        prompt=prompt,
        routing=routing,
        streaming=streaming,
        timeout=arrival.timeout,
        tenant=arrival.tenant,
        previous_attempts=arrival.previous_attempts,
        trace_headers=arrival.trace_headers,
    )


def decision_id_of(request: router_service_pb2.ExplainRouteRequest) -> str | None:
    """Return the id of the past decision to explain, `None` for a new request.

    Raises:
        InvalidRequestError: the id is too long, or other fields are set as well.
    """
    if not request.decision_id:
        return None
    violations = Violations()
    violations.size("decision_id", request.decision_id, MAX_DECISION_ID_BYTES)
    for name, is_set in (
        ("prompt", request.HasField("prompt")),
        ("routing", request.HasField("routing")),
        ("streaming", request.streaming),
    ):
        if is_set:
            violations.add(name, "not allowed with `decision_id`")
    violations.raise_if_any()
    return request.decision_id


def explain_request_of(
    request: router_service_pb2.ExplainRouteRequest, arrival: Arrival
) -> Request:
    """Return the request whose route is to be explained.

    Raises:
        InvalidRequestError: fields are missing or invalid.
        FieldNotServedError: it uses a field that this version does not support.
    """
    violations = Violations()
    prompt, routing = _prompt_and_routing(request, violations)
    return Request(
        request_id=arrival.make_id(),
        prompt=prompt,
        routing=routing,
        streaming=request.streaming,
        timeout=arrival.timeout,
        tenant=arrival.tenant,
        previous_attempts=arrival.previous_attempts,
    )


def health_filter_of(request: router_service_pb2.ProviderHealthRequest) -> HealthFilter:
    """Return the filters of a request.

    Raises:
        InvalidRequestError: a field is invalid.
    """
    violations = Violations()
    states = [
        violations.known(f"states[{place}]", number, enums_in.HEALTH_STATES)
        for place, number in enumerate(request.states)
    ]
    violations.raise_if_any()
    return HealthFilter(
        providers=frozenset(request.providers),
        models=frozenset(request.models),
        deployments=frozenset(request.deployments),
        # An unspecified state among them means any.
        states=frozenset()
        if None in states
        else frozenset(state for state in states if state is not None),
    )


def _prompt_and_routing(
    request: router_service_pb2.CompleteRequest
    | router_service_pb2.StreamCompleteRequest
    | router_service_pb2.ExplainRouteRequest,
    violations: Violations,
) -> tuple[Prompt, Routing]:
    prompt = _NO_PROMPT
    if request.HasField("prompt"):
        prompt = prompt_of(request.prompt, violations)
    else:
        violations.add("prompt", "must be set")
    routing = _NO_ROUTING
    if request.HasField("routing"):
        routing = routing_of(request.routing, violations)
    violations.raise_if_any()
    not_served.refuse_prompt(request.prompt)
    if request.HasField("routing"):
        not_served.refuse_routing(request.routing)
    return prompt, routing
