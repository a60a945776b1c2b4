"""The commands that call a router: `complete`, `stream`, `explain`, `health`."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from routersvc.cli.commands.help_texts import examples, prose
from routersvc.cli.options.call_options import BriefCallOptions, CallOptions, seconds
from routersvc.cli.options.option_groups import Without, with_option_groups
from routersvc.cli.options.request_options import RequestOptions

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` is fast


class HealthState(enum.StrEnum):
    """Health states to filter by."""

    UNKNOWN = "unknown"
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"
    DISABLED = "disabled"


def add_to(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.command(
        "complete",
        help=prose(complete),
        epilog=examples(
            'routersvc complete "Why is the sky blue?"',
            "git diff | routersvc complete - --system 'Write a commit message.'",
            "routersvc complete --file report.txt --json-schema facts.json | jq .",
            ("routersvc complete 'What is this?' --image photo.png --json", "the whole response"),
        ),
    )(complete)
    application.command(
        "stream",
        help=prose(stream),
        epilog=examples(
            'routersvc stream "Tell me a story" --model sim-large',
            ("routersvc stream - --json < prompt.txt", "one event per line"),
            "routersvc stream --request request.json --recovery restart",
        ),
    )(stream)
    application.command(
        "explain",
        help=prose(explain),
        epilog=examples(
            'routersvc explain "Why is the sky blue?"',
            ("routersvc explain 'What is this?' --image photo.png --stream", "as a stream"),
            ("routersvc explain --decision 4bf92f3577b34da6a3ce929d0e0e4736", "a past one"),
            "routersvc explain --decision 4bf92f3577b34da6a3ce929d0e0e4736 --log decisions/",
            "routersvc explain hello --json | jq .explanation.plan.steps",
        ),
    )(explain)
    application.command(
        "health",
        help=prose(health),
        epilog=examples(
            "routersvc health",
            ("routersvc health --watch", "live, until Ctrl-C"),
            "routersvc health --state unavailable --json | jq .deployments",
        ),
    )(health)


@with_option_groups
def complete(
    options: Annotated[RequestOptions, Without("recovery")],
    call: CallOptions,
) -> None:
    """Send a prompt, and print the answer when it is complete.

    The answer goes to standard output. One line on standard error reports the model, the times, the
    tokens (in + out), the cost and the attempts. With --json the response is printed as one object.
    """
    from routersvc.cli.actions import calling

    calling.complete(options, call)


@with_option_groups
def stream(options: RequestOptions, call: CallOptions) -> None:
    """Send a prompt, and print the answer as it arrives.

    When a provider fails in the middle of the answer and another one takes over, a line on
    standard error says whether the answer continues or starts over. With --json every event is one
    line.
    """
    from routersvc.cli.actions import calling

    calling.stream(options, call)


@with_option_groups
def explain(
    options: Annotated[RequestOptions, Without("recovery")],
    *,
    streaming: Annotated[
        bool,
        typer.Option(
            "--stream", metavar="", help="Explain a streaming call instead of a unary one."
        ),
    ] = False,
    decision: Annotated[
        str | None,
        typer.Option(
            "--decision",
            metavar="ID",
            help="Explain a past request by the `decision_id` of its report.",
        ),
    ] = None,
    log: Annotated[
        list[Path] | None,
        typer.Option(
            "--log",
            metavar="FILE",
            help="Read the decision from this decision log instead of asking the router: a file or "
            "a directory. May be repeated.",
        ),
    ] = None,
    call: Annotated[CallOptions, Without("quiet")],
) -> None:
    """Explain how a request would be routed, and why, without calling a provider.

    Shows the profile of the request, the policy and the constraints in force, every deployment with
    its score or the reasons for its exclusion, what would make it eligible, and the plan with a
    timeline. With --decision it explains a past request: what the router knew then, and the
    attempts as they ran. With --log it needs no router: a past request is read from a decision log,
    also that of another replica or of one that has ended.
    """
    from routersvc.cli.actions import calling

    calling.explain(options, call, streaming=streaming, decision_id=decision, logs=tuple(log or ()))


@with_option_groups
def health(
    *,
    provider: Annotated[
        list[str] | None,
        typer.Option("--provider", metavar="NAME", help="Only this provider. May be repeated."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", "-m", metavar="NAME", help="Only this model. May be repeated."),
    ] = None,
    deployment: Annotated[
        list[str] | None,
        typer.Option("--deployment", metavar="NAME", help="Only this one. May be repeated."),
    ] = None,
    state: Annotated[
        list[HealthState] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help=f"Only this state: {', '.join(HealthState)}. May be repeated.",
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", metavar="", help="Update live, until Ctrl-C.")
    ] = False,
    interval: Annotated[
        float,
        typer.Option(
            "--interval",
            metavar="TIME",
            parser=seconds,
            show_default=False,
            help="Time between updates of `--watch`. Default: 1s.",
        ),
    ] = 1.0,
    serving: Annotated[
        bool,
        typer.Option(
            "--serving",
            metavar="",
            help="Only check that the router serves, as a load balancer does: no API key is "
            "needed, and other options than those of the connection have no effect.",
        ),
    ] = False,
    call: BriefCallOptions,
) -> None:
    """Show the health of the deployments, as this router has observed it.

    Success and times cover a short recent window; `served` counts the attempts since the start that
    served the answer, and all attempts.
    """
    from routersvc.cli.actions import health_watching

    if serving:
        health_watching.serving(call)
        return
    health_watching.health(
        health_watching.HealthFilters(
            providers=tuple(provider or ()),
            models=tuple(model or ()),
            deployments=tuple(deployment or ()),
            states=tuple(state or ()),
        ),
        call,
        interval=interval if watch else None,
    )
