"""Run all static checks in parallel, then the conformance suite of the clients, then the tests.

The folders of inputs from outside the project (`tests/reality`) run beside them, one after another,
because their cases mostly wait. They depend on real time, so a folder that fails in company is run
again at the end, when nothing else runs.

Each check prints one line: verdict, name, duration, and on failure the command that fixes it. The
output of failed checks follows. Conformance suite and tests print their own output.
"""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import enum
import os
import re
import subprocess
import sys
import time
from collections.abc import Generator, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
BUF = ROOT / ".tools/bin/buf"
BASELINE = ROOT / "protos/baseline.binpb"
"""The contract as it was last released, without comments; written by `make baseline`."""
THOROUGH = ("--hypothesis-profile=thorough", "--timeout=3600")
FUZZERS = {
    "bench.simulations.seeds": "3000",
    "bench.simulations.constraints": "20000",
    "bench.hostile.fuzz": "1000",
}
"""Programs that exit with 1 if a promise was broken, and for how many seeds each runs."""
COUNTS = ("bench.call_counts", "--check")
"""Counts what a scripted call does; exits with 1 where that is not as recorded."""


class Verdict(enum.Enum):
    """The result of a check."""

    PASSED = "ok"
    SKIPPED = "skip"
    FAILED = "FAIL"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RequiredFile:
    """A file that a check requires; `reason` is printed where it is missing."""

    path: Path
    reason: str
    optional_in_ci: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """A program that fails by its exit code; `fix` says how to make it pass."""

    name: str
    group: str
    command: tuple[str | Path, ...]
    fix: str
    requires: tuple[RequiredFile, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a check ended, in `seconds` of wall-clock time; `hint` explains a skip or a failure."""

    check: Check
    verdict: Verdict
    hint: str = ""
    seconds: float = 0.0
    output: str = ""


_BUF = RequiredFile(
    path=BUF, reason="buf is not installed: run `make tools`, which needs the npm registry"
)
_GO = RequiredFile(
    path=ROOT / ".tools/bin/protoc-gen-go",
    reason="the plugins of protoc are not built: run `make tools`, which needs Go",
)
_JAVA = RequiredFile(
    path=ROOT / ".tools/bin/protoc-gen-grpc-java",
    reason="protoc is not installed: run `make tools`, which needs Maven",
)
_RELEASE = RequiredFile(
    path=BASELINE, reason="no released version to compare with", optional_in_ci=True
)

# The slowest come first, so that the short ones fill the remaining time.
CHECKS = (
    Check(
        name="types, mypy",
        group="types",
        command=(PROGRAMS / "mypy", "--no-error-summary"),
        fix="add the type or fix the code",
    ),
    Check(
        name="types, pyright",
        group="types",
        command=(PROGRAMS / "pyright",),
        fix="add the type or fix the code",
    ),
    Check(
        name="generated code",
        group="lint",
        command=(sys.executable, ROOT / "scripts/generate.py", "--check", "--only", "python"),
        fix="make generate",
    ),
    Check(
        name="generated clients",
        group="lint",
        command=(sys.executable, ROOT / "scripts/generate.py", "--check", "--only", "clients"),
        fix="make generate",
        requires=(_BUF, _GO, _JAVA),
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
        fix="make generate",
    ),
    Check(
        name="descriptor set",
        group="lint",
        command=(sys.executable, ROOT / "scripts/write_descriptor_set.py", "--check"),
        fix="make generate",
    ),
    Check(
        name="API reference",
        group="lint",
        command=(sys.executable, "-m", "scripts.write_api_reference", "--check"),
        fix="make generate",
    ),
    Check(
        name="documentation site",
        group="lint",
        command=(sys.executable, "-m", "mkdocs", "build", "--strict"),
        fix="fix the links that it names",
    ),
    Check(
        name="configuration reference",
        group="lint",
        command=(sys.executable, ROOT / "scripts/write_configuration_reference.py", "--check"),
        fix="make generate",
    ),
    Check(
        name="schema of the decision log",
        group="lint",
        command=(sys.executable, ROOT / "scripts/write_decision_log_schema.py", "--check"),
        fix="make generate",
    ),
    Check(
        name="architecture page",
        group="lint",
        command=(sys.executable, ROOT / "scripts/write_architecture.py", "--check"),
        fix="make generate",
    ),
    Check(
        name="locks",
        group="lint",
        command=(sys.executable, ROOT / "scripts/lock.py", "--check"),
        fix="make lock",
    ),
    Check(
        name="catalogue of known models",
        group="lint",
        command=(sys.executable, ROOT / "scripts/refresh_catalogue.py", "--check"),
        fix="make catalogue",
    ),
    Check(
        name="import contracts",
        group="lint",
        command=(PROGRAMS / "lint-imports", "--no-logo"),
        fix="move the import to a layer that may have it, see `importlinter` in pyproject.toml",
    ),
    Check(
        name="lint",
        group="lint",
        command=(PROGRAMS / "ruff", "check", "--quiet", "--output-format=concise"),
        fix="make format, then fix the rest by hand",
    ),
    Check(
        name="format",
        group="lint",
        command=(PROGRAMS / "ruff", "format", "--check", "--quiet", "--diff"),
        fix="make format",
    ),
    Check(
        name="protos, lint",
        group="lint",
        command=(BUF, "lint"),
        fix="fix the protos",
        requires=(_BUF,),
    ),
    Check(
        name="protos, format",
        group="lint",
        command=(BUF, "format", "--diff", "--exit-code"),
        fix="make format",
        requires=(_BUF,),
    ),
    Check(
        name="protos, breaking",
        group="lint",
        command=(BUF, "breaking", "--against", BASELINE),
        fix="reserve and add instead of changing; `make baseline` only for a release",
        requires=(_BUF, _RELEASE),
    ),
)

REALITY = tuple(
    Check(
        name=f"inputs from outside, {folder}",
        group="reality",
        command=(PROGRAMS / "pytest", "-qpno:cacheprovider", "tests/reality", "-k", folder),
        fix=f".venv/bin/pytest tests/reality -k {folder}",
    )
    for folder in ("outages", "hostile", "bugs", "conversations", "readings")
)
"""Folders of inputs that are kept outside of the project; skipped where they are not there."""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="All other arguments are passed to pytest."
    )
    parser.add_argument("--only", choices=("lint", "types"), help="only these checks, no tests")
    parser.add_argument(
        "--thorough",
        action="store_true",
        help="run properties with many examples; after the tests thousands of simulated drills, "
        "and count what a call does",
    )
    arguments, pytest_arguments = parser.parse_known_args()
    only: str | None = arguments.only
    thorough: bool = arguments.thorough
    checks = [check for check in CHECKS if only in {None, check.group}]
    if only is not None:
        return _code(_check(checks))
    # Arguments choose tests, and these are none of them.
    with _beside([] if pytest_arguments else REALITY) as beside:
        failed = _check(checks)
        if _conform():
            failed.append("conformance suite of the clients")
        code = _test(pytest_arguments, thorough=thorough)
        failed += _report_outside([each.result() for each in beside])
    if thorough:
        failed.extend(_fuzz())
        failed.extend(_count())
    return code or _code(failed)


def _code(failed: list[str]) -> int:
    if failed:
        print(f"failed checks, see above: {'; '.join(failed)}", file=sys.stderr)
    return int(bool(failed))


def _check(checks: Iterable[Check]) -> list[str]:
    """Run `checks` on all cores, print their outcomes, return the names of the failed ones."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(_run, each) for each in checks]
        return _report(each.result() for each in concurrent.futures.as_completed(running))


def _report(outcomes: Iterable[Outcome]) -> list[str]:
    """Print outcomes as they come, return the names of the failed ones."""
    failures: list[Outcome] = []
    for outcome in outcomes:
        print(_line(outcome), flush=True)
        if outcome.verdict is Verdict.FAILED:
            failures.append(outcome)
    for outcome in failures:
        if outcome.output:
            print(f"\n---- {outcome.check.name}\n{outcome.output.rstrip()}", flush=True)
    return [outcome.check.name for outcome in failures]


@contextlib.contextmanager
def _beside(checks: Iterable[Check]) -> Generator[list[concurrent.futures.Future[Outcome]]]:
    """Run checks one after another beside whatever the context does."""
    pool = concurrent.futures.ThreadPoolExecutor(1)
    try:
        yield [pool.submit(_run, each) for each in checks]
    finally:
        pool.shutdown(cancel_futures=True)


def _report_outside(outcomes: list[Outcome]) -> list[str]:
    """Run those again that failed in company; print all with their sums; return the failed ones."""
    if outcomes:
        print("\ninputs from outside", flush=True)
    for place, outcome in enumerate(outcomes):
        if outcome.verdict is Verdict.FAILED:
            outcomes[place] = _run(outcome.check)
    return _report(
        dataclasses.replace(outcome, hint="; ".join([outcome.hint, *_sums(outcome)]).strip("; "))
        for outcome in outcomes
    )


def _sums(outcome: Outcome) -> list[str]:
    """Return what a folder printed about its cases as a whole."""
    return re.findall(r"^\w+: (\d+ of \d+ pass\b.*)", outcome.output, re.MULTILINE)


def _run(check: Check) -> Outcome:
    begin = time.monotonic()
    for required in check.requires:
        if not required.path.exists():
            strict = bool(os.environ.get("CI")) and not required.optional_in_ci
            verdict = Verdict.FAILED if strict else Verdict.SKIPPED
            return Outcome(check=check, verdict=verdict, hint=required.reason)
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
        hint=f"to fix: {check.fix}" if finished.returncode else "",
        seconds=time.monotonic() - begin,
        output=finished.stdout,
    )


def _line(outcome: Outcome) -> str:
    timed = f"{outcome.verdict.value:4}  {outcome.check.name:16}  {outcome.seconds:5.1f} s"
    return f"{timed}  {outcome.hint}".rstrip()


def _conform() -> int:
    print("\nconformance suite of the clients", flush=True)
    command = [sys.executable, "-m", "clients.conformance.runner"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _test(arguments: list[str], *, thorough: bool) -> int:
    print(flush=True)
    profile = THOROUGH if thorough else ()
    command: list[str | Path] = [PROGRAMS / "pytest", "--numprocesses=2", *profile, *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _fuzz() -> list[str]:
    """Run the generated drills and worlds; return the names of the runs that found a violation."""
    failed: list[str] = []
    for module, seeds in FUZZERS.items():
        print(f"\n{module}", flush=True)
        command = [sys.executable, "-m", module, "--seeds", seeds]
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(module)
    return failed


def _count() -> list[str]:
    """Compare the work of a scripted call with the record; return the name if it differs."""
    module, *arguments = COUNTS
    print(f"\n{module}", flush=True)
    command = [sys.executable, "-m", module, *arguments]
    return [module] if subprocess.run(command, cwd=ROOT, check=False).returncode else []


if __name__ == "__main__":
    sys.exit(main())
