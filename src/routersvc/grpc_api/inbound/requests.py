"""Converts the requests of `RouterService`.

A request is checked completely, so that its caller learns of all invalid fields at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from llmrouter.v1 import router_service_pb2
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS, RequestLimits
from routersvc.domain.conversation.steps import Steps, finished
from routersvc.domain.fleet.health import HealthState
from routersvc.domain.profiling.prompt_reading import texts_of
from routersvc.domain.values import Value
from routersvc.grpc_api.inbound import enums as enums_in
from routersvc.grpc_api.inbound import not_served
from routersvc.grpc_api.inbound.known_routings import KnownRoutings
from routersvc.grpc_api.inbound.prompts import prompt_of
from routersvc.grpc_api.inbound.routing import check_session, routing_of
from routersvc.grpc_api.inbound.violations import Violations
from routersvc.grpc_api.inbound.wire_requests import RequestReader

MAX_REQUEST_ID_BYTES = 128
MAX_DECISION_ID_BYTES = 128

_Completion = TypeVar(
    "_Completion", router_service_pb2.CompleteRequest, router_service_pb2.StreamCompleteRequest
)

_NO_PROMPT = Prompt(messages=())
_NO_ROUTING = Routing()


class Arrival(Value, frozen=True, kw_only=True):
    """Facts about a call besides its message.

    `timeout` is in seconds; `make_id` generates an id for a request without one. `trace_headers`
    are the caller's trace context.
    """

    timeout: float
    make_id: Callable[[], str]
    tenant: str = ""
    previous_attempts: int = 0
    trace_headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HealthFilter:
    """Filters for a health report; an empty set passes everything."""

    providers: frozenset[str]
    models: frozenset[str]
    deployments: frozenset[str]
    states: frozenset[HealthState]


def reading_completion(
    reader: RequestReader[_Completion],
    raw: bytes,
    arrive: Callable[[], Arrival],
    limits: RequestLimits,
    known: KnownRoutings,
    *,
    streaming: bool,
) -> Steps[Request]:
    """Return the request for an answer from its bytes, in steps.

    `arrive` is called at the end: the timeout of an arrival is what is left then. Routing options
    that are `known` are not converted again.

    Raises:
        InvalidRequestError: fields are missing or invalid, or a limit is exceeded.
        FieldNotServedError: it uses a field that this version does not support.
    """
    request = yield from reader.reading(raw, limits)
    return (
        yield from _converting(request, arrive, limits, known, streaming=streaming, size=len(raw))
    )


def complete_request_of(
    request: router_service_pb2.CompleteRequest | router_service_pb2.StreamCompleteRequest,
    arrival: Arrival,
    *,
    streaming: bool,
) -> Request:
    """Return the request for an answer.

    Raises:
        InvalidRequestError: fields are missing or invalid, or a limit is exceeded.
        FieldNotServedError: it uses a field that this version does not support.
    """
    return finished(
        _converting(
            request,
            lambda: arrival,
            DEFAULT_LIMITS,
            KnownRoutings(),
            streaming=streaming,
            size=request.ByteSize(),
        )
    )


def _converting(
    request: router_service_pb2.CompleteRequest | router_service_pb2.StreamCompleteRequest,
    arrive: Callable[[], Arrival],
    limits: RequestLimits,
    known: KnownRoutings,
    *,
    streaming: bool,
    size: int,
) -> Steps[Request]:
    violations = Violations(limits)
    violations.size("request_id", request.request_id, MAX_REQUEST_ID_BYTES)
    prompt, routing = yield from _prompt_and_routing(request, violations, known, size)
    arrival = arrive()
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


def reading_explanation(
    reader: RequestReader[router_service_pb2.ExplainRouteRequest],
    raw: bytes,
    arrive: Callable[[], Arrival],
    limits: RequestLimits,
    known: KnownRoutings,
) -> Steps[Request | str]:
    """Return the request whose route is to be explained, or the id of a past decision, in steps.

    Raises:
        InvalidRequestError: fields are missing or invalid, or a limit is exceeded.
        FieldNotServedError: it uses a field that this version does not support.
    """
    request = yield from reader.reading(raw, limits)
    decision_id = decision_id_of(request)
    if decision_id is not None:
        return decision_id
    return (yield from _converting_explanation(request, arrive, limits, known, len(raw)))


def _converting_explanation(
    request: router_service_pb2.ExplainRouteRequest,
    arrive: Callable[[], Arrival],
    limits: RequestLimits,
    known: KnownRoutings,
    size: int,
) -> Steps[Request]:
    violations = Violations(limits)
    prompt, routing = yield from _prompt_and_routing(request, violations, known, size)
    arrival = arrive()
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
    known: KnownRoutings,
    size: int,
) -> Steps[tuple[Prompt, Routing]]:
    prompt = _NO_PROMPT
    if request.HasField("prompt"):
        prompt = yield from prompt_of(request.prompt, violations)
    else:
        violations.add("prompt", "must be set")
    routing = _NO_ROUTING
    is_new = False
    if request.HasField("routing"):
        options = request.routing
        check_session(options, violations)
        found = known.find(options)
        is_new = found is None
        routing = routing_of(options, violations) if found is None else found
    if size > violations.limits.text_characters:
        # A message has at least as many bytes as its texts have characters.
        _check_characters(prompt, violations)
    violations.raise_if_any()
    not_served.refuse_prompt(request.prompt)
    if is_new:
        not_served.refuse_routing(request.routing)
        known.keep(request.routing, routing)
    return prompt, routing


def _check_characters(prompt: Prompt, violations: Violations) -> None:
    limit = violations.limits.text_characters
    characters = sum(map(len, texts_of(prompt)))
    if characters > limit:
        violations.add("prompt", f"must have at most {limit:,} characters of text")
