"""Hard limits are fail-closed, and every exclusion says why and what would change it."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.domain.plans import candidates_of, plan_of
from tests.wording import Wording

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.deployments import Compliance, Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.modes import ConsistencyMode, HedgingMode
from routersvc.domain.catalogue.prices import Prices, PriceStep, TierPrices
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import CacheLifetime, ImagePart, TextPart
from routersvc.domain.conversation.prompts import Prompt, Sampling, ServiceTier, WireExtension
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort
from routersvc.domain.outcomes.errors import UnknownNameError, UnknownPolicyError
from routersvc.domain.planning.effective_constraints import effective_constraints
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.domain.planning.exclusions import exclusions
from routersvc.domain.planning.planner import Planner
from routersvc.domain.planning.planning_errors import NoEligibleDeploymentError
from routersvc.domain.planning.plans import HedgingPlan
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request

NO_HEDGING = HedgingPlan(mode=HedgingMode.OFF, delay=None, max_parallel=1, description="off")
CLEARED = Compliance(
    region="eu", zero_data_retention=True, no_training=True, data_classes=frozenset({"phi", "pii"})
)


def planner(*deployments: Deployment, aliases: dict[str, str] | None = None) -> Planner:
    """Return a planner whose only policy lists all deployments but those named `unlisted…`."""
    listed = [d.name for d in deployments if not d.name.startswith("unlisted")]
    return Planner(
        catalogue=Catalogue(deployments={d.name: d for d in deployments}, aliases=aliases or {}),
        policies={"drill": scripted_policy(listed)},
        default_policy="drill",
    )


def request(prompt: Prompt | None = None, **routing: object) -> Request:
    """Return a streaming request with these routing fields."""
    made = scripted_request(routing=dataclasses.replace(Routing(), **routing))  # type: ignore[arg-type]
    return made if prompt is None else dataclasses.replace(made, prompt=prompt)


def reasons(deployment: Deployment, of_request: Request) -> list[ExclusionReason]:
    """Return why a deployment may not serve a request."""
    limits = planner(deployment, scripted_deployment("other")).limits(of_request)
    found = exclusions(deployment, limits)
    assert all(exclusion.description and exclusion.eligible_if for exclusion in found)
    return [exclusion.reason for exclusion in found]


def model(**facts: object) -> Model:
    """Return a model that can do everything, changed by `facts`."""
    return dataclasses.replace(scripted_deployment("a").model, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("constraints", "reason"),
    [
        (Constraints(allowed_regions=frozenset({"eu"})), ExclusionReason.REGION),
        (Constraints(data_classes=frozenset({"phi"})), ExclusionReason.DATA_CLASS),
        (Constraints(zero_data_retention=True), ExclusionReason.RETENTION),
        (Constraints(no_training=True), ExclusionReason.TRAINING),
    ],
)
def test_what_is_not_stated_is_not_compliant(
    constraints: Constraints, reason: ExclusionReason
) -> None:
    """A deployment without a contract is excluded, one with it is not."""
    silent = scripted_deployment("a")
    cleared = dataclasses.replace(silent, compliance=CLEARED)

    assert reasons(silent, request(constraints=constraints)) == [reason]
    assert reasons(cleared, request(constraints=constraints)) == []


def test_every_data_class_must_be_cleared() -> None:
    """Being cleared for one is not being cleared for both."""
    deployment = dataclasses.replace(
        scripted_deployment("a"), compliance=Compliance(data_classes=frozenset({"pii"}))
    )

    found = reasons(
        deployment, request(constraints=Constraints(data_classes=frozenset({"pii", "phi"})))
    )

    assert found == [ExclusionReason.DATA_CLASS]


def test_providers_are_allowed_and_denied_by_name() -> None:
    """Denial wins over permission."""
    deployment = scripted_deployment("a", provider="p")
    other = scripted_deployment("other")
    limits = planner(deployment, other).limits(
        request(
            constraints=Constraints(
                allowed_providers=frozenset({"other"}), denied_providers=frozenset({"p"})
            )
        )
    )

    found = [exclusion.reason for exclusion in exclusions(deployment, limits)]

    assert found == [ExclusionReason.PROVIDER_NOT_ALLOWED, ExclusionReason.PROVIDER_DENIED]
    assert exclusions(other, limits) == ()


def test_missing_capability_and_modality_are_distinguished() -> None:
    """A picture for a blind model is a matter of modality, a seed is one of capability."""
    plain = scripted_deployment("a", model=model(capabilities=frozenset({Capability.STREAMING})))
    picture = Message(
        role=Role.USER,
        parts=(ImagePart(data=b"x", media_type="image/png"), TextPart(text="what is it?")),
    )
    prompt = Prompt(messages=(picture,), sampling=Sampling(seed=1))

    found = reasons(plain, request(prompt))

    assert found == [ExclusionReason.MODALITY, ExclusionReason.CAPABILITY]


def test_capability_must_be_expressible_on_the_wire() -> None:
    """What the model can do does not help where its wire format cannot say it."""
    able = scripted_deployment("a")
    mute = dataclasses.replace(
        able,
        provider=dataclasses.replace(
            able.provider, expressible=frozenset(Capability) - {Capability.SEED}
        ),
    )
    prompt = dataclasses.replace(scripted_request().prompt, sampling=Sampling(seed=1))

    assert reasons(able, request(prompt)) == []
    assert reasons(mute, request(prompt)) == [ExclusionReason.CAPABILITY]


@pytest.mark.parametrize(("window", "fits"), [(1000, False), (1029, True), (1028, False)])
def test_window_holds_prompt_answer_and_reserve(window: int, fits: bool) -> None:  # noqa: FBT001
    """100 letters are about 21 tokens, the frame 4; 1000 for the answer and 4 in reserve."""
    prompt = Prompt(
        messages=(Message(role=Role.USER, parts=(TextPart(text="x" * 100),)),),
        sampling=Sampling(max_output_tokens=1000),
    )
    of_request = request(prompt, constraints=Constraints(context_reserve_tokens=4))

    found = reasons(scripted_deployment("a", model=model(context_window=window)), of_request)

    assert found == ([] if fits else [ExclusionReason.CONTEXT_WINDOW])


@pytest.mark.parametrize(("limit", "fits"), [(99, False), (100, True), (None, True)])
def test_answer_must_fit_the_output_limit(limit: int | None, fits: bool) -> None:  # noqa: FBT001
    """A model without a known limit is not excluded by it."""
    prompt = dataclasses.replace(
        scripted_request().prompt, sampling=Sampling(max_output_tokens=100)
    )

    found = reasons(scripted_deployment("a", model=model(max_output_tokens=limit)), request(prompt))

    assert found == ([] if fits else [ExclusionReason.OUTPUT_LIMIT])


def test_unknown_price_breaks_a_cost_ceiling() -> None:
    """What cannot be known to be cheap enough is too dear."""
    priced = scripted_deployment("a")
    unpriced = scripted_deployment("a", model=model(prices=None))
    limits = planner(priced).limits(request())
    cost = limits.expected_cost(priced.model)

    assert cost is not None
    assert reasons(priced, request(constraints=Constraints(max_cost_usd=cost))) == []
    assert reasons(priced, request(constraints=Constraints(max_cost_usd=cost * 0.99))) == [
        ExclusionReason.COST_CEILING
    ]
    assert reasons(unpriced, request(constraints=Constraints(max_cost_usd=100.0))) == [
        ExclusionReason.COST_CEILING
    ]


def test_selection_has_a_reason_each() -> None:
    """Taken out, not listed, not required, pinned elsewhere, another wire format."""
    deployment = dataclasses.replace(scripted_deployment("unlisted"), enabled=False)
    other = scripted_deployment("other", model=model(name="large"))
    prompt = dataclasses.replace(
        scripted_request().prompt,
        wire_extensions=(WireExtension(wire_format="other_format", fields_json="{}"),),
    )
    limits = planner(deployment, other).limits(
        request(prompt, required_models=("large",), pinned_deployment="other")
    )

    found = [exclusion.reason for exclusion in exclusions(deployment, limits)]

    assert found == [
        ExclusionReason.OPERATOR_DISABLED,
        ExclusionReason.NOT_IN_POLICY,
        ExclusionReason.MODEL_NOT_REQUIRED,
        ExclusionReason.NOT_PINNED,
        ExclusionReason.WIRE_FORMAT,
    ]


def test_policy_order_is_kept_and_preferences_come_first() -> None:
    """Equal preference keeps the policy's order."""
    large = model(name="large")
    made = planner(
        scripted_deployment("a"),
        scripted_deployment("b", model=large),
        scripted_deployment("c"),
        scripted_deployment("d", model=large),
        aliases={"big": "large"},
    )

    plain = plan_of(made, request()).deployments
    preferring = plan_of(made, request(preferred_models=("big",))).deployments

    assert [d.name for d in plain] == ["a", "b", "c", "d"]
    assert [d.name for d in preferring] == ["b", "d", "a", "c"]


def test_equivalent_mode_stays_with_the_model() -> None:
    """Failover goes to the same model elsewhere or to versions declared equivalent."""
    first = model(name="m1", equivalent_to=frozenset({"m2"}))
    made = planner(
        scripted_deployment("a", model=first),
        scripted_deployment("b"),
        scripted_deployment("c", model=model(name="m2")),
        scripted_deployment("d", model=first),
    )

    asked = request(consistency=ConsistencyMode.EQUIVALENT)

    assert [d.name for d in plan_of(made, asked).deployments] == ["a", "c", "d"]
    (left_out,) = [c for c in candidates_of(made, asked) if not c.eligible]
    assert left_out.deployment.name == "b"
    assert [e.reason for e in left_out.exclusions] == [ExclusionReason.NOT_EQUIVALENT]


def test_names_that_nothing_has_are_refused_by_field() -> None:
    """A typo never widens or empties a choice unseen."""
    made = planner(scripted_deployment("a"))

    with pytest.raises(UnknownPolicyError) as policy:
        made.limits(request(policy="no such"))
    with pytest.raises(UnknownNameError) as required:
        made.limits(request(required_models=("no such",)))
    with pytest.raises(UnknownNameError) as denied:
        made.limits(request(constraints=Constraints(denied_providers=frozenset({"no such"}))))
    with pytest.raises(UnknownNameError) as pinned:
        made.limits(request(pinned_deployment="no such"))

    assert policy.value.known == ("drill",)
    assert required.value.field == "routing.required_models"
    assert denied.value.field == "routing.constraints.denied_providers"
    assert pinned.value.field == "routing.pinned_deployment"


def test_nothing_eligible_tells_the_reason_for_each(wording: Wording) -> None:
    """The caller sees which limit excluded which deployment."""
    made = planner(scripted_deployment("a"), scripted_deployment("b"))
    asked = request(constraints=Constraints(no_training=True))

    with pytest.raises(NoEligibleDeploymentError) as caught:
        plan_of(made, asked)

    assert [c.deployment.name for c in caught.value.candidates] == ["a", "b"]
    assert not caught.value.only_context_window
    wording(str(caught.value))


def test_request_can_only_tighten_attempts_and_timeouts() -> None:
    """A larger number than the policy's changes nothing."""
    made = planner(scripted_deployment("a"))
    looser = plan_of(made, request(max_attempts=9, first_content_timeout=99.0))
    tighter = plan_of(made, request(max_attempts=1, first_content_timeout=0.5))

    assert (looser.max_attempts, looser.timeouts.first_content) == (3, 20.0)
    assert (tighter.max_attempts, tighter.timeouts.first_content) == (1, 0.5)


def test_limits_in_force_are_reported() -> None:
    """Only those that are set."""
    limits = planner(scripted_deployment("a")).limits(
        request(constraints=Constraints(no_training=True, max_cost_usd=0.5))
    )

    told = {constraint.name: constraint.value for constraint in effective_constraints(limits)}

    assert told == {"no_training": "required", "max_cost_usd": "0.5"}


compliances = st.builds(
    Compliance,
    region=st.sampled_from([None, "eu", "us"]),
    zero_data_retention=st.booleans(),
    no_training=st.booleans(),
    data_classes=st.frozensets(st.sampled_from(["phi", "pii"])),
)
demands = st.builds(
    Constraints,
    allowed_regions=st.frozensets(st.sampled_from(["eu", "us"])),
    data_classes=st.frozensets(st.sampled_from(["phi", "pii"])),
    zero_data_retention=st.booleans(),
    no_training=st.booleans(),
    max_cost_usd=st.sampled_from([None, 0.0001, 1.0]),
)


@given(st.lists(compliances, min_size=1, max_size=4), demands)
def test_plan_holds_exactly_the_compliant(
    contracts: list[Compliance], demanded: Constraints
) -> None:
    """Promise 3: nothing in the plan breaks a constraint, and nothing compliant is left out."""
    deployments = [
        dataclasses.replace(
            scripted_deployment(f"d{place}"),
            compliance=contract,
            model=model(prices=Prices(input=1.0, output=float(place))),
        )
        for place, contract in enumerate(contracts)
    ]
    made = planner(*deployments)
    asked = request(constraints=demanded)
    limits = made.limits(asked)

    def complies(deployment: Deployment) -> bool:
        contract = deployment.compliance
        cost = limits.expected_cost(deployment.model)
        assert cost is not None
        return (
            (not demanded.allowed_regions or contract.region in demanded.allowed_regions)
            and demanded.data_classes <= contract.data_classes
            and contract.zero_data_retention >= demanded.zero_data_retention
            and contract.no_training >= demanded.no_training
            and (demanded.max_cost_usd is None or cost <= demanded.max_cost_usd)
        )

    candidates = candidates_of(made, asked)

    assert {c.deployment.name for c in candidates if c.eligible} == {
        deployment.name for deployment in deployments if complies(deployment)
    }
    assert len(candidates) == len(deployments)


def reasoner(efforts: frozenset[ReasoningEffort] | None) -> Model:
    """Return a model that reasons with these efforts."""
    return model(capabilities=frozenset(Capability), efforts=efforts)


@pytest.mark.parametrize(
    ("has", "effort", "found"),
    [
        (None, ReasoningEffort.XHIGH, []),
        (frozenset(ReasoningEffort), ReasoningEffort.ADAPTIVE, []),
        (frozenset({ReasoningEffort.HIGH}), None, []),
        (frozenset({ReasoningEffort.HIGH}), ReasoningEffort.XHIGH, [ExclusionReason.CAPABILITY]),
        (frozenset({ReasoningEffort.HIGH}), ReasoningEffort.NONE, [ExclusionReason.CAPABILITY]),
        (frozenset[ReasoningEffort](), ReasoningEffort.LOW, [ExclusionReason.CAPABILITY]),
    ],
)
def test_model_without_the_effort_is_excluded(
    has: frozenset[ReasoningEffort] | None,
    effort: ReasoningEffort | None,
    found: list[ExclusionReason],
) -> None:
    """No attempt is spent on a model that would refuse; unknown efforts exclude nobody."""
    deployment = dataclasses.replace(scripted_deployment("a"), model=reasoner(has))
    prompt = dataclasses.replace(request().prompt, reasoning=Reasoning(effort=effort))

    assert reasons(deployment, request(prompt)) == found


def test_effort_that_the_wire_format_lacks_excludes_too() -> None:
    """The model may have it elsewhere."""
    deployment = dataclasses.replace(
        scripted_deployment("a"),
        model=reasoner(None),
        expressible_efforts=frozenset({ReasoningEffort.LOW}),
    )
    prompt = dataclasses.replace(
        request().prompt, reasoning=Reasoning(effort=ReasoningEffort.MAXIMUM)
    )

    assert reasons(deployment, request(prompt)) == [ExclusionReason.CAPABILITY]


def test_model_that_does_not_reason_lacks_the_capability_alone() -> None:
    """One reason is enough, and the more general one says more."""
    plain = model(
        capabilities=frozenset(Capability) - {Capability.REASONING},
        efforts=frozenset[ReasoningEffort](),
    )
    deployment = dataclasses.replace(scripted_deployment("a"), model=plain)
    prompt = dataclasses.replace(request().prompt, reasoning=Reasoning(effort=ReasoningEffort.LOW))
    limits = planner(deployment, scripted_deployment("other")).limits(request(prompt))

    (found,) = exclusions(deployment, limits)

    assert found.eligible_if == "`reasoning` were unset"


@given(
    has=st.frozensets(st.sampled_from(ReasoningEffort)),
    can=st.frozensets(st.sampled_from(ReasoningEffort)),
    effort=st.sampled_from(ReasoningEffort),
)
def test_following_eligible_if_of_an_effort_makes_it_eligible(
    has: frozenset[ReasoningEffort],
    can: frozenset[ReasoningEffort],
    effort: ReasoningEffort,
) -> None:
    """Each effort that the exclusion names is one that is served."""
    deployment = dataclasses.replace(
        scripted_deployment("a"), model=reasoner(has), expressible_efforts=can
    )

    def excluded(asked: ReasoningEffort | None) -> bool:
        prompt = dataclasses.replace(request().prompt, reasoning=Reasoning(effort=asked))
        return bool(reasons(deployment, request(prompt)))

    assert excluded(effort) == (effort not in has & can)
    assert not any(excluded(it) for it in deployment.efforts)
    assert not excluded(None)


@pytest.mark.parametrize(
    ("facts", "tier", "cache", "dollars"),
    [
        ({}, None, None, 1_000 * 1.0),
        ({"token_ratio": 1.5}, None, None, 1_500 * 1.0),
        # In the model's tokens the prompt is longer than the step, in those of o200k it is not.
        ({"token_ratio": 1.5, "step": 1_200}, None, None, 1_500 * 3.0),
        ({"step": 1_200}, None, None, 1_000 * 1.0),
        ({}, ServiceTier.PRIORITY, None, 1_000 * 2.0),
        ({}, ServiceTier.FLEX, None, 1_000 * 1.0),
        ({}, None, CacheLifetime.LONG, 1_000 * 1.6),
        ({}, None, CacheLifetime.SHORT, 1_000 * 1.2),
    ],
)
def test_forecast_has_ratio_step_tier_and_cache(
    facts: dict[str, float],
    tier: ServiceTier | None,
    cache: CacheLifetime | None,
    dollars: float,
) -> None:
    """A ceiling must hold against what the vendor will charge."""
    step = int(facts.get("step", 1_000_000))
    prices = Prices(
        input=1.0,
        output=0.0,
        cache_write=1.2,
        cache_write_hour=1.6,
        steps=(PriceStep(above=step, input=3.0, output=0.0),),
        tiers={ServiceTier.PRIORITY: TierPrices(input=2.0, output=0.0)},
    )
    priced = model(prices=prices, token_ratio=facts.get("token_ratio", 1.0))
    deployment = dataclasses.replace(scripted_deployment("a"), model=priced)
    limits = planner(deployment).limits(request())
    profile = dataclasses.replace(
        limits.profile, input_tokens=1_000, cache_lifetime=cache, service_tier=tier
    )

    cost = dataclasses.replace(limits, profile=profile).expected_cost(priced)

    assert cost == pytest.approx(dollars / 1_000_000)
