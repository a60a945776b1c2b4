"""What the migration page shows can be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from routersvc.app.wire_formats import known_wire_formats
from routersvc.settings.loading import load_settings

PAGE = (Path(__file__).resolve().parents[2] / "docs/migration.md").read_text(encoding="utf-8")
BLOCKS: list[str] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("place", range(3))
def test_settings_are_settings(place: int, tmp_path: Path) -> None:
    """One whole file for each origin, which a router could start with."""
    file = tmp_path / "router.yaml"
    file.write_text(BLOCKS[place], encoding="utf-8")

    settings = load_settings(
        file,
        environment={"OPENAI_API_KEY": "a key", "ANTHROPIC_API_KEY": "a key"},
        known_wire_formats=known_wire_formats(),
    )

    assert len(BLOCKS) == 3
    assert settings.document.policies["default"].deployments
