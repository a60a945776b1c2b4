"""The results of a drill as plain values for JSON. Times are seconds."""

from __future__ import annotations

import array

from routersvc.domain.fleet.health import DeploymentHealth
from routersvc.drills.figures.drill_columns import Column, columns_of
from routersvc.drills.figures.drill_figures import CallOutcome, quantile
from routersvc.drills.simulation.simulation import DrillResult

_QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999))
_WORST_WINDOW = 10
_COLUMNS = 120


def entries_of(result: DrillResult) -> dict[str, object]:
    """Return everything that tables and plots show."""
    figures = result.figures
    return {
        "name": result.plan.name,
        "seed": result.plan.seed,
        "duration": result.plan.duration,
        "calls": figures.calls,
        "outcomes": {_key(outcome): figures.outcomes[outcome] for outcome in CallOutcome},
        "recovered": figures.recovered,
        "attempts": {reason.value: count for reason, count in figures.reasons.items()},
        "extra_share": figures.extra_attempts / figures.calls if figures.calls else 0.0,
        "worst_extra_share": figures.worst_extra(window=_WORST_WINDOW),
        "time_to_first_content": _quantiles(figures.first_contents),
        "call_duration": _quantiles(figures.durations),
        "deployments": {
            health.deployment.name: _deployment(result, health) for health in result.health
        },
        "over_time": [_column(column) for column in columns_of(figures.seconds, most=_COLUMNS)],
        "violations": [str(violation) for violation in result.violations],
    }


def _deployment(result: DrillResult, health: DeploymentHealth) -> dict[str, object]:
    name = health.deployment.name
    return {
        "attempts": result.figures.attempts[name],
        "served": result.figures.served[name],
        "breaker_opened": health.breaker.opened_total,
        "failures": {
            failure_class.value: count for failure_class, count in health.failures_total.items()
        },
    }


def _column(column: Column) -> dict[str, object]:
    return {
        "start": column.start,
        "length": column.length,
        "arrived": column.arrived,
        "outcomes": {_key(outcome): count for outcome, count in column.outcomes.items()},
        "extra": column.extra,
        "attempts": dict(column.attempts),
        "failures": dict(column.failures),
        "first_content_p50": column.first_content_p50,
        "first_content_p95": column.first_content_p95,
    }


def _quantiles(values: array.array[float]) -> dict[str, float | None]:
    return {name: quantile(values, share) for name, share in _QUANTILES}


def _key(outcome: CallOutcome) -> str:
    return outcome.value.replace(" ", "_")
