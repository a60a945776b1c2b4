"""The commands for the first minutes: `init` and `demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from routersvc.cli.commands.help_texts import examples, prose
from routersvc.cli.options.call_options import ColorMode, ColorOption, JsonOption

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` is fast


def add_to(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.command(
        "init",
        help=prose(init),
        epilog=examples(
            "routersvc init",
            ("routersvc init router.yaml --force", "replace the file"),
        ),
    )(init)
    application.command(
        "demo",
        help=prose(demo),
        epilog=examples(
            "routersvc demo",
            ("routersvc demo --calls 1000 --rate 40", "a heavier one"),
            "routersvc demo --json | jq .routed.failed",
        ),
    )(demo)


def init(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The settings file to write.")
    ] = Path("settings.yaml"),
    *,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Replace the file if it exists.")
    ] = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Write a settings file for the providers whose API keys are in the environment.

    Asks nothing. The keys themselves are not written: the file refers to the environment.
    """
    import os

    from routersvc.cli.actions import starting

    typer.echo(starting.init(file, os.environ, force=force), nl=False)


def demo(
    *,
    calls: Annotated[
        int, typer.Option("--calls", metavar="N", min=30, max=5000, help="Number of calls.")
    ] = 360,
    rate: Annotated[
        float, typer.Option("--rate", metavar="N", min=1, max=50, help="Calls per second.")
    ] = 10.0,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Seed of the prompts and their times.")
    ] = 1,
    json: JsonOption = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Show that calls survive the outage of a provider.

    Starts three simulated providers and a router, streams an answer, explains a route, then makes a
    few hundred calls while the first provider is killed and revived; the same calls go directly to
    that provider for comparison. Needs no keys and no network, and stops everything it started.
    Succeeds only if no call through the router failed.
    """
    from routersvc.cli.demo import directing

    directing.demo(directing.DemoOptions(calls=calls, rate=rate, seed=seed, as_json=json))
