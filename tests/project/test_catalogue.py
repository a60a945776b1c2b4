"""The catalogue of known models is as new as its sources."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from scripts import refresh_catalogue


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script, on copies of its files."""
    for name in ("SOURCES", "RULES", "CATALOGUE"):
        original: Path = getattr(refresh_catalogue, name)
        copied = tmp_path / original.name
        copied.write_bytes(original.read_bytes())
        monkeypatch.setattr(refresh_catalogue, name, copied)
    return refresh_catalogue


def test_catalogue_is_as_new_as_its_sources() -> None:
    """`make catalogue` was run after the last change of pins and rules."""
    refresh_catalogue.refuse_stale()


def test_catalogue_says_what_it_was_made_from() -> None:
    """The day and the versions stand in its first line."""
    head = json.loads(refresh_catalogue.CATALOGUE.read_text().partition("\n")[0])

    assert dt.date.fromisoformat(head["as_of"]) <= dt.datetime.now(tz=dt.UTC).date()
    assert head["sources"] == refresh_catalogue.pins()
    assert head["sources"].keys() == set(refresh_catalogue.PACKAGES)


@pytest.mark.parametrize("package", refresh_catalogue.PACKAGES)
def test_newer_source_makes_it_stale(copy: ModuleType, package: str) -> None:
    """Pinning a newer version is not enough."""
    pinned = refresh_catalogue.pins()[package]
    text = copy.SOURCES.read_text()
    copy.SOURCES.write_text(text.replace(f"{package}=={pinned}", f"{package}=={pinned}.1"))

    with pytest.raises(refresh_catalogue.CatalogueError, match=f"pins {pinned}.1"):
        copy.refuse_stale()


def test_other_rules_make_it_stale(copy: ModuleType) -> None:
    """A correction takes effect only when the catalogue is made anew."""
    copy.RULES.write_text(copy.RULES.read_text() + "\n# one more\n")

    with pytest.raises(refresh_catalogue.CatalogueError, match="make catalogue"):
        copy.refuse_stale()


def test_edit_by_hand_is_noticed(copy: ModuleType) -> None:
    """The next refresh would lose it."""
    copy.CATALOGUE.write_text(copy.CATALOGUE.read_text().replace('"output": 25.0', '"output": 2.5'))

    with pytest.raises(refresh_catalogue.CatalogueError, match="make catalogue"):
        copy.refuse_stale()


def models_of(entries: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    """Return what the rules make of entries of the package."""
    rules = yaml.safe_load(refresh_catalogue.RULES.read_text())
    catalogue = refresh_catalogue.Catalogue(
        rules | {"models": {}}, lambda _vendor, _model: None, dt.date(2026, 12, 1)
    )
    return dict(catalogue.models(entries))


def entry(**facts: object) -> dict[str, object]:
    """Return an entry of the package."""
    return {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 1000, **facts}


def test_prices_of_tiers_and_steps_are_read_from_suffixes() -> None:
    """A price of a longer prompt at a tier has both."""
    made = models_of(
        {
            "gpt-9": entry(
                input_cost_per_token=1e-6,
                output_cost_per_token=2e-6,
                input_cost_per_token_above_200k_tokens=2e-6,
                output_cost_per_token_above_200k_tokens=3e-6,
                input_cost_per_token_flex=5e-7,
                output_cost_per_token_flex=1e-6,
                cache_creation_input_token_cost=1.25e-6,
                cache_creation_input_token_cost_above_1hr=2e-6,
            )
        }
    )

    assert made["openai/gpt-9"]["prices"] == {
        "input": 1.0,
        "output": 2.0,
        "cache_write": 1.25,
        "cache_write_hour": 2.0,
        "steps": [{"above": 200_000, "input": 2.0, "output": 3.0}],
        "flex": {"input": 0.5, "output": 1.0},
    }


def test_price_of_nothing_is_unknown() -> None:
    """A gap in the data must not make a model free."""
    made = models_of({"gpt-9": entry(input_cost_per_token=0, output_cost_per_token=0)})

    assert "prices" not in made["openai/gpt-9"]


def test_models_that_are_not_served_are_left_out() -> None:
    """Other modes, other modalities, entries without a window, and models long gone."""
    made = models_of(
        {
            "gpt-9-realtime": entry(),
            "gpt-9-image": entry(mode="image_generation"),
            "gpt-9-old": entry(deprecation_date="2025-11-30"),
            "gpt-9-soon": entry(deprecation_date="2026-12-11"),
            "gpt-9-vague": entry(max_input_tokens=None),
        }
    )

    assert list(made) == ["openai/gpt-9-soon"]
    assert made["openai/gpt-9-soon"]["deprecated"] is True
    assert made["openai/gpt-9-soon"]["retires_on"] == "2026-12-11"
