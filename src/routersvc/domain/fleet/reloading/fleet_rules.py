"""The rules of a fleet, and what tells whether a deployment is still the same under new ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping

from routersvc.domain.fleet.active_checks import CheckRule
from routersvc.domain.fleet.attempt_budgets import BudgetRule
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.disablements import Credential, RecheckRule


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentRules:
    """When a deployment is called less, or not at all."""

    breaker: BreakerRule = dataclasses.field(default_factory=BreakerRule)
    concurrency: ConcurrencyRule = dataclasses.field(default_factory=ConcurrencyRule)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FleetRules:
    """The rules that hold for every deployment, policy and provider."""

    deployments: DeploymentRules = dataclasses.field(default_factory=DeploymentRules)
    budgets: BudgetRule = dataclasses.field(default_factory=BudgetRule)
    rechecks: RecheckRule = dataclasses.field(default_factory=RecheckRule)
    checks: CheckRule = dataclasses.field(default_factory=CheckRule)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FleetIdentities:
    """What deployments and credentials are known by, beyond their names.

    A deployment whose identity stays equal keeps its health when the configuration changes: prices
    or compliance are no part of it, the address of its provider is. A credential whose identity
    changes, because its secret was replaced, is enabled again. A name without an entry is its own
    identity.
    """

    deployments: Mapping[str, Hashable] = dataclasses.field(default_factory=dict[str, Hashable])
    credentials: Mapping[Credential, Hashable] = dataclasses.field(
        default_factory=dict[Credential, Hashable]
    )
