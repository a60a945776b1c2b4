"""The command `init` writes settings that work, for what is in the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from routersvc.app.wire_formats import known_wire_formats
from routersvc.cli.actions.starting import STARTERS, Starter, init
from routersvc.cli.exit_codes import CommandError, UsageProblemError
from routersvc.settings.known_models.known_models import known_name
from routersvc.settings.loading import load_settings

VENDORS = Path(__file__).resolve().parents[4] / "examples/vendors.yaml"


@pytest.mark.parametrize("starter", STARTERS, ids=lambda one: one.provider)
def test_starter_is_an_entry_of_the_example_of_all_vendors(starter: Starter) -> None:
    """One place decides what an account at a vendor looks like, and the model is known."""
    vendors = yaml.safe_load(VENDORS.read_text("utf-8"))
    expected = {
        "wire_format": starter.wire_format,
        "base_url": starter.base_url,
        "api_key": f"env:{starter.variable}",
    }
    if starter.dialect:
        expected["dialect"] = starter.dialect

    assert vendors["providers"][starter.provider] == expected
    assert starter.model in vendors["models"]
    assert known_name(starter.model) == starter.model


@pytest.mark.parametrize("count", [1, 2, len(STARTERS)])
def test_settings_are_valid(tmp_path: Path, count: int) -> None:
    """For one account, for several and for all; an empty key is none."""
    file = tmp_path / "settings.yaml"
    keys = {one.variable: "a-key-0123456789" for one in STARTERS[:count]}

    said = init(file, {"PERPLEXITY_API_KEY": " ", **keys}, force=False)

    settings = load_settings(file, environment=keys, known_wire_formats=known_wire_formats())
    providers = [one.provider for one in STARTERS[:count]]
    deployments = settings.document.deployments
    assert [one.provider for one in deployments.values()] == providers
    assert said.startswith(f"{file}: {', '.join(providers)}\n")
    assert "a-key" not in file.read_text("utf-8") + said


def test_nothing_is_replaced_without_force(tmp_path: Path) -> None:
    """What an operator wrote stays."""
    file = tmp_path / "settings.yaml"
    file.write_text("mine", encoding="utf-8")
    environment = {"OPENAI_API_KEY": "a-key-0123456789"}

    with pytest.raises(UsageProblemError, match="exists; `--force` replaces it"):
        init(file, environment, force=False)
    assert file.read_text("utf-8") == "mine"
    init(file, environment, force=True)
    assert "openai" in file.read_text("utf-8")


def test_without_a_key_it_says_what_it_looked_for(tmp_path: Path) -> None:
    """And how to try the router all the same."""
    with pytest.raises(CommandError, match=r"OPENAI_API_KEY.*`routersvc demo`"):
        init(tmp_path / "settings.yaml", {}, force=False)
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        init(tmp_path / "absent/settings.yaml", {"OPENAI_API_KEY": "a"}, force=False)
