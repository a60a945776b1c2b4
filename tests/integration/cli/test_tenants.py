"""A router with tenants, as it is run and called from the command line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

Start = Callable[..., "subprocess.Popen[str]"]
Command = Callable[..., "subprocess.CompletedProcess[str]"]

SETTINGS: dict[str, Any] = {
    "providers": {
        "alpha": {
            "wire_format": "openai_chat",
            "base_url": "http://127.0.0.1:1/v1",
            "region": "eu",
        },
        "beta": {"wire_format": "openai_chat", "base_url": "http://127.0.0.1:1/v1"},
    },
    "models": {"gpt-4o": {}, "mine": {"context_window": 1000}},
    "deployments": {
        "alpha-gpt": {"provider": "alpha", "model": "gpt-4o"},
        "beta-mine": {"provider": "beta", "model": "mine"},
    },
    "policies": {"default": {"deployments": ["alpha-gpt", "beta-mine"]}},
    "tenants": {
        "acme": {
            "api_keys": ["file:key-of-acme"],
            "constraints": {"allowed_regions": ["eu"]},
        }
    },
    "server": {"listen": ["127.0.0.1:0"], "drain": {"notice_delay": "0s"}},
    "telemetry": {"log": {"level": "error"}},
}


@pytest.fixture
def key(tmp_path: Path) -> str:
    """Return where the key of the one tenant is found."""
    (tmp_path / "key-of-acme").write_text("a-key-of-acme\n", encoding="utf-8")
    return f"file:{tmp_path / 'key-of-acme'}"


@pytest.fixture
def address(tmp_path: Path, key: str, start: Start) -> Iterator[str]:
    """Return the address of a router that serves one tenant."""
    del key
    path = tmp_path / "router.yaml"
    path.write_text(yaml.safe_dump(SETTINGS, sort_keys=False), encoding="utf-8")
    process = start("serve", "--config", str(path), "--json")
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())["addresses"][0]
    process.terminate()
    process.wait(30)


def test_commands_are_those_of_the_tenant_whose_key_they_send(
    address: str, key: str, command: Command
) -> None:
    """It sees the models it can reach, and is explained its own limits."""
    models = command("models", "--address", address, "--api-key", key, "--json")
    explained = command("explain", "hello", "--address", address, "--api-key", key, "--json")
    health = command("health", "--address", address, "--api-key", key, "--json")

    listed = json.loads(models.stdout)["models"]
    assert [(it["name"], it["context_window"]) for it in listed] == [("gpt-4o", "128000")]
    assert json.loads(explained.stdout)["explanation"]["constraints"] == [
        {"name": "allowed_regions", "value": "eu", "source": "tenant"}
    ]
    assert (models.returncode, explained.returncode, health.returncode) == (0, 0, 0)


def test_command_without_a_known_key_is_not_allowed(
    address: str, tmp_path: Path, command: Command
) -> None:
    """With an exit code of its own, and without showing the key that was sent."""
    (tmp_path / "wrong").write_text("a-wrong-key", encoding="utf-8")

    without = command("complete", "hello", "--address", address)
    wrong = command("models", "--address", address, "--api-key", f"file:{tmp_path / 'wrong'}")

    assert (without.returncode, wrong.returncode) == (8, 8)
    assert without.stderr.startswith("error: the call has no API key")
    assert wrong.stderr == "error: unknown API key\n"


def test_known_models_are_listed_without_a_router(command: Command) -> None:
    """For whoever writes settings."""
    ended = command("models", "--known", "--json")

    names = [it["name"] for it in json.loads(ended.stdout)["models"]]
    assert ended.returncode == 0
    assert {"openai/gpt-5", "anthropic/claude-opus-4-5"} <= set(names)


def test_known_models_are_filtered(command: Command) -> None:
    """By a part of the name, by vendor and by capability: there are more than a thousand."""
    filters = ("--model", "5.4", "--provider", "openai", "--capability", "service_tier")
    ended = command("models", "--known", "--json", *filters)

    models = {it["name"]: it for it in json.loads(ended.stdout)["models"]}
    assert ended.returncode == 0
    assert "openai/gpt-5.4-mini" in models
    assert all("openai/gpt-5.4" in name for name in models)
    assert models["openai/gpt-5.4"]["efforts"] == ["none", "low", "medium", "high", "xhigh"]
    assert models["openai/gpt-5.4"]["prices"]["steps"][0]["above"] == 272_000
    assert command("models", "--known", "--capability", "tols").returncode == 2
