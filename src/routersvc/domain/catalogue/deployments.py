"""Providers, models and deployments: what an attempt can be made on, and what is known of it.

Facts of a model (window, capabilities, prices) belong to the model. Region, retention and
clearances belong to the deployment, because they are contracts. What is not stated is `None` and
counts as not compliant.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.qualities import NO_QUALITY_KNOWN, Quality
from routersvc.domain.conversation.answers import Usage
from routersvc.domain.conversation.prompts import Modality


class Capability(enum.Enum):
    """Something a model or its provider must be able to do; the proto says each in a sentence."""

    TOOLS = "tools"
    PARALLEL_TOOL_CALLS = "parallel_tool_calls"
    TOOL_CHOICE = "tool_choice"
    JSON_OBJECT = "json_object"
    JSON_SCHEMA = "json_schema"
    IMAGE_INPUT = "image_input"
    AUDIO_INPUT = "audio_input"
    FILE_INPUT = "file_input"
    AUDIO_OUTPUT = "audio_output"
    IMAGE_OUTPUT = "image_output"
    REASONING = "reasoning"
    LOGPROBS = "logprobs"
    SEED = "seed"
    SAMPLING = "sampling"
    TOP_K = "top_k"
    PENALTIES = "penalties"
    STOP_SEQUENCES = "stop_sequences"
    LOGIT_BIAS = "logit_bias"
    PREFILL = "prefill"
    STREAMING = "streaming"
    PROMPT_CACHE = "prompt_cache"
    PREDICTED_OUTPUT = "predicted_output"
    HOSTED_TOOLS = "hosted_tools"
    MIN_P = "min_p"
    VERBOSITY = "verbosity"
    SERVICE_TIER = "service_tier"
    SYSTEM_PROMPT = "system_prompt"


MODALITY_CAPABILITIES: Mapping[Modality, Capability] = MappingProxyType(
    {
        Modality.IMAGE: Capability.IMAGE_INPUT,
        Modality.AUDIO: Capability.AUDIO_INPUT,
        Modality.FILE: Capability.FILE_INPUT,
    }
)
"""The capability that content of a kind in the prompt asks for; text asks for none."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """US dollars per million tokens."""

    input: float
    output: float
    cached_input: float | None = None
    cache_write: float | None = None

    def cost_of(self, input_tokens: int, output_tokens: int) -> float:
        """Return the price of a prompt and an answer without a cache in US dollars."""
        return (input_tokens * self.input + output_tokens * self.output) / 1_000_000

    def cost(self, usage: Usage) -> float:
        """Return the price of `usage` in US dollars.

        Cached tokens without a price of their own cost what others do.
        """
        cached = usage.cached_input_tokens
        written = usage.cache_write_tokens
        plain = max(0, usage.input_tokens - cached - written)
        cached_price = self.input if self.cached_input is None else self.cached_input
        write_price = self.input if self.cache_write is None else self.cache_write
        total = (
            plain * self.input
            + cached * cached_price
            + written * write_price
            + usage.output_tokens * self.output
        )
        return total / 1_000_000


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """An entry of the catalogue. Token counts are of the model's own tokenizer.

    `token_ratio` is how many of those a token of o200k_base is taken for. `deprecated` says that
    its vendor advises against it, `retires_on` when it ends.
    """

    name: str
    context_window: int
    max_output_tokens: int | None = None
    capabilities: frozenset[Capability] = frozenset()
    prices: Prices | None = None
    tier: int = 0
    equivalent_to: frozenset[str] = frozenset()
    deprecated: bool = False
    retires_on: dt.date | None = None
    token_ratio: float = 1.0
    quality: Quality = NO_QUALITY_KNOWN


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """An API account at a vendor or a self-hosted server.

    `cancel_stops_billing` says that closing a stream ends what is billed. `expressible` is what its
    wire format can say; a deployment can do what its model can and its wire format can say.
    """

    name: str
    wire_format: str
    cancel_stops_billing: bool = True
    expressible: frozenset[Capability] = frozenset(Capability)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Compliance:
    """What is contracted for a deployment; `None` and absence mean that nothing is."""

    region: str | None = None
    zero_data_retention: bool = False
    no_training: bool = False
    data_classes: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """One model at one provider in one region with one credential.

    `wire_model` is the name by which the provider knows the model. `credential` names the
    credential, it never holds one. `canary_share` is the part of its model's traffic that it takes
    while it is tried out; `None` for what is in full use.
    """

    name: str
    provider: Provider
    model: Model
    wire_model: str
    credential: str
    compliance: Compliance = Compliance()
    enabled: bool = True
    canary_share: float | None = None

    def __post_init__(self) -> None:
        if self.canary_share is not None and not 0 <= self.canary_share <= 1:
            raise ValueError(f"`canary_share` lies between 0 and 1, not {self.canary_share}")

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What both the model can do and the provider's wire format can say."""
        return self.model.capabilities & self.provider.expressible

    @property
    def failure_domain(self) -> str:
        """What tends to fail together: the provider."""
        return self.provider.name


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """Everything that can be called, by name; `aliases` are further names of models."""

    deployments: Mapping[str, Deployment]
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    @property
    def models(self) -> frozenset[str]:
        """The names of all models that some deployment serves."""
        return frozenset(deployment.model.name for deployment in self.deployments.values())

    @property
    def providers(self) -> frozenset[str]:
        """The names of all providers that some deployment stands at."""
        return frozenset(deployment.provider.name for deployment in self.deployments.values())
