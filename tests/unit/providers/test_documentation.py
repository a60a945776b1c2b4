"""The page about providers says what there is."""

from __future__ import annotations

from pathlib import Path

from routersvc.domain.failures import FailureClass
from routersvc.providers.openai_chat.dialects import DIALECTS

PAGE = (Path(__file__).parents[3] / "docs/providers.md").read_text()


def test_every_dialect_is_documented() -> None:
    """An operator chooses one from the table."""
    rows = {line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")}

    assert rows == DIALECTS.keys()


def test_only_classes_that_exist_are_named() -> None:
    """The words are those of the contract."""
    section = PAGE.partition("## What errors mean")[2].partition("\n## ")[0]
    last_cells = [line.split("|")[-2] for line in section.splitlines() if line.endswith("` |")]
    named = {cell.strip().strip("`") for cell in last_cells}

    assert named <= {failure_class.value for failure_class in FailureClass}
    assert len(named) == 12
