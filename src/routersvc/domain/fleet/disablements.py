"""Credentials and models that are out of use until a check succeeds, and when to check.

A refused key or a spent quota does not mend within seconds, so it is no breaker's business: the
credential is out for all its deployments, and is checked at growing intervals.
"""

from __future__ import annotations

import dataclasses
import math

from routersvc.domain.catalogue.deployments import (
    Deployment,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Credential:
    """A credential at its provider."""

    provider: str
    credential: str

    @classmethod
    def of(cls, deployment: Deployment) -> Credential:
        """Return the credential that `deployment` is called with."""
        return cls(deployment.provider.name, deployment.credential)


@dataclasses.dataclass(frozen=True, slots=True)
class ServedModel:
    """A model as its provider knows it."""

    provider: str
    wire_model: str

    @classmethod
    def of(cls, deployment: Deployment) -> ServedModel:
        """Return the model that `deployment` asks for."""
        return cls(deployment.provider.name, deployment.wire_model)


Disableable = Credential | ServedModel


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RecheckRule:
    """Seconds between checks: `first`, then `growth` times longer each time, up to `longest`."""

    first: float = 30.0
    growth: float = 2.0
    longest: float = 600.0

    def __post_init__(self) -> None:
        if not 0 < self.first <= self.longest < math.inf:
            raise ValueError("`first` is above 0 seconds and at most `longest`")
        if not self.growth >= 1:
            raise ValueError(f"`growth` must be at least 1, not {self.growth}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Disablement:
    """Why something is out of use, since when, and when it is checked next.

    `shown_by_check` says that a check which costs nothing can show that it has mended.
    """

    reason: str
    since: float
    check_at: float
    interval: float
    shown_by_check: bool = False


class Disablements:
    """Everything that is out of use."""

    def __init__(self, rule: RecheckRule | None = None) -> None:
        self._rule = rule or RecheckRule()
        self._disabled: dict[Disableable, Disablement] = {}

    def disable(
        self, key: Disableable, reason: str, now: float, *, shown_by_check: bool = False
    ) -> None:
        """Take `key` out of use.

        Where it is out already only the reason changes: calls that were under way when it was
        disabled fail as well, and must neither hasten nor put off the check.
        """
        known = self._disabled.get(key)
        if known is None:
            self._disabled[key] = Disablement(
                reason=reason,
                since=now,
                check_at=now + self._rule.first,
                interval=self._rule.first,
                shown_by_check=shown_by_check,
            )
        else:
            self._disabled[key] = dataclasses.replace(
                known, reason=reason, shown_by_check=shown_by_check
            )

    def enable(self, key: Disableable) -> None:
        """Take `key` back into use: a check succeeded, or an operator acted."""
        self._disabled.pop(key, None)

    def find(self, deployment: Deployment) -> Disablement | None:
        """Return why `deployment` cannot be used: for its credential or its model; else `None`."""
        if not self._disabled:
            return None
        return self._disabled.get(Credential.of(deployment)) or self._disabled.get(
            ServedModel.of(deployment)
        )

    def get(self, key: Disableable) -> Disablement | None:
        """Return why `key` is out of use; `None` where it is not."""
        return self._disabled.get(key)

    def take(self, key: Disableable, now: float) -> bool:
        """Whether `key` is to be checked now; if so, put off its next check.

        A check that succeeds calls `enable`. One that fails, or is never made, has nothing to do.
        """
        found = self._disabled.get(key)
        if found is None or now < found.check_at:
            return False
        interval = min(self._rule.longest, found.interval * self._rule.growth)
        self._disabled[key] = dataclasses.replace(found, check_at=now + interval, interval=interval)
        return True
