"""A module is small, in a folder of few, and its tests are found by its path."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src/routersvc"
UNIT_TESTS = ROOT / "tests/unit"
MOST_MODULES = 20
MOST_LINES = 400
FOLDERS = sorted(file.parent for file in PACKAGE.rglob("__init__.py"))


def _name(folder: Path) -> str:
    return str(folder.relative_to(PACKAGE.parent))


def _belongs_to(test: Path) -> bool:
    """Whether a test file is named after a module of its folder, or after the folder itself."""
    folder = PACKAGE / test.parent.relative_to(UNIT_TESTS)
    subjects = {folder.name, *(module.stem for module in folder.glob("*.py"))}
    tested = test.stem.removeprefix("test_")
    return any(tested == subject or tested.startswith(f"{subject}_") for subject in subjects)


def _stem(word: str) -> str:
    """Return a word in lower case and in the singular, roughly."""
    word = word.lower()
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word if word.endswith("ss") else word.removesuffix("s")


def _public_classes(module: Path) -> list[str]:
    statements = ast.parse(module.read_text("utf-8")).body
    return [
        each.name
        for each in statements
        if isinstance(each, ast.ClassDef) and not each.name.startswith("_")
    ]


def _shares_a_word(class_name: str, module: Path) -> bool:
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", class_name)
    return not {_stem(word) for word in words}.isdisjoint(map(_stem, module.stem.split("_")))


def test_unit_tests_are_found_by_the_path_of_their_module() -> None:
    """`tests/unit/<folder>/test_<module>.py`, an aspect after the name where there are several."""
    tests = sorted(UNIT_TESTS.rglob("test_*.py"))

    assert [str(one.relative_to(ROOT)) for one in tests if not _belongs_to(one)] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=_name)
def test_folder_has_few_modules(folder: Path) -> None:
    """A folder can be overlooked at a glance."""
    modules = [module for module in folder.glob("*.py") if module.name != "__init__.py"]

    assert len(modules) <= MOST_MODULES


@pytest.mark.parametrize("folder", FOLDERS, ids=_name)
def test_folder_says_in_one_sentence_what_it_holds(folder: Path) -> None:
    """Only a package with a public API, such as `routersvc.testing`, says more."""
    module = ast.parse((folder / "__init__.py").read_text("utf-8"))
    docstring = ast.get_docstring(module)
    has_public_api = len(module.body) > 1

    assert docstring is not None
    if not has_public_api:
        assert "\n\n" not in docstring
        assert len(re.findall(r"[.!?](?=\s|$)", docstring)) == 1


def test_modules_are_short() -> None:
    """A longer one holds more than one concept."""
    lengths = {
        str(module.relative_to(ROOT)): len(module.read_text("utf-8").splitlines())
        for module in (ROOT / "src").rglob("*.py")
    }

    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_domain_classes_are_found_by_the_name_of_their_module() -> None:
    """At least eight of ten share a word with it."""
    classes = [
        (name, module)
        for module in sorted((PACKAGE / "domain").rglob("*.py"))
        for name in _public_classes(module)
    ]
    others = [
        f"{module.stem}.{name}" for name, module in classes if not _shares_a_word(name, module)
    ]

    assert len(others) <= 0.2 * len(classes), others


def test_profiles_decide_how_many_examples_a_property_gets() -> None:
    """Else `make test` grows slow, and `make verify` finds less than it could."""
    setting = re.compile(r"\bmax_examples\s*=|\bdeadline\s*=\s*None")
    tests = sorted((ROOT / "tests").rglob("test_*.py"))

    assert [
        str(test.relative_to(ROOT))
        for test in tests
        if test != Path(__file__) and setting.search(test.read_text("utf-8"))
    ] == []
