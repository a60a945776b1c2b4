"""Every name that is mentioned exists, and stands for one thing."""

from collections.abc import Callable

import pytest

Told = Callable[[str], list[str]]

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


def test_names_that_exist_are_taken(told: Told) -> None:
    """The document that the other tests spoil."""
    assert told(BASE) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "alpha: {wire_format: openai_chat",
            "alpha: {wire_format: anthropic",
            (
                "2:24: providers.alpha.wire_format: no wire format is called `anthropic` "
                "(allowed: `openai_chat`)"
            ),
        ),
        (
            "alpha: {wire",
            "alpha: {dialect: grok, wire",
            (
                "2:20: providers.alpha.dialect: no dialect is called `grok`; did you mean `groq`? "
                "(allowed: `openai`, `groq`)"
            ),
        ),
        (
            "[big]",
            "[small]",
            "9:42: models.large.aliases[0]: `small` is the name of a model",
        ),
        (
            "small: {context_window: 100}",
            "small: {context_window: 100, aliases: [big]}",
            "10:42: models.small.aliases[0]: `big` is an alias of `large` already",
        ),
        (
            "[small]",
            "[large]",
            (
                "9:64: models.large.equivalent_to[0]: no other model is called `large` "
                "(allowed: `small`)"
            ),
        ),
        (
            "alpha-large: {provider: alpha",
            "alpha-large: {provider: aplha",
            (
                "12:27: deployments.alpha-large.provider: no provider is called `aplha`; "
                "did you mean `alpha`? (allowed: `alpha`, `beta`, `local`)"
            ),
        ),
        (
            "{provider: alpha, model: large}",
            "{provider: alpha, model: big}",
            (
                "12:41: deployments.alpha-large.model: `big` is an alias; name the model itself "
                "(allowed: `large`)"
            ),
        ),
        (
            ", credential: night",
            "",
            (
                "13:3: deployments.beta-large.credential: is missing: `beta` has several "
                "(allowed: `day`, `night`)"
            ),
        ),
        (
            "credential: night",
            "credential: nihgt",
            (
                "13:58: deployments.beta-large.credential: is no credential of `beta` "
                "(allowed: `day`, `night`)"
            ),
        ),
        (
            "{provider: local, model: large}",
            "{provider: local, model: large, credential: key}",
            (
                "14:60: deployments.local-large.credential: is no credential of `local` "
                "(allowed: none)"
            ),
        ),
        (
            "{provider: alpha, model: large}",
            "{provider: alpha, model: large, credential: main}",
            (
                "12:60: deployments.alpha-large.credential: is no credential of `alpha` "
                "(allowed: `default`)"
            ),
        ),
        (
            "[alpha-large, beta",
            "[alpha-lrage, beta",
            (
                "16:27: policies.default.deployments[0]: no deployment is called `alpha-lrage`; "
                "did you mean `alpha-large`? (allowed: `alpha-large`, `beta-large`, `local-large`)"
            ),
        ),
        (
            "models: [large]",
            "models: [large, larg]",
            (
                "17:27: policies.large.models[1]: no model is called `larg`; did you mean `large`? "
                "(allowed: `large`, `small`)"
            ),
        ),
        (
            "models: [large]",
            "models: [big]",
            (
                "17:20: policies.large.models[0]: `big` is an alias; name the model itself "
                "(allowed: `large`)"
            ),
        ),
        (
            "models: [large]",
            "models: [small]",
            "17:20: policies.large.models[0]: no deployment serves `small`",
        ),
        (
            "  default: {dep",
            "  defalt: {dep",
            (
                "1:1: default_policy: is missing, and no policy is called `default` "
                "(allowed: `defalt`, `large`)"
            ),
        ),
        (
            "providers:",
            "default_policy: lrage\nproviders:",
            (
                "1:17: default_policy: no policy is called `lrage`; did you mean `large`? "
                "(allowed: `default`, `large`)"
            ),
        ),
    ],
)
def test_names_that_do_not_exist_are_told(told: Told, old: str, new: str, problem: str) -> None:
    """With the nearest that does, and all that do."""
    assert old in BASE

    assert told(BASE.replace(old, new)) == [problem]


def test_wrong_credential_is_not_repeated(told: Told) -> None:
    """Who takes the name for the key writes the key, of whatever form."""
    lines = told(BASE.replace("credential: night", "credential: hunter2"))

    assert len(lines) == 1
    assert "hunter2" not in lines[0]


def test_wrong_name_is_told_once(told: Told) -> None:
    """A name that cannot be one is not also told to be unknown."""
    lines = told(BASE.replace("[alpha-large, beta", "['alpha large', beta"))

    assert [line.partition(": ")[0] for line in lines] == ["16:27"]
