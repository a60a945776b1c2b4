"""Checks that tenants can be told apart, and that the keys of each are consistent."""

from __future__ import annotations

from collections.abc import Mapping

from routersvc.domain.catalogue.secrets import Secret
from routersvc.settings.problems import KeyPath, listing, shown
from routersvc.settings.reading import Sections
from routersvc.settings.sections.constraints import ConstraintsSection
from routersvc.settings.sections.tenants import TenantSection
from routersvc.settings.sections.weights import ranking_keys
from routersvc.settings.source.problem_list import ProblemList

MIN_API_KEY_LENGTH = 8
"""Characters. A shorter key is a placeholder, or found by trying."""


def check_tenants(
    tenants: Mapping[str, TenantSection | None], default_policy: str | None, problems: ProblemList
) -> None:
    """Report every contradiction of the tenants.

    `default_policy` is the key at the top level, `None` if the file is invalid.
    """
    anonymous: str | None = None
    for name, tenant in tenants.items():
        if tenant is None:
            continue
        path = ("tenants", name)
        if not (tenant.anonymous or is_identifiable(tenant)):
            problems.at_value(
                (*path, "api_keys"), "is missing: no caller could authenticate as this tenant"
            )
        if tenant.anonymous and anonymous is not None:
            problems.at_value(
                (*path, "anonymous"), f"tenant {shown(anonymous)} is already anonymous"
            )
        if tenant.anonymous:
            anonymous = anonymous or name
        allowed = tenant.allowed_policies
        policy = tenant.policy or default_policy
        if allowed is not None and policy is not None and policy not in allowed:
            problems.at_value(
                (*path, "policy" if tenant.policy else "allowed_policies"),
                f"does not allow the tenant's default policy {shown(policy)}",
                listing(allowed),
            )
        _check_ranking(path, tenant, problems)
        check_constraints((*path, "constraints"), tenant.constraints, problems)
        budget = tenant.budget
        downgrade = None if budget is None else budget.downgrade
        if downgrade is not None and downgrade.policy is None and downgrade.min_tier is None:
            problems.at_key(
                (*path, "budget", "downgrade"), "has no effect", "`policy` or `min_tier`"
            )


def is_identifiable(tenant: TenantSection) -> bool:
    """Return whether a call can show that it is the tenant's."""
    return bool(tenant.api_keys or tenant.api_key_hashes or tenant.certificates or tenant.tokens)


def check_identities(
    tenants: Mapping[str, TenantSection | None],
    *,
    has_client_certificates: bool,
    problems: ProblemList,
) -> None:
    """Report every identity that two tenants share, and certificates that nobody presents."""
    owners: dict[tuple[str, ...], str] = {}

    def own(path: KeyPath, identity: tuple[str, ...], tenant: str) -> None:
        owner = owners.setdefault(identity, tenant)
        if owner != tenant:
            problems.at_value(path, f"is already an identity of tenant {shown(owner)}")

    for name, tenant in tenants.items():
        if tenant is None:
            continue
        path = ("tenants", name)
        for place, key_hash in enumerate(tenant.api_key_hashes):
            own((*path, "api_key_hashes", place), ("key", key_hash), name)
        for place, certificate in enumerate(tenant.certificates):
            own((*path, "certificates", place), ("certificate", certificate), name)
        for issuer, values in tenant.tokens.items():
            for place, value in enumerate(values):
                own((*path, "tokens", issuer, place), ("token", issuer, value), name)
        if tenant.certificates and not has_client_certificates:
            problems.at_key(
                (*path, "certificates"),
                "has no effect without `server.tls.client_ca_file`: clients present none",
            )


def _check_ranking(path: KeyPath, tenant: TenantSection, problems: ProblemList) -> None:
    """Report keys of ranking that exclude each other."""
    keys = ranking_keys(tenant)
    for key in keys[1:]:
        problems.at_value((*path, key), f"conflicts with `{keys[0]}`", f"`{keys[0]}` or `{key}`")


def check_constraints(
    path: KeyPath, constraints: ConstraintsSection, problems: ProblemList
) -> None:
    """Report constraints of a tenant or a policy that no deployment can meet."""
    allowed = set(constraints.allowed_providers)
    if allowed and allowed <= set(constraints.denied_providers):
        problems.at_value(
            (*path, "allowed_providers"),
            "every provider in it is in `denied_providers` too: no request could be served",
        )


def check_prices(sections: Sections, problems: ProblemList) -> None:
    """Report every budget under which no model can be called, because no price is known."""
    if sections.document is None:
        return
    models = sections.effective_models()
    priced = {name for name, model in models.items() if model is not None and model.prices}
    deployments = sections.document.deployments
    for name, tenant in sections.document.tenants.items():
        if tenant.budget is None:
            continue
        policy = tenant.policy or sections.document.default_policy
        section = sections.document.policies.get(policy)
        if section is None:
            continue
        named = {*(section.deployments or ())}.union(*(rule.deployments for rule in section.rules))
        called = set(section.models or ()) | {
            deployments[each].model for each in named if each in deployments
        }
        if called and not called & priced:
            problems.at_key(
                ("tenants", name, "budget"),
                f"no model of policy {shown(policy)} has known prices",
                "`prices` of the models, or known models in their `from`",
            )


def check_keys(keys: Mapping[str, tuple[Secret | None, ...]], problems: ProblemList) -> None:
    """Report duplicate API keys, of one tenant or of two. Never shows a key."""
    owners: dict[Secret, str] = {}
    for tenant, secrets in keys.items():
        for place, secret in enumerate(secrets):
            if secret is None:
                continue
            if len(secret.reveal()) < MIN_API_KEY_LENGTH:
                problems.at_value(
                    ("tenants", tenant, "api_keys", place),
                    "is too short: it could be guessed from the network",
                    f"at least {MIN_API_KEY_LENGTH} characters",
                )
            owner = owners.setdefault(secret, tenant)
            if (owner, secrets.index(secret)) != (tenant, place):
                problems.at_value(
                    ("tenants", tenant, "api_keys", place),
                    f"is already an API key of tenant {shown(owner)}",
                )
