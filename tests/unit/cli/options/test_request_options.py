"""Invalid options of a request are refused before anything is sent."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from routersvc.cli.application import application
from routersvc.domain.catalogue.tasks import Task

RUNNER = CliRunner()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--task", "cooking"),
        ("--weight", "speed=1"),
        ("--weight", "cost=-1"),
        ("--label", "nightly"),
        ("--latency-budget", "soon"),
    ],
)
def test_invalid_value_is_refused(option: str, value: str) -> None:
    """The message quotes the value and names the option."""
    result = RUNNER.invoke(application, ["explain", "hello", option, value, "--print-request"])

    assert result.exit_code == 2
    words = " ".join(result.output.split())
    assert f"'{option}'" in words
    assert f"`{value}` is not a " in words


@pytest.mark.parametrize("task", [task.value for task in Task])
def test_every_kind_of_task_can_be_said(task: str) -> None:
    """With `-` or `_` between its words."""
    said = task.replace("_", "-")

    result = RUNNER.invoke(application, ["explain", "hello", "--task", said, "--print-request"])

    assert f'"task":"TASK_{task.upper()}"' in result.output
