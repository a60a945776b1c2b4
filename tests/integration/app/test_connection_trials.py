"""Each credential is tried at its provider, over real sockets."""

from __future__ import annotations

from pathlib import Path

from routersvc.app.connection_trials import try_connections
from routersvc.app.wire_formats import known_wire_formats
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.settings.loading import load_settings
from routersvc.simulator import ProviderCharacter, Simulator

KEY = "good-key-0123456789"
SETTINGS = """
providers:
  right: {{wire_format: openai_chat, base_url: "{url}", api_key: env:KEY}}
  refused:
    wire_format: openai_chat
    base_url: "{url}"
    credentials: {{old: env:OLD_KEY, new: env:KEY}}
  elsewhere: {{wire_format: openai_chat, base_url: "http://127.0.0.1:1/v1", api_key: env:KEY}}
  incomplete: {{wire_format: openai_chat, base_url: "{root}/v2", api_key: env:KEY}}
models: {{large: {{context_window: 128000}}}}
deployments:
  a: {{provider: right, model: large}}
  b: {{provider: refused, model: large, credential: old}}
  c: {{provider: refused, model: large, credential: new}}
  d: {{provider: elsewhere, model: large}}
  e: {{provider: incomplete, model: large}}
policies: {{default: {{deployments: [a, b, c, d, e]}}}}
"""


async def test_each_credential_is_tried_once(tmp_path: Path) -> None:
    """What is wrong has the class that calls would get, and costs nothing."""
    async with Simulator.start([ProviderCharacter(name="alpha", api_keys=(KEY,))]) as simulator:
        (alpha,) = simulator.providers
        url = alpha.base_url
        file = tmp_path / "settings.yaml"
        file.write_text(SETTINGS.format(url=url, root=url.removesuffix("/v1")), encoding="utf-8")
        settings = load_settings(
            file,
            environment={"KEY": KEY, "OLD_KEY": "old-key-0123456789"},
            known_wire_formats=known_wire_formats(),
        )

        trials = await try_connections(settings, wall_clock=lambda: 0.0)
        asked = [record.method for record in alpha.log]

    found = {
        (trial.provider, trial.credential): None
        if trial.failure is None
        else trial.failure.failure_class
        for trial in trials
    }
    assert found == {
        ("right", "default"): None,
        ("refused", "old"): FailureClass.AUTHENTICATION,
        ("refused", "new"): None,
        ("elsewhere", "default"): FailureClass.CONNECT,
        ("incomplete", "default"): FailureClass.MODEL_NOT_FOUND,
    }
    assert set(asked) == {"GET"}
