"""Facts of known models come along by name, and every one can be overridden."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.prices import Prices, PriceStep
from routersvc.domain.catalogue.token_ratios import UNKNOWN_RATIO
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.settings.known_models import known_models
from routersvc.settings.known_models.known_models import (
    completed,
    known_name,
    known_names,
    vendor_name,
)
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
    assert model.prices == Prices(
        input=5.0, output=25.0, cached_input=0.5, cache_write=6.25, cache_write_hour=10.0
    )
    assert model.capabilities >= {Capability.PREFILL, Capability.TOOLS, Capability.FILE_INPUT}
    assert Capability.LOGPROBS not in model.capabilities
    assert model.token_ratio == 1.35


def test_every_fact_can_be_overridden(load: Load) -> None:
    """What the file states holds, whatever is known."""
    model, wire_model = of_file(
        load,
        "{from: gpt-5, context_window: 5000, max_output_tokens: 100, capabilities: [streaming], "
        "prices: {input: 1, output: 2}, deprecated: true, retires_on: 2027-01-31, tier: 3, "
        "token_ratio: 1.5, efforts: [low]}",
    )

    assert wire_model == "gpt-5"
    assert model == Model(
        name="big",
        context_window=5000,
        max_output_tokens=100,
        capabilities=frozenset({Capability.STREAMING}),
        efforts=frozenset({ReasoningEffort.LOW}),
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


def test_known_models_are_whole() -> None:
    """Each has its window, what it can do, and prices that make sense."""
    for name in known_names():
        model = completed(name, ModelSection())
        assert model is not None, name
        assert model.context_window is not None, name
        assert model.max_output_tokens is None or model.max_output_tokens <= model.context_window
        assert {Capability.STREAMING, Capability.SYSTEM_PROMPT} <= set(model.capabilities), name
        assert len(set(model.capabilities)) == len(model.capabilities), name
        assert model.efforts is None or Capability.REASONING in model.capabilities, name
        # An operator's own affairs are never known.
        assert (model.tier, model.equivalent_to, model.aliases) == (0, (), ()), name
        if model.prices is not None:
            _make_sense(model.prices.value(), name)


def _make_sense(prices: Prices, name: str) -> None:
    for its in (prices, *prices.tiers.values()):
        for rates in (its, *its.steps):
            assert rates.input > 0, name
            assert rates.output > 0, name
            assert rates.cached_input is None or rates.cached_input <= rates.input, name
    flex = prices.tiers.get(ServiceTier.FLEX)
    priority = prices.tiers.get(ServiceTier.PRIORITY)
    assert flex is None or flex.input <= prices.input, name
    assert priority is None or priority.input >= prices.input, name


def test_part_after_the_vendor_is_a_name_too() -> None:
    """Where it is one model's alone."""
    assert known_name("claude-sonnet-5") == "anthropic/claude-sonnet-5"
    assert known_name("no-such-model") is None
    assert vendor_name("anthropic/claude-sonnet-5") == "claude-sonnet-5"


def test_name_alone_means_the_maker_before_hosts() -> None:
    """Hosts sell the models of many makers under the same names."""
    assert known_name("claude-opus-4-8") == "anthropic/claude-opus-4-8"
    assert known_name("vertex/claude-opus-4-8") == "vertex/claude-opus-4-8"
    assert known_name("eu.anthropic.claude-opus-4-8") == "bedrock/eu.anthropic.claude-opus-4-8"
    assert vendor_name("groq/openai/gpt-oss-120b") == "openai/gpt-oss-120b"


@pytest.mark.parametrize(
    "name",
    [
        "openai/gpt-6-sol",
        "anthropic/claude-opus-5-5",
        "google/gemini-4-hydrogen",
        "xai/grok-4.7",
        "mistral/mistral-large-4",
        "deepseek/deepseek-v4-pro",
        "moonshot/kimi-k3",
        "zai/glm-5.3",
        "alibaba/qwen3.8-max",
        "amazon/nova-pro-v1",
        "cohere/command-a-plus-05-2026",
        "meta/muse-spark-1.3",
        "azure/gpt-5.5",
        "bedrock/us.amazon.nova-2-lite-v1:0",
        "vertex/claude-opus-4-8",
        "together/openai/gpt-oss-120b",
        "fireworks/accounts/fireworks/models/glm-5p2",
    ],
)
def test_what_vendors_sell_is_known(name: str) -> None:
    """The newest of each maker, and the same models at the usual hosts."""
    assert name in known_names()


def test_prices_have_steps_tiers_and_an_hour() -> None:
    """Everything that a vendor charges for tokens comes along."""
    gpt = _prices("openai/gpt-5.5")
    claude = _prices("anthropic/claude-opus-4-8")

    assert (gpt.input, gpt.output) == (5.0, 30.0)
    assert gpt.steps == (PriceStep(above=272_000, input=10.0, output=45.0, cached_input=1.0),)
    assert gpt.tiers[ServiceTier.FLEX].input == 2.5
    assert gpt.tiers[ServiceTier.PRIORITY].output == 75.0
    assert claude.cache_write == 6.25
    assert claude.cache_write_hour == 10.0


@pytest.mark.parametrize(
    ("name", "efforts"),
    [
        ("openai/gpt-5", ["minimal", "low", "medium", "high"]),
        ("openai/gpt-5.4", ["none", "low", "medium", "high", "xhigh"]),
        ("openai/gpt-6-sol", ["none", "low", "medium", "high", "xhigh", "maximum"]),
        # Thinking cannot be switched off.
        (
            "anthropic/claude-opus-5-5",
            ["minimal", "low", "medium", "high", "xhigh", "maximum", "adaptive"],
        ),
        ("google/gemini-2.5-pro", ["minimal", "low", "medium", "high", "adaptive"]),
        ("xai/grok-4.3", ["none", "low", "medium", "high"]),
        ("mistral/mistral-large-4", ["none", "high"]),
        ("moonshot/kimi-k3", ["low", "high", "maximum"]),
        ("zai/glm-5.3", ["low", "high", "maximum"]),
        ("minimax/MiniMax-M3", ["none", "adaptive"]),
    ],
)
def test_efforts_are_those_that_the_vendor_documents(name: str, efforts: list[str]) -> None:
    """A request for another effort must not be sent there."""
    model = completed(name, ModelSection())

    assert model is not None
    assert [effort.value for effort in model.efforts or ()] == efforts


def test_few_lines_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading settings must not cost what the whole catalogue does."""
    parsed: list[str] = []
    original = ModelSection.model_validate_json

    def counted(data: str) -> object:
        parsed.append(data)
        return original(data)

    monkeypatch.setattr(known_models._KnownModel, "model_validate_json", counted)  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001
    known_models._known.cache_clear()  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001

    assert known_name("xai/grok-4.3") is not None
    assert parsed == []


def _prices(name: str) -> Prices:
    model = completed(name, ModelSection())
    assert model is not None
    assert model.prices is not None
    return model.prices.value()
