"""The folders of runnable inputs: their cases, and how they are run.

Each folder has a script that starts routers and mock providers of its own on a block of ports, and
prints one line per case. Cases depend on real time, so a failed case is run again alone.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import yaml
from tests.commands.server import PROGRAM, served_commands

PROJECT = Path(__file__).resolve().parents[2]
REALITY = Path(os.environ.get("ROUTERSVC_SHARED", PROJECT.parent / "shared")) / "reality"
FIRST_PORT = int(os.environ.get("PORT", "24200"))
PORTS_PER_FOLDER = 100
"""Folders may run side by side."""

PORTS_PER_GROUP = 16
"""A case takes up to twelve ports from the first one on."""

_CASE = re.compile(r"^@case\s*\n(?:async )?def (\w+)", re.MULTILINE)
_RESULT = re.compile(r"^(PASS|FAIL|ERROR) +(\S+)(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_READING = re.compile(r"^(PASS|FAIL) +(\S+) +(.+(?:\n[ \t]+.*)*)", re.MULTILINE)
_SECONDS_PER_CASE = 120


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CaseResult:
    """Whether a case passed, and what the script printed about it."""

    passed: bool
    printed: str


Results = dict[str, CaseResult]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """One script with its cases.

    `command` makes the arguments of a run from the program, the first port and the names of the
    cases. `groups` run in parallel. `parse` finds verdict, name and details of each case in the
    output. `place` tells the folder's ports apart from those of others. `many_commands` says that
    hundreds of short commands are called, which then need not import anything.
    """

    name: str
    script: Path
    cases: Callable[[Path], Sequence[str]]
    command: Callable[[Path, Path, int, Sequence[str]], list[str]]
    groups: int
    parse: Callable[[str], Results]
    place: int
    many_commands: bool = False

    @property
    def is_present(self) -> bool:
        """Whether the script is there."""
        return self.script.is_file()

    def run(self) -> Results:
        """Run all cases in parallel groups."""
        names = self.cases(self.script)
        groups = [names[first :: self.groups] for first in range(self.groups)]
        results: Results = {}
        with concurrent.futures.ThreadPoolExecutor(self.groups) as pool:
            ports = [self._first_port + it * PORTS_PER_GROUP for it in range(self.groups)]
            for part in pool.map(self._run_group, groups, ports):
                results.update(part)
        missing = CaseResult(passed=False, printed="the script printed nothing about it")
        return {name: results.get(name, missing) for name in names}

    def run_alone(self, names: Sequence[str]) -> Results:
        """Run these cases without other groups beside them."""
        return self._run_group(names, self._first_port)

    @property
    def _first_port(self) -> int:
        return FIRST_PORT + self.place * PORTS_PER_FOLDER

    def _run_group(self, names: Sequence[str], port: int) -> Results:
        if not names:
            return {}
        with (
            served_commands() if self.many_commands else contextlib.nullcontext(PROGRAM) as program
        ):
            return self._run_script(program, names, port)

    def _run_script(self, program: Path, names: Sequence[str], port: int) -> Results:
        try:
            finished = subprocess.run(
                self.command(self.script, program, port, names),
                check=False,
                cwd=self.script.parent,
                env={**os.environ, "ROUTERSVC": str(program), "PORT": str(port)},
                encoding="utf-8",
                errors="replace",
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=60 + _SECONDS_PER_CASE * len(names),
            )
        except subprocess.TimeoutExpired as expired:
            return self.parse((expired.stdout or b"").decode("utf-8", "replace"))
        return self.parse(finished.stdout)


def _functions(script: Path) -> list[str]:
    return _CASE.findall(script.read_text("utf-8"))


def _expected(section: str) -> Callable[[Path], list[str]]:
    def names(script: Path) -> list[str]:
        expected = yaml.safe_load((script.parent / "expected.yaml").read_text("utf-8"))
        cases: Mapping[str, Mapping[str, object]] = expected[section]
        return [name for name, case in cases.items() if not case.get("debatable")]

    return names


def _by_name(text: str) -> Results:
    return {
        name: CaseResult(passed=verdict == "PASS", printed=details.strip())
        for verdict, name, details in _RESULT.findall(text)
    }


def _by_file(text: str) -> Results:
    return {
        details.split()[0]: CaseResult(passed=verdict == "PASS", printed=details.strip())
        for verdict, kind, details in _READING.findall(text)
        if kind != "in-pieces"
    }


def _named(script: Path, program: Path, port: int, names: Sequence[str]) -> list[str]:
    del program, port
    return [sys.executable, str(script), *names]


def _judged(script: Path, program: Path, port: int, names: Sequence[str]) -> list[str]:
    del port
    return [sys.executable, str(script), str(program), *names]


def _conversed(script: Path, program: Path, port: int, names: Sequence[str]) -> list[str]:
    return [sys.executable, str(script), str(program), "--port", str(port), *names]


FOLDERS = (
    Folder(
        name="outages",
        script=REALITY / "outages/outages.py",
        cases=_functions,
        command=_named,
        groups=6,
        parse=_by_name,
        place=0,
    ),
    Folder(
        name="readings",
        script=REALITY / "vendors/judge.py",
        cases=_expected("recordings"),
        command=_judged,
        groups=1,
        parse=_by_file,
        place=1,
    ),
    Folder(
        name="bugs",
        script=REALITY / "bugs/cases.py",
        cases=_functions,
        command=_named,
        groups=3,
        parse=_by_name,
        place=2,
    ),
    Folder(
        name="hostile",
        script=REALITY / "hostile/hostile.py",
        cases=_functions,
        command=_named,
        groups=5,
        parse=_by_name,
        place=3,
    ),
    Folder(
        name="conversations",
        script=REALITY / "vendors/conversations.py",
        cases=_expected("conversations"),
        command=_conversed,
        groups=1,
        parse=_by_name,
        place=4,
        many_commands=True,
    ),
)
