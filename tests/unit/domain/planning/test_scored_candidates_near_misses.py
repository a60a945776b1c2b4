"""What an exclusion says would help does help: followed, it removes that reason and no other.

The sentences are followed as a reader would: what the request can change is changed in the
request, what only the configuration can, in the configuration.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.domain.plans import candidates_of

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.deployments import Compliance, Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.modes import ConsistencyMode
from routersvc.domain.catalogue.prices import Prices
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt, Sampling, WireExtension
from routersvc.domain.conversation.tools import FunctionTool
from routersvc.domain.measures.cost_budgets import CostBudgetRule, CostBudgets
from routersvc.domain.planning.candidates import Candidate
from routersvc.domain.planning.exclusion_reasons import Exclusion, ExclusionReason
from routersvc.domain.planning.limits import Limits
from routersvc.domain.planning.planner import Planner
from routersvc.domain.planning.scored_candidates import excluded
from routersvc.domain.profiling.capability_needs import UNNEEDED_IF
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request

ALL = frozenset(Capability)
ABILITIES = frozenset({Capability.TOOLS, Capability.STREAMING, Capability.SEED})
OF_ORDER = frozenset({ExclusionReason.NOT_EQUIVALENT, ExclusionReason.LOWER_TIER})

prices = st.none() | st.builds(
    Prices,
    input=st.floats(0.0, 50.0, allow_nan=False),
    output=st.floats(0.0, 50.0, allow_nan=False),
)


@st.composite
def deployments(draw: st.DrawFn, name: str) -> Deployment:
    """A deployment that lacks something or other."""
    made = scripted_deployment(
        name,
        model=Model(
            name=draw(st.sampled_from(["m1", "m2"])),
            context_window=draw(st.sampled_from([8, 1_000, 100_000])),
            max_output_tokens=draw(st.sampled_from([None, 10, 5_000])),
            capabilities=ALL - draw(st.frozensets(st.sampled_from(sorted(ABILITIES, key=str)))),
            prices=draw(prices),
            token_ratio=draw(st.sampled_from([1.0, 1.37])),
        ),
    )
    return dataclasses.replace(
        made,
        enabled=draw(st.sampled_from([True, True, True, False])),
        compliance=draw(
            st.builds(
                Compliance,
                region=st.sampled_from([None, "eu", "us"]),
                zero_data_retention=st.booleans(),
                no_training=st.booleans(),
                data_classes=st.frozensets(st.sampled_from(["phi", "pii"])),
            )
        ),
    )


constraints = st.builds(
    Constraints,
    allowed_regions=st.frozensets(st.sampled_from(["eu", "us", "ap"]), max_size=2),
    data_classes=st.frozensets(st.sampled_from(["phi", "pii"])),
    zero_data_retention=st.booleans(),
    no_training=st.booleans(),
    allowed_providers=st.frozensets(st.sampled_from(["a", "b"]), max_size=1),
    denied_providers=st.frozensets(st.sampled_from(["a", "b"]), max_size=1),
    max_cost_usd=st.none() | st.floats(0.0, 0.05, allow_nan=False),
    context_reserve_tokens=st.sampled_from([0, 500]),
)
NO_LIMITS = Constraints()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """A request for one deployment, `a`, among others; all that a sentence may ask to change."""

    deployment: Deployment
    request: Request
    of_policy: Constraints = NO_LIMITS
    listed: bool = True
    budget_usd: float | None = None

    def limits(self) -> Limits:
        """Return what deployments are held against."""
        policy = dataclasses.replace(
            scripted_policy(["a", "b"] if self.listed else ["b"]), constraints=self.of_policy
        )
        others = [
            scripted_deployment("b"),
            scripted_deployment("c", model=dataclasses.replace(self.deployment.model, name="m2")),
            scripted_deployment("d", model=dataclasses.replace(self.deployment.model, name="m1")),
        ]
        budget = None if self.budget_usd is None else CostBudgetRule(usd=self.budget_usd, window=60)
        planner = Planner(
            catalogue=Catalogue(deployments={one.name: one for one in (self.deployment, *others)}),
            policies={"drill": policy},
            default_policy="drill",
            tenants={"t": Tenant(name="t", budget=budget)},
        )
        budgets = CostBudgets({} if budget is None else {"t": budget})
        return planner.limits(self.request, budgets.standing("t", 0.0))

    def candidate(self) -> Candidate:
        """Return how the deployment fares."""
        return excluded([self.deployment], self.limits())[0]


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """A request that asks for much, of a deployment that lacks something."""
    tools = (FunctionTool(name="look"),)
    prompt = Prompt(
        messages=(Message(role=Role.USER, parts=(TextPart(text="word " * draw(_LENGTHS)),)),),
        tools=tools if draw(st.booleans()) else (),
        sampling=Sampling(
            max_output_tokens=draw(st.sampled_from([None, 5, 50, 2_000])),
            seed=draw(st.sampled_from([None, 1])),
        ),
        wire_extensions=draw(
            st.sampled_from([(), (WireExtension(wire_format="other", fields_json="{}"),)])
        ),
    )
    routing = Routing(
        constraints=draw(constraints),
        required_models=draw(st.sampled_from([(), ("m1",), ("m2",)])),
        pinned_deployment=draw(st.sampled_from(["", "a", "b"])),
    )
    request = dataclasses.replace(
        scripted_request(routing=routing, tenant="t", streaming=draw(st.booleans())), prompt=prompt
    )
    return Situation(
        deployment=draw(deployments("a")),
        request=request,
        of_policy=draw(st.just(NO_LIMITS) | constraints),
        listed=draw(st.booleans()),
        budget_usd=draw(st.none() | st.floats(0.000001, 0.05, allow_nan=False)),
    )


_LENGTHS = st.sampled_from([1, 700, 2_000])


def number_in(text: str) -> float:
    """Return the last number of a sentence."""
    return float(re.findall(r"[0-9]+(?:\.[0-9]+)?", text)[-1])


def everywhere(situation: Situation, change: Callable[[Constraints], Constraints]) -> Situation:
    """Change the limits of request and policy alike."""
    routing = situation.request.routing
    return dataclasses.replace(
        situation,
        of_policy=change(situation.of_policy),
        request=dataclasses.replace(
            situation.request,
            routing=dataclasses.replace(routing, constraints=change(routing.constraints)),
        ),
    )


def with_model(situation: Situation, **facts: object) -> Situation:
    """Change the deployment's model."""
    model = dataclasses.replace(situation.deployment.model, **facts)  # type: ignore[arg-type]
    return dataclasses.replace(
        situation, deployment=dataclasses.replace(situation.deployment, model=model)
    )


def with_compliance(situation: Situation, **facts: object) -> Situation:
    """Change what the configuration states of the deployment."""
    deployment = situation.deployment
    stated = dataclasses.replace(deployment.compliance, **facts)  # type: ignore[arg-type]
    return dataclasses.replace(
        situation, deployment=dataclasses.replace(deployment, compliance=stated)
    )


def with_prompt(situation: Situation, **fields: object) -> Situation:
    """Change the prompt."""
    prompt = dataclasses.replace(situation.request.prompt, **fields)  # type: ignore[arg-type]
    return dataclasses.replace(
        situation, request=dataclasses.replace(situation.request, prompt=prompt)
    )


def with_routing(situation: Situation, **fields: object) -> Situation:
    """Change the routing."""
    routing = dataclasses.replace(situation.request.routing, **fields)  # type: ignore[arg-type]
    return dataclasses.replace(
        situation, request=dataclasses.replace(situation.request, routing=routing)
    )


def allowing_region(situation: Situation, region: str) -> Situation:
    """Add a region to what is allowed, wherever anything is limited."""

    def change(stated: Constraints) -> Constraints:
        allowed = stated.allowed_regions
        return dataclasses.replace(stated, allowed_regions=allowed and allowed | {region})

    return everywhere(situation, change)


def allowing_provider(situation: Situation, provider: str) -> Situation:
    """Add a provider to what is allowed, wherever anything is limited."""

    def change(stated: Constraints) -> Constraints:
        allowed = stated.allowed_providers
        return dataclasses.replace(stated, allowed_providers=allowed and allowed | {provider})

    return everywhere(situation, change)


def not_denying(situation: Situation, provider: str) -> Situation:
    """Take a provider off what is denied."""

    def change(stated: Constraints) -> Constraints:
        return dataclasses.replace(stated, denied_providers=stated.denied_providers - {provider})

    return everywhere(situation, change)


def affording(situation: Situation, usd: float) -> Situation:
    """Raise every ceiling that is lower."""

    def change(stated: Constraints) -> Constraints:
        ceiling = stated.max_cost_usd
        return dataclasses.replace(
            stated, max_cost_usd=None if ceiling is None else max(ceiling, usd)
        )

    return everywhere(situation, change)


def followed(situation: Situation, exclusion: Exclusion) -> Situation:  # noqa: C901, PLR0911, PLR0912
    """Return the situation after what the exclusion says has been done."""
    deployment = situation.deployment
    says = exclusion.eligible_if
    quoted = re.findall(r"`([^`]*)`", says)
    prompt = situation.request.prompt
    match exclusion.reason:
        case ExclusionReason.OPERATOR_DISABLED:
            return dataclasses.replace(
                situation, deployment=dataclasses.replace(deployment, enabled=True)
            )
        case ExclusionReason.NOT_IN_POLICY:
            return dataclasses.replace(situation, listed=True)
        case ExclusionReason.MODEL_NOT_REQUIRED:
            return with_routing(situation, required_models=(quoted[-1],))
        case ExclusionReason.NOT_PINNED:
            return with_routing(situation, pinned_deployment=quoted[-1])
        case ExclusionReason.PROVIDER_NOT_ALLOWED:
            return allowing_provider(situation, quoted[-1])
        case ExclusionReason.PROVIDER_DENIED:
            return not_denying(situation, quoted[-1])
        case ExclusionReason.WIRE_FORMAT:
            return with_prompt(situation, wire_extensions=())
        case ExclusionReason.CAPABILITY:
            if says == UNNEEDED_IF[Capability.TOOLS]:
                return with_prompt(situation, tools=())
            if says == UNNEEDED_IF[Capability.SEED]:
                sampling = dataclasses.replace(prompt.sampling, seed=None)
                return with_prompt(situation, sampling=sampling)
            assert says == UNNEEDED_IF[Capability.STREAMING]
            request = dataclasses.replace(situation.request, streaming=False)
            return dataclasses.replace(situation, request=request)
        case ExclusionReason.CONTEXT_WINDOW:
            # A prompt cannot be made so much shorter here; a larger window is the same to it.
            window = deployment.model.context_window + int(number_in(says))
            return with_model(situation, context_window=window)
        case ExclusionReason.OUTPUT_LIMIT:
            sampling = dataclasses.replace(prompt.sampling, max_output_tokens=int(number_in(says)))
            return with_prompt(situation, sampling=sampling)
        case ExclusionReason.REGION:
            if deployment.compliance.region is not None:
                return allowing_region(situation, quoted[-1])
            allowed = situation.limits().constraints.allowed_regions
            if not allowed:
                # No region is allowed: first the limits have to have one in common.
                situation = allowing_region(situation, "eu")
            return with_compliance(situation, region=min(allowed or {"eu"}))
        case ExclusionReason.DATA_CLASS:
            cleared = deployment.compliance.data_classes | {quoted[-1]}
            return with_compliance(situation, data_classes=cleared)
        case ExclusionReason.RETENTION:
            return with_compliance(situation, zero_data_retention=True)
        case ExclusionReason.TRAINING:
            return with_compliance(situation, no_training=True)
        case ExclusionReason.COST_CEILING if "prices" not in says:
            return affording(situation, number_in(says))
        case ExclusionReason.TENANT_BUDGET if "prices" not in says:
            assert situation.budget_usd is not None
            return dataclasses.replace(situation, budget_usd=situation.budget_usd + number_in(says))
        case ExclusionReason.COST_CEILING | ExclusionReason.TENANT_BUDGET:
            return with_model(situation, prices=Prices(input=0.0, output=0.0))
        case _:
            raise AssertionError(exclusion.reason)


@given(situations())
def test_following_eligible_if_removes_that_reason(situation: Situation) -> None:
    """And adds none: one change is what the sentence says it is."""
    before = situation.candidate().exclusions

    for exclusion in before:
        after = followed(situation, exclusion).candidate().exclusions
        assert facts(after) <= facts(before) - facts([exclusion])


@given(situations())
def test_following_every_eligible_if_makes_eligible(situation: Situation) -> None:
    """Followed one after the other, until nothing is said any more."""
    candidate = situation.candidate()
    needed = len(candidate.exclusions)

    for _ in range(needed):
        if not candidate.exclusions:
            break
        situation = followed(situation, candidate.exclusions[0])
        candidate = situation.candidate()

    assert candidate.eligible
    assert candidate.changes_needed == ()


def facts(exclusions: list[Exclusion] | tuple[Exclusion, ...]) -> set[tuple[ExclusionReason, str]]:
    """Return the reasons, each with what it is about: a capability or a class of data."""
    return {
        (one.reason, one.description if one.reason in _OF_SEVERAL else "") for one in exclusions
    }


_OF_SEVERAL = frozenset({ExclusionReason.CAPABILITY, ExclusionReason.DATA_CLASS})


def test_changes_are_said_once() -> None:
    """Unknown prices break a ceiling and a budget; stating them mends both."""
    situation = Situation(
        deployment=dataclasses.replace(
            scripted_deployment("a"),
            model=dataclasses.replace(scripted_deployment("a").model, prices=None),
        ),
        request=scripted_request(
            routing=Routing(constraints=Constraints(max_cost_usd=1.0)), tenant="t"
        ),
        budget_usd=1.0,
    )

    candidate = situation.candidate()

    assert [one.reason for one in candidate.exclusions] == [
        ExclusionReason.COST_CEILING,
        ExclusionReason.TENANT_BUDGET,
    ]
    assert candidate.changes_needed == ("the configuration stated its prices",)


def test_source_of_a_limit_is_named() -> None:
    """A caller cannot change what its tenant demands, so it is told whose limit it is."""
    deployment = dataclasses.replace(scripted_deployment("a"), compliance=Compliance(region="us"))
    asked = scripted_request(
        routing=Routing(constraints=Constraints(allowed_regions=frozenset({"eu"}))), tenant="t"
    )
    situation = Situation(deployment=deployment, request=asked)
    both = dataclasses.replace(
        situation, of_policy=Constraints(allowed_regions=frozenset({"eu", "ap"}))
    )

    assert situation.candidate().changes_needed == ("`allowed_regions` named `us`",)
    assert both.candidate().changes_needed == (
        "`allowed_regions` of policy and request named `us`",
    )


def test_every_capability_says_what_would_do_without_it() -> None:
    """A new capability needs its words."""
    assert UNNEEDED_IF.keys() == ALL


def test_what_is_set_aside_tells_every_reason() -> None:
    """A weaker model that is not equivalent either needs both changes."""
    strong = dataclasses.replace(scripted_deployment("a").model, name="strong")
    weak = dataclasses.replace(strong, name="weak", tier=2)
    planner = Planner(
        catalogue=Catalogue(
            deployments={
                "a": scripted_deployment("a", model=strong),
                "b": scripted_deployment("b", model=weak),
            }
        ),
        policies={"drill": scripted_policy(["a", "b"])},
        default_policy="drill",
    )
    asked = scripted_request(
        routing=Routing(consistency=ConsistencyMode.EQUIVALENT, allow_degraded=False)
    )

    _, set_aside = candidates_of(planner, asked)

    assert {one.reason for one in set_aside.exclusions} == OF_ORDER
    assert set_aside.changes_needed == (
        "the consistency mode were `any`, or `equivalent_to` of `strong` named `weak`",
        "`allow_degraded` were set",
    )
