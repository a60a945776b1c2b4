"""The words of the commands around the service: what serves it, and what needs no router."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from routersvc.cli.commands.help_texts import examples, prose
from routersvc.cli.options.call_options import ColorMode, ColorOption, JsonOption

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` is fast

ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        envvar="ROUTERSVC_CONFIG",
        help="The settings of the router, YAML.",
        show_default=False,
    ),
]


def add_to(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.command(
        "serve",
        help=prose(serve),
        epilog=examples(
            "routersvc serve --config router.yaml",
            ("routersvc serve --listen 127.0.0.1:0 --json", "any free port, told as JSON"),
            "ROUTERSVC_CONFIG=router.yaml routersvc serve",
        ),
    )(serve)
    application.command(
        "check",
        help=prose(check),
        epilog=examples(
            "routersvc check router.yaml",
            "routersvc check router.yaml --json | jq .problems",
            ("routersvc check --print-schema > schema.json", "for editors"),
        ),
    )(check)
    application.command(
        "profile",
        help=prose(profile),
        epilog=examples(
            "routersvc profile prompts.jsonl | jq -r .profile.task | sort | uniq -c",
            """echo '"Prove that 7 is prime."' | routersvc profile""",
            ("routersvc profile --config router.yaml prompts.jsonl", "with its `detection`"),
        ),
    )(profile)
    application.command(
        "simulate",
        help=prose(simulate),
        epilog=examples(
            ("routersvc simulate", "three providers on the ports 4010 to 4012"),
            "routersvc simulate --provider a=fast --provider b=erratic:anthropic_messages --port 0",
            "curl -X POST http://127.0.0.1:4009/_control/providers/alpha/kill",
        ),
    )(simulate)
    application.command(
        "replay",
        help=prose(replay),
        epilog=examples(
            "routersvc replay recorded/*.json",
            ("curl -i https://… > answer.http", "a captured response, with its head"),
            "routersvc replay answer.http --adapter openai_chat/groq",
            ("routersvc replay stream.json --cut 500", "the connection breaks after 500 bytes"),
        ),
    )(replay)
    application.command(
        "drill",
        help=prose(drill),
        epilog=examples(
            ("routersvc drill examples/drills/outage.yaml", "a provider dies, another slows down"),
            "routersvc drill outage.yaml --seed 2 --svg outage.svg",
            ("routersvc drill outage.yaml --compare hedged.yaml", "two policies, side by side"),
            "routersvc drill outage.yaml --json | jq .outcomes",
        ),
    )(drill)
    application.command(
        "demo",
        help=prose(demo),
        epilog=examples(
            "routersvc demo",
            ("routersvc demo --calls 1000 --rate 40", "a heavier one"),
            "routersvc demo --json | jq .routed.failed",
        ),
    )(demo)


def serve(
    *,
    config: ConfigOption,
    listen: Annotated[
        list[str] | None,
        typer.Option(
            "--listen",
            metavar="ADDRESS",
            help="Listen here instead: HOST:PORT or unix:PATH; port 0: a free one. "
            "May be repeated.",
        ),
    ] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json", metavar="", help="Print one line of JSON with the addresses when ready."
        ),
    ] = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Serve the router over gRPC.

    SIGTERM or Ctrl-C drains: the health service says NOT_SERVING, calls are still taken until load
    balancers have noticed, what runs may end, and the command succeeds. Each further signal
    shortens the drain. Log lines go to standard error.
    """
    from routersvc.cli.actions import serving

    serving.serve(config, listen=tuple(listen or ()), as_json=json)


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Settings files, YAML.", show_default=False),
    ] = None,
    *,
    print_schema: Annotated[
        bool,
        typer.Option(
            "--print-schema", metavar="", help="Print the JSON Schema of settings files instead."
        ),
    ] = False,
    json: JsonOption = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Check settings files whole, without serving.

    Prints every problem as FILE:LINE:COLUMN: what is wrong and what is allowed. Secrets are looked
    up as `serve` would, and never printed.
    """
    from routersvc.cli.actions import settings_files

    if print_schema:
        settings_files.print_schema()
    elif files:
        settings_files.check(tuple(files), as_json=json)
    else:
        raise typer.BadParameter("name a settings file")


def profile(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE...",
            help="Prompts or requests, one JSON value on each line. Default: standard input.",
            show_default=False,
        ),
    ] = None,
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="Look for regulated data as the `detection` of these settings says.",
        ),
    ] = None,
    exact: Annotated[
        bool,
        typer.Option("--exact", metavar="", help="Count every token instead of estimating."),
    ] = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Say what the router would understand of prompts, one line of JSON for each.

    Task, complexity, tokens, kinds of content, what a model must be able to do, classes of
    regulated data, and what each finding rests on; never the prompt itself. Needs no router. A line
    is a text in quotes, {"prompt": "…"}, or a whole request as `complete --request` takes it.
    """
    from routersvc.cli.actions import profiling

    profiling.profile(
        profiling.Wish(files=tuple(files or (Path("-"),)), config=config, exact=exact)
    )


def simulate(
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="Settings of the simulator, YAML."),
    ] = None,
    provider: Annotated[
        list[str] | None,
        typer.Option(
            "--provider",
            metavar="NAME=CHARACTER:FORMAT",
            help="Play this one: fast, steady, erratic or instant; and how it speaks, "
            "openai_chat unless told. May be repeated.",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="N",
            min=0,
            max=65535,
            help="The first provider's port, the others follow; 0: free ones. Default: 4010.",
            show_default=False,
        ),
    ] = None,
    control_port: Annotated[
        int | None,
        typer.Option(
            "--control-port",
            metavar="N",
            min=0,
            max=65535,
            help="Where all are controlled; 0: a free one. Default: 4009.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="HOST", help="Where to listen. Default: 127.0.0.1."),
    ] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json", metavar="", help="Print one line of JSON with all addresses when ready."
        ),
    ] = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Play LLM providers over HTTP, and let them fail on demand.

    They speak openai_chat, openai_responses, anthropic_messages, gemini, azure_openai,
    bedrock_converse, cohere_chat or mistral_chat. Over the control endpoint they can be killed and
    revived, given faults (statuses, stalls, cut streams, …), and asked what they saw.
    """
    from routersvc.cli.actions import simulating

    simulating.simulate(
        simulating.Cast(
            config=config,
            providers=tuple(provider or ()),
            host=host,
            port=port,
            control_port=control_port,
        ),
        as_json=json,
    )


def drill(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The drill, YAML.", show_default=False)
    ],
    *,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", metavar="N", help="Decides all chance. Default: what the file says."
        ),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare", metavar="FILE", help="Run this drill too, and print both side by side."
        ),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Write the plot as a picture.")
    ] = None,
    json: JsonOption = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Try a policy against an outage before living through one.

    Runs the real engine among simulated deployments in virtual time: minutes pass in seconds,
    nothing is sent, and the same seed gives the same drill. Prints what became of the calls, and
    how latencies, failures and the shares of the deployments went over time. Every promise of the
    router is checked on the way.
    """
    from routersvc.cli.actions import drilling

    drilling.drill(
        drilling.DrillOptions(file=file, other=compare, seed=seed, svg=svg, as_json=json)
    )


def demo(
    *,
    calls: Annotated[
        int, typer.Option("--calls", metavar="N", min=30, max=5000, help="How many calls.")
    ] = 360,
    rate: Annotated[
        float, typer.Option("--rate", metavar="N", min=1, max=50, help="Calls per second.")
    ] = 10.0,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Decides what is asked, and when.")
    ] = 1,
    json: JsonOption = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Watch calls survive the death of a provider.

    Starts three simulated providers and a router, streams an answer, explains a route, then makes a
    few hundred calls while the first provider is killed and revived; the same calls go straight to
    that provider for comparison. Needs no keys and no network, and ends everything it started.
    Succeeds only if no call failed.
    """
    from routersvc.cli.demo import directing

    directing.demo(directing.DemoOptions(calls=calls, rate=rate, seed=seed, as_json=json))


def replay(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Recorded exchanges: JSON records or `curl -i`."),
    ],
    *,
    adapter: Annotated[
        str | None,
        typer.Option(
            "--adapter",
            metavar="FORMAT[/DIALECT]",
            help="Read with this adapter, for example openai_chat/groq. Default: the one for the "
            "record's provider and API.",
        ),
    ] = None,
    cut: Annotated[
        int | None,
        typer.Option("--cut", metavar="N", min=0, help="Cut the body off after N bytes."),
    ] = None,
    split: Annotated[
        int | None,
        typer.Option("--split", metavar="N", min=1, help="Deliver the body in pieces of N bytes."),
    ] = None,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Read recorded exchanges with providers as the router would.

    Prints one line of JSON for each file: content, tool calls, reasoning, usage and finish reason,
    or the failure class and what the router would do next. Nothing is sent anywhere. A failure
    that a provider sent is a result; the command fails when a file holds no exchange.
    """
    from routersvc.app.replays.replaying import Delivery
    from routersvc.cli.actions import replaying

    replaying.replay_files(tuple(files), adapter=adapter, delivery=Delivery(cut=cut, split=split))
