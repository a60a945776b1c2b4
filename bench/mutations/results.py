"""The results of the mutants, with the reasons of survivors."""

from __future__ import annotations

import collections
import dataclasses
import enum
import json
import pathlib
import tomllib
from collections.abc import Sequence

from mutmut.mutation.diff_apply import get_diff_for_mutant

from bench.machines import machine
from bench.tables import aligned, today

FOLDER = pathlib.Path("mutants")
REASONS = pathlib.Path(__file__).with_name("survivors.toml")
_PACKAGE = "routersvc."
_NO_TEST = 33
_LIVED = 0


class Fate(enum.Enum):
    """The result of a mutant."""

    KILLED = "killed"
    LIVES = "lives"
    NOT_RUN = "not run"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """One change of one function. `change` is the diff of a survivor, by lines."""

    name: str
    module: str
    function: str
    fate: Fate
    timed_out: bool = False
    change: tuple[str, ...] = ()
    reason: str = ""


def read_mutants(modules: Sequence[str] = ()) -> list[Mutant]:
    """Return the mutants of the last runs, of all modules or of those with such names."""
    reasons = _reasons()
    return [
        _mutant(name, code, path, reasons)
        for path in sorted(FOLDER.glob("src/**/*.meta"))
        if not modules or any(part in path.name for part in modules)
        for name, code in json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"].items()
    ]


def report(mutants: Sequence[Mutant]) -> str:
    """Return the table of results as Markdown."""
    modules = list(dict.fromkeys(one.module for one in mutants))
    rows: list[tuple[str, ...]] = [
        (
            "module",
            "mutants",
            "killed",
            "of these timed out",
            "survived, with a reason",
            "survived, without a reason",
        )
    ]
    rows += [_row(module, [one for one in mutants if one.module == module]) for module in modules]
    rows.append(_row("**all**", mutants))
    excused: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    open_ones: collections.Counter[str] = collections.Counter()
    for one in mutants:
        if one.fate is Fate.LIVES and one.reason:
            excused[one.reason][one.function] += 1
        elif one.fate is Fate.LIVES:
            open_ones[one.function] += 1
    lines = [
        "# Mutation tests",
        "",
        f"`python -m bench.mutations`, {today()}. {machine()}.",
        "",
        "Comparisons are shifted and reversed, conditions negated, calls and errors removed,",
        "arguments and values dropped, operators swapped, cases removed; texts stay. A mutant is",
        "killed if a test of `tests/unit/domain` or `tests/unit/engine` fails.",
        "",
        aligned(rows),
        "",
        "## Survivors with a reason",
        "",
    ]
    for reason, functions in excused.items():
        where = ", ".join(f"`{name}` {count}" for name, count in functions.items())
        lines.append(f"- {reason} ({where})")
    lines += ["", "## Survivors without a reason", ""]
    lines.append(", ".join(f"`{name}` {count}" for name, count in open_ones.items()) or "None.")
    return "\n".join(lines) + "\n"


def _row(title: str, mutants: Sequence[Mutant]) -> tuple[str, ...]:
    living = [one for one in mutants if one.fate is Fate.LIVES]
    counts = (
        len(mutants),
        sum(one.fate is Fate.KILLED for one in mutants),
        sum(one.timed_out for one in mutants),
        sum(bool(one.reason) for one in living),
        sum(not one.reason for one in living),
    )
    return (title, *(f"{count:,}" for count in counts))


def _mutant(
    name: str, code: int | None, path: pathlib.Path, reasons: dict[str, list[tuple[str, str]]]
) -> Mutant:
    # Such as: routersvc.domain.breakers.x, Breaker and admit__mutmut_1 with a bar between each.
    module, _, mangled = name.removeprefix(_PACKAGE).rpartition(".")
    plain = mangled.partition("__mutmut_")[0].removeprefix("xǁ").removeprefix("x_")
    function = f"{module}.{plain.replace('ǁ', '.').replace('_get_', '')}"
    if code is None:
        return Mutant(name=name, module=module, function=function, fate=Fate.NOT_RUN)
    if code not in {_LIVED, _NO_TEST}:
        return Mutant(
            name=name, module=module, function=function, fate=Fate.KILLED, timed_out=code < 0
        )
    source = path.relative_to(FOLDER).with_suffix("")
    change = tuple(
        f"{line[0]} {line[1:].strip()}"
        for line in get_diff_for_mutant(name, path=source).splitlines()
        if line[:1] in {"+", "-"} and not line.startswith(("+++", "---"))
    )
    reason = next(
        (why for text, why in reasons.get(function, []) if not text or text in "\n".join(change)),
        "",
    )
    return Mutant(
        name=name,
        module=module,
        function=function,
        fate=Fate.LIVES,
        change=change,
        reason=reason,
    )


def _reasons() -> dict[str, list[tuple[str, str]]]:
    """Return the reasons by function: a text in the change, and why it may survive."""
    if not REASONS.exists():
        return {}
    found: dict[str, list[tuple[str, str]]] = collections.defaultdict(list)
    for entry in tomllib.loads(REASONS.read_text(encoding="utf-8"))["survivor"]:
        for change in entry["changes"]:
            found[entry["function"]].append((change, entry["reason"]))
    return found
