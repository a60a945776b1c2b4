"""A command line from its words to its exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.wording import Wording

from routersvc.cli.application import application
from routersvc.cli.running import run

UNUSED = (
    "aiohttp",
    "azure",
    "boto3",
    "botocore",
    "google.auth",
    "opentelemetry.exporter",
    "opentelemetry.instrumentation",
    "opentelemetry.sdk",
    "phonenumbers",
    "requests",
    "routersvc.detection",
    "routersvc.drills",
    "routersvc.providers.formats.anthropic_messages.wire",
    "routersvc.providers.formats.bedrock_converse.wire",
    "routersvc.providers.formats.cohere_chat.wire",
    "routersvc.providers.formats.gemini.wire",
    "routersvc.providers.formats.ollama_chat.wire",
    "routersvc.providers.formats.openai_responses.wire",
    "routersvc.simulator",
    "stdnum",
)
"""What `serve` does not need with one provider of OpenAI's format and no telemetry but logs."""

COMMANDS = sorted(info.name or "" for info in application.registered_commands)


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment that says nothing."""
    for name in ("NO_COLOR", "FORCE_COLOR", "ROUTERSVC_TRACEBACK"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("COLUMNS", "100")


def test_the_commands_are_those_that_are_documented() -> None:
    """Removing a command breaks scripts."""
    assert COMMANDS == [
        "check",
        "complete",
        "demo",
        "drill",
        "explain",
        "health",
        "init",
        "models",
        "profile",
        "replay",
        "replay-decisions",
        "report",
        "serve",
        "simulate",
        "stream",
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_and_shows_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command can be learned from its own help."""
    code = run([command, "--help"])

    shown = capsys.readouterr()
    assert code == 0
    assert f"Usage: routersvc {command} [OPTIONS]" in shown.out
    assert "Examples" in shown.out
    assert f"routersvc {command}" in shown.out.partition("Examples")[2]
    assert shown.err == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_use_options_that_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An example that does not work is worse than none."""
    run([command, "--help"])
    text, _, examples = capsys.readouterr().out.partition("Examples")

    own = [line for line in examples.splitlines() if f"routersvc {command}" in line]
    used = {
        word
        for line in own
        for word in line.partition("#")[0].partition("| jq")[0].split()
        if word.startswith("--")
    }

    assert {word for word in used if f" {word} " not in text} == set()


def test_no_words_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command the help is printed."""
    code = run([])

    assert code == 0
    assert "Exit codes" in capsys.readouterr().out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the first thing that a report of a defect needs."""
    code = run(["--version"])

    assert code == 0
    assert capsys.readouterr().out.startswith("routersvc 0.")


@pytest.mark.parametrize(
    "words",
    [
        ["complet"],
        ["complete", "hi", "--modle", "x"],
        ["complete", "hi", "--timeout", "soon"],
        ["stream"],
    ],
    ids=["command", "option", "value", "prompt"],
)
def test_wrong_usage_is_one_sentence(
    words: list[str], capsys: pytest.CaptureFixture[str], wording: Wording
) -> None:
    """On standard error, in one line, with exit code 2."""
    code = run(words)

    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1)
    wording(err.removeprefix("error: ").rstrip())


def test_colours_of_errors_obey(capsys: pytest.CaptureFixture[str]) -> None:
    """`--color` holds for all that the process says."""
    code = run(["stream", "--color", "always"])

    assert code == 2
    assert capsys.readouterr().err.startswith("\x1b[1;31merror:\x1b[0m ")


def fail(*_: object, **__: object) -> None:
    """Fail as a defect does."""
    raise KeyError("the key")


def test_an_unexpected_error_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wording: Wording
) -> None:
    """A user cannot do anything with a traceback."""
    monkeypatch.setattr("routersvc.cli.actions.calling.complete", fail)

    code = run(["complete", "hi"])

    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (1, "", 1)
    wording(err)


def test_a_traceback_is_there_for_those_who_ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The traceback is needed to mend the defect."""
    monkeypatch.setattr("routersvc.cli.actions.calling.complete", fail)
    monkeypatch.setenv("ROUTERSVC_TRACEBACK", "1")

    run(["complete", "hi"])

    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_interruption_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The user knows what the user did."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("routersvc.cli.actions.calling.complete", interrupt)

    code = run(["complete", "hi"])

    assert code == 130
    assert capsys.readouterr() == ("", "")


def test_help_loads_nothing_heavy() -> None:
    """`--help` answers at once because a command loads what it needs when it runs."""
    program = (
        "import sys; from routersvc.cli.running import run; run(['complete', '--help']);"
        "print([name for name in ('aiohttp', 'google.protobuf', 'grpc', 'orjson',"
        " 'routersvc.app', 'routersvc.settings', 'routersvc.simulator', 'yaml')"
        " if name in sys.modules], file=sys.stderr)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=240
    )

    assert ended.stderr == "[]\n"


def test_serve_loads_only_what_its_settings_use(tmp_path: Path) -> None:
    """Each of these takes 10 to 300 ms and several MB; no test may lose that unseen."""
    program = """
import asyncio, sys, time
from pathlib import Path
from routersvc.app.application import open_application
from routersvc.cli.actions import serving, settings_files

async def main() -> None:
    settings = settings_files.load(Path(sys.argv[1]))
    async with open_application(settings, stream=sys.stderr, wall_clock=time.time):
        print(" ".join(sys.modules))

asyncio.run(main())
"""
    file = tmp_path / "router.yaml"
    file.write_text(
        "providers: {a: {wire_format: openai_chat, base_url: 'http://127.0.0.1:1/v1'}}\n"
        "models: {m: {context_window: 128000}}\n"
        "deployments: {d: {provider: a, model: m}}\n"
        "policies: {default: {deployments: [d]}}\n"
        f"server: {{listen: ['unix:{tmp_path}/s']}}\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program, str(file)],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )

    loaded = set(ended.stdout.split())
    assert "routersvc.providers.formats.openai_chat.wire" in loaded
    assert loaded.isdisjoint(UNUSED)
