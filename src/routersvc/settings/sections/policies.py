"""The `policies` and `policy_defaults` sections: routing rules.

A policy takes each key that it does not set from `policy_defaults`, also key by key inside
`timeouts`, `hedging`, `retries` and `weights`. What it ranks by is taken as a whole.
"""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from routersvc.domain.catalogue.modes import (
    ConsistencyMode,
    HedgingMode,
    OrderMode,
    StreamRecoveryMode,
)
from routersvc.domain.catalogue.policies import HedgingRule, Policy, RetryRule, Timeouts
from routersvc.domain.catalogue.ranking_goals import (
    TOKENS_OF_WORTH,
    WORTH_OF_QUALITY,
    WORTH_OF_SECOND,
    RankingGoal,
    SlackGoal,
    WorthGoal,
)
from routersvc.domain.catalogue.weights import EVEN_WEIGHTS, weighed
from routersvc.settings.inheritance import inherited
from routersvc.settings.sections.constraints import ConstraintsSection
from routersvc.settings.sections.route_rules import RouteRuleSection
from routersvc.settings.sections.weights import (
    RANKING_KEYS,
    Slack,
    WeightsSection,
    WorthOfQuality,
    WorthOfSecond,
    ranking_keys,
)
from routersvc.settings.types.fields import Duration, FilledNames, Section, refused

_HEDGING = HedgingRule(mode=HedgingMode.AUTO)
_RETRIES = RetryRule()


def _without_pinned(mode: ConsistencyMode) -> ConsistencyMode:
    if mode is ConsistencyMode.PINNED:
        raise refused("is only allowed in requests, which name the deployment")
    return mode


PolicyConsistency = Annotated[
    ConsistencyMode,
    AfterValidator(_without_pinned),
    WithJsonSchema({"type": "string", "enum": ["any", "equivalent"]}),
]
"""A consistency mode that does not need a named deployment."""


class TimeoutsSection(Section):
    """Timeouts of an attempt. Each is also bounded by what is left of the deadline."""

    connect: Duration = Field(default=2.0, description="Connecting, TLS included.")
    first_content: Duration = Field(
        default=30.0,
        description="Until the first content of an answer that is read as a stream, which is "
        "every answer of a deployment that can stream; keep-alives do not count. The "
        "default is longer than any hedge delay, and three attempts fit into the "
        "default deadline.",
    )
    first_content_reasoning: Duration | None = Field(
        default=None,
        description="The same for models with the capability `reasoning`, which may think for a "
        "minute before their first content, unless the request turns reasoning off. If unset, "
        "four times `first_content`: 120 s by default.",
    )
    idle: Duration = Field(
        default=20.0,
        description="Between two contents of an answer that is read as a stream. Within this time "
        "at least 4 contents or 40 characters have to arrive, within 40 % of the time left where "
        "that is shorter and another attempt can be made; otherwise the answer has stalled.",
    )
    attempt: Duration = Field(
        default=120.0,
        description="The whole attempt, streamed or not. The default equals the default deadline, "
        "so that a live stream is not cut.",
    )
    useful: Duration = Field(
        default=0.2,
        description="No attempt starts when less than this is left of the deadline.",
    )

    def value(self) -> Timeouts:
        """Return the timeouts."""
        return Timeouts(**self.model_dump())


class HedgingSection(Section):
    """When a second attempt starts while the first still runs."""

    mode: HedgingMode = Field(
        default=_HEDGING.mode,
        description="`off`: no attempt starts beside another one, not even to keep the deadline. "
        "`parallel`: two attempts start together. `delayed`: the second starts when the first is "
        "later than `percentile`. `auto`: as `delayed`, but never for requests of low priority, "
        "and on a deployment that costs more than three times as much only for those of high "
        "priority. Every mode but `off` also starts a rescue: a second attempt when the first has "
        "no content after half of the time left or `first_content`, or when another deployment "
        "needs the rest of the time.",
    )
    percentile: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=_HEDGING.percentile,
        description="The percentile of the live time to first content after which a hedge starts; "
        "at 0.95, for one request in twenty.",
    )
    min_samples: int = Field(
        default=_HEDGING.min_samples,
        ge=1,
        le=1_000_000,
        description="The number of samples that the percentile needs. With fewer, those of "
        "another deployment of the same model, provider or wire format are used; without any, the "
        "delay is `max_delay`.",
    )
    min_delay: Duration = Field(default=_HEDGING.min_delay, description="The shortest hedge delay.")
    max_delay: Duration = Field(default=_HEDGING.max_delay, description="The longest hedge delay.")
    delay: Duration | None = Field(
        default=_HEDGING.delay, description="A fixed hedge delay. If unset, the live percentile."
    )
    max_parallel: int | None = Field(
        default=_HEDGING.max_parallel,
        ge=1,
        le=8,
        description="The largest number of concurrent attempts for one request, the first "
        "included. If unset, 3, and 2 in `parallel` mode.",
    )

    def value(self) -> HedgingRule:
        """Return the hedging rule."""
        return HedgingRule(**self.model_dump())


class RetriesSection(Section):
    """Retries of a deployment that failed, with full jitter."""

    max_retries: int = Field(
        default=_RETRIES.max_retries,
        ge=0,
        le=10,
        description="The largest number of retries of one deployment for one request.",
    )
    base_delay: Duration = Field(
        default=_RETRIES.base_delay,
        description="The upper bound of the delay before the first retry. It doubles with each "
        "retry.",
    )
    max_delay: Duration = Field(
        default=_RETRIES.max_delay,
        description="The upper bound of the delay before a retry. A longer `Retry-After` is waited "
        "out only if no other deployment is left and the deadline allows it.",
    )
    only_without_alternative: bool = Field(
        default=_RETRIES.only_without_alternative,
        description="Retry the same deployment only if no other one is left.",
    )

    def value(self) -> RetryRule:
        """Return the retry rule."""
        return RetryRule(**self.model_dump())


class PolicyDefaultsSection(Section):
    """Values of all keys that a policy does not set itself."""

    order: OrderMode = Field(
        default=OrderMode.BALANCED,
        description="`fixed`: deployments in the order in which they are listed. `balanced`: the "
        "same, but deployments of one model share the place of the first, and each "
        "request goes to the less loaded of two drawn at random. `ranked`: models by "
        "expected quality, cost, latency and health, and their deployments by load.",
    )
    worth_of_quality_usd: WorthOfQuality | None = Field(
        default=None,
        description="Under `order: ranked`, the US dollars that one right answer more is worth: "
        "the first model is the one with the highest expected quality times this worth, less the "
        f"expected cost. If unset, {WORTH_OF_QUALITY:.2f} for requests of up to "
        f"{TOKENS_OF_WORTH:,} tokens of prompt and answer, and more in proportion to the tokens "
        "above.",
    )
    quality_slack: Slack | None = Field(
        default=None,
        description="Instead of `worth_of_quality_usd`: the first model is the cheapest whose "
        "expected quality is at most so much below the best.",
    )
    worth_of_second_usd: WorthOfSecond = Field(
        default=WORTH_OF_SECOND,
        description="Under `order: ranked`, the US dollars that an answer one second earlier is "
        "worth. Without effect beside `weights`.",
    )
    weights: WeightsSection = Field(
        default=WeightsSection(),
        description="Instead of `worth_of_quality_usd`: relative weights of quality, cost and "
        "latency. Costs and latencies are then compared with the best model, whatever the level "
        "of prices. If one is set, the others are 1 by default.",
    )
    max_attempts: int = Field(
        default=3,
        ge=1,
        le=20,
        description="The largest number of attempts for one request: the first, retries, "
        "failovers and hedges.",
    )
    timeouts: TimeoutsSection = Field(
        default=TimeoutsSection(),
        description="Timeouts of an attempt. Each is also bounded by what is left of the deadline.",
    )
    hedging: HedgingSection = Field(
        default=HedgingSection(),
        description="Whether and when a second attempt starts while the first still runs.",
    )
    retries: RetriesSection = Field(
        default=RetriesSection(),
        description="Retries of a deployment that failed, with full jitter.",
    )
    stream_recovery: StreamRecoveryMode = Field(
        default=StreamRecoveryMode.FAIL,
        description="What happens when a stream breaks after its first content. `fail`: the call "
        "fails with a typed error. `restart`: another deployment starts over. "
        "`resume`: another deployment continues from the text so far.",
    )
    consistency: PolicyConsistency = Field(
        default=ConsistencyMode.ANY,
        description="Which deployments can replace the first choice. `any`: all deployments of "
        "the policy. `equivalent`: those of the same model or of its `equivalent_to`. "
        "Only requests can pin a deployment.",
    )
    failover_on_refusal: bool = Field(
        default=False,
        description="Try another deployment when a content filter or the model refuses to answer.",
    )
    allow_degraded: bool = Field(
        default=True,
        description="Whether a model of a weaker `tier` than the first choice can replace it.",
    )


class PolicySection(PolicyDefaultsSection):
    """Named routing rules. Sets either `deployments` or `models`."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["deployments"]}, {"required": ["models"]}]}
    )

    deployments: FilledNames | None = Field(
        default=None,
        description="The deployments of the policy in order of preference: names under "
        "`deployments`.",
    )
    models: FilledNames | None = Field(
        default=None,
        description="Instead of `deployments`: all deployments of these models, in the order of "
        "this list and then of this file.",
    )
    rules: tuple[RouteRuleSection, ...] = Field(
        default=(),
        description="Rules that send matching requests to other deployments. The first rule that "
        "matches replaces `deployments` or `models`.",
    )
    constraints: ConstraintsSection = Field(
        default=ConstraintsSection(),
        description="Hard limits of all requests under this policy, in addition to those of the "
        "request and its tenant.",
    )

    def value(self, name: str, deployments: tuple[str, ...]) -> Policy:
        """Return the policy; `deployments` are those that it lists, or those of its `models`.

        The keys of ranking become its goal; all others have the names of the domain's fields.
        """
        keys = type(self).model_fields.keys() - _OTHER_KEYS
        values: dict[str, Any] = {key: _domain_value(getattr(self, key)) for key in keys}
        return Policy(name=name, deployments=deployments, goal=self._goal(), **values)

    def _goal(self) -> RankingGoal:
        weights = self.weights.value()
        if weights:
            return weighed(EVEN_WEIGHTS, weights)
        if self.quality_slack is not None:
            return SlackGoal(slack=self.quality_slack, second_usd=self.worth_of_second_usd)
        return WorthGoal(quality_usd=self.worth_of_quality_usd, second_usd=self.worth_of_second_usd)


_OTHER_KEYS = frozenset({"deployments", "models", "worth_of_second_usd", *RANKING_KEYS})
"""Keys that are not fields of the domain's policy under the same name."""


def with_defaults(policy: PolicySection, defaults: PolicyDefaultsSection) -> PolicySection:
    """Return a policy with each key that it does not set taken from the defaults.

    A policy that sets one of the keys that exclude each other takes none of the others.
    """
    own = ranking_keys(policy)
    if own:
        unset = PolicyDefaultsSection()
        others = {key: getattr(unset, key) for key in RANKING_KEYS if key not in own}
        defaults = defaults.model_copy(update=others)
    return inherited(policy, defaults)


def _domain_value(value: object) -> object:
    match value:
        case (
            TimeoutsSection()
            | HedgingSection()
            | RetriesSection()
            | ConstraintsSection()
            | RouteRuleSection()
        ):
            return value.value()
        case tuple():
            return tuple(_domain_value(item) for item in cast("tuple[object, ...]", value))
        case _:
            return value
