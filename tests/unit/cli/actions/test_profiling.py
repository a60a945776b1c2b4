"""`routersvc profile` tells what would be understood of prompts, and what is wrong with a line."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import cast

import pytest
from tests.wording import Wording

from routersvc.cli.exit_codes import ExitCode
from routersvc.cli.running import run

SETTINGS = """\
providers:
  alpha: {wire_format: openai_chat, base_url: "http://127.0.0.1:4010/v1"}
models:
  large: {context_window: 1000}
deployments:
  alpha-large: {provider: alpha, model: large}
policies:
  default: {deployments: [alpha-large]}
detection:
  data_classes:
    pii: {kinds: [email], min_count: 2}
"""


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, object]], list[str]]:
    """Return the objects on standard output and the lines on standard error."""
    output = capsys.readouterr()
    return [json.loads(line) for line in output.out.splitlines()], output.err.splitlines()


def profile_of(entry: dict[str, object]) -> dict[str, object]:
    """Return the profile within one printed object."""
    return cast("dict[str, object]", entry["profile"])


def test_texts_prompts_and_requests_have_profiles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each on its line, blank ones passed over, in order."""
    request = {
        "prompt": {"messages": [{"role": "ROLE_USER", "parts": [{"text": "Translate: cat"}]}]},
        "routing": {"hints": {"complexity": 0.25}, "constraints": {"data_classes": ["phi"]}},
    }
    file = tmp_path / "prompts.jsonl"
    lines = ('"Write a poem."', "", '{"prompt": "How many are 3 and 4?"}', json.dumps(request))
    file.write_text("\n".join(lines), encoding="utf-8")

    code = run(["profile", str(file)])

    entries, complaints = printed(capsys)
    assert code == ExitCode.OK
    assert complaints == []
    assert [(entry["file"], entry["line"]) for entry in entries] == [
        (str(file), 1),
        (str(file), 3),
        (str(file), 4),
    ]
    assert [profile_of(entry)["task"] for entry in entries] == [
        "TASK_CREATIVE",
        "TASK_MATHS",
        "TASK_TRANSLATION",
    ]
    assert profile_of(entries[2])["complexity"] == 0.25
    assert profile_of(entries[2])["data_classes"] == ["phi"]


def test_standard_input_is_read_without_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that prompts can be piped."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'"hello"\n')))

    code = run(["profile"])

    entries, _ = printed(capsys)
    assert code == ExitCode.OK
    assert entries[0]["file"] == "-"
    assert profile_of(entries[0])["task"] == "TASK_CHAT"


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "[1]",
        '{"promt": "x"}',
        '{"prompt": ""}',
        '{"prompt": "x", "routing": {"hints": {"complexity": 2}}}',
    ],
    ids=["not JSON", "array", "unknown field", "empty prompt", "complexity"],
)
def test_invalid_line_is_reported_and_skipped(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], wording: Wording
) -> None:
    """With its number and what is allowed; the others are printed, and the command fails."""
    file = tmp_path / "prompts.jsonl"
    file.write_text(f'"one"\n{line}\n"three"\n', encoding="utf-8")

    code = run(["profile", str(file)])

    entries, complaints = printed(capsys)
    assert code == ExitCode.FAILED
    assert [entry["line"] for entry in entries] == [1, 3]
    assert f"{file}:2: " in complaints[0]
    wording(complaints[0].partition(f"{file}:2: ")[2])
    wording(complaints[-1], "last")


def test_bytes_that_are_no_text_are_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file in another encoding shows no traceback."""
    file = tmp_path / "latin.jsonl"
    file.write_bytes(b'"caf\xe9"\n')

    code = run(["profile", str(file)])

    entries, complaints = printed(capsys)
    assert code == ExitCode.FAILED
    assert entries == []
    assert f"{file}:1: not JSON" in complaints[0]


def test_missing_file_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As with every other command."""
    code = run(["profile", str(tmp_path / "nowhere.jsonl")])

    _, complaints = printed(capsys)
    assert code == ExitCode.USAGE
    assert "cannot read" in complaints[0]


def test_settings_say_what_is_looked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two addresses make it `pii` there; nothing does without the settings."""
    settings = tmp_path / "router.yaml"
    settings.write_text(SETTINGS, encoding="utf-8")
    file = tmp_path / "prompts.jsonl"
    file.write_text('"a@example.com and b@example.com"\n', encoding="utf-8")

    run(["profile", str(file)])
    without, _ = printed(capsys)
    run(["profile", "--config", str(settings), str(file)])
    with_settings, _ = printed(capsys)

    assert profile_of(without[0])["data_classes"] == []
    assert profile_of(with_settings[0])["data_classes"] == ["pii"]
    assert "example.com" not in json.dumps(with_settings)


def test_wrong_settings_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the same words and the same exit code as `serve`."""
    settings = tmp_path / "router.yaml"
    settings.write_text(SETTINGS.replace("[email]", "[emial]"), encoding="utf-8")

    code = run(["profile", "--config", str(settings), "-"])

    _, complaints = printed(capsys)
    assert code == ExitCode.CONFIGURATION
    assert "router.yaml:11:19: detection.data_classes.pii.kinds[0]: " in complaints[0]
    assert "did you mean `email`?" in complaints[0]
    assert complaints[-1] == f"error: `{settings}` has 1 problem"


def test_exact_counts_every_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`hello world` is two tokens, the frame four."""
    file = tmp_path / "prompts.jsonl"
    file.write_text('"hello world"\n', encoding="utf-8")

    run(["profile", "--exact", str(file)])

    entries, _ = printed(capsys)
    profile = profile_of(entries[0])
    assert (profile["input_tokens"], profile["input_tokens_exact"]) == ("6", True)
