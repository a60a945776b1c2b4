"""Counts the calls of each tenant by outcome, and their cost."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator

from prometheus_client.core import Metric

from routersvc.domain.outcomes.reports import RouteReport
from routersvc.telemetry import metric_families
from routersvc.telemetry.instruments import Counter
from routersvc.telemetry.outcomes import CallOutcome

OTHER = "other"


@dataclasses.dataclass(slots=True)
class _Counts:
    calls: defaultdict[CallOutcome, Counter] = dataclasses.field(
        default_factory=lambda: defaultdict(Counter)
    )
    cost_usd: float = 0.0
    wasted_usd: float = 0.0


class TenantCounts:
    """Counts by tenant; tenants beyond the first `max_names` are counted together as `other`.

    Calls without a tenant are not counted.
    """

    def __init__(self, *, max_names: int) -> None:
        self._max_names = max_names
        self._tenants: dict[str, _Counts] = {}

    def call_ended(self, report: RouteReport, outcome: CallOutcome) -> None:
        """Count a call that has ended, with the cost of all its attempts."""
        if not report.tenant:
            return
        counts = self._of(report.tenant)
        counts.calls[outcome].value += 1
        if report.total_cost is not None:
            counts.cost_usd += report.total_cost.usd
            counts.wasted_usd += report.total_cost.wasted_usd

    def begin(self, tenants: Iterable[str]) -> None:
        """Make the series of served calls and of cost exist for configured tenants."""
        for tenant in tenants:
            self._of(tenant).calls[CallOutcome.SERVED].value += 0

    def call_refused(self, tenant: str, outcome: CallOutcome) -> None:
        """Count a call that was rejected before any attempt."""
        if tenant and outcome is not CallOutcome.UNAUTHENTICATED:
            self._of(tenant).calls[outcome].value += 1

    def families(self) -> Iterator[Metric]:
        """Yield every family with its samples as of now."""
        calls = metric_families.TENANT_CALLS.family()
        cost = metric_families.TENANT_COST.family()
        wasted = metric_families.TENANT_WASTED_COST.family()
        for tenant, counts in self._tenants.items():
            for outcome, counter in counts.calls.items():
                calls.add_metric((tenant, outcome.value), counter.value)
            cost.add_metric((tenant,), counts.cost_usd)
            wasted.add_metric((tenant,), counts.wasted_usd)
        yield from (calls, cost, wasted)

    def _of(self, tenant: str) -> _Counts:
        counts = self._tenants.get(tenant)
        if counts is None:
            name = tenant if len(self._tenants) < self._max_names else OTHER
            counts = self._tenants.setdefault(name, _Counts())
        return counts
