"""Formats the report of a call in one line."""

from __future__ import annotations

from routersvc.cli.views.figures import count_text, money_text, time_text
from routersvc.grpc_api.client.messages import (
    Attempt,
    DeploymentName,
    RouteReport,
    Usage,
    seconds_of,
    word_of,
)

_SEPARATOR = " · "


def report_line(report: RouteReport, usage: Usage | None = None, finish: str = "") -> str:
    """Return the model, the times, the tokens, the cost and the attempts of a call.

    `finish` is the finish reason as a word; an ordinary end is not worth one.
    """
    parts = [_served(report)]
    duration = seconds_of(report, "duration")
    first = seconds_of(report, "time_to_first_content")
    if duration is not None:
        began = f", first words after {time_text(first)}" if first is not None else ""
        parts.append(f"{time_text(duration)}{began}")
    if usage is not None and (usage.input_tokens or usage.output_tokens):
        sign = "~" if usage.estimated else ""
        parts.append(f"{sign}{usage.input_tokens:,} + {sign}{usage.output_tokens:,} tokens")
    if report.HasField("total_cost"):
        sign = "~" if report.total_cost.estimated else ""
        parts.append(f"{sign}{money_text(report.total_cost.usd)}")
    parts.append(attempts_text(report))
    if report.HasField("degradation"):
        parts.append(f"degraded: {report.degradation.description}")
    if finish not in {"", "stop"}:
        parts.append(f"ended by: {finish}")
    return _SEPARATOR.join(parts)


def attempts_text(report: RouteReport) -> str:
    """Return the number of attempts, and the outcomes of those that did not serve."""
    text = count_text(len(report.attempts), "attempt")
    others = [attempt_text(one) for one in report.attempts if word_of(one, "outcome") != "served"]
    return f"{text}: {', '.join(others)}" if others else text


def attempt_text(attempt: Attempt) -> str:
    """Return the outcome of one attempt: `alpha-large failed (connect)`."""
    outcome = word_of(attempt, "outcome") or "still runs"
    failure = word_of(attempt, "failure_class")
    status = f", HTTP {attempt.http_status}" if attempt.HasField("http_status") else ""
    why = f" ({failure}{status})" if failure else ""
    return f"{attempt.deployment.deployment} {outcome}{why}"


def model_text(name: DeploymentName) -> str:
    """Return the model, provider and region of a deployment: `sim-large at alpha, eu`."""
    region = f", {name.region}" if name.region else ""
    return f"{name.model} at {name.provider}{region}"


def _served(report: RouteReport) -> str:
    if not report.HasField("served_by"):
        return "nothing answered"
    version = report.served_by.model_version
    model = report.served_by.deployment.model
    # Usually the version is the model's name with a date: `--json` has it.
    shown = "" if not version or version.startswith(model) else f" ({version})"
    return f"{model_text(report.served_by.deployment)}{shown}"
