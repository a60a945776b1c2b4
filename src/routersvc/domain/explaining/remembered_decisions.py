"""Remembers recent decisions, so that they can be explained afterwards.

A decision is kept as references to immutable values that exist anyway: limits, order, plan, report.
Of the prompt only `max_output_tokens` is kept. The explanation is derived on request, from the
configuration and the state at the time of the decision.

The store is bounded by number and age. Decisions that are too old cannot be read, and are removed
when the next one is added. The default number is low because each decision is some 25 objects that
every full garbage collection has to traverse.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.explaining.explanations import (
    Explanation,
    ExplanationSnapshot,
    explained,
    with_hedging,
)
from routersvc.domain.fleet.leases import LeaseRefusal
from routersvc.domain.outcomes.errors import UnknownDecisionError
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.planning.limits import Limits
from routersvc.domain.planning.live_stats import NOTHING_KNOWN, LiveStats
from routersvc.domain.planning.plans import PlannedRequest
from routersvc.domain.racing.hedges import HedgeDecision

_KEPT_LIMITS = tuple(name for name in Limits.__struct_fields__ if name != "request")
_kept_limits: Callable[[Limits], tuple[Any, ...]] = operator.attrgetter(*_KEPT_LIMITS)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DecisionRule:
    """How many decisions are remembered, and for how many seconds."""

    kept: int = 2_000
    max_age: float = 3600.0

    def __post_init__(self) -> None:
        if self.kept < 0:
            raise ValueError(f"`kept` must be at least 0, not {self.kept}")
        if not 0 < self.max_age < math.inf:
            raise ValueError(f"`max_age` must be above 0 seconds, not {self.max_age}")


class RunningCall(Protocol):
    """A call that has not ended."""

    @property
    def hedging(self) -> HedgeDecision | None:
        """The decision on hedging, made when the first attempt starts; `None` before that."""
        ...

    def report(self) -> RouteReport:
        """Return the report of the request so far."""
        ...


class RememberedDecision:
    """One decision with its inputs and its outcome.

    `obstacles` and `live_stats` are those of the plan's first deployments at the time of the
    decision, without `live_stats` if planning used none.
    """

    __slots__ = (
        "_catalogue",
        "_digest",
        "_hedging",
        "_limits",
        "_live_stats",
        "_max_output_tokens",
        "_obstacles",
        "_order",
        "_plan",
        "_report",
        "_routing",
        "_running",
        "_streaming",
        "_taken_at",
        "_timeout",
        "kept_at",
        "tenant",
    )

    def __init__(
        self,
        catalogue: Catalogue,
        planned: PlannedRequest,
        *,
        obstacles: Mapping[str, LeaseRefusal],
        live_stats: Sequence[LiveStats | None],
        taken_at: float,
        configuration_digest: str,
    ) -> None:
        request = planned.limits.request
        self.tenant = request.tenant
        self._taken_at = taken_at
        self._digest = configuration_digest
        self.kept_at = 0.0
        self._running: RunningCall | None = None
        self._hedging: HedgeDecision | None = None
        self._report: RouteReport | None = None
        self._catalogue = catalogue
        self._limits = _kept_limits(planned.limits)
        self._routing = request.routing
        self._streaming = request.streaming
        self._timeout = request.timeout
        self._max_output_tokens = request.prompt.sampling.max_output_tokens
        self._order = planned.order
        self._plan = planned.plan
        self._obstacles = obstacles
        self._live_stats = live_stats

    def began(self, call: RunningCall) -> None:
        """Attach the call, whose report is shown while it runs."""
        self._running = call

    def explain(self, *, only_listed: bool = False) -> Explanation:
        """Return the explanation as of the decision, with the report of the request so far.

        With `only_listed`, deployments that the policy does not list are left out.
        """
        running = self._running
        return explained(
            self._catalogue,
            PlannedRequest(
                limits=self.limits,
                order=self._order,
                plan=with_hedging(
                    self._plan, self._hedging if running is None else running.hedging
                ),
            ),
            ExplanationSnapshot(
                view=_RememberedView(self._plan.deployments, self._live_stats),
                obstacles=self._obstacles,
                taken_at=self._taken_at,
                configuration_digest=self._digest,
            ),
            report=self.report,
            only_listed=only_listed,
        )

    @property
    def report(self) -> RouteReport | None:
        """The report of the request so far, `None` before it began."""
        return self._report if self._running is None else self._running.report()

    @property
    def live_stats(self) -> Mapping[str, LiveStats]:
        """The statistics of deployments that planning used, by name."""
        names = (*(one.name for one in self._plan.deployments), *self._order.set_aside)
        return {
            name: stats
            for name, stats in zip(names, self._live_stats, strict=False)
            if stats is not None and stats != NOTHING_KNOWN
        }

    @property
    def limits(self) -> Limits:
        """The limits of the request, without its prompt."""
        return self._limits_without_prompt()

    def ended(self, report: RouteReport) -> None:
        """Keep the report of the request and release the call, which holds the prompt."""
        running = self._running
        if running is not None:
            self._hedging = running.hedging
        self._report = report
        self._running = None

    def _limits_without_prompt(self) -> Limits:
        return Limits(
            request=Request(
                request_id="",
                prompt=Prompt(
                    messages=(), sampling=Sampling(max_output_tokens=self._max_output_tokens)
                ),
                routing=self._routing,
                streaming=self._streaming,
                timeout=self._timeout,
                tenant=self.tenant,
            ),
            **dict(zip(_KEPT_LIMITS, self._limits, strict=True)),
        )


class _RememberedView:
    """The statistics of a plan's deployments at the time of the decision."""

    def __init__(
        self, deployments: Sequence[Deployment], live_stats: Sequence[LiveStats | None]
    ) -> None:
        self._live_stats = {
            deployment.name: stats or NOTHING_KNOWN
            for deployment, stats in zip(deployments, live_stats, strict=False)
        }

    def balanced(self, equals: Sequence[Deployment]) -> Sequence[Deployment]:
        """Return them unchanged: their order is decided."""
        return equals

    def is_ready(self, deployment: Deployment) -> bool:
        """Return true: what was not ready then is in the order already."""
        del deployment
        return True

    def live_stats(self, deployment: Deployment, *, streaming: bool) -> LiveStats:
        """Return the statistics at the time of the decision."""
        del streaming
        return self._live_stats.get(deployment.name, NOTHING_KNOWN)


class DecisionStore:
    """The latest decisions by id. Times are seconds of the router's clock.

    `logged` decisions are made up even where none is kept.
    """

    def __init__(self, rule: DecisionRule, *, logged: bool = False) -> None:
        self._rule = rule
        self.logged = logged
        self._kept: collections.OrderedDict[str, RememberedDecision] = collections.OrderedDict()

    def reconfigure(self, rule: DecisionRule) -> None:
        """Go on under another rule, which holds for what is held from the next decision on."""
        self._rule = rule

    @property
    def keeps_any(self) -> bool:
        """Whether decisions are remembered at all, or logged when they have ended."""
        return self._rule.kept > 0 or self.logged

    def __len__(self) -> int:
        """Return how many decisions are held."""
        return len(self._kept)

    def latest(self, count: int) -> tuple[RouteReport, ...]:
        """Return the reports of the latest decisions, the latest first."""
        decisions = itertools.islice(reversed(self._kept.values()), count)
        return tuple(one.report for one in decisions if one.report is not None)

    def keep(self, decision_id: str, decision: RememberedDecision, now: float) -> None:
        """Add a decision; remove those that are too old or too many."""
        kept = self._kept
        decision.kept_at = now
        kept[decision_id] = decision
        while len(kept) > self._rule.kept:
            kept.popitem(last=False)
        while kept:
            oldest = next(iter(kept))
            if now - kept[oldest].kept_at < self._rule.max_age:
                break
            del kept[oldest]

    def find(self, decision_id: str, *, tenant: str, now: float) -> RememberedDecision:
        """Return a decision of this tenant.

        Raises:
            UnknownDecisionError: it does not exist, is too old, or belongs to another tenant.
        """
        decision = self._kept.get(decision_id)
        if (
            decision is None
            or decision.tenant != tenant
            or now - decision.kept_at >= self._rule.max_age
        ):
            raise UnknownDecisionError
        return decision
