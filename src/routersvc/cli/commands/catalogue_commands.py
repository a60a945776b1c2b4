"""The command `models`."""

from __future__ import annotations

from typing import Annotated

import typer

from routersvc.cli.commands.help_texts import examples, prose
from routersvc.cli.options.call_options import BriefCallOptions
from routersvc.cli.options.option_groups import with_option_groups
from routersvc.cli.options.request_options import PolicyOption

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` is fast


def add_to(application: typer.Typer) -> None:
    """Add the command to the command line."""
    application.command(
        "models",
        help=prose(models),
        epilog=examples(
            "routersvc models",
            ("routersvc models --capability image_input --provider alpha", "image input at alpha"),
            ("routersvc models --known", "for `from` in settings; calls no router"),
            "routersvc models --known --provider anthropic --model opus",
            "routersvc models --json | jq '.models[].name'",
        ),
    )(models)


@with_option_groups
def models(
    *,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="NAME", help="Only this model. May be repeated."),
    ] = None,
    provider: Annotated[
        list[str] | None,
        typer.Option(
            "--provider", metavar="NAME", help="Only models of this provider. May be repeated."
        ),
    ] = None,
    capability: Annotated[
        list[str] | None,
        typer.Option(
            "--capability",
            metavar="NAME",
            help="Only models with this capability: tools, image_input, … May be repeated.",
        ),
    ] = None,
    policy: PolicyOption = None,
    known: Annotated[
        bool,
        typer.Option(
            "--known",
            metavar="",
            help="List the models whose facts settings can take with `from`, without a router. "
            "`--model` is then a part of the name, `--provider` the vendor before the `/`.",
        ),
    ] = False,
    call: BriefCallOptions,
) -> None:
    """List the models that the router serves, with their deployments.

    The router lists those that the caller's policies and constraints allow, with context windows,
    prices per million tokens, capabilities and deployments.
    """
    from routersvc.cli.actions import model_listing

    filters = model_listing.ModelFilters(
        models=tuple(model or ()),
        providers=tuple(provider or ()),
        capabilities=tuple(capability or ()),
        policy=policy or "",
    )
    if known:
        model_listing.known(filters, as_json=call.json)
    else:
        model_listing.models(filters, call)
