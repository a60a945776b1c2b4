"""Documents name files that exist, and recipes name nothing that has moved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md", ".github/**/*.md")
    for path in ROOT.glob(pattern)
)
RECIPES = (ROOT / "docs/recipes.md").read_text(encoding="utf-8")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_PATH = re.compile(
    r"(?<![\w/.-])(?:(?:src|tests|docs|protos|examples|scripts|bench)/[\w./-]*\w|\w+(?:/\w+)+\.py)"
)
_SIX = ("provider", "vendor", "constraint", "failure class", "settings key", "metric")


def without_code(text: str) -> str:
    """Return Markdown without its fenced blocks."""
    return _FENCE.sub("", text)


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = _HEADING.findall(without_code(document.read_text(encoding="utf-8")))
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        for heading in headings
    }


def dead_links(document: Path) -> Iterator[str]:
    """Yield the relative links whose file or heading does not exist."""
    text = without_code((ROOT / document).read_text(encoding="utf-8"))
    for link in _LINK.findall(text):
        target, _, anchor = link.partition("#")
        if ":" in target:
            continue
        path = (ROOT / document).parent / target if target else ROOT / document
        if not path.exists() or (anchor and anchor not in anchors(path)):
            yield link


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_links_lead_somewhere(document: Path) -> None:
    """Files and headings that documents link to exist."""
    assert list(dead_links(document)) == []


def test_all_six_recipes_are_there() -> None:
    """Each with its table of files and the command that proves the change."""
    sections = RECIPES.split("\n## ")[1:]

    assert len(sections) == len(_SIX)
    for section, subject in zip(sections, _SIX, strict=True):
        title = section.partition("\n")[0]
        assert subject in title
        assert "| | file | what to write |" in section
        assert "pytest tests/" in section


@pytest.mark.parametrize("name", sorted(set(_PATH.findall(RECIPES))))
def test_recipe_names_paths_that_exist(name: str) -> None:
    """Paths from the root of the repository, or from `src/routersvc`."""
    assert (ROOT / name).exists() or (ROOT / "src/routersvc" / name).exists()
