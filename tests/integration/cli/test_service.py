"""The commands around the service: `serve`, `check`, `simulate` and `demo`, as they are run."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Start = Callable[..., "subprocess.Popen[str]"]
Command = Callable[..., "subprocess.CompletedProcess[str]"]

PATIENCE = 120.0

SETTINGS: dict[str, Any] = {
    "providers": {
        "alpha": {"wire_format": "openai_chat", "base_url": "http://127.0.0.1:1/v1"},
    },
    "models": {"sim-large": {"context_window": 128_000}},
    "deployments": {"alpha-large": {"provider": "alpha", "model": "sim-large"}},
    "policies": {"default": {"deployments": ["alpha-large"]}},
    "server": {"listen": ["127.0.0.1:0"], "drain": {"notice_delay": "0s"}},
    "telemetry": {"log": {"level": "error"}},
}


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Return a settings file that can be used."""
    path = tmp_path / "router.yaml"
    path.write_text(yaml.safe_dump(SETTINGS, sort_keys=False))
    return path


@pytest.fixture
def broken_settings(tmp_path: Path) -> Path:
    """Return a settings file with two mistakes."""
    path = tmp_path / "broken.yaml"
    text = yaml.safe_dump(SETTINGS, sort_keys=False)
    path.write_text(text.replace("model: sim-large", "model: sim-lrage").replace("level", "levle"))
    return path


def first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the JSON object that a command tells when it is ready."""
    assert process.stdout is not None
    entries: dict[str, Any] = json.loads(process.stdout.readline())
    return entries


def ended_well(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Send a signal; return the exit code and what came on standard error."""
    process.send_signal(number)
    code = process.wait(PATIENCE)
    assert process.stderr is not None
    return code, process.stderr.read()


def test_settings_without_mistakes_pass(settings: Path, command: Command) -> None:
    """Nothing has to listen or to answer for that."""
    ended = command("check", str(settings))

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{settings}: ok\n", "")


def test_every_problem_is_told_with_its_place(broken_settings: Path, command: Command) -> None:
    """In the form that editors and terminals can follow."""
    ended = command("check", str(broken_settings))

    lines = ended.stdout.splitlines()
    assert ended.returncode == 3
    assert [line.startswith(f"{broken_settings}:") for line in lines] == [True, True]
    assert "deployments.alpha-large.model" in lines[0]
    assert "did you mean `sim-large`?" in lines[0]
    assert "telemetry.log.levle" in lines[1]
    assert ended.stderr == "error: 2 problems\n"


def test_problems_for_programs_are_json(
    settings: Path, broken_settings: Path, command: Command
) -> None:
    """One object per file; all keys are always there."""
    ended = command("check", str(settings), str(broken_settings), "--json")

    good, bad = (json.loads(line) for line in ended.stdout.splitlines())
    assert ended.returncode == 3
    assert good == {"file": str(settings), "valid": True, "problems": []}
    assert [sorted(problem) for problem in bad["problems"]] == [
        ["allowed", "column", "file", "key_path", "line", "message"]
    ] * 2
    assert (
        bad["problems"][0]["line"]
        == broken_settings.read_text().splitlines().index("    model: sim-lrage") + 1
    )


def test_a_file_that_is_not_there_is_a_problem_too(tmp_path: Path, command: Command) -> None:
    """With the same exit code: the service could not start with it."""
    ended = command("check", str(tmp_path / "none.yaml"))

    assert ended.returncode == 3
    assert ended.stdout.startswith(f"{tmp_path}/none.yaml: ")


def test_the_schema_is_for_editors(command: Command) -> None:
    """JSON Schema, with what each key means."""
    ended = command("check", "--print-schema")

    schema = json.loads(ended.stdout)
    assert ended.returncode == 0
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "deployments" in schema["properties"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_router_serves_until_it_is_told_to_stop(
    settings: Path, start: Start, command: Command, number: signal.Signals
) -> None:
    """Its real address is told to whoever started it; a clean end is success."""
    process = start("serve", "--config", str(settings), "--json")
    told = first_line(process)
    (address,) = told["addresses"]

    health = command("health", "--json", "--address", address)

    assert told["metrics_address"] is None
    assert json.loads(health.stdout)["deployments"][0]["deployment"]["provider"] == "alpha"
    assert ended_well(process, number) == (0, "")


def test_a_router_listens_where_the_command_line_says(
    settings: Path, start: Start, command: Command, tmp_path: Path
) -> None:
    """For a second replica of one configuration."""
    socket = f"unix:{tmp_path}/router.socket"
    process = start("serve", "-c", str(settings), "--listen", socket, "--json")
    told = first_line(process)

    health = command("health", "--address", socket)

    assert told["addresses"] == [socket]
    assert health.returncode == 0
    assert ended_well(process, signal.SIGTERM) == (0, "")


def test_a_person_is_told_where_the_router_listens(settings: Path, start: Start) -> None:
    """And what it serves."""
    process = start("serve", "--config", str(settings))

    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(2)]
    assert lines[0].startswith("serving gRPC on 127.0.0.1:")
    assert lines[1] == "1 deployment, 1 provider, 1 policy; Ctrl-C drains and ends\n"
    assert ended_well(process, signal.SIGTERM) == (0, "")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("--listen", "nowhere"), 2, "`--listen nowhere` has no port"),
        (
            ("--listen", "192.0.2.1:0"),
            1,
            f"`192.0.2.1:0` cannot be bound: {os.strerror(errno.EADDRNOTAVAIL)}",
        ),
    ],
)
def test_a_router_that_cannot_listen_says_where(
    settings: Path, command: Command, words: tuple[str, ...], code: int, sentence: str
) -> None:
    """One sentence, no traceback."""
    ended = command("serve", "--config", str(settings), *words)

    assert (ended.returncode, ended.stdout) == (code, "")
    assert ended.stderr.splitlines()[-1] == f"error: {sentence}"


def test_a_router_with_wrong_settings_does_not_serve(
    broken_settings: Path, command: Command
) -> None:
    """It tells all that is wrong, as `check` does, on standard error."""
    ended = command("serve", "--config", str(broken_settings))

    assert (ended.returncode, ended.stdout) == (3, "")
    lines = ended.stderr.splitlines()
    assert len(lines) == 3
    assert lines[2] == f"error: `{broken_settings}` has 2 problems"


def test_providers_are_played_until_a_signal(start: Start) -> None:
    """Whoever starts the process reads the addresses; the name of a character is enough."""
    process = start(
        *("simulate", "--json", "--port", "0", "--control-port", "0"),
        *("--provider", "one=instant", "--provider", "two"),
    )

    told = first_line(process)

    assert list(told["providers"]) == ["one", "two"]
    assert told["control_url"].endswith("/_control")
    assert ended_well(process, signal.SIGINT) == (0, "")


def test_a_person_is_told_how_to_kill_a_provider(start: Start) -> None:
    """The line can be pasted."""
    process = start("simulate", "--port", "0", "--control-port", "0")

    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(9)]
    assert [line.split()[0] for line in lines[1:4]] == ["alpha", "beta", "gamma"]
    assert "/_control/providers/alpha/kill" in lines[6]
    assert ended_well(process, signal.SIGTERM) == (0, "")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (
            ("--provider", "a=nice"),
            3,
            "unknown character `nice`; allowed: instant, fast, steady, erratic",
        ),
        (("--port", "65535"), 3, "`port` must be between 0 (any free port) and 65535"),
        (("--config", "/nowhere.yaml"), 3, "/nowhere.yaml:1: No such file or directory"),
    ],
)
def test_a_cast_that_cannot_play_is_told(
    command: Command, words: tuple[str, ...], code: int, sentence: str
) -> None:
    """One sentence, no traceback."""
    ended = command("simulate", *words)

    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", f"error: {sentence}\n")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_demo_fails_no_call_and_leaves_nothing(command: Command) -> None:
    """The router answers all calls of an outage in which the provider alone fails many."""
    ended = command("demo", "--calls", "60", "--rate", "15", "--json")

    result = json.loads(ended.stdout)
    assert ended.returncode == 0, ended.stderr
    assert (result["routed"]["calls"], result["routed"]["failed"]) == (60, 0)
    assert sum(result["routed"]["answered_by"].values()) == 60
    assert result["routed"]["rerouted"] > 0
    assert result["direct"]["calls"] == 60
    assert result["direct"]["failed"] > 0
    assert set(result["direct"]["answered_by"]) == {"alpha"}
    assert "Why a request is routed as it is" in ended.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "calls in 30 s"),
        (signal.SIGTERM, "An answer, token by token"),
        (signal.SIGHUP, "An answer, token by token"),
    ],
)
def test_an_interrupted_demo_ends_what_it_started(
    start: Start, number: signal.Signals, moment: str
) -> None:
    """No simulator and no router is left behind, whatever the reason to stop, and whenever."""
    process = start("demo", "--calls", "300", "--rate", "10")
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        if moment in line:
            break
    else:
        pytest.fail(f"the demo did not come to its calls: {process.stderr.read()}")
    children = _descendants(process.pid)

    code, said = ended_well(process, number)

    assert (code, said) == (130, "")
    assert len(children) == 2
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []


def test_the_module_is_the_command() -> None:
    """`python -m routersvc` needs no script on the path."""
    ended = subprocess.run(
        [sys.executable, "-m", "routersvc", "--version"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ},
    )

    assert (ended.returncode, ended.stdout[:12]) == (0, "routersvc 0.")


def _descendants(pid: int) -> list[int]:
    """Return the children of a process."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in children.split()]
