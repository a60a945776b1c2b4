"""Run the checks of the project side by side, then the clients' conformance, then the tests.

Every check is one line: its verdict, its name, its time, and for a failure the command that mends
it. What a failed check printed follows below. The others print for themselves.
"""

import argparse
import concurrent.futures
import dataclasses
import enum
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
BUF = ROOT / ".tools/bin/buf"
BASELINE = ROOT / "protos/baseline.binpb"
"""The contract as it was last released, without comments; written by `make baseline`."""


class Verdict(enum.Enum):
    """How a check ended."""

    PASSED = "ok"
    SKIPPED = "skip"
    FAILED = "FAIL"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A file without which a check cannot run."""

    path: Path
    word: str
    optional_in_ci: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A program that judges the tree by its exit code."""

    name: str
    group: str
    command: tuple[str | Path, ...]
    mend: str
    needs: tuple[Need, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of a check; `seconds` is wall-clock time, `word` what to know or to do."""

    check: Check
    verdict: Verdict
    word: str = ""
    seconds: float = 0.0
    output: str = ""


_BUF = Need(path=BUF, word="buf is not installed, `make tools` needs the npm registry")
_GO = Need(
    path=ROOT / ".tools/bin/protoc-gen-go", word="its plugins are not built, `make tools` needs Go"
)
_JAVA = Need(
    path=ROOT / ".tools/bin/protoc-gen-grpc-java",
    word="protoc is not there, `make tools` needs Maven",
)
_RELEASE = Need(path=BASELINE, word="nothing is released to compare to", optional_in_ci=True)

# The slowest come first, so that the short ones fill the gaps.
CHECKS = (
    Check(
        name="types, mypy",
        group="types",
        command=(PROGRAMS / "mypy", "--no-error-summary"),
        mend="say the type, or mend the code",
    ),
    Check(
        name="types, pyright",
        group="types",
        command=(PROGRAMS / "pyright",),
        mend="say the type, or mend the code",
    ),
    Check(
        name="generated code",
        group="lint",
        command=(sys.executable, ROOT / "scripts/generate.py", "--check", "--only", "python"),
        mend="make generate",
    ),
    Check(
        name="generated clients",
        group="lint",
        command=(sys.executable, ROOT / "scripts/generate.py", "--check", "--only", "clients"),
        mend="make generate",
        needs=(_BUF, _GO, _JAVA),
    ),
    Check(
        name="service configs",
        group="lint",
        command=(
            sys.executable,
            ROOT / "scripts/generate.py",
            "--check",
            "--only",
            "service-configs",
        ),
        mend="make generate",
    ),
    Check(
        name="configuration reference",
        group="lint",
        command=(sys.executable, ROOT / "scripts/write_configuration_reference.py", "--check"),
        mend="make generate",
    ),
    Check(
        name="architecture page",
        group="lint",
        command=(sys.executable, ROOT / "scripts/write_architecture.py", "--check"),
        mend="make generate",
    ),
    Check(
        name="locks",
        group="lint",
        command=(sys.executable, ROOT / "scripts/lock.py", "--check"),
        mend="make lock",
    ),
    Check(
        name="floors",
        group="lint",
        command=(PROGRAMS / "lint-imports", "--no-logo"),
        mend="move the import to a floor that may have it, see docs/decisions",
    ),
    Check(
        name="lint",
        group="lint",
        command=(PROGRAMS / "ruff", "check", "--quiet", "--output-format=concise"),
        mend="make format, and the rest by hand",
    ),
    Check(
        name="format",
        group="lint",
        command=(PROGRAMS / "ruff", "format", "--check", "--quiet", "--diff"),
        mend="make format",
    ),
    Check(
        name="protos, lint",
        group="lint",
        command=(BUF, "lint"),
        mend="mend the protos",
        needs=(_BUF,),
    ),
    Check(
        name="protos, format",
        group="lint",
        command=(BUF, "format", "--diff", "--exit-code"),
        mend="make format",
        needs=(_BUF,),
    ),
    Check(
        name="protos, breaking",
        group="lint",
        command=(BUF, "breaking", "--against", BASELINE),
        mend="reserve and add instead of changing; `make baseline` only for a release",
        needs=(_BUF, _RELEASE),
    ),
)


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="Every other argument is handed to pytest."
    )
    parser.add_argument("--only", choices=("lint", "types"), help="these checks, and no tests")
    arguments, pytest_arguments = parser.parse_known_args()
    only: str | None = arguments.only
    failed = _check([check for check in CHECKS if only in {None, check.group}])
    code = 0
    if only is None:
        if _conform():
            failed.append("conformance of the clients")
        code = _test(pytest_arguments)
    if failed:
        print(f"failed checks, see above: {'; '.join(failed)}", file=sys.stderr)
    return code or int(bool(failed))


def _check(checks: list[Check]) -> list[str]:
    """Run `checks` on all cores, print their outcomes, return the names of those that failed."""
    outcomes: list[Outcome] = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in concurrent.futures.as_completed([pool.submit(_run, each) for each in checks]):
            outcome = done.result()
            outcomes.append(outcome)
            print(_line(outcome), flush=True)
    failures = [outcome for outcome in outcomes if outcome.verdict is Verdict.FAILED]
    for outcome in failures:
        if outcome.output:
            print(f"\n---- {outcome.check.name}\n{outcome.output.rstrip()}", flush=True)
    return [outcome.check.name for outcome in failures]


def _run(check: Check) -> Outcome:
    begin = time.monotonic()
    for need in check.needs:
        if not need.path.exists():
            strict = bool(os.environ.get("CI")) and not need.optional_in_ci
            verdict = Verdict.FAILED if strict else Verdict.SKIPPED
            return Outcome(check=check, verdict=verdict, word=need.word)
    finished = subprocess.run(
        check.command,
        cwd=ROOT,
        check=False,
        encoding="utf-8",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return Outcome(
        check=check,
        verdict=Verdict.FAILED if finished.returncode else Verdict.PASSED,
        word=f"to mend: {check.mend}" if finished.returncode else "",
        seconds=time.monotonic() - begin,
        output=finished.stdout,
    )


def _line(outcome: Outcome) -> str:
    timed = f"{outcome.verdict.value:4}  {outcome.check.name:16}  {outcome.seconds:5.1f} s"
    return f"{timed}  {outcome.word}".rstrip()


def _conform() -> int:
    print("\nconformance of the clients", flush=True)
    command = [sys.executable, "-m", "clients.conformance.runner"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _test(arguments: list[str]) -> int:
    print(flush=True)
    command: list[str | Path] = [PROGRAMS / "pytest", "--numprocesses=2", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
