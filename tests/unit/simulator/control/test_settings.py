"""Settings: a mapping or a YAML file describes the providers to play."""

from __future__ import annotations

import pathlib

import pytest
from tests.wording import Wording

from routersvc.simulator import (
    BEHAVIOURS,
    Constant,
    Fault,
    ProviderCharacter,
    SettingError,
    SimulatedModel,
    SimulatorSettings,
    Stall,
    provider_of_option,
)


def test_a_file_describes_a_simulator(tmp_path: pathlib.Path) -> None:
    """What the reference page shows must work as written."""
    file = tmp_path / "sim.yaml"
    file.write_text(
        """
control_port: 9100
providers:
  - name: alpha
    port: 9101
    character: fast
    api_keys: [sk-simulated-alpha]
    behaviour: {tokens_per_chunk: 4}
    faults:
      - {kind: stall, after_tokens: 3, probability: 0.1}
  - name: beta
    models:
      - {id: tiny, context_window: 512}
    behaviour:
      time_to_first_token: 0.25
""",
        encoding="utf-8",
    )

    settings = SimulatorSettings.from_file(file)

    alpha, beta = settings.providers
    assert settings.control_port == 9100
    assert alpha.api_keys == ("sk-simulated-alpha",)
    assert alpha.behaviour.tokens_per_chunk == 4
    assert alpha.behaviour.time_to_first_token == BEHAVIOURS["fast"].time_to_first_token
    assert alpha.faults == (Fault(effect=Stall(after_tokens=3), probability=0.1),)
    assert beta.models == (SimulatedModel(id="tiny", context_window=512),)
    assert beta.behaviour.time_to_first_token == Constant(value=0.25)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("providers:\n  - name: a\n    prot: 1\n", 3),
        ("providers:\n  - name: A\n", 2),
        ("providers:\n  - port: 1\n", 2),
        ("providers:\n  - name: a\n    port: 70000\n", 2),
        ("providers:\n- name: a\n  character: nice\n", 3),
        ("providers:\n- name: a\n  wire_format: x\n", 2),
        ("providers:\n- name: a\n- name: a\n", 1),
        ("providers: []\n", 1),
        ("host: x\nhost: y\n", 2),
        ("providers: [\n", 2),
        ("a: b: c\n", 1),
        ("", 1),
        ("- x\n", 1),
    ],
)
def test_a_refused_file_is_refused_by_line(
    tmp_path: pathlib.Path, text: str, line: int, wording: Wording
) -> None:
    """File, line and key are what leads to the mistake."""
    file = tmp_path / "sim.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(SettingError) as refused:
        SimulatorSettings.from_file(file)

    assert (refused.value.file, refused.value.line) == (str(file), line)
    wording(str(refused.value).removeprefix(str(file)))


def test_a_file_that_is_not_there_is_refused(tmp_path: pathlib.Path) -> None:
    """A wrong path is a user's mistake, not a crash."""
    with pytest.raises(SettingError, match="No such file or directory"):
        SimulatorSettings.from_file(tmp_path / "absent.yaml")


def test_a_file_that_is_not_text_is_refused(tmp_path: pathlib.Path) -> None:
    """So is a file of another kind."""
    file = tmp_path / "sim.yaml"
    file.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(SettingError, match="not YAML"):
        SimulatorSettings.from_file(file)


def test_two_providers_cannot_share_a_port(wording: Wording) -> None:
    """Found when the settings are read, not when the second one starts."""
    with pytest.raises(SettingError) as refused:
        SimulatorSettings.from_mapping(
            {"control_port": 9001, "providers": [{"name": "a", "port": 9001}]}
        )

    wording(str(refused.value))


def test_two_models_cannot_share_a_name() -> None:
    """A version of one model must not be the id of another."""
    with pytest.raises(ValueError, match="no name may stand for two of them"):
        ProviderCharacter(
            name="a", models=(SimulatedModel(id="m"), SimulatedModel(id="n", version="m"))
        )


def test_the_demonstration_has_three_characters_with_the_same_models() -> None:
    """Failover needs somewhere to go, and a difference to show."""
    settings = SimulatorSettings.demonstration()

    assert [one.name for one in settings.providers] == ["alpha", "beta", "gamma"]
    assert len({one.behaviour.time_to_first_token for one in settings.providers}) == 3
    assert len({one.models for one in settings.providers}) == 1


def test_api_keys_do_not_show_in_representations() -> None:
    """Settings end up in logs and tracebacks."""
    settings = SimulatorSettings.from_mapping(
        {"providers": [{"name": "a", "api_keys": ["sk-very-secret"]}]}
    )

    assert "sk-very-secret" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "character", "wire_format"),
    [
        ("a", "instant", "openai_chat"),
        ("a=fast", "fast", "openai_chat"),
        ("a:gemini", "instant", "gemini"),
        ("a=erratic:anthropic_messages", "erratic", "anthropic_messages"),
    ],
)
def test_an_option_describes_a_provider(text: str, character: str, wire_format: str) -> None:
    """Its name, and what differs from the defaults."""
    provider = provider_of_option(text, seed=3)

    assert (provider.name, provider.wire_format, provider.seed) == ("a", wire_format, 3)
    assert provider.behaviour == BEHAVIOURS[character]


def test_an_option_names_a_format_that_there_is() -> None:
    """The sentence says which there are."""
    with pytest.raises(SettingError, match="`wire_format` must be one of: openai_chat, "):
        provider_of_option("a:telepathy", seed=0)
