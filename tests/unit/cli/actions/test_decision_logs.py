"""Commands that read decision logs need no router, and say what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.decision_logs import logged_calls

from routersvc.cli.exit_codes import ExitCode
from routersvc.cli.running import run
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.testing.scripted import Fail, answer
from routersvc.testing.worlds import scripted_request

BROKEN = [Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="it failed"))]


@pytest.fixture(autouse=True)
def wide_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print tables as on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "250")


def test_decision_is_explained_without_a_router(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its candidates and its attempts as they ran, like one that a router remembers."""
    logged = logged_calls(
        tmp_path, {"a": [BROKEN], "b": [answer("x", first=0.5)]}, [scripted_request()]
    )
    decision = logged.records[0].decision_id

    code = run(["explain", "--decision", decision, "--log", str(tmp_path)])

    output = capsys.readouterr().out
    assert code == ExitCode.OK
    assert decision in output
    assert "first: failed (server error)" in output
    assert "failover: served" in output


def test_logged_decision_is_printed_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the same form as the answer of a router."""
    logged = logged_calls(tmp_path, {"a": [answer("x")]}, [scripted_request()])
    decision = logged.records[0].decision_id

    run(["explain", "--decision", decision, "--log", str(tmp_path), "--json"])

    entry = json.loads(capsys.readouterr().out)["explanation"]
    assert entry["report"]["decision_id"] == decision
    assert [each["outcome"] for each in entry["report"]["attempts"]] == ["ATTEMPT_OUTCOME_SERVED"]


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("--decision", "d", "--log", "{log}"), ExitCode.REFUSED, "log does not contain `d`"),
        (("--log", "{log}"), ExitCode.USAGE, "`--log` needs `--decision`"),
        (("--decision", "", "--log", "{log}"), ExitCode.USAGE, "`--log` needs `--decision`"),
        (("--decision", "d", "--log", "{log}/no"), ExitCode.USAGE, "no such file or directory"),
        (("--decision", "d", "--log", "{log}/.."), ExitCode.USAGE, "no decision log in this"),
    ],
)
def test_what_cannot_be_looked_up_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: ExitCode,
    complaint: str,
) -> None:
    """With the exit code of its kind."""
    directory = tmp_path / "log"
    logged_calls(directory, {"a": [answer("x")]}, [scripted_request()])

    found = run(["explain", *(each.format(log=directory) for each in arguments)])

    assert found == code
    assert complaint in capsys.readouterr().err


def test_unreadable_lines_are_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first few with their places, so that a damaged file is not mistaken for a whole one."""
    logged = logged_calls(tmp_path / "log", {"a": [answer("x")]}, [scripted_request()])
    decision = logged.records[0].decision_id
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_text(f'{{"decision_id":"{decision}"}}\n' * 7 + logged.text, "utf-8")

    code = run(["explain", "--decision", decision, "--log", str(damaged)])

    notes = capsys.readouterr().err.splitlines()
    assert code == ExitCode.OK
    assert len(notes) == 5
    assert notes[4].startswith(f"skipped {damaged}:5: not a record of the decision log: ")
