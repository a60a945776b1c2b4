"""The guide keeps its word: its commands work, its settings are read, its tables are whole."""

from __future__ import annotations

import asyncio
import json
import pathlib
import re
import shutil
import textwrap
from typing import get_args

import pytest
import yaml

from routersvc.simulator import (
    BEHAVIOURS,
    DEFAULT_MODELS,
    WIRE_FORMATS,
    Behaviour,
    Effect,
    Fault,
    Outcome,
    Problem,
    Simulator,
    SimulatorSettings,
)
from routersvc.simulator.control.control import ControlErrorType
from routersvc.simulator.faults.effects import GATEWAY_PROBLEMS
from routersvc.simulator.formats.replies import Complaint

_GUIDE = pathlib.Path(__file__).parents[3] / "docs/simulator.md"


def _blocks(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", _GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )


def _table_words() -> set[str]:
    rows = [line for line in _GUIDE.read_text("utf-8").splitlines() if line.startswith("| ")]
    return {word for row in rows for word in re.findall(r"`([a-z_]+)`", row.split("|")[1])}


@pytest.mark.skipif(shutil.which("curl") is None, reason="`curl` is not installed")
async def test_the_curl_examples_work() -> None:
    """All of them, in their order, against a simulator as `routersvc simulate` starts it."""
    script = "\n".join(block for block in _blocks("sh") if "curl" in block)
    commands = re.sub(r"^(curl .*)$", r"echo @@@; \1", script, flags=re.MULTILINE)

    async with Simulator.start(SimulatorSettings.demonstration()) as simulator:
        alpha = simulator.provider("alpha")
        alpha.behave(Behaviour())
        commands = commands.replace("http://127.0.0.1:4010", alpha.origin)
        commands = commands.replace("http://127.0.0.1:4009/_control", simulator.control_url)
        shell = await asyncio.create_subprocess_exec(
            "bash",
            "-euo",
            "pipefail",
            "-c",
            commands,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        written, errors = await shell.communicate()
        answers = written.decode().split("@@@\n")

        assert (shell.returncode, errors) == (0, b"")
        assert len(answers) - 1 == script.count("curl -s")
        assert answers[-1].strip().endswith('"requests": []\n}')
        for answer in answers[1:]:
            if not answer.lstrip().startswith("data: "):
                parsed = json.loads(answer)
                assert isinstance(parsed, list) or "error" not in parsed
        assert all(not provider.faults for provider in simulator.providers)
        assert alpha.alive


def test_the_settings_example_is_read() -> None:
    """Whoever copies it gets what the comments say."""
    [example] = _blocks("yaml")

    settings = SimulatorSettings.from_mapping(yaml.safe_load(example))

    alpha, beta = settings.providers
    assert alpha.behaviour.time_to_first_token == BEHAVIOURS["fast"].time_to_first_token
    assert (alpha.behaviour.tokens_per_chunk, alpha.behaviour.rate_limit.enforced) == (4, True)
    assert [model.id for model in beta.models] == ["tiny", "thinker"]
    assert len(beta.faults) == 1


def test_the_tables_name_everything_there_is() -> None:
    """A fault that is not in the catalogue is a fault that nobody uses."""
    words = _table_words()
    conditions = set(Fault.__dataclass_fields__) - {"effect"}
    effects = {effect.kind for effect in get_args(Effect)}

    assert effects <= words
    assert conditions <= words
    assert {problem.value for problem in Problem} <= words
    assert {outcome.value for outcome in Outcome} <= words
    assert set(BEHAVIOURS) <= words
    assert set(Behaviour.__dataclass_fields__) <= words


_COLUMNS = (
    "openai_chat",
    "anthropic_messages",
    "gemini",
    "azure_openai",
    "bedrock_converse",
    "cohere_chat",
    "mistral_chat",
)


def test_the_statuses_are_those_that_are_answered() -> None:
    """The table of problems has a column for each vendor."""
    rows = re.findall(r"^\| `(\w+)`[^|]*\| (\d.*) \|$", _GUIDE.read_text("utf-8"), re.MULTILINE)
    told = {name: cells.split(" | ") for name, cells in rows if cells.count("|") == 6}

    assert len(told) == len(Problem) - len(GATEWAY_PROBLEMS)
    for name, cells in told.items():
        for column, cell in zip(_COLUMNS, cells, strict=True):
            wire_format = WIRE_FORMATS[column](DEFAULT_MODELS, 0)
            answer = wire_format.error(Complaint(problem=Problem(name), model="sim-large"))
            assert (name, column, answer.status) == (name, column, int(cell[:3]))


def test_every_wire_format_has_its_row() -> None:
    """With the name that settings and options take."""
    assert set(WIRE_FORMATS) <= _table_words()


def test_the_error_types_are_all_named() -> None:
    """Scripts compare them."""
    text = _GUIDE.read_text("utf-8")

    assert all(f"`{kind.value}`" in text for kind in ControlErrorType)


def test_the_python_example_compiles() -> None:
    """It needs a client to run."""
    [example] = _blocks("python")

    wrapped = f"async def example():\n{textwrap.indent(example, '    ')}"

    assert compile(wrapped, "simulator.md", "exec").co_names == ("example",)
