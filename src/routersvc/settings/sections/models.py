"""The `models` section: the facts of each model, the same wherever it is deployed."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.settings.sections.qualities import QualitySection
from routersvc.settings.types.fields import Date, Name, Names, Section, UsDollars, unique

TokenCount = Annotated[int, Field(ge=1, le=1 << 30)]
"""A number of tokens."""

BASIC_CAPABILITIES = (
    Capability.STREAMING,
    Capability.SYSTEM_PROMPT,
    Capability.SAMPLING,
    Capability.STOP_SEQUENCES,
)
"""What every chat model could do when chat models began."""


class PricesSection(Section):
    """US dollars per million tokens."""

    input: UsDollars = Field(description="For the prompt.")
    output: UsDollars = Field(description="For the answer, thoughts included.")
    cached_input: UsDollars | None = Field(
        default=None,
        description="For what is read from the provider's prompt cache. Left out: as `input`.",
    )
    cache_write: UsDollars | None = Field(
        default=None,
        description="For what is written to the provider's prompt cache. Left out: as `input`.",
    )


class ModelSection(Section):
    """An entry of the catalogue. Tokens are those of the model's own tokenizer.

    `source` stands under the key `from`.
    """

    source: Name | None = Field(
        default=None,
        alias="from",
        description="A known model that it takes each fact from that it does not state itself: "
        "`routersvc models --known` lists them. Left out: the one of its own name, if any.",
    )
    context_window: TokenCount | None = Field(
        default=None,
        description="Tokens of prompt and answer that it can attend to. Left out: as known.",
    )
    max_output_tokens: TokenCount | None = Field(
        default=None, description="Tokens of the longest answer. Left out: as known, if at all."
    )
    capabilities: Annotated[tuple[Capability, ...], AfterValidator(unique)] = Field(
        default=BASIC_CAPABILITIES,
        description="All that it can do; a request that needs more goes elsewhere. Left out for a "
        "known model: as known.",
    )
    prices: PricesSection | None = Field(
        default=None,
        description="US dollars per million tokens. Left out: as known; where nothing is, no "
        "request with a cost ceiling or a budget comes here.",
    )
    deprecated: bool = Field(
        default=False,
        description="Its vendor advises against it. Left out for a known model: as known.",
    )
    retires_on: Date | None = Field(
        default=None,
        description="The day on which its vendor ends it, as `2027-01-31`. Left out: as known, if "
        "at all.",
    )
    tier: int = Field(
        default=0,
        ge=0,
        le=1_000,
        description="Its rung: 0 is the strongest, each higher number a weaker fallback.",
    )
    quality: QualitySection = Field(
        default=QualitySection(),
        description="How good its answers are, from 0 to 1, in general and by task, for policies "
        "with `order: ranked`.",
    )
    token_ratio: Annotated[float, Field(ge=0.5, le=5)] | None = Field(
        default=None,
        description="Its tokens for one of OpenAI's o200k, by which prompts are measured against "
        "its window. Left out: what nine texts in ten keep to with its vendor's models, "
        "recognised by its name (Claude 1.35, Gemini 1.23, Cohere 1.17, Mistral 1.16, GPT-5 1.09, "
        "GPT-4o 1), and 1.35 where that is not known.",
    )
    equivalent_to: Names = Field(
        default=(),
        description="Models that may stand in for it under `consistency: equivalent`. "
        "Holds in one direction; name each in the other to have both.",
    )
    aliases: Names = Field(
        default=(), description="Further names by which requests may ask for it."
    )
