"""Every name that is mentioned exists, and stands for one thing."""

from collections.abc import Callable

import pytest

ProblemsIn = Callable[[str], list[str]]

BASE = """\
providers:
  alpha: {wire_format: openai_chat, base_url: "http://a", api_key: env:ALPHA_API_KEY}
  beta:
    wire_format: openai_chat
    base_url: http://b
    credentials: {day: env:BETA_API_KEY, night: env:BETA_BATCH_API_KEY}
  local: {wire_format: openai_chat, base_url: "http://c"}
models:
  large: {context_window: 100, aliases: [big], equivalent_to: [small]}
  small: {context_window: 100}
deployments:
  alpha-large: {provider: alpha, model: large}
  beta-large: {provider: beta, model: large, credential: night}
  local-large: {provider: local, model: large}
policies:
  default: {deployments: [alpha-large, beta-large, local-large]}
  large: {models: [large]}
"""


def test_names_that_exist_are_taken(problems_in: ProblemsIn) -> None:
    """The document that the other tests spoil."""
    assert problems_in(BASE) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "alpha: {wire_format: openai_chat",
            "alpha: {wire_format: anthropic",
            "2:24: providers.alpha.wire_format",
        ),
        (
            "alpha: {wire",
            "alpha: {dialect: grok, wire",
            "2:20: providers.alpha.dialect",
        ),
        (
            "[big]",
            "[small]",
            "9:42: models.large.aliases[0]",
        ),
        (
            "small: {context_window: 100}",
            "small: {context_window: 100, aliases: [big]}",
            "10:42: models.small.aliases[0]",
        ),
        (
            "[small]",
            "[large]",
            "9:64: models.large.equivalent_to[0]",
        ),
        (
            "alpha-large: {provider: alpha",
            "alpha-large: {provider: aplha",
            "12:27: deployments.alpha-large.provider",
        ),
        (
            "{provider: alpha, model: large}",
            "{provider: alpha, model: big}",
            "12:41: deployments.alpha-large.model",
        ),
        (
            ", credential: night",
            "",
            "13:3: deployments.beta-large.credential",
        ),
        (
            "credential: night",
            "credential: nihgt",
            "13:58: deployments.beta-large.credential",
        ),
        (
            "{provider: local, model: large}",
            "{provider: local, model: large, credential: key}",
            "14:60: deployments.local-large.credential",
        ),
        (
            "{provider: alpha, model: large}",
            "{provider: alpha, model: large, credential: main}",
            "12:60: deployments.alpha-large.credential",
        ),
        (
            "[alpha-large, beta",
            "[alpha-lrage, beta",
            "16:27: policies.default.deployments[0]",
        ),
        (
            "models: [large]",
            "models: [large, larg]",
            "17:27: policies.large.models[1]",
        ),
        (
            "models: [large]",
            "models: [big]",
            "17:20: policies.large.models[0]",
        ),
        (
            "models: [large]",
            "models: [small]",
            "17:20: policies.large.models[0]",
        ),
        (
            "  default: {dep",
            "  defalt: {dep",
            "1:1: default_policy",
        ),
        (
            "providers:",
            "default_policy: lrage\nproviders:",
            "1:17: default_policy",
        ),
    ],
)
def test_names_that_do_not_exist_are_reported(
    problems_in: ProblemsIn, old: str, new: str, problem: str
) -> None:
    """With the nearest that does, and all that do."""
    assert old in BASE

    assert problems_in(BASE.replace(old, new)) == [problem]


def test_wrong_credential_is_not_repeated(full_problems_in: ProblemsIn) -> None:
    """Who takes the name for the key writes the key, of whatever form."""
    lines = full_problems_in(BASE.replace("credential: night", "credential: hunter2"))

    assert len(lines) == 1
    assert "hunter2" not in lines[0]


def test_wrong_name_is_told_once(problems_in: ProblemsIn) -> None:
    """An invalid name is not also reported as unknown."""
    lines = problems_in(BASE.replace("[alpha-large, beta", "['alpha large', beta"))

    assert [line.partition(": ")[0] for line in lines] == ["16:27"]
