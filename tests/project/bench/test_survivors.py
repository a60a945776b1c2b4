"""Each excused mutant belongs to a function that exists."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src/routersvc"
FUNCTIONS = sorted(
    {
        survivor["function"]
        for survivor in tomllib.loads((ROOT / "bench/mutations/survivors.toml").read_text("utf-8"))[
            "survivor"
        ]
    }
)


def _module_of(function: str) -> tuple[Path, list[str]]:
    """Return the module, and the names that lead from it to the function."""
    parts = function.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module = PACKAGE.joinpath(*parts[:length]).with_suffix(".py")
        if module.is_file():
            return module, parts[length:]
    raise AssertionError(f"`{function}` is in no module of {PACKAGE}")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_of_an_excused_mutant_exists(function: str) -> None:
    """Else a renamed function loses its excuses, and its mutants count as unnoticed."""
    module, names = _module_of(function)
    scope: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef = ast.parse(
        module.read_text("utf-8")
    )

    for name in names:
        found = [
            each
            for each in scope.body
            if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and each.name == name
        ]
        assert found, f"{module.name} has no `{name}`"
        scope = found[0]
