"""Facts of known models come along by name, and every one can be overridden."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.models import Model, Prices
from routersvc.domain.catalogue.token_ratios import UNKNOWN_RATIO
from routersvc.settings.known_models.known_models import (
    completed,
    known_name,
    known_names,
    vendor_name,
)
from routersvc.settings.known_models.price_library import known_prices
from routersvc.settings.sections.models import BASIC_CAPABILITIES, ModelSection
from routersvc.settings.settings import Settings

Load = Callable[[str], Settings]
ProblemsIn = Callable[[str], list[str]]

BASE = """\
providers:
  p: {wire_format: openai_chat, base_url: "http://p"}
models:
  big: {MODEL}
deployments:
  one: {provider: p, model: big}
policies:
  default: {models: [big]}
"""


def of_file(load: Load, model: str) -> tuple[Model, str]:
    """Return the model that a file describes, and what its deployment is called on the wire."""
    (deployment,) = load(BASE.replace("{MODEL}", model)).catalogue().deployments.values()
    return deployment.model, deployment.wire_model


def test_known_model_needs_no_facts(load: Load) -> None:
    """Window, longest answer, capabilities and prices come along."""
    model, wire_model = of_file(load, "{from: anthropic/claude-opus-4-5}")

    assert (model.name, wire_model) == ("big", "claude-opus-4-5")
    assert (model.context_window, model.max_output_tokens) == (200_000, 64_000)
    assert model.prices == Prices(input=5.0, output=25.0, cached_input=0.5, cache_write=6.25)
    assert model.capabilities >= {Capability.PREFILL, Capability.TOOLS, Capability.FILE_INPUT}
    assert Capability.LOGPROBS not in model.capabilities
    assert model.token_ratio == 1.35


def test_every_fact_can_be_overridden(load: Load) -> None:
    """What the file states holds, whatever is known."""
    model, wire_model = of_file(
        load,
        "{from: gpt-5, context_window: 5000, max_output_tokens: 100, capabilities: [streaming], "
        "prices: {input: 1, output: 2}, deprecated: true, retires_on: 2027-01-31, tier: 3, "
        "token_ratio: 1.5}",
    )

    assert wire_model == "gpt-5"
    assert model == Model(
        name="big",
        context_window=5000,
        max_output_tokens=100,
        capabilities=frozenset({Capability.STREAMING}),
        prices=Prices(input=1.0, output=2.0),
        deprecated=True,
        retires_on=dt.date(2027, 1, 31),
        tier=3,
        token_ratio=1.5,
    )


def test_prices_are_taken_whole_or_not_at_all(load: Load) -> None:
    """A negotiated price has no cached price of the list beside it."""
    stated, _ = of_file(load, "{from: openai/gpt-5, prices: {input: 0.1, output: 0.2}}")
    unknown, _ = of_file(load, "{from: openai/gpt-5, prices: null}")

    assert stated.prices == Prices(input=0.1, output=0.2)
    assert unknown.prices is None


@pytest.mark.parametrize("name", ["openai/gpt-4o", "gpt-4o"])
def test_name_alone_is_enough(load: Load, name: str) -> None:
    """With or without the vendor."""
    text = BASE.replace("big", name).replace("{MODEL}", "{}")

    (deployment,) = load(text).catalogue().deployments.values()

    assert deployment.model.context_window == 128_000
    assert deployment.wire_model == "gpt-4o"


def test_unknown_model_states_its_facts(load: Load) -> None:
    """As ever; what it leaves out is not known."""
    model, wire_model = of_file(load, "{context_window: 100}")

    assert wire_model == "big"
    assert model == Model(
        name="big",
        context_window=100,
        capabilities=frozenset(BASIC_CAPABILITIES),
        token_ratio=UNKNOWN_RATIO,
    )


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (
            "{}",
            "4:3: models.big.context_window",
        ),
        (
            "{from: openai/gtp-5}",
            "4:15: models.big.from",
        ),
        (
            "{from: openai/gpt-4o, context_window: 1000}",
            "4:3: models.big.max_output_tokens",
        ),
        (
            "{from: openai/gpt-4o, retires_on: soon}",
            "4:42: models.big.retires_on",
        ),
    ],
)
def test_what_is_not_known_is_reported(problems_in: ProblemsIn, model: str, problem: str) -> None:
    """With what to do about it."""
    assert problems_in(BASE.replace("{MODEL}", model)) == [problem]


@pytest.mark.parametrize("name", known_names())
def test_known_model_is_whole(name: str) -> None:
    """Each has its window, its longest answer, what it can do, and its prices."""
    model = completed(name, ModelSection())

    assert model is not None
    assert model.context_window is not None
    assert model.max_output_tokens is not None
    assert model.max_output_tokens <= model.context_window
    assert {Capability.STREAMING, Capability.SYSTEM_PROMPT} <= set(model.capabilities)
    assert len(set(model.capabilities)) == len(model.capabilities)
    assert model.prices is not None
    assert 0 < model.prices.input < model.prices.output
    cached = model.prices.cached_input
    assert cached is None or cached < model.prices.input
    # An operator's own affairs are never known.
    assert (model.tier, model.equivalent_to, model.aliases) == (0, (), ())


def test_part_after_the_vendor_is_a_name_too() -> None:
    """Where it is one model's alone."""
    assert known_name("claude-sonnet-5") == "anthropic/claude-sonnet-5"
    assert known_name("no-such-model") is None
    assert vendor_name("anthropic/claude-sonnet-5") == "claude-sonnet-5"


def test_price_is_that_of_a_day() -> None:
    """The same file costs the same, whenever it is loaded; a tiered price is its first step."""
    day = dt.date(2026, 11, 25)

    assert known_prices("google", "gemini-2.5-pro", day) == Prices(
        input=1.25, output=10.0, cached_input=0.125
    )
    assert known_prices("xai", "grok-4.3", day) is not None
    assert known_prices("openai", "no such model", day) is None
