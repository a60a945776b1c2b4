"""Sums the records of decision logs by tenant, model, policy, day and others.

What belongs to an attempt (its cost, its tokens) is counted where that attempt was made, what
belongs to a call (its outcome, its latency) where the call was served or last tried. So the rows
always add up to the total.
"""

from __future__ import annotations

import array
import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

from routersvc.domain.explaining.recorded_decisions import (
    DecisionRecord,
    RecordedAttempt,
    RecordedDeployment,
)
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.telemetry.decision_log.dimensions import Dimension

_BESIDE = frozenset({AttemptReason.HEDGE, AttemptReason.RESCUE})
"""Reasons of attempts that run beside another one."""

_NOWHERE = RecordedDeployment(deployment="", provider="", model="")


@dataclasses.dataclass(slots=True)
class DecisionTotals:
    """Sums over some decisions. `hedges` counts rescues as well; tokens are those of attempts."""

    calls: int = 0
    served: int = 0
    failed: int = 0
    not_planned: int = 0
    recovered: int = 0
    degraded: int = 0
    attempts: int = 0
    failovers: int = 0
    hedges: int = 0
    hedges_won: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    wasted_usd: float = 0.0
    durations: array.array[float] = dataclasses.field(default_factory=lambda: array.array("d"))
    first_contents: array.array[float] = dataclasses.field(default_factory=lambda: array.array("d"))

    def add_call(self, record: DecisionRecord) -> None:
        """Count what belongs to the call as a whole."""
        self.calls += 1
        self.served += record.outcome == "served"
        self.not_planned += record.plan is None
        self.failed += record.outcome != "served" and record.plan is not None
        self.recovered += record.recovered
        self.degraded += record.degradation is not None
        if record.duration_seconds is not None:
            self.durations.append(record.duration_seconds)
        if record.time_to_first_content_seconds is not None:
            self.first_contents.append(record.time_to_first_content_seconds)

    def add_attempt(self, attempt: RecordedAttempt) -> None:
        """Count what belongs to one attempt."""
        self.attempts += 1
        self.failovers += attempt.reason is AttemptReason.FAILOVER
        is_hedge = attempt.reason in _BESIDE
        self.hedges += is_hedge
        self.hedges_won += is_hedge and attempt.outcome is AttemptOutcome.SERVED
        self.input_tokens += attempt.usage.input_tokens
        self.output_tokens += attempt.usage.output_tokens
        if attempt.cost is not None:
            self.cost_usd += attempt.cost.usd
            self.wasted_usd += attempt.cost.wasted_usd

    def figures(self) -> dict[str, int | float | None]:
        """Return all figures by name; times in seconds, `None` without any."""
        figures: dict[str, int | float | None] = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in {"durations", "first_contents"}
        }
        for name, times in (
            ("duration", self.durations),
            ("time_to_first_content", self.first_contents),
        ):
            ordered = sorted(times)
            for percent in (50, 95):
                figures[f"{name}_p{percent}_seconds"] = _quantile(ordered, percent / 100)
        return figures


def totals_of(
    records: Iterable[DecisionRecord], by: Sequence[Dimension]
) -> tuple[Mapping[tuple[str, ...], DecisionTotals], DecisionTotals]:
    """Return the totals of each group, sorted by its key, and those of all records."""
    groups: dict[tuple[str, ...], DecisionTotals] = {}
    total = DecisionTotals()
    for record in records:
        last = record.attempts[-1].deployment if record.attempts else _NOWHERE
        for totals in (_group(groups, record, record.served_by or last, by), total):
            totals.add_call(record)
        for attempt in record.attempts:
            for totals in (_group(groups, record, attempt.deployment, by), total):
                totals.add_attempt(attempt)
    return {key: groups[key] for key in sorted(groups)}, total


def _group(
    groups: dict[tuple[str, ...], DecisionTotals],
    record: DecisionRecord,
    deployment: RecordedDeployment,
    by: Sequence[Dimension],
) -> DecisionTotals:
    key = tuple(_value(record, deployment, dimension) for dimension in by)
    totals = groups.get(key)
    if totals is None:
        totals = groups[key] = DecisionTotals()
    return totals


def _value(record: DecisionRecord, deployment: RecordedDeployment, dimension: Dimension) -> str:
    match dimension:
        case Dimension.TENANT:
            return record.tenant
        case Dimension.POLICY:
            return record.policy
        case Dimension.DAY:
            return record.received_time.date().isoformat()
        case Dimension.MODEL:
            return deployment.model
        case Dimension.PROVIDER:
            return deployment.provider
        case Dimension.DEPLOYMENT:
            return deployment.deployment


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least this share does not exceed."""
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
