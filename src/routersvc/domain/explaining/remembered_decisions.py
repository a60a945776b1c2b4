"""Remembers decisions for a while, so that they can be explained after the fact.

A decision is kept as references to values that exist anyway and do not change: limits, order, plan,
report. The prompt is not among them: of it only the length that it allows the answer is kept. An
explanation is written when somebody asks for it, from the configuration and the state of then.

The store holds the latest decisions, as many as its rule says and none older than that. What is
too old goes with the next decision; until then nobody can read it. There are not more of them by
default because each is some 25 objects that every full garbage collection has to pass over.
"""

from __future__ import annotations

import collections
import dataclasses
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.catalogue.requests import (
    Request,
)
from routersvc.domain.conversation.prompts import (
    Prompt,
    Sampling,
)
from routersvc.domain.explaining.explanations import (
    Explanation,
    ExplanationSnapshot,
    explained,
    with_hedging,
)
from routersvc.domain.fleet.leases import (
    LeaseRefusal,
)
from routersvc.domain.outcomes.errors import (
    UnknownDecisionError,
)
from routersvc.domain.outcomes.reports import (
    RouteReport,
)
from routersvc.domain.planning.deployment_orders import (
    DeploymentOrder,
)
from routersvc.domain.planning.limits import (
    Limits,
)
from routersvc.domain.planning.live_stats import (
    LiveStats,
)
from routersvc.domain.planning.planner import (
    Planner,
)
from routersvc.domain.planning.plans import (
    Plan,
)
from routersvc.domain.racing.hedges import (
    HedgeDecision,
)

_KEPT_LIMITS = tuple(field.name for field in dataclasses.fields(Limits) if field.name != "request")
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
        """What was decided on a hedge when the first attempt started; `None` before that."""
        ...

    def report(self) -> RouteReport:
        """Return what became of the request so far."""
        ...


class RememberedDecision:
    """What one decision rested on, and what became of it.

    `obstacles` and `first_contents` (the usual seconds to first content) are those of the plan's
    deployments at that moment, as far as anybody has looked.
    """

    __slots__ = (
        "_digest",
        "_first_contents",
        "_hedging",
        "_limits",
        "_max_output_tokens",
        "_obstacles",
        "_order",
        "_plan",
        "_planner",
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
        planner: Planner,
        limits: Limits,
        order: DeploymentOrder,
        plan: Plan,
        *,
        obstacles: Mapping[str, LeaseRefusal],
        first_contents: Sequence[float | None],
        taken_at: float,
        configuration_digest: str,
    ) -> None:
        request = limits.request
        self.tenant = request.tenant
        self._taken_at = taken_at
        self._digest = configuration_digest
        self.kept_at = 0.0
        self._running: RunningCall | None = None
        self._hedging: HedgeDecision | None = None
        self._report: RouteReport | None = None
        self._planner = planner
        self._limits = _kept_limits(limits)
        self._routing = request.routing
        self._streaming = request.streaming
        self._timeout = request.timeout
        self._max_output_tokens = request.prompt.sampling.max_output_tokens
        self._order = order
        self._plan = plan
        self._obstacles = obstacles
        self._first_contents = first_contents

    def began(self, call: RunningCall) -> None:
        """Take note of the call, which tells how it stands for as long as it runs."""
        self._running = call

    def explain(self) -> Explanation:
        """Return the explanation of then, with what has become of the request."""
        running = self._running
        return explained(
            self._planner,
            self._limits_without_prompt(),
            self._order,
            with_hedging(self._plan, self._hedging if running is None else running.hedging),
            ExplanationSnapshot(
                view=_RememberedView(self._plan.deployments, self._first_contents),
                obstacles=self._obstacles,
                taken_at=self._taken_at,
                configuration_digest=self._digest,
            ),
            report=self._report if running is None else running.report(),
        )

    def ended(self, report: RouteReport) -> None:
        """Take note of what became of the request; the call, with its prompt, is let go."""
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
    """What planning had seen of the deployments of a plan."""

    def __init__(
        self, deployments: Sequence[Deployment], first_contents: Sequence[float | None]
    ) -> None:
        self._first_contents = {
            deployment.name: first
            for deployment, first in zip(deployments, first_contents, strict=False)
        }

    def balanced(self, equals: Sequence[Deployment]) -> Sequence[Deployment]:
        """Leave them as they stand: their order is decided."""
        return equals

    def live_stats(self, deployment: Deployment, *, streaming: bool) -> LiveStats:
        """Return what was seen then."""
        del streaming
        return LiveStats(first_content=self._first_contents.get(deployment.name))


class DecisionStore:
    """The latest decisions by their ids. Told the time, in seconds of the router's clock."""

    def __init__(self, rule: DecisionRule) -> None:
        self._rule = rule
        self._kept: collections.OrderedDict[str, RememberedDecision] = collections.OrderedDict()

    @property
    def keeps_any(self) -> bool:
        """Whether decisions are remembered at all."""
        return self._rule.kept > 0

    def __len__(self) -> int:
        """Return how many decisions are held."""
        return len(self._kept)

    def keep(self, decision_id: str, decision: RememberedDecision, now: float) -> None:
        """Remember a decision; what is too old or too many is forgotten."""
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
        """Return a decision of this tenant. Changes nothing.

        Raises:
            UnknownDecisionError: there is none, not any more, or it is another tenant's.
        """
        decision = self._kept.get(decision_id)
        if (
            decision is None
            or decision.tenant != tenant
            or now - decision.kept_at >= self._rule.max_age
        ):
            raise UnknownDecisionError
        return decision
