"""The `models` section: facts of each model, independent of where it is deployed."""

from __future__ import annotations

import itertools
from typing import Annotated, Any

from pydantic import AfterValidator, Field, field_validator

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.prices import Prices, PriceStep, TierPrices
from routersvc.domain.catalogue.qualities import NO_QUALITY_KNOWN, Quality
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.settings.types.fields import Date, Name, Names, Ratio, Section, UsDollars, unique

TokenCount = Annotated[int, Field(ge=1, le=1 << 30)]
"""A number of tokens."""

BASIC_CAPABILITIES = (
    Capability.STREAMING,
    Capability.SYSTEM_PROMPT,
    Capability.SAMPLING,
    Capability.STOP_SEQUENCES,
)
"""Capabilities that every chat model has."""


class RatesSection(Section):
    """US dollars per million tokens."""

    input: UsDollars = Field(description="Price of the prompt.")
    output: UsDollars = Field(description="Price of the answer, reasoning included.")
    cached_input: UsDollars | None = Field(
        default=None,
        description="Price of tokens read from the provider's prompt cache. If unset, as `input`.",
    )
    cache_write: UsDollars | None = Field(
        default=None,
        description="Price of tokens written to the provider's prompt cache. If unset, as `input`.",
    )
    cache_write_hour: UsDollars | None = Field(
        default=None,
        description="Price of tokens written to the provider's prompt cache for an hour. If unset, "
        "as `cache_write`.",
    )


class PriceStepSection(RatesSection):
    """Prices of requests with a long prompt, for all of their tokens."""

    above: TokenCount = Field(
        description="These prices apply to prompts with more tokens than this, cached ones "
        "included."
    )


class TierPricesSection(RatesSection):
    """Prices of a service tier."""

    steps: tuple[PriceStepSection, ...] = Field(
        default=(),
        description="Prices of requests with longer prompts, by ascending `above`. If unset, all "
        "requests cost the same.",
    )

    @field_validator("steps")
    @classmethod
    def _ascending(cls, steps: tuple[PriceStepSection, ...]) -> tuple[PriceStepSection, ...]:
        if any(later.above <= step.above for step, later in itertools.pairwise(steps)):
            raise ValueError("`above` must ascend")
        return steps

    def tier_value(self) -> TierPrices:
        """Return the prices of the tier."""
        return TierPrices(**_rates_of(self), steps=_steps_of(self))


class PricesSection(TierPricesSection):
    """Prices at the standard service tier, and at others."""

    flex: TierPricesSection | None = Field(
        default=None, description="Prices of the service tier `flex`. If unset, those of standard."
    )
    priority: TierPricesSection | None = Field(
        default=None,
        description="Prices of the service tier `priority`. If unset, those of standard.",
    )

    def value(self) -> Prices:
        """Return the prices of the model."""
        tiers = {ServiceTier.FLEX: self.flex, ServiceTier.PRIORITY: self.priority}
        return Prices(
            **_rates_of(self),
            steps=_steps_of(self),
            tiers={tier: its.tier_value() for tier, its in tiers.items() if its is not None},
        )


def _rates_of(section: RatesSection) -> dict[str, Any]:
    return {field: getattr(section, field) for field in RatesSection.model_fields}


def _steps_of(section: TierPricesSection) -> tuple[PriceStep, ...]:
    return tuple(PriceStep(**_rates_of(step), above=step.above) for step in section.steps)


class QualitySection(Section):
    """The quality of a model's answers from 0 to 1, on one scale for all models."""

    general: Ratio = Field(
        default=NO_QUALITY_KNOWN.general, description="Quality for tasks that are not set."
    )
    chat: Ratio | None = Field(
        default=None, description="Quality for conversation. If unset, `general`."
    )
    code: Ratio | None = Field(
        default=None, description="Quality for writing and fixing code. If unset, `general`."
    )
    reasoning: Ratio | None = Field(
        default=None, description="Quality for multi-step reasoning. If unset, `general`."
    )
    maths: Ratio | None = Field(
        default=None, description="Quality for mathematics. If unset, `general`."
    )
    extraction: Ratio | None = Field(
        default=None, description="Quality for extracting facts from text. If unset, `general`."
    )
    summarisation: Ratio | None = Field(
        default=None, description="Quality for summarising text. If unset, `general`."
    )
    creative: Ratio | None = Field(
        default=None, description="Quality for creative writing. If unset, `general`."
    )
    translation: Ratio | None = Field(
        default=None, description="Quality for translation. If unset, `general`."
    )
    vision: Ratio | None = Field(
        default=None, description="Quality for understanding images. If unset, `general`."
    )
    audio: Ratio | None = Field(
        default=None, description="Quality for understanding audio. If unset, `general`."
    )
    long_document: Ratio | None = Field(
        default=None, description="Quality for work on long documents. If unset, `general`."
    )
    tool_use: Ratio | None = Field(
        default=None, description="Quality for choosing and calling tools. If unset, `general`."
    )

    def value(self) -> Quality:
        """Return the quality by task."""
        stated = {task: getattr(self, task.value) for task in Task}
        return Quality(
            general=self.general,
            of_tasks={task: value for task, value in stated.items() if value is not None},
        )


class ModelSection(Section):
    """A model of the catalogue. Tokens are those of the model's own tokenizer.

    The key of `source` is `from`.
    """

    source: Name | None = Field(
        default=None,
        alias="from",
        description="A known model that provides every fact that is not set here, for example "
        "`openai/gpt-5`. `routersvc models --known` lists them. If unset, the known "
        "model of the same name, if there is one.",
    )
    context_window: TokenCount | None = Field(
        default=None,
        description="The largest number of tokens of prompt and answer together. Required for "
        "models that are not known.",
    )
    max_output_tokens: TokenCount | None = Field(
        default=None,
        description="The largest number of tokens of an answer. If unset, that of the known "
        "model, if any.",
    )
    capabilities: Annotated[tuple[Capability, ...], AfterValidator(unique)] = Field(
        default=BASIC_CAPABILITIES,
        description="The features that the model supports. Requests that need others go to other "
        "models. If unset, those of the known model, if any.",
    )
    efforts: Annotated[tuple[ReasoningEffort, ...], AfterValidator(unique)] | None = Field(
        default=None,
        description="The reasoning efforts that the model takes. Requests that ask for another go "
        "to other models. If unset, those of the known model, otherwise all that the wire format "
        "can express.",
    )
    prices: PricesSection | None = Field(
        default=None,
        description="US dollars per million tokens. If unset, those of the known model. A model "
        "without prices is not called for requests with a cost ceiling or a budget.",
    )
    deprecated: bool = Field(
        default=False,
        description="The vendor advises against using the model. If unset, that of the known "
        "model, if any.",
    )
    retires_on: Date | None = Field(
        default=None,
        description="The day on which the vendor retires the model, such as `2027-01-31`. If "
        "unset, that of the known model, if any.",
    )
    tier: int = Field(
        default=0,
        ge=0,
        le=1_000,
        description="The strength of the model: 0 is the strongest, higher numbers are weaker "
        "fallbacks.",
    )
    quality: QualitySection = Field(
        default=QualitySection(),
        description="The quality of the answers from 0 to 1, in general and per task, for "
        "policies with `order: ranked`. Use figures of your own, such as the share of "
        "answers that pass your tests.",
    )
    token_ratio: Annotated[float, Field(ge=0.5, le=5)] | None = Field(
        default=None,
        description="The number of the model's tokens per token of OpenAI's o200k, in which "
        "prompts are measured. If unset, a ratio that covers nine texts in ten for "
        "the vendor's models, recognised by the model's name (Claude 1.35, Gemini "
        "1.23, Cohere 1.17, Mistral 1.16, GPT-5 1.09, GPT-4o 1), and 1.35 for other "
        "models.",
    )
    equivalent_to: Names = Field(
        default=(),
        description="Models that can replace this one under `consistency: equivalent`. One "
        "direction only: name each in the other for both.",
    )
    aliases: Names = Field(
        default=(), description="Other names by which requests can ask for the model."
    )
