"""Credentials and models that are disabled until a check succeeds, and when to check.

A refused key or a spent quota does not recover within seconds, so no breaker is involved: the
credential is disabled for all its deployments, and is checked at growing intervals.

A vendor's own code for it, in the field that the vendor keeps for codes, disables at once: no
request can cause it while the credential is in order. A status alone may be about the request: two
different requests in a row have to be refused, without a success between them, and one request
disables only one credential or model in this way. A retry by the client is not a different request.
Sentences, which may quote a caller, disable nothing.

Where a free check has enabled a key that calls then find refused again, the check is not believed
until a call succeeds, and one refusal is enough.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from typing import assert_never

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.state_changes import (
    ChangeKind,
    ChangeListener,
    StateChange,
    nobody_listens,
)
from routersvc.domain.outcomes.failure_rules import Disables
from routersvc.domain.outcomes.failures import Evidence, Failure
from routersvc.domain.planning.plans import Plan


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
    """A model under the name that its provider uses."""

    provider: str
    wire_model: str

    @classmethod
    def of(cls, deployment: Deployment) -> ServedModel:
        """Return the model that calls of `deployment` name."""
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
    """Why something is disabled, and when it is checked next.

    `cleared_by_free_check` says that a free check can show that the cause is gone.
    """

    reason: str
    since: float
    check_at: float
    interval: float
    cleared_by_free_check: bool = False

    def description(self, now: float) -> str:
        """Return the reason and when it is checked next."""
        wait = self.check_at - now
        when = f"in {wait:.0f} s" if wait > 0 else "with the next call"
        return f"{self.reason}; checked again {when}"


class Disablements:
    """Everything that is disabled. `on_change` hears of each change."""

    def __init__(
        self,
        rule: RecheckRule | None = None,
        *,
        on_change: ChangeListener = nobody_listens,
    ) -> None:
        self._rule = rule or RecheckRule()
        self._on_change = on_change
        self._disabled: dict[Disableable, Disablement] = {}
        self._evidence: dict[Disableable, Plan] = {}
        self._disabled_by: dict[Disableable, Plan] = {}
        self._enabled_by_check: set[Disableable] = set()

    def succeeded_by(
        self, rule: RecheckRule, deployments: Sequence[Deployment], replaced: Collection[Credential]
    ) -> Disablements:
        """Return the records to go on with: these, unless a credential was `replaced`.

        What was learned of a replaced credential does not hold for its new secret.
        """
        self._rule = rule
        if not replaced:
            return self
        used: set[Disableable] = {Credential.of(it) for it in deployments}
        used |= {ServedModel.of(it) for it in deployments}
        after = Disablements(rule, on_change=self._on_change)
        after._disabled = {key: it for key, it in self._disabled.items() if key in used}
        after._disabled_by = dict(self._disabled_by)
        for key in replaced:
            after.enable(key)
        return after

    def disable(
        self, key: Disableable, reason: str, now: float, *, cleared_by_free_check: bool = False
    ) -> None:
        """Disable `key`.

        Where it is disabled already only the reason changes: calls that were running when it was
        disabled fail as well, and must not move the check.
        """
        known = self._disabled.get(key)
        if known is None:
            self._disabled[key] = Disablement(
                reason=reason,
                since=now,
                check_at=now + self._rule.first,
                interval=self._rule.first,
                cleared_by_free_check=cleared_by_free_check,
            )
            self._tell(key, reason, disabled=True)
        else:
            self._disabled[key] = dataclasses.replace(
                known, reason=reason, cleared_by_free_check=cleared_by_free_check
            )

    def enable(self, key: Disableable) -> None:
        """Enable `key` again: a check succeeded, or an operator acted."""
        self._disabled_by.pop(key, None)
        if self._disabled.pop(key, None) is not None:
            self._tell(key, "", disabled=False)

    def free_check_succeeded(self, key: Credential) -> None:
        """Enable `key` if a free check can show that the cause is gone."""
        disabled = self._disabled.get(key)
        if disabled is not None and disabled.cleared_by_free_check:
            self._enabled_by_check.add(key)
            self.enable(key)

    def call_failed(
        self, deployment: Deployment, failure: Failure, now: float, *, request: Plan
    ) -> None:
        """Disable credential or model, as the rule of the failure and the evidence say."""
        rule = failure.rule
        key: Disableable
        match rule.disables:
            case Disables.CREDENTIAL:
                key = Credential.of(deployment)
            case Disables.MODEL:
                key = ServedModel.of(deployment)
            case Disables.NOTHING:
                return
            case _:
                assert_never(rule.disables)
        if failure.evidence is Evidence.WORDS:
            return
        check_is_wrong = key in self._enabled_by_check
        if (
            failure.evidence is Evidence.STATUS
            and key not in self._disabled
            and not check_is_wrong
            and not self._is_proved(key, request)
        ):
            return
        self._evidence.pop(key, None)
        self.disable(
            key,
            failure.message,
            now,
            cleared_by_free_check=rule.cleared_by_free_check and not check_is_wrong,
        )

    def call_succeeded(self, deployment: Deployment) -> None:
        """Enable credential and model of a deployment that answered, and drop what speaks against.

        Usually there is nothing.
        """
        if self._disabled or self._evidence or self._enabled_by_check:
            for key in (Credential.of(deployment), ServedModel.of(deployment)):
                self.enable(key)
                self._evidence.pop(key, None)
                self._enabled_by_check.discard(key)

    def call_starts(self, deployment: Deployment, now: float) -> None:
        """Count a call of a disabled deployment as its check; the next one waits for its turn."""
        if self._disabled:
            self.take(Credential.of(deployment), now)
            self.take(ServedModel.of(deployment), now)

    def find(self, deployment: Deployment) -> Disablement | None:
        """Return why the credential or the model of `deployment` is disabled; else `None`."""
        if not self._disabled:
            return None
        return self._disabled.get(Credential.of(deployment)) or self._disabled.get(
            ServedModel.of(deployment)
        )

    def get(self, key: Disableable) -> Disablement | None:
        """Return why `key` is disabled; `None` where it is not."""
        return self._disabled.get(key)

    def take(self, key: Disableable, now: float) -> bool:
        """Return whether `key` is due for a check now; if so, schedule the next one.

        A check that succeeds calls `enable`; one that fails, or is never made, calls nothing.
        """
        found = self._disabled.get(key)
        if found is None or now < found.check_at:
            return False
        interval = min(self._rule.longest, found.interval * self._rule.growth)
        self._disabled[key] = dataclasses.replace(found, check_at=now + interval, interval=interval)
        return True

    def _is_proved(self, key: Disableable, request: Plan) -> bool:
        """Whether this refusal is the second one; the first is kept.

        A request that has disabled one credential or model does not go on to the next.
        """
        first = self._evidence.get(key)
        if first is None:
            self._evidence[key] = request
            return False
        if first is request or request.previous_attempts:
            return False
        if any(request is one for one in self._disabled_by.values()):
            return False
        self._disabled_by[key] = request
        return True

    def _tell(self, key: Disableable, reason: str, *, disabled: bool) -> None:
        match key:
            case Credential():
                kind = ChangeKind.CREDENTIAL_DISABLED if disabled else ChangeKind.CREDENTIAL_ENABLED
                change = StateChange(
                    kind=kind, provider=key.provider, credential=key.credential, reason=reason
                )
            case ServedModel():
                kind = ChangeKind.MODEL_DISABLED if disabled else ChangeKind.MODEL_ENABLED
                change = StateChange(
                    kind=kind, provider=key.provider, model=key.wire_model, reason=reason
                )
            case _:
                assert_never(key)
        self._on_change(change)
