"""What is settled once a call has ended: decision, budget, tokens, and the places that it took."""

from __future__ import annotations

from routersvc.domain.catalogue.requests import Request
from routersvc.domain.explaining.remembered_decisions import RememberedDecision
from routersvc.domain.measures.cost_budgets import BudgetReservation
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.planning.plans import Plan
from routersvc.domain.values import Record
from routersvc.engine.admission import Admission
from routersvc.engine.generations import Generation, LastingParts


class CallEnding(Record, kw_only=True, eq=False):
    """The accounts of one call; `settle` is called once, when its last attempt has ended."""

    request: Request
    plan: Plan
    generation: Generation
    parts: LastingParts
    admission: Admission
    reservation: BudgetReservation | None
    remembered: RememberedDecision | None

    def settle(self, report: RouteReport, error: BaseException | None) -> None:
        """Settle all accounts; `error` is `None` for a complete answer."""
        parts = self.parts
        remembered = self.remembered
        if remembered is not None:
            remembered.ended(report)
            if parts.decision_log is not None:
                parts.decision_log.ended(self.request, remembered, error)
        if self.reservation is not None:
            cost = report.total_cost
            paid = 0.0 if cost is None else cost.usd
            parts.budgets.settle(self.reservation, paid, parts.clock())
        self.admission.settle_tokens(report, taken=self.plan.tokens)
        self.generation.end()
        self.admission.ended(report.tenant)
