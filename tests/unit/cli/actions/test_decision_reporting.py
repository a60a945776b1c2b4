"""`routersvc report` prints the same sums as table, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from tests.decision_logs import logged_calls

from routersvc.cli.exit_codes import ExitCode
from routersvc.cli.running import run
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.testing.scripted import Fail, Script, answer
from routersvc.testing.worlds import scripted_request

BROKEN = [Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="it failed"))]


@pytest.fixture(autouse=True)
def wide_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print tables as on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "250")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a log of one served and one failed-over call."""
    scripts: dict[str, list[Script]] = {
        "a": [answer("x", first=0.5), BROKEN],
        "b": [answer("x", first=1.0)],
    }
    logged_calls(tmp_path, scripts, [scripted_request()] * 2)
    return tmp_path


def test_report_is_a_table(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One row for each group, and the total."""
    code = run(["report", str(directory), "--by", "deployment"])

    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert code == ExitCode.OK
    assert [row[:4] for row in rows[1:]] == [
        ["a", "1", "100", "%"],
        ["b", "1", "100", "%"],
        ["all", "2", "100", "%"],
    ]


def test_csv_and_json_have_the_same_figures(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not rounded, under the same names."""
    run(["report", str(directory), "--by", "day", "--by", "model", "--csv"])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    run(["report", str(directory), "--by", "day", "--by", "model", "--json"])
    entries = json.loads(capsys.readouterr().out)

    assert [row["day"] for row in rows] == ["2026-01-01"]
    assert [{key: str(value) for key, value in row.items()} for row in entries["rows"]] == rows
    assert entries["total"]["calls"] == 2
    assert entries["total"]["failovers"] == 1


def test_both_formats_at_once_are_refused(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is one output."""
    assert run(["report", str(directory), "--csv", "--json"]) == ExitCode.USAGE
    assert "exclude each other" in capsys.readouterr().err
