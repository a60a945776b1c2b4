"""The command `check`: warnings, and what a reload would change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from routersvc.cli.actions.settings_files import check, compare

TEXT = """
providers:
  alpha: {wire_format: openai_chat, base_url: http://127.0.0.1:1/v1}
models:
  large: {context_window: 128000}
deployments:
  alpha-large: {provider: alpha, model: large}
policies:
  default: {deployments: [alpha-large]}
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two settings files, of which the second has another address and other limits."""
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(TEXT)
    new.write_text(
        TEXT.replace("1:1/v1", "1:2/v1")
        + "server: {listen: ['[::]:50051'], max_concurrent_calls: 7}\n"
    )
    return old, new


def test_reload_is_told_beforehand(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """What changes, which deployments start anew, and what waits for a restart."""
    old, new = files

    compare(new, old, as_json=True)

    told = json.loads(capsys.readouterr().out)
    assert [change["key"] for change in told["changes"]] == [
        "providers.alpha.base_url",
        "server.listen",
        "server.max_concurrent_calls",
    ]
    assert told["deployments_starting_anew"] == ["alpha-large"]
    assert told["needs_restart"] == ["server.listen"]


def test_same_settings_change_nothing(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """In words too."""
    old, new = files

    compare(old, old, as_json=False)
    compare(new, old, as_json=False)

    first, *others = capsys.readouterr().out.splitlines()
    assert first == "no change"
    assert "server.max_concurrent_calls: `1000` → `7`" in others


def test_open_address_is_a_warning(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The settings are valid all the same."""
    check(files, as_json=True)

    old, new = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (old["valid"], new["valid"], "warnings" in old) == (True, True, False)
    assert "`[::]:50051`" in new["warnings"][0]
