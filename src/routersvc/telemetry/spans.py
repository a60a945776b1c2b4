"""A span for every attempt, and attributes of the call's span.

Spans are created only below a recording span, so that a call that is not sampled costs one look-up
of its context. Attribute names are those of OpenTelemetry's GenAI conventions, in which
`gen_ai.provider.name` has replaced `gen_ai.system`; all others begin with `routersvc.`. The
attributes that contain messages are deliberately left out.

https://github.com/open-telemetry/semantic-conventions-genai
"""

from __future__ import annotations

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.usage import Usage
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason, AttemptReport
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.telemetry.outcomes import CallOutcome

OPERATION = "chat"
"""The conventions' name of a chat completion."""

_ERRORS = frozenset({AttemptOutcome.FAILED, AttemptOutcome.BROKEN})


def start_attempt_span(
    tracer: Tracer,
    *,
    deployment: Deployment,
    number: int,
    reason: AttemptReason,
    streaming: bool,
) -> Span:
    """Start the span of an attempt as a child of the current span."""
    attributes: dict[str, AttributeValue] = {
        "gen_ai.operation.name": OPERATION,
        "gen_ai.provider.name": deployment.provider.name,
        "gen_ai.request.model": deployment.wire_model,
        "gen_ai.request.stream": streaming,
        "routersvc.deployment": deployment.name,
        "routersvc.model": deployment.model.name,
        "routersvc.wire_format": deployment.provider.wire_format,
        "routersvc.attempt.number": number,
        "routersvc.attempt.reason": reason.value,
    }
    if deployment.compliance.region is not None:
        attributes["routersvc.region"] = deployment.compliance.region
    return tracer.start_span(
        f"{OPERATION} {deployment.wire_model}", kind=SpanKind.CLIENT, attributes=attributes
    )


def end_attempt_span(span: Span, attempt: AttemptReport) -> None:
    """End the span of an attempt with its outcome, usage and cost."""
    attributes = _usage_attributes(attempt.usage)
    attributes["routersvc.attempt.outcome"] = attempt.outcome.value
    if attempt.time_to_first_content is not None:
        attributes["gen_ai.response.time_to_first_chunk"] = attempt.time_to_first_content
    if attempt.cost is not None:
        attributes["routersvc.cost_usd"] = attempt.cost.usd
        attributes["routersvc.wasted_usd"] = attempt.cost.wasted_usd
    failure = attempt.failure
    if failure is not None:
        attributes["error.type"] = failure.failure_class.value
        if failure.http_status is not None:
            attributes["http.response.status_code"] = failure.http_status
    span.set_attributes(attributes)
    if attempt.outcome in _ERRORS:
        span.set_status(Status(StatusCode.ERROR, None if failure is None else failure.message))
    span.end()


def describe_call(span: Span, report: RouteReport, outcome: CallOutcome) -> None:
    """Set the outcome, usage and cost on the span of a call, without ending it."""
    attributes = _usage_attributes(report.total_usage)
    attributes["routersvc.decision_id"] = report.decision_id
    attributes["routersvc.policy"] = report.policy
    attributes["routersvc.tenant"] = report.tenant
    attributes["routersvc.outcome"] = outcome.value
    attributes["routersvc.attempts"] = len(report.attempts)
    attributes["routersvc.hedged"] = report.hedged
    attributes["routersvc.recovered"] = report.recovered
    if report.degradation is not None:
        attributes["routersvc.degraded"] = report.degradation.rung.value
    if report.total_cost is not None:
        attributes["routersvc.cost_usd"] = report.total_cost.usd
        attributes["routersvc.wasted_usd"] = report.total_cost.wasted_usd
    if report.served is not None:
        attributes["routersvc.deployment"] = report.served.deployment.name
        if report.served.model_version:
            attributes["gen_ai.response.model"] = report.served.model_version
        if report.served.response_id:
            attributes["gen_ai.response.id"] = report.served.response_id
    span.set_attributes(attributes)


def _usage_attributes(usage: Usage) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
    }
    if usage.cached_input_tokens:
        attributes["gen_ai.usage.cache_read.input_tokens"] = usage.cached_input_tokens
    if usage.cache_write_tokens:
        attributes["gen_ai.usage.cache_creation.input_tokens"] = usage.cache_write_tokens
    if usage.reasoning_tokens:
        attributes["gen_ai.usage.reasoning.output_tokens"] = usage.reasoning_tokens
    return attributes
