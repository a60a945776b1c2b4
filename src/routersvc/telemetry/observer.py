"""Reports calls and attempts of the engine as metrics, spans and log lines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from opentelemetry.trace import Span, Tracer, format_trace_id, get_current_span

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.fleet.state_changes import StateChange
from routersvc.domain.outcomes.attempt_reports import AttemptReason, AttemptReport
from routersvc.domain.outcomes.errors import (
    OverloadedError,
    RefusedError,
    RouterError,
    UnknownTenantError,
)
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.telemetry.call_lines import LOGGER_NAME, MAX_TEXT, CallLine
from routersvc.telemetry.metrics import AttemptCounts, Metrics
from routersvc.telemetry.outcomes import CallOutcome, outcome_of
from routersvc.telemetry.spans import describe_call, end_attempt_span, start_attempt_span
from routersvc.telemetry.trace_context import TRACEPARENT, headers_of, trace_id_of

_fleet_logger = logging.getLogger("routersvc.fleet")

_NO_HEADERS: Mapping[str, str] = {}


class _Attempt:
    """The telemetry of one running attempt."""

    __slots__ = ("_counts", "_span", "headers")

    def __init__(
        self, *, counts: AttemptCounts, span: Span | None, headers: Mapping[str, str]
    ) -> None:
        self._counts = counts
        self._span = span
        self.headers = headers

    def ended(self, attempt: AttemptReport) -> None:
        self._counts.attempt_ended(attempt)
        if self._span is not None:
            end_attempt_span(self._span, attempt)


class TelemetryObserver:
    """The engine's `Observer`.

    Without a `tracer`, the caller's trace context is forwarded to providers unchanged, so that
    their spans stay connected to the caller's trace; with `propagate` off, nothing is sent.
    `write_line` writes the lines that the level of the logger `routersvc.calls` allows;
    `wall_clock` returns seconds since the epoch.
    """

    def __init__(
        self,
        *,
        metrics: Metrics,
        tracer: Tracer | None,
        propagate: bool,
        write_line: Callable[[CallLine], None],
        wall_clock: Callable[[], float],
    ) -> None:
        self._metrics = metrics
        self._write_line = write_line
        self._wall_clock = wall_clock
        self._tracer = tracer
        self._propagate = propagate
        self._logger = logging.getLogger(LOGGER_NAME)

    def attempt_started(
        self, *, request: Request, deployment: Deployment, number: int, reason: AttemptReason
    ) -> _Attempt:
        """Record that an attempt starts, in the context of the call."""
        counts = self._metrics.attempts_on(deployment)
        counts.running += 1
        span: Span | None = None
        headers = request.trace_headers
        if self._tracer is not None:
            current = get_current_span()
            if current.is_recording():
                current = span = start_attempt_span(
                    self._tracer,
                    deployment=deployment,
                    number=number,
                    reason=reason,
                    streaming=request.streaming,
                )
            context = current.get_span_context()
            if context.is_valid:
                headers = headers_of(context)
        return _Attempt(
            counts=counts, span=span, headers=headers if self._propagate else _NO_HEADERS
        )

    def call_ended(
        self, *, request: Request, report: RouteReport, error: BaseException | None
    ) -> None:
        """Record that a call has ended; `error` is `None` for a complete answer."""
        outcome = outcome_of(error)
        self._metrics.call_ended(report, outcome, streaming=request.streaming)
        if self._tracer is not None:
            span = get_current_span()
            if span.is_recording():
                describe_call(span, report, outcome)
        self._log(request, report, outcome, error)

    def call_turned_away(self, error: RefusedError, *, streaming: bool) -> None:
        """Count a call without access; it is not logged, or anyone could flood the log."""
        self._metrics.call_refused(outcome_of(error), streaming=streaming)
        if isinstance(error, UnknownTenantError):
            self._metrics.caller_unknown(error.doubt)

    def call_unreadable(self, error: RefusedError, *, streaming: bool, tenant: str) -> None:
        """Count a call whose request cannot be read or exceeds a limit; it is not logged."""
        self._metrics.call_refused(outcome_of(error), streaming=streaming, tenant=tenant)

    def call_refused(self, *, request: Request, error: RefusedError) -> None:
        """Record that a call was rejected before any attempt."""
        outcome = outcome_of(error)
        self._metrics.call_refused(outcome, streaming=request.streaming, tenant=request.tenant)
        if isinstance(error, OverloadedError):
            self._metrics.call_shed(error.priority)
        if self._tracer is not None:
            get_current_span().set_attribute("routersvc.outcome", outcome.value)
        self._log(request, None, outcome, error)

    def state_changed(self, change: StateChange) -> None:
        """Log a change of the fleet: a warning where fewer calls can be served than before."""
        level = logging.WARNING if change.is_worse else logging.INFO
        named = {
            "deployment": change.deployment,
            "provider": change.provider,
            "credential": change.credential,
            "model": change.model,
            "reason": change.reason[:MAX_TEXT],
        }
        fields = {name: text for name, text in named.items() if text}
        _fleet_logger.log(level, change.kind.value, extra={"fields": fields})

    def _log(
        self,
        request: Request,
        report: RouteReport | None,
        outcome: CallOutcome,
        error: BaseException | None,
    ) -> None:
        logger = self._logger
        if not logger.isEnabledFor(logging.WARNING):
            return
        line = CallLine(
            created=self._wall_clock(),
            outcome=outcome,
            request_id=request.request_id,
            tenant=request.tenant,
            streaming=request.streaming,
            trace_id=self._trace_id(request),
            report=report,
            error=str(error) if isinstance(error, RouterError) else "",
        )
        if logger.isEnabledFor(line.level):
            self._write_line(line)

    def _trace_id(self, request: Request) -> str | None:
        if self._tracer is not None:
            context = get_current_span().get_span_context()
            if context.is_valid:
                return format_trace_id(context.trace_id)
        parent = request.trace_headers.get(TRACEPARENT)
        return None if parent is None else trace_id_of(parent)
