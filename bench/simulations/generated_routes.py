"""Small random worlds that combine all constraints and all failures.

Each world computes which deployments may serve a request, in the simplest way and without the rules
of the router. Where the two disagree, one of them has a bug.
"""

from __future__ import annotations

import dataclasses
import random as random_module
from collections.abc import Mapping, Sequence

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.deployments import Compliance, Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.modes import (
    ConsistencyMode,
    HedgingMode,
    OrderMode,
    StreamRecoveryMode,
)
from routersvc.domain.catalogue.policies import HedgingRule, Policy, Priority, RetryRule, Timeouts
from routersvc.domain.catalogue.prices import Prices
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.catalogue.qualities import Quality
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.route_rules import RouteMatch, RouteRule
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.catalogue.weights import Weights, WeightWishes
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt, Sampling, WireExtension
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.testing.scripted import Emit, Fail, Hang, Move, Script, Wait

_NAMES = ("a", "b", "c", "d", "e")
_PROVIDERS = ("p", "q", "r")
_MODELS = ("large", "large-2", "small")
_REGIONS = ("eu", "us")
_CLASSES = ("phi", "pii")
_SMALL_WINDOW = 4_000
_LARGE_WINDOW = 1_000_000
_LONG_PROMPT = 20_000
"""Words of one or two tokens each, far more than the small window holds."""

_CHEAP = Prices(input=0.0, output=10.0)
_DEAR = Prices(input=0.0, output=1_000.0)
_OPTIONAL = (Capability.SEED, Capability.PREFILL, Capability.STREAMING, Capability.TOP_K)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class GeneratedRoute:
    """One world: deployments, policy, tenant, requests, and the script of every call."""

    deployments: tuple[Deployment, ...]
    policy: Policy
    tenant: Tenant
    requests: tuple[Request, ...]
    scripts: Mapping[str, tuple[Script, ...]]

    def listed(self, request: Request) -> tuple[str, ...]:
        """Return the deployments of the policy's first matching rule, or of the policy itself."""
        routing = request.routing
        for rule in self.policy.rules:
            match = rule.match
            if match.tasks and routing.task not in match.tasks:
                continue
            if match.tenants and request.tenant not in match.tenants:
                continue
            if any(routing.labels.get(key) != value for key, value in match.labels.items()):
                continue
            return rule.deployments
        return self.policy.deployments

    def reasons(self, deployment: Deployment, request: Request) -> frozenset[ExclusionReason]:
        """Return the reasons why a deployment may not serve a request; empty if it may."""
        limits = (self.tenant.constraints, self.policy.constraints, request.routing.constraints)
        return frozenset(
            {
                *self._reasons_of_choice(deployment, request),
                *_reasons_of_abilities(deployment, request),
                *_reasons_of_sizes(deployment, request, limits),
                *(reason for each in limits for reason in _reasons_of_limits(deployment, each)),
            }
        )

    def may_serve(self, request: Request) -> frozenset[str]:
        """Return the names of the deployments that may serve a request."""
        return frozenset(one.name for one in self.deployments if not self.reasons(one, request))

    def stand_in(self, first: Deployment, other: Deployment, request: Request) -> bool:
        """Whether `other` may answer if `first` is the first choice."""
        routing = request.routing
        mode = routing.consistency or self.policy.consistency
        if mode is ConsistencyMode.EQUIVALENT and other.model.name not in {
            first.model.name,
            *first.model.equivalent_to,
        }:
            return False
        wished = routing.allow_degraded
        allowed = self.policy.allow_degraded if wished is None else wished
        return allowed or other.model.tier <= first.model.tier

    def _reasons_of_choice(self, deployment: Deployment, request: Request) -> list[ExclusionReason]:
        routing = request.routing
        reasons: list[ExclusionReason] = []
        if not deployment.enabled:
            reasons.append(ExclusionReason.OPERATOR_DISABLED)
        if deployment.name not in self.listed(request):
            reasons.append(ExclusionReason.NOT_IN_POLICY)
        if routing.required_models and deployment.model.name not in routing.required_models:
            reasons.append(ExclusionReason.MODEL_NOT_REQUIRED)
        if routing.pinned_deployment not in {"", deployment.name}:
            reasons.append(ExclusionReason.NOT_PINNED)
        formats = {each.wire_format for each in request.prompt.wire_extensions}
        if formats and formats != {deployment.provider.wire_format}:
            reasons.append(ExclusionReason.WIRE_FORMAT)
        return reasons


def _reasons_of_abilities(deployment: Deployment, request: Request) -> list[ExclusionReason]:
    able = deployment.model.capabilities
    sampling = request.prompt.sampling
    lacks = (
        (request.streaming and Capability.STREAMING not in able)
        or (sampling.seed is not None and Capability.SEED not in able)
        or (sampling.top_k is not None and Capability.TOP_K not in able)
    )
    return [ExclusionReason.CAPABILITY] if lacks else []


def _reasons_of_sizes(
    deployment: Deployment, request: Request, limits: Sequence[Constraints]
) -> list[ExclusionReason]:
    reasons: list[ExclusionReason] = []
    model = deployment.model
    asked = request.prompt.sampling.max_output_tokens or 0
    reserve = max(each.context_reserve_tokens for each in limits)
    is_long = len(_text_of(request)) > _LONG_PROMPT
    if model.context_window == _SMALL_WINDOW and (is_long or asked + reserve > _SMALL_WINDOW):
        reasons.append(ExclusionReason.CONTEXT_WINDOW)
    if model.max_output_tokens is not None and asked > model.max_output_tokens:
        reasons.append(ExclusionReason.OUTPUT_LIMIT)
    ceilings = [each.max_cost_usd for each in limits if each.max_cost_usd is not None]
    prices = model.prices
    if ceilings and (prices is None or asked * prices.output / 1_000_000 > min(ceilings)):
        reasons.append(ExclusionReason.COST_CEILING)
    return reasons


def _reasons_of_limits(deployment: Deployment, limits: Constraints) -> list[ExclusionReason]:
    """Return the reasons for which one set of constraints excludes a deployment."""
    compliance = deployment.compliance
    provider = deployment.provider.name
    found = {
        ExclusionReason.REGION: limits.allowed_regions
        and compliance.region not in limits.allowed_regions,
        ExclusionReason.DATA_CLASS: not limits.data_classes <= compliance.data_classes,
        ExclusionReason.RETENTION: limits.zero_data_retention
        and not compliance.zero_data_retention,
        ExclusionReason.TRAINING: limits.no_training and not compliance.no_training,
        ExclusionReason.PROVIDER_NOT_ALLOWED: limits.allowed_providers
        and provider not in limits.allowed_providers,
        ExclusionReason.PROVIDER_DENIED: provider in limits.denied_providers,
    }
    return [reason for reason, is_so in found.items() if is_so]


def _text_of(request: Request) -> str:
    part = request.prompt.messages[0].parts[0]
    return part.text if isinstance(part, TextPart) else ""


def draw_route(random: random_module.Random) -> GeneratedRoute:
    """Return a world generated from `random`."""
    names = _NAMES[: random.randint(2, len(_NAMES))]
    models = {name: _model(random, name) for name in _MODELS}
    deployments = tuple(_deployment(random, name, models) for name in names)
    policy = _policy(random, names)
    deployed = sorted({one.model.name for one in deployments})
    providers = sorted({one.provider.name for one in deployments})
    return GeneratedRoute(
        deployments=deployments,
        policy=policy,
        tenant=Tenant(
            name="t",
            constraints=_constraints(random, _PROVIDERS),
            weights=WeightWishes(cost=random.choice([None, 0.0, 3.0])),
        ),
        requests=tuple(
            _request(random, f"request {number}", names, deployed, providers)
            for number in range(random.randint(1, 3))
        ),
        scripts={
            name: tuple(_script(random) for _ in range(random.randint(1, 2))) for name in names
        },
    )


def _model(random: random_module.Random, name: str) -> Model:
    return Model(
        name=name,
        context_window=random.choice([_SMALL_WINDOW, _LARGE_WINDOW, _LARGE_WINDOW]),
        max_output_tokens=random.choice([None, 100, 3_000]),
        capabilities=frozenset(Capability)
        - frozenset(one for one in _OPTIONAL if random.random() < 0.15),  # noqa: PLR2004 - a few
        prices=random.choice(
            [
                None,
                Prices(input=0.0, output=10.0),
                Prices(input=0.0, output=10.0),
                Prices(input=0.0, output=1_000.0),
            ]
        ),
        tier=random.choice([0, 0, 0, 1]),
        equivalent_to=frozenset(random.sample(_MODELS, random.randint(0, 1))) - {name},
        quality=Quality(general=random.choice([0.2, 0.5, 0.9])),
        token_ratio=random.choice([1.0, 1.3]),
    )


def _deployment(random: random_module.Random, name: str, models: Mapping[str, Model]) -> Deployment:
    provider = random.choice(_PROVIDERS)
    model = random.choice(_MODELS)
    return Deployment(
        name=name,
        provider=Provider(
            name=provider,
            wire_format="other" if provider == "r" else "scripted",
            cancel_stops_billing=provider == "p",
        ),
        model=models[model],
        wire_model=model,
        credential=f"{provider} key",
        compliance=Compliance(
            region=random.choice([None, "eu", "eu", "us"]),
            zero_data_retention=random.choice([True, True, False]),
            no_training=random.choice([True, True, False]),
            data_classes=frozenset(random.sample(_CLASSES, random.choice([0, 1, 2, 2]))),
        ),
        enabled=random.random() < 0.9,  # noqa: PLR2004 - most
        canary_share=random.choice([None, None, 0.3]),
    )


def _policy(random: random_module.Random, names: Sequence[str]) -> Policy:
    return Policy(
        name="drill",
        deployments=tuple(random.sample(names, random.randint((len(names) + 1) // 2, len(names)))),
        order=random.choice(list(OrderMode)),
        goal=Weights(quality=random.choice([0.0, 1.0]), cost=random.choice([1.0, 2.0])),
        rules=tuple(_rule(random, number, names) for number in range(random.randint(0, 2))),
        max_attempts=random.randint(1, 4),
        timeouts=Timeouts(connect=1.0, first_content=5.0, idle=2.0, attempt=60.0, useful=0.05),
        hedging=HedgingRule(
            mode=random.choice(list(HedgingMode)),
            delay=random.choice([None, 0.2, 0.6]),
            max_delay=3.0,
            max_parallel=random.choice([2, 3]),
        ),
        retries=RetryRule(max_retries=random.randint(0, 2)),
        stream_recovery=random.choice(list(StreamRecoveryMode)),
        consistency=random.choice(
            [ConsistencyMode.ANY, ConsistencyMode.ANY, ConsistencyMode.EQUIVALENT]
        ),
        allow_degraded=random.choice([True, True, False]),
        constraints=_constraints(random, _PROVIDERS),
    )


def _rule(random: random_module.Random, number: int, names: Sequence[str]) -> RouteRule:
    return RouteRule(
        name=f"rule {number}",
        match=RouteMatch(
            tasks=frozenset(random.sample([Task.CODE, Task.CHAT], random.randint(0, 1))),
            labels=random.choice([{}, {"job": "nightly"}]),
            tenants=random.choice([frozenset(), frozenset({"t"}), frozenset({"u"})]),
        ),
        deployments=tuple(random.sample(names, random.randint(1, len(names)))),
    )


def _constraints(random: random_module.Random, providers: Sequence[str]) -> Constraints:
    if random.random() < 0.7:  # noqa: PLR2004 - most state nothing
        return Constraints()
    return Constraints(
        allowed_regions=frozenset(random.sample(_REGIONS, random.choice([0, 0, 1, 2]))),
        data_classes=frozenset(random.sample(_CLASSES, random.choice([0, 0, 0, 1]))),
        zero_data_retention=random.choice([False, False, True]),
        no_training=random.choice([False, False, True]),
        allowed_providers=frozenset(
            random.sample(providers, min(len(providers), random.choice([0, 0, 1, 2])))
        ),
        denied_providers=frozenset(random.sample(providers, random.choice([0, 0, 0, 0, 1]))),
        max_cost_usd=random.choice([None, None, None, 0.02, 0.5]),
        context_reserve_tokens=random.choice([0, 0, 0, 5_000]),
    )


def _request(
    random: random_module.Random,
    name: str,
    names: Sequence[str],
    models: Sequence[str],
    providers: Sequence[str],
) -> Request:
    is_pinned = random.random() < 0.1  # noqa: PLR2004 - a few
    is_long = random.random() < 0.1  # noqa: PLR2004 - a few
    text = "word " * _LONG_PROMPT if is_long else "What is the time?"
    return Request(
        request_id=name,
        prompt=Prompt(
            messages=(Message(role=Role.USER, parts=(TextPart(text=text),)),),
            sampling=Sampling(
                max_output_tokens=random.choice([50, 50, 1_000]),
                seed=random.choice([None, None, 1]),
                top_k=random.choice([None, None, None, 5]),
            ),
            wire_extensions=random.choice(
                [(), (), (), (WireExtension(wire_format="scripted", fields_json="{}"),)]
            ),
        ),
        routing=Routing(
            required_models=tuple(
                random.sample(models, min(len(models), random.choice([0, 0, 0, 1])))
            ),
            preferred_models=tuple(
                random.sample(models, min(len(models), random.choice([0, 0, 1, 2])))
            ),
            pinned_deployment=random.choice(names) if is_pinned else "",
            consistency=ConsistencyMode.PINNED
            if is_pinned
            else random.choice([None, None, ConsistencyMode.ANY, ConsistencyMode.EQUIVALENT]),
            constraints=_constraints(random, providers),
            task=random.choice([Task.CODE, Task.CHAT, Task.MATHS]),
            complexity=random.choice([0.1, 0.9]),
            priority=random.choice(list(Priority)),
            hedging_mode=random.choice([None, *HedgingMode]),
            latency_budget=random.choice([None, None, 0.5]),
            stream_recovery=random.choice([None, StreamRecoveryMode.RESUME]),
            weights=WeightWishes(latency=random.choice([None, None, 2.0])),
            session_id=random.choice(["", "", "session"]),
            deterministic=random.choice([False, False, True]),
            allow_degraded=random.choice([None, None, True, False]),
            labels=random.choice([{}, {"job": "nightly"}]),
        ),
        streaming=random.choice([True, True, False]),
        timeout=60.0,
        tenant="t",
    )


def _script(random: random_module.Random) -> Script:
    """Return a script that answers, fails, hangs, or breaks after its first words."""
    delays = (0.0, 0.1, 0.5, 2.0, 10.0)
    moves: list[Move] = [Wait(random.choice(delays))]
    if random.random() < 0.5:  # noqa: PLR2004 - a coin
        moves += [Emit((TextDelta(text="half"),)), Wait(random.choice(delays))]
    end = random.choice(["answer", "fail", "fail", "hang"])
    if end == "answer":
        usage = UsageCounted(usage=Usage(output_tokens=10))
        moves.append(Emit((TextDelta(text="whole"), usage, Finished(reason=FinishReason.STOP))))
    elif end == "fail":
        failure_class = random.choice(list(FailureClass))
        moves.append(Fail(Failure(failure_class=failure_class, message="it failed")))
    else:
        moves.append(Hang())
    return moves
