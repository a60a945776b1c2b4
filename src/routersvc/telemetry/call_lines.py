"""The access log: one line per call that has ended, without prompts and answers.

The event loop only collects the values. The writer's thread makes the record and its fields,
because that costs several times more right after a wait, when CPU caches are cold.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from routersvc.domain.outcomes.attempt_reports import AttemptReport
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.values import Value
from routersvc.telemetry.outcomes import NOT_THE_SERVICE, CallOutcome

LOGGER_NAME = "routersvc.calls"

MAX_TEXT = 500
"""The number of characters that are logged of a text from the caller."""

_MICROSECONDS = 6


class CallLine(Value, frozen=True):
    """The facts of an ended call. `report` is `None` for a rejected one.

    `created` is seconds since the epoch.
    """

    created: float
    outcome: CallOutcome
    request_id: str
    tenant: str
    streaming: bool
    trace_id: str | None
    report: RouteReport | None
    error: str

    @property
    def level(self) -> int:
        """The log level: a warning if the service or a provider was at fault."""
        return logging.INFO if self.outcome in NOT_THE_SERVICE else logging.WARNING

    def fields(self) -> Mapping[str, object]:
        """Return the fields of the line in reading order."""
        fields: dict[str, object] = {"outcome": self.outcome.value}
        if self.trace_id is not None:
            fields["trace_id"] = self.trace_id
        if self.request_id:
            fields["request_id"] = self.request_id[:MAX_TEXT]
        if self.report is not None:
            fields["decision_id"] = self.report.decision_id
        fields["tenant"] = self.tenant
        fields["streaming"] = self.streaming
        if self.report is not None:
            fields.update(_report_fields(self.report))
        if self.error:
            fields["error"] = self.error[:MAX_TEXT]
        return fields


def call_record(line: CallLine) -> logging.LogRecord:
    """Return the log record of a line."""
    message = "call refused" if line.report is None else "call ended"
    record = logging.LogRecord(LOGGER_NAME, line.level, "", 0, message, None, None)
    record.created = line.created
    record.fields = line
    return record


def _report_fields(report: RouteReport) -> Mapping[str, object]:
    fields: dict[str, object] = {"policy": report.policy}
    served = report.served
    if served is not None:
        fields["deployment"] = served.deployment.name
        fields["model"] = served.deployment.model.name
        fields["model_version"] = served.model_version
    fields["attempts"] = [_attempt_fields(attempt) for attempt in report.attempts]
    fields["failure_classes"] = [
        attempt.failure.failure_class.value
        for attempt in report.attempts
        if attempt.failure is not None
    ]
    for name, flag in (("hedged", report.hedged), ("recovered", report.recovered)):
        if flag:
            fields[name] = True
    if report.degradation is not None:
        fields["degraded"] = report.degradation.rung.value
    fields["duration_seconds"] = _rounded(report.duration)
    fields["time_to_first_content_seconds"] = _rounded(report.time_to_first_content)
    fields["input_tokens"] = report.total_usage.input_tokens
    fields["output_tokens"] = report.total_usage.output_tokens
    if report.total_cost is not None:
        fields["cost_usd"] = report.total_cost.usd
        fields["wasted_usd"] = report.total_cost.wasted_usd
    return fields


def _attempt_fields(attempt: AttemptReport) -> Mapping[str, object]:
    fields: dict[str, object] = {
        "deployment": attempt.deployment.name,
        "reason": attempt.reason.value,
        "outcome": attempt.outcome.value,
        "start_seconds": _rounded(attempt.start_delay),
        "duration_seconds": _rounded(attempt.duration),
    }
    if attempt.failure is not None:
        fields["failure_class"] = attempt.failure.failure_class.value
        if attempt.failure.http_status is not None:
            fields["http_status"] = attempt.failure.http_status
    return fields


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, _MICROSECONDS)
