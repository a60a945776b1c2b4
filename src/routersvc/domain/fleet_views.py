"""The fleet at one moment, as planning sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routersvc.domain.catalogue import Deployment
from routersvc.domain.deployment_states import DeploymentState
from routersvc.domain.outlooks import Outlook
from routersvc.domain.pickers import Picker, prior_of


class FleetView:
    """What every deployment's state says at `now`.

    With a `picker` equal deployments are drawn, as calls are; without one nothing is drawn and
    nothing changes, as explanations need it.
    """

    __slots__ = ("_now", "_picker", "_states")

    def __init__(
        self, states: Mapping[str, DeploymentState], *, picker: Picker | None, now: float
    ) -> None:
        self._states = states
        self._picker = picker
        self._now = now

    def balanced(self, equals: Sequence[Deployment]) -> list[Deployment]:
        """Return equal deployments in the order in which to try them: by a draw over their load.

        One that awaits its probe comes first, for a single call, or it would never be found well.
        """
        states = [self._states[deployment.name] for deployment in equals]
        now = self._now
        order = (
            self._least_loaded(states)
            if self._picker is None
            else self._picker.order([state.contender(now) for state in states], now)
        )
        if any(state.breaker.next_probe_at(now) is not None for state in states):
            order.sort(key=lambda index: not states[index].awaits_probe(now))
        return [equals[index] for index in order]

    def outlook(self, deployment: Deployment, *, streaming: bool) -> Outlook:
        """Return what calls have lately shown of a deployment."""
        return self._states[deployment.name].outlook(
            self._now, streaming=streaming, changes_nothing=self._picker is None
        )

    def _least_loaded(self, states: Sequence[DeploymentState]) -> list[int]:
        """Return the order to which draws tend: by load, those that are not called last."""
        now = self._now
        contenders = [state.contender(now) for state in states]
        prior = prior_of(contenders, now)
        return sorted(
            range(len(states)),
            key=lambda index: (
                contenders[index].share <= 0,
                contenders[index].load.cost(now, prior),
            ),
        )
