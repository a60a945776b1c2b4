"""The architecture page shows the import contracts and the folders as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts import write_architecture

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src/routersvc"

LAYERS: write_architecture.Contract = {
    "name": "layers",
    "type": "layers",
    "containers": ["p"],
    "layers": ["top", "left | right | (planned)", "bottom"],
    "exhaustive_ignores": ["alone"],
}
FORBIDDEN: write_architecture.Contract = {
    "name": "top leaves left alone",
    "type": "forbidden",
    "source_modules": ["p.top"],
    "forbidden_modules": ["p.left"],
}


def folders() -> list[Path]:
    """Return every package below `src/routersvc`, itself included."""
    return [path.parent for path in PACKAGE.rglob("__init__.py")]


def test_page_is_up_to_date() -> None:
    """`make generate` writes what is compared here."""
    written = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")

    assert write_architecture.page(written) == written


def test_every_folder_has_its_row() -> None:
    """No folder of the service is missing from the table."""
    table = list(write_architecture.folder_table(PACKAGE))

    named = {row.split("`")[1] for row in table[2:]}
    assert named == {path.relative_to(ROOT / "src").as_posix() for path in folders()}
    assert len(table) == len(named) + 2


def test_arrows_are_what_the_contracts_allow() -> None:
    """Arrows lead down the layers, never where a contract forbids it, and never twice."""
    lines = [line.strip() for line in write_architecture.picture([LAYERS, FORBIDDEN])]

    assert [line for line in lines if "-->" in line] == [
        "top --> right",
        "left --> bottom",
        "right --> bottom",
    ]
    assert "alone" in lines


def test_all_folders_are_boxes() -> None:
    """The picture shows each folder of the service and of the domain."""
    text = "\n".join(write_architecture.picture(write_architecture.contracts()))

    top = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    inner = {path.name for path in (PACKAGE / "domain").iterdir() if path.is_dir()}
    missing = [name for name in top if name not in text]
    missing += [name for name in inner - {"__pycache__"} if f"domain_{name}[{name}]" not in text]
    assert missing == []


def test_folder_without_a_sentence_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table has nothing to say of it."""
    monkeypatch.setattr(write_architecture, "ROOT", tmp_path)
    module = tmp_path / "__init__.py"
    module.touch()

    with pytest.raises(write_architecture.ArchitectureError):
        write_architecture.sentence(module)


def test_sentence_may_span_lines_and_hold_points(tmp_path: Path) -> None:
    """It ends at a full stop before white space."""
    module = tmp_path / "__init__.py"
    module.write_text('"""Reads v1.2 of\nthe format. And more."""\n', encoding="utf-8")

    assert write_architecture.sentence(module) == "Reads v1.2 of the format."
