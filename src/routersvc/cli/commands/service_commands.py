"""The commands that need no running router: `serve`, `check`, `profile` and others."""

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
        help="Settings of the router, YAML.",
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
            ("routersvc serve --listen 127.0.0.1:0 --json", "any free port, printed as JSON"),
            "ROUTERSVC_CONFIG=router.yaml routersvc serve",
        ),
    )(serve)
    application.command(
        "check",
        help=prose(check),
        epilog=examples(
            "routersvc check router.yaml",
            "routersvc check router.yaml --json | jq .problems",
            ("routersvc check router.yaml --connect", "are the keys and addresses right?"),
            ("routersvc check new.yaml --against router.yaml", "what a reload would change"),
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
            (
                "routersvc drill examples/drills/outage.yaml",
                "a provider goes down, another slows down",
            ),
            "routersvc drill outage.yaml --seed 2 --svg outage.svg",
            ("routersvc drill outage.yaml --compare hedged.yaml", "two policies, side by side"),
            "routersvc drill outage.yaml --json | jq .outcomes",
        ),
    )(drill)


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

    SIGTERM or Ctrl-C starts a drain: the health service reports NOT_SERVING, new calls are accepted
    until load balancers have noticed, and running calls may finish. Each further signal ends one
    stage of the drain. SIGHUP reloads the settings, as does a change of their files. Log lines go
    to standard error.
    """
    from routersvc.cli.actions import serving

    serving.serve(config, listen=tuple(listen or ()), as_json=json)


def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE...", help="Settings files, YAML.", show_default=False),
    ] = None,
    *,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="OLD",
            help="Print what a reload from these settings to FILE would change.",
        ),
    ] = None,
    connect: Annotated[
        bool,
        typer.Option(
            "--connect",
            metavar="",
            help="Also try every credential at its provider, with a request that is not billed.",
        ),
    ] = False,
    print_schema: Annotated[
        bool,
        typer.Option(
            "--print-schema", metavar="", help="Print the JSON Schema of settings files instead."
        ),
    ] = False,
    json: JsonOption = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Check settings files without serving.

    Prints every problem with file, line, column, and what is allowed. Warns of addresses that are
    open to everyone. Secrets are resolved as `serve` does, and never printed.
    """
    from routersvc.cli.actions import settings_files

    if print_schema:
        settings_files.print_schema()
    elif against is not None:
        if not files or len(files) != 1:
            raise typer.BadParameter("`--against` compares one settings file")
        settings_files.compare(files[0], against, as_json=json)
    elif files:
        settings_files.check(tuple(files), as_json=json, connect=connect)
    else:
        raise typer.BadParameter("no settings file given")


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
            help="Detect regulated data by the `detection` of these settings.",
        ),
    ] = None,
    exact: Annotated[
        bool,
        typer.Option("--exact", metavar="", help="Count every token instead of estimating."),
    ] = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Print the profile of prompts, one line of JSON for each.

    A profile has the task, complexity, tokens, modalities, required capabilities and classes of
    regulated data, with the evidence for each; never the prompt. Needs no router. An input line is
    a text in quotes, {"prompt": "…"}, or a whole request as `complete --request` takes it.
    """
    from routersvc.cli.actions import profiling

    profiling.profile(
        profiling.ProfileOptions(files=tuple(files or (Path("-"),)), config=config, exact=exact)
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
            help="Simulate this provider: fast, steady, erratic or instant, with this wire format, "
            "openai_chat by default. May be repeated.",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="N",
            min=0,
            max=65535,
            help="Port of the first provider, the others follow; 0: free ones. Default: 4010.",
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
            help="Port of the control endpoint; 0: a free one. Default: 4009.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="HOST", help="Address to listen on. Default: 127.0.0.1."),
    ] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json", metavar="", help="Print one line of JSON with all addresses when ready."
        ),
    ] = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Simulate LLM providers over HTTP that fail on demand.

    Wire formats: openai_chat, openai_responses, anthropic_messages, gemini, azure_openai,
    bedrock_converse, cohere_chat, mistral_chat. The control endpoint kills and revives providers,
    injects faults (statuses, stalls, cut streams, …), and returns the log of requests.
    """
    from routersvc.cli.actions import simulating

    simulating.simulate(
        simulating.SimulationOptions(
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
            "--seed", metavar="N", help="Seed of all random choices. Default: the seed in the file."
        ),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare", metavar="FILE", help="Run this drill too, and print both side by side."
        ),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Write the plot as SVG.")
    ] = None,
    json: JsonOption = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Test a policy against a simulated outage.

    Runs the real engine against simulated deployments in virtual time: minutes pass in seconds,
    nothing is sent, and the same seed gives the same result. Prints the outcomes of the calls, and
    latencies, failures and the shares of the deployments over time. Checks every promise of the
    router.
    """
    from routersvc.cli.actions import drilling

    drilling.drill(
        drilling.DrillOptions(file=file, other=compare, seed=seed, svg=svg, as_json=json)
    )


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
            help="Decode with this adapter, for example openai_chat/groq. Default: the adapter for "
            "the provider and API of the record.",
        ),
    ] = None,
    cut: Annotated[
        int | None,
        typer.Option("--cut", metavar="N", min=0, help="Cut the body after N bytes."),
    ] = None,
    split: Annotated[
        int | None,
        typer.Option("--split", metavar="N", min=1, help="Deliver the body in pieces of N bytes."),
    ] = None,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Decode recorded exchanges with providers as the router would.

    Prints one line of JSON for each file: content, tool calls, reasoning, usage and finish reason,
    or the failure class and the next step of the router. Nothing is sent. A failure that a provider
    sent is a result; the command fails when a file is not a recorded exchange.
    """
    from routersvc.app.replays.replaying import Delivery
    from routersvc.cli.actions import replaying

    replaying.replay_files(tuple(files), adapter=adapter, delivery=Delivery(cut=cut, split=split))
