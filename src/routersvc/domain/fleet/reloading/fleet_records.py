"""What a fleet has learned, and what of it the next one keeps when the configuration changes.

A deployment that is still the same keeps its state: breaker, rate limits, concurrency, latencies.
Both fleets share it, because calls that began with the old one still run. What was learned of a
credential ends with its secret: calls that still run with the old secret may learn that it is
refused, while the new one is accepted.
"""

from __future__ import annotations

import dataclasses
import random as random_module
from collections.abc import Sequence

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.attempt_budgets import AttemptBudgets
from routersvc.domain.fleet.deployment_states import DeploymentState
from routersvc.domain.fleet.disablements import Disablements
from routersvc.domain.fleet.reloading.fleet_rules import FleetIdentities, FleetRules
from routersvc.domain.fleet.state_changes import ChangeListener


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FleetRecords:
    """The state of each deployment by name, what is disabled, and the budgets of attempts."""

    rules: FleetRules
    identities: FleetIdentities
    states: dict[str, DeploymentState]
    disablements: Disablements
    budgets: AttemptBudgets


def fleet_records(
    deployments: Sequence[Deployment],
    *,
    rules: FleetRules,
    identities: FleetIdentities,
    random: random_module.Random,
    on_change: ChangeListener,
    before: FleetRecords | None,
) -> FleetRecords:
    """Return the records of a fleet that follows another one, or is the first."""
    states = {
        deployment.name: _kept_state(deployment, rules, identities, before)
        or DeploymentState(
            deployment, rules.deployments, random=random, checks=rules.checks, on_change=on_change
        )
        for deployment in deployments
    }
    if before is None:
        disablements = Disablements(rules.rechecks, on_change=on_change)
    else:
        old, new = before.identities.credentials, identities.credentials
        replaced = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
        disablements = before.disablements.succeeded_by(rules.rechecks, deployments, replaced)
    keeps_budgets = before is not None and before.rules.budgets == rules.budgets
    return FleetRecords(
        rules=rules,
        identities=identities,
        states=states,
        disablements=disablements,
        budgets=before.budgets
        if before is not None and keeps_budgets
        else AttemptBudgets(rules.budgets),
    )


def _kept_state(
    deployment: Deployment,
    rules: FleetRules,
    identities: FleetIdentities,
    before: FleetRecords | None,
) -> DeploymentState | None:
    """Return the state of a deployment that is still the same, under the new rules."""
    name = deployment.name
    if before is None or name not in before.states:
        return None
    if before.identities.deployments.get(name) != identities.deployments.get(name):
        return None
    state = before.states[name]
    state.reconfigure(deployment, rules.deployments, rules.checks)
    return state
