"""The command `drill`, from a file to what is printed."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from routersvc.cli.actions import drilling
from routersvc.cli.exit_codes import ExitCode
from routersvc.cli.running import run
from routersvc.drills.plans.drill_plans import DrillPlan
from routersvc.drills.promises.promise_records import Promise, Violation
from routersvc.drills.simulation.simulation import DrillResult, Progress, run_drill

EXAMPLES = Path(__file__).resolve().parents[4] / "examples/drills"

_RATE = re.compile(r"\{rate: (\d+)\}")

SMALL = """
name: small
duration: 5
deployments: [{name: a, first_content: {constant: 0.1}}, {name: b, first_content: {constant: 0.2}}]
arrivals: {batch: 3, pause: 1}
faults: [{deployment: a, kind: kill, start: 2, end: 4}]
policy: {order: fixed}
"""


@pytest.fixture(autouse=True)
def plain_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe of a width that everything fits into."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "140")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A drill of a few calls."""
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    return file


@pytest.mark.parametrize("name", sorted(file.name for file in EXAMPLES.iterdir()))
def test_examples_run(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, thorough: bool
) -> None:
    """They are what a newcomer starts from; every promise is kept in them.

    With a third of their calls per second unless the run is thorough.
    """
    text = (EXAMPLES / name).read_text("utf-8")
    if not thorough:
        text = _RATE.sub(lambda found: f"{{rate: {int(found[1]) // 3}}}", text)
    file = tmp_path / name
    file.write_text(text, "utf-8")

    code = run(["drill", str(file)])

    shown = capsys.readouterr()
    assert code == 0
    assert "first content p95" in shown.out
    assert "its faults" in shown.out
    assert shown.err == ""


def test_seed_decides_all_chance(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same one gives the same words, another one others."""
    small.write_text(SMALL.replace("{batch: 3, pause: 1}", "{rate: 20}"))
    outputs: list[str] = []
    for seed in ("5", "5", "6"):
        assert run(["drill", str(small), "--seed", seed]) == 0
        outputs.append(capsys.readouterr().out)

    assert "seed 5" in outputs[0]
    assert outputs[0] == outputs[1]
    assert outputs[0].replace("seed 5", "seed 6") != outputs[2]


def test_json_is_one_object_per_drill(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two with a drill to compare with, in the order of the command line."""
    other = small.with_name("other.yaml")
    other.write_text(SMALL.replace("name: small", "name: other"))

    code = run(["drill", str(small), "--compare", str(other), "--json"])

    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert code == 0
    assert first["name"] == "small"
    assert first["outcomes"]["completed"] == first["calls"]
    assert second["name"] == "other"


def test_two_drills_stand_side_by_side(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each figure of one beside that of the other."""
    code = run(["drill", str(small), "--compare", str(small)])

    _, _, beside = capsys.readouterr().out.partition("side by side")
    lines = {line.split("  ")[0].strip(): line for line in beside.splitlines()}
    assert code == 0
    assert lines["completed"].count("100.00 %") == 2
    assert lines["first content p50"].count("0.100 s") == 2


def test_picture_is_written(small: Path, tmp_path: Path) -> None:
    """Where the option says."""
    picture = tmp_path / "small.svg"

    code = run(["drill", str(small), "--svg", str(picture), "--json"])

    assert code == 0
    assert picture.read_text().startswith("<svg ")


def test_picture_that_cannot_be_written_is_reported(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a sentence."""
    code = run(["drill", str(small), "--svg", str(tmp_path / "none" / "small.svg")])

    assert code == ExitCode.USAGE
    assert "cannot be written: no such file or directory" in capsys.readouterr().err


def test_mistakes_are_told_with_file_line_and_key(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing was run."""
    small.write_text(SMALL.replace("duration: 5", "duration: 5\nspeed: 3"))

    code = run(["drill", str(small)])

    shown = capsys.readouterr()
    assert code == ExitCode.USAGE
    assert shown.out == ""
    assert shown.err.startswith(f"error: {small}:4: speed: ")


def test_all_mistakes_are_told_at_once(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each, then how many there are."""
    small.write_text(SMALL.replace("duration: 5", "duration: long\nspeed: 3"))

    code = run(["drill", str(small)])

    lines = capsys.readouterr().err.splitlines()
    assert code == ExitCode.USAGE
    assert [line.split(": ")[0] for line in lines] == [f"{small}:3", f"{small}:4", "error"]
    assert lines[-1] == "error: 2 problems"


def test_broken_promise_fails_the_command(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a defect of the router, whatever became of the calls."""
    violation = Violation(
        promise=Promise.BOUNDED, at=1.5, request_id="000003", description="too many"
    )

    def broken(plan: DrillPlan, *, progress: Progress | None) -> DrillResult:
        return dataclasses.replace(run_drill(plan, progress=progress), violations=(violation,))

    monkeypatch.setattr(drilling, "run_drill", broken)

    code = run(["drill", str(small)])

    shown = capsys.readouterr()
    assert code == ExitCode.FAILED
    assert "call 000003: too many" in shown.out
    assert "a promise was broken 1 time" in shown.err
