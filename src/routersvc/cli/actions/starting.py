"""The command `init`: a settings file for the providers whose keys are in the environment."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from routersvc.cli.exit_codes import CommandError, UsageProblemError


class Starter(NamedTuple):
    """An account that needs nothing but a key, with one known model of its vendor."""

    provider: str
    variable: str
    wire_format: str
    dialect: str
    base_url: str
    model: str


STARTERS = tuple(
    Starter(*fields)
    for fields in (
        (
            "anthropic", "ANTHROPIC_API_KEY", "anthropic_messages", "",
            "https://api.anthropic.com/v1", "anthropic/claude-sonnet-4-6",
        ),
        (
            "openai", "OPENAI_API_KEY", "openai_chat", "openai",
            "https://api.openai.com/v1", "openai/gpt-5-mini",
        ),
        (
            "gemini", "GEMINI_API_KEY", "gemini", "",
            "https://generativelanguage.googleapis.com/v1beta", "google/gemini-2.5-flash",
        ),
        (
            "mistral", "MISTRAL_API_KEY", "openai_chat", "mistral",
            "https://api.mistral.ai/v1", "mistral/mistral-small-2603",
        ),
        (
            "cohere", "COHERE_API_KEY", "cohere_chat", "",
            "https://api.cohere.com", "cohere/command-a-03-2025",
        ),
        (
            "deepseek", "DEEPSEEK_API_KEY", "openai_chat", "deepseek",
            "https://api.deepseek.com/v1", "deepseek/deepseek-v4-flash",
        ),
        (
            "xai", "XAI_API_KEY", "openai_chat", "xai",
            "https://api.x.ai/v1", "xai/grok-4.3",
        ),
        (
            "alibaba", "DASHSCOPE_API_KEY", "openai_chat", "alibaba",
            "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "alibaba/qwen3.8-max",
        ),
        (
            "moonshot", "MOONSHOT_API_KEY", "openai_chat", "moonshot",
            "https://api.moonshot.ai/v1", "moonshot/kimi-k3",
        ),
        (
            "zai", "ZAI_API_KEY", "openai_chat", "zai",
            "https://api.z.ai/api/paas/v4", "zai/glm-5.3",
        ),
        (
            "minimax", "MINIMAX_API_KEY", "openai_chat", "minimax",
            "https://api.minimax.io/v1", "minimax/MiniMax-M3",
        ),
        (
            "perplexity", "PERPLEXITY_API_KEY", "openai_chat", "perplexity",
            "https://api.perplexity.ai", "perplexity/sonar-pro",
        ),
    )
)  # fmt: skip
"""Each is an entry of `examples/vendors.yaml`, which has the vendors that need more."""

_HEAD = """\
# Settings of routersvc for the accounts whose API keys were in the environment of `routersvc init`.
# Every other key has a default: docs/configuration.md describes them all.

# One entry for each account. `env:NAME` is read when the router starts and when it reloads.
providers:
"""

_MODELS = """
# Context windows, capabilities and prices of these models are known: `routersvc models --known`
# lists more of them.
models:
"""

_DEPLOYMENTS = """
# A model at a provider: what calls are sent to, and what fails over to each other.
deployments:
"""

_POLICY = """
# What a call may be served by, if it names no policy of its own.
policies:
  default:
    # The first that can be called serves, the others take over when it fails. `balanced` spreads
    # the load, `ranked` picks the model for each prompt.
    order: fixed
"""

_SERVER = """
server:
  # Callers on this machine only. Before you open it to others, read "TLS" and "Tenants" in
  # docs/operations.md.
  listen: ["127.0.0.1:50051"]
"""


def starter_text(found: Sequence[Starter]) -> str:
    """Return a settings file for these accounts, of which there is at least one."""
    parts = [_HEAD]
    for one in found:
        parts.append(f"  {one.provider}:\n    wire_format: {one.wire_format}\n")
        if one.dialect:
            parts.append(f"    dialect: {one.dialect}\n")
        parts.append(f"    base_url: {one.base_url}\n    api_key: env:{one.variable}\n")
    parts.append(_MODELS)
    parts += [f"  {one.model}: {{}}\n" for one in found]
    parts.append(_DEPLOYMENTS)
    parts += [
        f"  {_deployment(one)}: {{provider: {one.provider}, model: {one.model}}}\n" for one in found
    ]
    parts.append(_POLICY)
    parts.append(f"    deployments: [{', '.join(_deployment(one) for one in found)}]\n")
    parts.append(_SERVER)
    return "".join(parts)


def _deployment(one: Starter) -> str:
    return f"{one.provider}-{one.model.partition('/')[2]}".lower().replace(".", "-")


def init(file: Path, environment: Mapping[str, str], *, force: bool) -> str:
    """Write a settings file, and return what to do next.

    Raises:
        UsageProblemError: the file exists, and may not be replaced.
        CommandError: no key is in the environment, or the file cannot be written.
    """
    found = [one for one in STARTERS if environment.get(one.variable, "").strip()]
    if not found:
        names = ", ".join(one.variable for one in STARTERS)
        raise CommandError(
            f"no API key of a known provider is in the environment; looked for: {names}. "
            "To try the router without one: `routersvc demo`"
        )
    try:
        with file.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(starter_text(found))
    except FileExistsError:
        raise UsageProblemError(f"`{file}` exists; `--force` replaces it") from None
    except OSError as error:
        raise CommandError(f"`{file}` cannot be written: {error.strerror}") from None
    accounts = ", ".join(one.provider for one in found)
    return textwrap.dedent(f"""\
        {file}: {accounts}
        next:
          routersvc check {file}
          routersvc serve --config {file}
          routersvc stream "Why is the sky blue?"
        """)
