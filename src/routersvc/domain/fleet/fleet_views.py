"""The fleet at one moment: as calls are planned by it, and as explanations read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.deployment_states import DeploymentState
from routersvc.domain.fleet.load_balancing import DRAWN, LoadBalancer, LoadContender, costs_of
from routersvc.domain.planning.live_stats import LiveStats


class ReadingView:
    """The fleet at `now`. Draws nothing and changes nothing."""

    __slots__ = ("_now", "_states")

    def __init__(self, states: Mapping[str, DeploymentState], *, now: float) -> None:
        self._states = states
        self._now = now

    def balanced(self, equals: Sequence[Deployment]) -> Sequence[Deployment]:
        """Return equal deployments in the order in which draws most likely try them: by load.

        One that awaits its probe comes first.
        """
        states = [self._states[deployment.name] for deployment in equals]
        now = self._now
        contenders = [state.contender(now) for state in states]
        costs = costs_of(contenders, now)
        order = sorted(
            range(len(contenders)), key=lambda index: (contenders[index].share <= 0, costs[index])
        )
        _put_probes_first(order, contenders, states, now)
        return [equals[index] for index in order]

    def is_ready(self, deployment: Deployment) -> bool:
        """Whether breaker, checks and pauses keep no calls away from a deployment now."""
        return _is_ready(self._states[deployment.name], self._now)

    def live_stats(self, deployment: Deployment, *, streaming: bool) -> LiveStats:
        """Return what calls have lately shown of a deployment."""
        measurements = self._states[deployment.name].measurements
        return measurements.live_stats(self._now, streaming=streaming)


class PlanningView:
    """The fleet at `now`, for the plan of one call.

    Draws equal deployments with `balancer`, and keeps the live stats that it computes for the
    plans that follow.
    """

    __slots__ = ("_balancer", "_latest", "_now", "_ready", "_states")

    def __init__(
        self, states: Mapping[str, DeploymentState], *, balancer: LoadBalancer, now: float
    ) -> None:
        self._states = states
        self._balancer = balancer
        self._now = now
        self._ready = 0
        self._latest: Sequence[tuple[LoadContender, DeploymentState]] = ()

    def balanced(self, equals: Sequence[Deployment]) -> Sequence[Deployment]:
        """Return equal deployments in the order in which to try them: by a draw over their load.

        One that awaits its probe comes first, for a single call, or it would never recover. Once
        as many as are drawn can be called now, further groups only rotate.
        """
        balancer = self._balancer
        self._count_ready()
        if self._ready >= DRAWN:
            turn = balancer.turn(len(equals))
            return [*equals[turn:], *equals[:turn]]
        states = [self._states[deployment.name] for deployment in equals]
        now = self._now
        contenders = [state.contender(now) for state in states]
        order = balancer.order(contenders, now)
        _put_probes_first(order, contenders, states, now)
        self._latest = tuple(zip(contenders, states, strict=True))
        return [equals[index] for index in order]

    def _count_ready(self) -> None:
        """Count those of the latest group that can be called now: most plans have one group."""
        self._ready += sum(
            contender.share > 0 and state.gate.is_open(self._now)
            for contender, state in self._latest
        )
        self._latest = ()

    def is_ready(self, deployment: Deployment) -> bool:
        """Whether breaker, checks and pauses keep no calls away from a deployment now."""
        return _is_ready(self._states[deployment.name], self._now)

    def live_stats(self, deployment: Deployment, *, streaming: bool) -> LiveStats:
        """Return what calls have lately shown of a deployment; compute it once and keep it."""
        measurements = self._states[deployment.name].measurements
        kept = measurements.kept_live_stats(self._now, streaming=streaming)
        if kept is None:
            measurements.refresh_live_stats(self._now, streaming=streaming)
            kept = measurements.live_stats(self._now, streaming=streaming)
        return kept


def _is_ready(state: DeploymentState, now: float) -> bool:
    unreachable = state.breaker.is_open or state.checks.is_unreachable
    return not unreachable and state.gate.is_open(now)


def _put_probes_first(
    order: list[int],
    contenders: Sequence[LoadContender],
    states: Sequence[DeploymentState],
    now: float,
) -> None:
    if min([contender.share for contender in contenders]) <= 0:
        order.sort(key=lambda index: not states[index].awaits_probe(now))
