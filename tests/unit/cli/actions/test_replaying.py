"""What `routersvc replay` prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from routersvc.cli.exit_codes import ExitCode
from routersvc.cli.running import run

ANSWER: dict[str, Any] = {
    "id": "r-1",
    "model": "m-1",
    "choices": [
        {
            "index": 0,
            "message": {
                "content": "Hi",
                "reasoning": "Hm.",
                "tool_calls": [
                    {"id": "c-1", "function": {"name": "f", "arguments": '{"a": 1}'}},
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def file_of(folder: Path, name: str, response: dict[str, Any]) -> str:
    """Write a record; return its name."""
    path = folder / name
    known: dict[str, Any] = {
        "provider": "groq",
        "api": "chat_completions",
        "request": {},
        "streaming": False,
    }
    path.write_text(json.dumps({**known, "response": response}))
    return str(path)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the objects that were printed."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_answer_is_printed_in_the_contracts_terms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, every key always there."""
    file = file_of(tmp_path, "a.json", {"status": 200, "json": ANSWER})

    code = run(["replay", file])

    assert code == ExitCode.OK
    assert lines(capsys) == [
        {
            "file": file,
            "provider": "groq",
            "api": "chat_completions",
            "adapter": "openai_chat/groq",
            "http_status": 200,
            "outcome": "answered",
            "content": "Hi",
            "refusal": "",
            "reasoning": "Hm.",
            "reasoning_signed": False,
            "tool_calls": [{"id": "c-1", "name": "f", "arguments": {"a": 1}}],
            "hosted": [],
            "media": [],
            "usage": {
                "input_tokens": 3,
                "output_tokens": 2,
                "cached_input_tokens": 0,
                "cache_write_tokens": 0,
                "cache_write_hour_tokens": 0,
                "reasoning_tokens": 0,
                "input_audio_tokens": 0,
                "output_audio_tokens": 0,
                "estimated": False,
            },
            "finish_reason": "tool_calls",
            "stop_sequence": "",
            "model": "m-1",
            "response_id": "r-1",
            "failure": None,
            "error": None,
        }
    ]


def test_failure_is_printed_with_the_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failure that a provider sent is a result, not a failure of the command."""
    response = {"status": 401, "headers": {}, "json": {"error": {"message": "key sk-secret"}}}

    code = run(["replay", file_of(tmp_path, "a.json", response)])

    (line,) = lines(capsys)
    assert code == ExitCode.OK
    assert (line["outcome"], line["finish_reason"]) == ("failed", None)
    assert line["failure"] == {
        "class": "authentication",
        "message": "the provider refused the credential (HTTP 401)",
        "after_content": False,
        "retry_after_seconds": None,
        "headroom": None,
        "next_step": {
            "same_deployment": "never",
            "failover": "other_credential",
            "breaker": "nothing",
            "disables": "credential",
            "last_word": "misconfigured",
            "sentence": "do not retry the same deployment; fail over to another credential or "
            "provider; the breaker is not affected; the credential is disabled until it is checked",
        },
    }


def test_cut_shows_what_had_come(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That is what a caller would have been left with."""
    chunk = json.dumps({"choices": [{"index": 0, "delta": {"content": "Hi"}}]})
    file = tmp_path / "a.http"
    file.write_text(f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {chunk}\n\n")

    code = run(["replay", str(file), "--adapter", "openai_chat/groq", "--cut", "500"])

    (line,) = lines(capsys)
    assert code == ExitCode.OK
    assert line["content"] == "Hi"
    assert line["failure"]["class"] == "truncated"
    assert line["failure"]["after_content"] is True


def test_file_without_an_exchange_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each file has its line; the command ends as for a wrong file."""
    broken = tmp_path / "broken.json"
    broken.write_text("nonsense")
    good = file_of(tmp_path, "a.json", {"status": 200, "json": ANSWER})

    code = run(["replay", str(broken), str(tmp_path / "absent"), good])

    found = lines(capsys)
    assert code == ExitCode.USAGE
    assert [line["outcome"] for line in found] == ["not_replayed", "not_replayed", "answered"]
    assert found[0]["error"] == "it is neither a JSON object nor an HTTP response"
    assert found[1]["error"] == "No such file or directory"
    assert len({tuple(line) for line in found}) == 1


@pytest.mark.parametrize("adapter", ["nonsense", "openai_chat/nonsense", ""])
def test_unknown_adapter_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], adapter: str
) -> None:
    """Nothing is read, and what there is is told."""
    file = file_of(tmp_path, "a.json", {"status": 200, "json": ANSWER})

    code = run(["replay", file, "--adapter", adapter])

    printed = capsys.readouterr()
    assert code == ExitCode.USAGE
    assert printed.out == ""
    assert "known: " in printed.err


@pytest.mark.parametrize("arguments", [[], ["--cut", "-1", "x"], ["--split", "0", "x"]])
def test_wrong_words_are_wrong_usage(arguments: list[str]) -> None:
    """A piece of no bytes would never end."""
    assert run(["replay", *arguments]) == ExitCode.USAGE
