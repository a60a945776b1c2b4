"""The `tenants` section: how tenants are distinguished, and which combinations are refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from routersvc.app.access import IssuerKeys, access_rules
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.catalogue.weights import WeightWishes
from routersvc.domain.measures.call_rates import CallRateRule
from routersvc.domain.measures.cost_budgets import BudgetDowngradeRule, CostBudgetRule
from routersvc.domain.measures.token_rates import TokenRateRule
from routersvc.domain.outcomes.errors import UnknownTenantError
from routersvc.grpc_api.access.identities import Authenticator
from routersvc.settings.settings import Settings

Load = Callable[[str], Settings]
ProblemsIn = Callable[[str], list[str]]

KEY = "api_keys: [env:ALPHA_API_KEY]"


def authenticator(settings: Settings) -> Authenticator | None:
    """Return what tells the callers of these settings apart."""
    keys = IssuerKeys(clock=lambda: 0.0)
    return access_rules(settings, keys, wall_clock=lambda: 0.0).authenticator


def test_tenants_hold_what_the_file_says(load: Load, full: str) -> None:
    """Every key of the commented example arrives."""
    settings = load(full)

    assert settings.tenants() == {
        "search": Tenant(
            name="search",
            default_policy="interactive",
            allowed_policies=frozenset({"interactive", "steady"}),
            constraints=Constraints(
                allowed_regions=frozenset({"eu-central", "eu-west"}),
                no_training=True,
                allowed_providers=frozenset({"alpha", "beta"}),
                denied_providers=frozenset({"gamma"}),
                max_cost_usd=0.5,
            ),
            weights=WeightWishes(quality=1.0, cost=1.0, latency=2.0),
            hedging=HedgingMode.DELAYED,
            rate=CallRateRule(calls=600, window=60.0),
            tokens=TokenRateRule(tokens=1_000_000, window=60.0),
            max_concurrent_calls=200,
            budget=CostBudgetRule(
                usd=100.0,
                window=86_400.0,
                downgrade=BudgetDowngradeRule(threshold=0.8, policy="cheap", min_tier=1),
            ),
        ),
        "others": Tenant(name="others"),
    }
    assert settings.anonymous_tenant() == "others"
    assert settings.policies()["cheap"].constraints == Constraints(max_cost_usd=0.25)


def test_without_tenants_nobody_is_asked(load: Load, minimal: str) -> None:
    """As before there were any."""
    settings = load(minimal)

    assert (settings.tenants(), settings.anonymous_tenant()) == ({}, None)
    assert authenticator(settings) is None


def test_callers_are_known_by_any_of_their_keys(load: Load, minimal: str) -> None:
    """Two while one takes over from the other; no other tenant's."""
    keys = authenticator(
        load(
            f"{minimal}tenants:\n"
            "  one: {api_keys: [env:ALPHA_API_KEY, env:BETA_API_KEY]}\n"
            "  two: {api_keys: [env:GAMMA_API_KEY]}\n"
        )
    )

    assert keys is not None
    assert [
        keys.tenant_of({"x-api-key": key})
        for key in ("alpha-secret", "beta-secret", "gamma-secret")
    ] == ["one", "one", "two"]
    with pytest.raises(UnknownTenantError):
        keys.tenant_of({"x-api-key": "env:ALPHA_API_KEY"})


@pytest.mark.parametrize(
    ("tenant", "problem"),
    [
        ("{}", "17:3: tenants.t.api_keys"),
        (
            "{api_keys: [env:NOT_THERE]}",
            "17:18: tenants.t.api_keys[0]",
        ),
        (
            "{api_keys: [a-key-itself]}",
            "17:18: tenants.t.api_keys[0]",
        ),
        (
            f"{{{KEY}, policy: fast}}",
            "17:46: tenants.t.policy",
        ),
        (
            f"{{{KEY}, allowed_policies: [default, fast]}}",
            "17:66: tenants.t.allowed_policies[1]",
        ),
        (
            f"{{{KEY}, constraints: {{denied_providers: [aplha]}}}}",
            "17:71: tenants.t.constraints.denied_providers[0]",
        ),
        (
            f"{{{KEY}, budget: {{usd: 0}}}}",
            "17:52: tenants.t.budget.usd",
        ),
        (
            f"{{{KEY}, budget: {{usd: 5, window: 400d}}}}",
            "17:63: tenants.t.budget.window",
        ),
        (
            f"{{{KEY}, budget: {{usd: 5, downgrade: {{threshold: 0.5}}}}}}",
            "17:55: tenants.t.budget.downgrade",
        ),
        (
            f"{{{KEY}, budget: {{usd: 5, downgrade: {{policy: fast}}}}}}",
            "17:75: tenants.t.budget.downgrade.policy",
        ),
    ],
)
def test_what_a_tenant_cannot_be_is_reported(
    problems_in: ProblemsIn, minimal: str, tenant: str, problem: str
) -> None:
    """With its place and what is right."""
    priced = minimal.replace(
        "sim-large:\n    context_window: 128000\n",
        "sim-large: {context_window: 128000,\n    prices: {input: 1, output: 2}}\n",
    )

    assert problems_in(f"{priced}tenants:\n  t: {tenant}\n") == [problem]


def test_policy_of_requests_that_name_none_is_allowed(
    problems_in: ProblemsIn, minimal: str
) -> None:
    """Or else such requests could not be served at all."""
    other = "  other: {deployments: [alpha-large]}\n"

    problems = problems_in(f"{minimal}{other}tenants:\n  t: {{{KEY}, allowed_policies: [other]}}\n")

    assert problems == ["18:56: tenants.t.allowed_policies"]


def test_key_is_of_one_tenant(
    problems_in: ProblemsIn, minimal: str, environment: Mapping[str, str]
) -> None:
    """A key belongs to one tenant, and is not shown."""
    both = "{api_keys: [env:BETA_API_KEY, env:ALPHA_API_KEY]}"

    problems = problems_in(f"{minimal}tenants:\n  a: {{{KEY}}}\n  b: {both}\n")

    assert problems == ["18:36: tenants.b.api_keys[1]"]
    assert environment["ALPHA_API_KEY"] not in str(problems)


def test_one_tenant_has_the_calls_without_a_key(problems_in: ProblemsIn, minimal: str) -> None:
    """Not two."""
    problems = problems_in(
        f"{minimal}tenants:\n  a: {{anonymous: true}}\n  b: {{anonymous: true}}\n"
    )

    assert problems == ["18:18: tenants.b.anonymous"]


def test_budget_needs_prices(problems_in: ProblemsIn, minimal: str) -> None:
    """Without any, each of its calls would be refused."""
    problems = problems_in(f"{minimal}tenants:\n  t: {{{KEY}, budget: {{usd: 5}}}}\n")

    assert problems == ["17:38: tenants.t.budget"]


def test_settings_show_no_key(load: Load, minimal: str) -> None:
    """However they are printed."""
    settings = load(f"{minimal}tenants:\n  t: {{{KEY}}}\n")

    assert "alpha-secret" not in repr(settings) + str(settings.document) + settings.digest
    assert "alpha-secret" not in repr(authenticator(settings))
