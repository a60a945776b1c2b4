"""Settings of a server for some cases: each has providers, a model and a policy of its own.

Names are told apart by the case in front of them, so that nothing one case breaks is another's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import yaml
from clients.conformance.runner.cases import Case, Json

KEY = "a made-up key"
ENVIRONMENT = {
    "CONFORMANCE_API_KEY": KEY,
    "CONFORMANCE_TENANT_KEY": "made-up-tenant-key-0123456789",
}
"""The secrets of the settings."""

MODEL = "sim-large"
_MARK = "--"

_CAPABILITIES = (
    "streaming",
    "system_prompt",
    "sampling",
    "stop_sequences",
    "penalties",
    "seed",
    "logprobs",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "json_object",
    "json_schema",
    "image_input",
)


def name_of(case: Case, name: str) -> str:
    """Return the name under which something of a case is known to server and simulator."""
    return f"{case.slug}{_MARK}{name}"


def named(case: Case, value: object) -> Any:  # noqa: ANN401 - any value of YAML
    """Return a value in which `{$name: NAME}` is the name of something of a case."""
    if isinstance(value, dict):
        entries = cast("Json", value)
        if "$name" in entries:
            return name_of(case, str(entries["$name"]))
        return {key: named(case, each) for key, each in entries.items()}
    if isinstance(value, list):
        return [named(case, each) for each in cast("list[object]", value)]
    return value


def plain_names(case: Case, text: str) -> str:
    """Return a text with the names as the case has them."""
    return text.replace(f"{case.slug}{_MARK}", "")


def simulator_settings(cases: Iterable[Case]) -> Json:
    """Return what the simulator plays for some cases."""
    return {
        "providers": [
            {"name": name_of(case, name), "api_keys": [KEY], **keys}
            for case in cases
            for name, keys in case.providers.items()
        ]
    }


def server_settings(cases: Iterable[Case], base_urls: dict[str, str], edge: str = "grpcio") -> str:
    """Return the settings file of a server that serves some cases."""
    document: Json = {
        "server": {"listen": ["127.0.0.1:0"], "edge": edge},
        # The only requests that providers get are those of the cases.
        "fleet": {"checks": {"method": "off"}},
        "providers": {},
        "models": {},
        "deployments": {},
        "policies": {},
    }
    for case in cases:
        model = name_of(case, MODEL)
        document["server"].update(case.server or {})
        if case.tenants is not None:
            document["tenants"] = named(case, case.tenants)
        document["models"][model] = {
            "context_window": 128_000,
            "capabilities": list(_CAPABILITIES),
            **case.model,
        }
        for provider in case.providers:
            name = name_of(case, provider)
            document["providers"][name] = {
                "wire_format": "openai_chat",
                "dialect": "openai",
                "base_url": base_urls[name],
                "api_key": "env:CONFORMANCE_API_KEY",
            }
            document["deployments"][name] = {"provider": name, "model": model, "wire_model": MODEL}
        policy = name_of(case, "case")
        document["default_policy"] = policy
        document["policies"][policy] = {
            "deployments": [name_of(case, provider) for provider in case.providers],
            "order": "fixed",
            **case.policy,
        }
    return yaml.safe_dump(document, sort_keys=False)
