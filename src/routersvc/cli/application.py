"""The commands with their options and help. A command imports its action when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from routersvc.cli.commands import (
    call_commands,
    catalogue_commands,
    first_commands,
    log_commands,
    service_commands,
)
from routersvc.cli.commands.help_texts import examples

application = typer.Typer(
    name="routersvc",
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

_EXIT_CODES = (
    "0 ok · 1 failed · 2 wrong usage · 3 invalid settings · 4 no router · 5 refused\n"
    "6 unavailable now · 7 deadline exceeded · 8 not allowed · 130 interrupted"
)


def _print_version(wanted: bool) -> None:
    if wanted:
        import importlib.metadata  # noqa: PLC0415 - slow, and rarely wanted

        typer.echo(f"routersvc {importlib.metadata.version('routersvc')}")
        raise typer.Exit


@application.callback(
    invoke_without_command=True,
    epilog=examples(
        ("routersvc demo", "calls survive the outage of a provider"),
        "routersvc serve --config router.yaml",
        ('routersvc stream "Why is the sky blue?"', "print the answer as it arrives"),
    )
    + f"\n\n[bold]Exit codes[/]\n{_EXIT_CODES}",
)
def root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            callback=_print_version,
            is_eager=True,
            help="Show the version.",
        ),
    ] = False,
) -> None:
    """Route LLM requests between providers, and survive provider failures."""
    del version
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


first_commands.add_to(application)
service_commands.add_to(application)
call_commands.add_to(application)
catalogue_commands.add_to(application)
log_commands.add_to(application)
