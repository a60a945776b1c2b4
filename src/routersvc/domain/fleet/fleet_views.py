"""The fleet at one moment, as planning sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.fleet.deployment_states import (
    DeploymentState,
)
from routersvc.domain.fleet.load_balancing import (
    DRAWN,
    LoadBalancer,
    LoadContender,
    costs_of,
)
from routersvc.domain.planning.live_stats import (
    LiveStats,
)


class FleetView:
    """What every deployment's state says at `now`.

    With a `picker` equal deployments are drawn, as calls are; without one nothing is drawn and
    nothing changes, as explanations need it.
    """

    __slots__ = ("_now", "_picker", "_ready", "_states")

    def __init__(
        self, states: Mapping[str, DeploymentState], *, picker: LoadBalancer | None, now: float
    ) -> None:
        self._states = states
        self._picker = picker
        self._now = now
        self._ready = 0

    def balanced(self, equals: Sequence[Deployment]) -> Sequence[Deployment]:
        """Return equal deployments in the order in which to try them: by a draw over their load.

        One that awaits its probe comes first, for a single call, or it would never be found well.
        Behind as many as are drawn that can be called now, others only take turns.
        """
        picker = self._picker
        if picker is not None and self._ready >= DRAWN:
            turn = picker.turn(len(equals))
            return [*equals[turn:], *equals[:turn]]
        states = [self._states[deployment.name] for deployment in equals]
        now = self._now
        contenders = [state.contender(now) for state in states]
        order = _least_loaded(contenders, now) if picker is None else picker.order(contenders, now)
        if min([contender.share for contender in contenders]) <= 0:
            order.sort(key=lambda index: not states[index].awaits_probe(now))
        self._ready += sum(
            [
                contender.share > 0 and state.gate.closed_for(now) <= 0
                for contender, state in zip(contenders, states, strict=True)
            ]
        )
        return [equals[index] for index in order]

    def live_stats(self, deployment: Deployment, *, streaming: bool) -> LiveStats:
        """Return what calls have lately shown of a deployment."""
        return self._states[deployment.name].live_stats(
            self._now, streaming=streaming, changes_nothing=self._picker is None
        )


def _least_loaded(contenders: Sequence[LoadContender], now: float) -> list[int]:
    """Return the order to which draws tend: by load, those that are not called last."""
    costs = costs_of(contenders, now)
    return sorted(
        range(len(contenders)), key=lambda index: (contenders[index].share <= 0, costs[index])
    )
