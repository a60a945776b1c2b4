"""Dataclasses of options become the parameters of a command."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer
from typer.testing import CliRunner

from routersvc.cli.options.option_groups import Without, with_option_groups


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """A group of two options."""

    width: Annotated[int, typer.Option("--width")] = 1
    heights: Annotated[list[int] | None, typer.Option("--height")] = None


def application_of(seen: list[object]) -> typer.Typer:
    """Return a command line with one command that takes both options, and one that takes one."""
    application = typer.Typer()

    @with_option_groups
    def full(sizes: Sizes, *, name: Annotated[str, typer.Option("--name")] = "x") -> None:
        seen.append((sizes, name))

    @with_option_groups
    def narrow(sizes: Annotated[Sizes, Without("heights")]) -> None:
        seen.append(sizes)

    application.command("full")(full)
    application.command("narrow")(narrow)
    return application


def test_a_command_receives_its_groups() -> None:
    """Options of the group and of the command stand side by side on the command line."""
    seen: list[object] = []

    result = CliRunner().invoke(
        application_of(seen), ["full", "--height", "2", "--name", "y", "--height", "3"]
    )

    assert result.exit_code == 0
    assert seen == [(Sizes(width=1, heights=[2, 3]), "y")]


def test_a_command_leaves_options_out() -> None:
    """An option that a command does not have is refused, and keeps its default."""
    seen: list[object] = []
    application = application_of(seen)

    refused = CliRunner().invoke(application, ["narrow", "--height", "2"])
    CliRunner().invoke(application, ["narrow", "--width", "5"])

    assert refused.exit_code == 2
    assert seen == [Sizes(width=5)]
