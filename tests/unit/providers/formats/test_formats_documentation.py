"""The page about providers says what there is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.errors.tables import BROAD_CODES, PHRASES, SPECIFIC_CODES, STATUSES
from routersvc.providers.formats.openai_chat import vendors as openai_chat_vendors
from routersvc.providers.formats.openai_responses import dialects as openai_responses_dialects

CLASSES_OF_RESPONSES = {
    FailureClass.INVALID_REQUEST,
    FailureClass.SERVER_ERROR,
    *SPECIFIC_CODES,
    *BROAD_CODES,
    *(failure_class for failure_class, _, _ in PHRASES),
    *STATUSES.values(),
}
PAGE = (Path(__file__).parents[4] / "docs/providers.md").read_text()


@pytest.mark.parametrize(
    ("title", "dialects"),
    [
        ("| dialect | for | specifics |", openai_chat_vendors.DIALECTS),
        ("| dialect of Responses | for |", openai_responses_dialects.DIALECTS),
    ],
)
def test_every_dialect_is_documented(title: str, dialects: Mapping[str, object]) -> None:
    """An operator chooses one from the table."""
    table = PAGE.partition(title)[2].partition("\n\n")[0]
    rows = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]

    assert sorted(rows) == sorted(dialects)


def test_every_class_that_a_response_can_have_is_documented() -> None:
    """The words are those of the contract."""
    section = PAGE.partition("## What errors mean")[2].partition("\n## ")[0]
    last_cells = [line.split("|")[-2] for line in section.splitlines() if line.endswith("` |")]
    named = {cell.strip().strip("`") for cell in last_cells}

    assert named == {failure_class.value for failure_class in CLASSES_OF_RESPONSES}
