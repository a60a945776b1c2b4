"""The changes of one deployment, each reported once."""

from __future__ import annotations

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.breakers import Breaker
from routersvc.domain.fleet.state_changes import ChangeKind, ChangeListener, StateChange
from routersvc.domain.outcomes.failures import Failure

SHORTEST_PAUSE = 5.0
"""Seconds; shorter pauses are everyday throttling and are not reported."""


class DeploymentChanges:
    """Reports the changes of one deployment to a listener.

    `has_paused` says that a pause was reported and its end was not.
    """

    __slots__ = (
        "_deployment",
        "_is_half_open",
        "_is_open",
        "_listener",
        "_openings",
        "has_paused",
    )

    def __init__(self, deployment: Deployment, listener: ChangeListener) -> None:
        self._deployment = deployment
        self._listener = listener
        self._openings = 0
        self._is_open = False
        self._is_half_open = False
        self.has_paused = False

    def breaker_used(self, breaker: Breaker, reason: str) -> None:
        """Report that the breaker has opened or closed, where it has."""
        if breaker.openings != self._openings:
            self._openings = breaker.openings
            self._is_open = True
            self._is_half_open = False
            self._report(ChangeKind.BREAKER_OPENED, reason)
        if self._is_open and not breaker.is_open:
            self._is_open = False
            self._is_half_open = False
            self._report(ChangeKind.BREAKER_CLOSED)

    def probe_started(self) -> None:
        """Report that the breaker is half open: once per opening."""
        if not self._is_half_open:
            self._is_half_open = True
            self._report(ChangeKind.BREAKER_HALF_OPEN)

    def check_changed(self, failure: Failure | None) -> None:
        """Report that health checks begin to fail, or succeed again."""
        if failure is None:
            self._report(ChangeKind.CHECK_SUCCEEDING)
        else:
            self._report(ChangeKind.CHECK_FAILING, failure.message)

    def pause_began(self, seconds: float) -> None:
        """Report that a provider asked not to be called for long."""
        if seconds >= SHORTEST_PAUSE and not self.has_paused:
            self.has_paused = True
            self._report(ChangeKind.PAUSE_BEGAN, f"for {seconds:.0f} s")

    def pause_ended(self) -> None:
        """Report that an answer has ended a reported pause."""
        if self.has_paused:
            self.has_paused = False
            self._report(ChangeKind.PAUSE_ENDED)

    def _report(self, kind: ChangeKind, reason: str = "") -> None:
        self._listener(
            StateChange(
                kind=kind,
                provider=self._deployment.provider.name,
                deployment=self._deployment.name,
                reason=reason,
            )
        )
