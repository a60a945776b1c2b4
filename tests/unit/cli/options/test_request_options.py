"""Options about the route are refused in the words of the command line, before anything is sent."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from routersvc.cli.application import application
from routersvc.domain.catalogue.tasks import (
    Task,
)

RUNNER = CliRunner()


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--task", "cooking", "`cooking` is no kind of task"),
        ("--weight", "speed=1", "`speed=1` weighs nothing"),
        ("--weight", "cost=-1", "`cost=-1` weighs nothing"),
        ("--label", "nightly", "`nightly` is no label"),
        ("--latency-budget", "soon", "`soon` is no length of time"),
    ],
)
def test_what_means_nothing_is_refused(option: str, value: str, told: str) -> None:
    """With what is right instead."""
    result = RUNNER.invoke(application, ["explain", "hello", option, value, "--print-request"])

    assert result.exit_code == 2
    assert told in " ".join(result.output.split())


@pytest.mark.parametrize("task", [task.value for task in Task])
def test_every_kind_of_task_can_be_said(task: str) -> None:
    """With `-` or `_` between its words."""
    said = task.replace("_", "-")

    result = RUNNER.invoke(application, ["explain", "hello", "--task", said, "--print-request"])

    assert f'"task":"TASK_{task.upper()}"' in result.output
