"""Chooses the policy of a request: the one it names, that of its tenant, or the default.

A tenant that has used most of its budget may be downgraded to another policy. The constraints of
the original policy still apply: a downgrade never loosens any.
"""

from __future__ import annotations

from collections.abc import Mapping

from routersvc.domain.catalogue.constraints import (
    POLICY,
    REQUEST,
    TENANT,
    MergedConstraints,
    merged,
)
from routersvc.domain.catalogue.policies import Policy
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.measures.cost_budgets import BudgetStanding
from routersvc.domain.outcomes.degradations import Degradation, DegradationRung
from routersvc.domain.outcomes.errors import PolicyNotAllowedError, UnknownPolicyError
from routersvc.domain.values import Value


class PolicyChoice(Value, frozen=True, kw_only=True):
    """The policy of a request, why it was chosen, and the merged constraints.

    `degradation` is set if the tenant's budget caused a downgrade.
    """

    policy: Policy
    description: str
    constraints: MergedConstraints
    min_tier: int = 0
    degradation: Degradation | None = None


def choose_policy(
    request: Request,
    tenant: Tenant,
    policies: Mapping[str, Policy],
    *,
    default_policy: str,
    budget: BudgetStanding | None = None,
) -> PolicyChoice:
    """Return the policy of `request`.

    Raises:
        PolicyNotAllowedError: the request names a policy that its tenant may not use.
        UnknownPolicyError: it names one that does not exist.
    """
    policy, description = _wanted(request, tenant, policies, default_policy)
    parts = [(TENANT, tenant.constraints), (POLICY, policy.constraints)]
    min_tier = 0
    degradation = None
    downgrade = None if budget is None else budget.downgrade
    if budget is not None and downgrade is not None:
        used = f"{budget.used_share:.0%} of the tenant's budget is used"
        min_tier = downgrade.min_tier
        degradation = Degradation(rung=DegradationRung.LOWER_TIER, description=used)
        if downgrade.policy:
            description = f"instead of `{policy.name}`, because {used}"
            policy = policies[downgrade.policy]
            parts.append((POLICY, policy.constraints))
    parts.append((REQUEST, request.routing.constraints))
    return PolicyChoice(
        policy=policy,
        description=description,
        constraints=merged(parts),
        min_tier=min_tier,
        degradation=degradation,
    )


def _wanted(
    request: Request, tenant: Tenant, policies: Mapping[str, Policy], default_policy: str
) -> tuple[Policy, str]:
    name = request.routing.policy
    if not name:
        if tenant.default_policy:
            return policies[tenant.default_policy], f"the default policy of `{tenant.name}`"
        return policies[default_policy], "the default policy"
    if not tenant.may_use(name):
        raise PolicyNotAllowedError(name, sorted(tenant.allowed_policies))
    if name not in policies:
        raise UnknownPolicyError(name, sorted(policies))
    return policies[name], "named by the request"
