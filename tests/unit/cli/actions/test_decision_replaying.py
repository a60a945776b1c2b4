"""`routersvc replay-decisions` says what other settings would change of logged requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.decision_logs import logged_calls

from routersvc.cli.exit_codes import ExitCode
from routersvc.cli.running import run
from routersvc.testing.scripted import answer
from routersvc.testing.worlds import scripted_request

SETTINGS = """\
providers:
  a: {{wire_format: openai_chat, base_url: "http://127.0.0.1:4010/v1"}}
  b: {{wire_format: openai_chat, base_url: "http://127.0.0.1:4011/v1"}}
models:
  model:
    context_window: 128000
    capabilities: [streaming]
    prices: {{input: 1.0, output: {price}}}
deployments:
  a: {{provider: a, model: model}}
  b: {{provider: b, model: model}}
policies:
  drill: {{deployments: [{order}], order: fixed, constraints: {{{limits}}}}}
default_policy: drill
"""


@pytest.fixture(autouse=True)
def wide_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print tables as on a wide terminal."""
    monkeypatch.setenv("COLUMNS", "250")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Return a log of two calls that `a` served."""
    scripts = {"a": [answer("x"), answer("x")], "b": []}
    logged_calls(tmp_path / "log", scripts, [scripted_request()] * 2)
    return tmp_path


def replayed(directory: Path, order: str, *more: str, price: float = 2.0, limits: str = "") -> int:
    """Replay under settings with this order, these prices of output and these constraints."""
    file = directory / "settings.yaml"
    file.write_text(SETTINGS.format(order=order, price=price, limits=limits), "utf-8")
    return run(["replay-decisions", str(directory / "log"), "--config", str(file), *more])


def test_other_first_choice_is_told_with_its_cost(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """How often, from where to where, and by what decision to look it up."""
    code = replayed(directory, "b, a", price=4.0)

    output = capsys.readouterr().out
    row = output.splitlines()[-1].split()
    assert code == ExitCode.OK
    assert "2 decisions: another first choice" in output
    assert row[:3] == ["2", "a", "b"]
    assert "expected cost of the first choices: $0.0041 then, $0.0082 now" in output


def test_summary_is_printed_as_json(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every kind is always present, so that a script can compare it with 0."""
    replayed(directory, "b", "--json")

    entry = json.loads(capsys.readouterr().out)
    assert entry["decisions"] == 2
    assert entry["kinds"] | {"first_choice": 0} == dict.fromkeys(entry["kinds"], 0)
    assert [(one["before"], one["after"], one["decisions"]) for one in entry["changes"]] == [
        ("a", "b", 2)
    ]


def test_request_that_nothing_could_serve_is_told_with_the_reason(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such settings would turn callers away."""
    replayed(directory, "a, b", limits="max_cost_usd: 0.000001")

    output = capsys.readouterr().out
    assert "2 decisions: nothing may serve it any more" in output
    assert "no deployment may serve this request" in output


def test_invalid_settings_are_refused(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With their problems, before anything is read."""
    code = replayed(directory, "a, nobody")

    output = capsys.readouterr()
    assert code == ExitCode.CONFIGURATION
    assert output.out == ""
    assert "nobody" in output.err
