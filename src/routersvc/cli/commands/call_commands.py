"""The words of the commands that call a router: `complete`, `stream`, `explain`, `health`."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from routersvc.cli.commands import options, route_options
from routersvc.cli.commands.help_texts import examples, prose

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` is fast


class HealthState(enum.StrEnum):
    """How a deployment fares, in a filter."""

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


def complete(
    prompt: options.PromptArgument = None,
    *,
    system: options.SystemOption = None,
    file: options.PromptFileOption = None,
    image: options.ImageOption = None,
    json_schema: options.JsonSchemaOption = None,
    max_tokens: options.MaxTokensOption = None,
    temperature: options.TemperatureOption = None,
    request: options.RequestOption = None,
    model: options.ModelOption = None,
    policy: options.PolicyOption = None,
    task: route_options.TaskOption = None,
    complexity: route_options.ComplexityOption = None,
    label: route_options.LabelOption = None,
    session: route_options.SessionOption = None,
    weight: route_options.WeightOption = None,
    latency_budget: route_options.LatencyBudgetOption = None,
    max_cost: route_options.MaxCostOption = None,
    region: route_options.RegionOption = None,
    data_class: route_options.DataClassOption = None,
    no_degraded: route_options.NoDegradedOption = False,
    deterministic: route_options.DeterministicOption = False,
    timeout: options.TimeoutOption = options.DEFAULT_TIMEOUT,
    address: options.AddressOption = options.DEFAULT_ADDRESS,
    api_key: options.ApiKeyOption = None,
    json: options.JsonOption = False,
    quiet: options.QuietOption = False,
    print_request: options.PrintRequestOption = False,
    _color: options.ColorOption = options.ColorMode.AUTO,
) -> None:
    """Ask, and print the whole answer when it is complete.

    The answer goes to standard output. One line on standard error says which model gave it, how
    fast, for how many tokens (in + out) and dollars, and in how many attempts. With --json the
    response is printed as one object.
    """
    from routersvc.cli.actions import calling
    from routersvc.cli.actions.manners import Manner
    from routersvc.cli.actions.request_building import Asked
    from routersvc.cli.commands.api_keys import api_key_of

    calling.complete(
        Asked(
            prompt=prompt,
            prompt_file=file,
            system=system,
            images=tuple(image or ()),
            json_schema=json_schema,
            max_tokens=max_tokens,
            temperature=temperature,
            request_file=request,
            models=tuple(model or ()),
            policy=policy,
            task=task,
            complexity=complexity,
            labels=tuple(label or ()),
            session=session,
            weights=tuple(weight or ()),
            latency_budget=latency_budget,
            max_cost=max_cost,
            regions=tuple(region or ()),
            data_classes=tuple(data_class or ()),
            no_degraded=no_degraded,
            deterministic=deterministic,
        ),
        Manner(
            address=address,
            api_key=api_key_of(api_key),
            timeout=timeout,
            as_json=json,
            quiet=quiet,
            print_request=print_request,
        ),
    )


def stream(
    prompt: options.PromptArgument = None,
    *,
    system: options.SystemOption = None,
    file: options.PromptFileOption = None,
    image: options.ImageOption = None,
    json_schema: options.JsonSchemaOption = None,
    max_tokens: options.MaxTokensOption = None,
    temperature: options.TemperatureOption = None,
    request: options.RequestOption = None,
    model: options.ModelOption = None,
    policy: options.PolicyOption = None,
    task: route_options.TaskOption = None,
    complexity: route_options.ComplexityOption = None,
    label: route_options.LabelOption = None,
    session: route_options.SessionOption = None,
    weight: route_options.WeightOption = None,
    latency_budget: route_options.LatencyBudgetOption = None,
    max_cost: route_options.MaxCostOption = None,
    region: route_options.RegionOption = None,
    data_class: route_options.DataClassOption = None,
    no_degraded: route_options.NoDegradedOption = False,
    deterministic: route_options.DeterministicOption = False,
    recovery: options.RecoveryOption = None,
    timeout: options.TimeoutOption = options.DEFAULT_TIMEOUT,
    address: options.AddressOption = options.DEFAULT_ADDRESS,
    api_key: options.ApiKeyOption = None,
    json: options.JsonOption = False,
    quiet: options.QuietOption = False,
    print_request: options.PrintRequestOption = False,
    _color: options.ColorOption = options.ColorMode.AUTO,
) -> None:
    """Ask, and print the answer while it arrives.

    When a provider fails in the middle of the answer and another one takes over, a line on
    standard error says what became of the text so far. With --json every event is one line.
    """
    from routersvc.cli.actions import calling
    from routersvc.cli.actions.manners import Manner
    from routersvc.cli.actions.request_building import Asked
    from routersvc.cli.commands.api_keys import api_key_of

    calling.stream(
        Asked(
            prompt=prompt,
            prompt_file=file,
            system=system,
            images=tuple(image or ()),
            json_schema=json_schema,
            max_tokens=max_tokens,
            temperature=temperature,
            request_file=request,
            models=tuple(model or ()),
            policy=policy,
            task=task,
            complexity=complexity,
            labels=tuple(label or ()),
            session=session,
            weights=tuple(weight or ()),
            latency_budget=latency_budget,
            max_cost=max_cost,
            regions=tuple(region or ()),
            data_classes=tuple(data_class or ()),
            no_degraded=no_degraded,
            deterministic=deterministic,
            recovery=recovery,
        ),
        Manner(
            address=address,
            api_key=api_key_of(api_key),
            timeout=timeout,
            as_json=json,
            quiet=quiet,
            print_request=print_request,
        ),
    )


def explain(
    prompt: options.PromptArgument = None,
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
            help="Explain a past request by the `decision_id` of its report, and show how it went.",
        ),
    ] = None,
    system: options.SystemOption = None,
    file: options.PromptFileOption = None,
    image: options.ImageOption = None,
    json_schema: options.JsonSchemaOption = None,
    max_tokens: options.MaxTokensOption = None,
    temperature: options.TemperatureOption = None,
    request: options.RequestOption = None,
    model: options.ModelOption = None,
    policy: options.PolicyOption = None,
    task: route_options.TaskOption = None,
    complexity: route_options.ComplexityOption = None,
    label: route_options.LabelOption = None,
    session: route_options.SessionOption = None,
    weight: route_options.WeightOption = None,
    latency_budget: route_options.LatencyBudgetOption = None,
    max_cost: route_options.MaxCostOption = None,
    region: route_options.RegionOption = None,
    data_class: route_options.DataClassOption = None,
    no_degraded: route_options.NoDegradedOption = False,
    deterministic: route_options.DeterministicOption = False,
    timeout: options.TimeoutOption = options.DEFAULT_TIMEOUT,
    address: options.AddressOption = options.DEFAULT_ADDRESS,
    api_key: options.ApiKeyOption = None,
    json: options.JsonOption = False,
    print_request: options.PrintRequestOption = False,
    _color: options.ColorOption = options.ColorMode.AUTO,
) -> None:
    """Say where a request would go, and why, without sending it to a provider.

    Shows what the router understood, the policy and the limits in force, every deployment with its
    score or with the reasons why it may not serve, what would change that, and the plan with a
    picture of it over time. With --decision it is a request that was made: what the router knew
    then, and its attempts as they ran.
    """
    from routersvc.cli.actions import calling
    from routersvc.cli.actions.manners import Manner
    from routersvc.cli.actions.request_building import Asked
    from routersvc.cli.commands.api_keys import api_key_of

    calling.explain(
        Asked(
            prompt=prompt,
            prompt_file=file,
            system=system,
            images=tuple(image or ()),
            json_schema=json_schema,
            max_tokens=max_tokens,
            temperature=temperature,
            request_file=request,
            models=tuple(model or ()),
            policy=policy,
            task=task,
            complexity=complexity,
            labels=tuple(label or ()),
            session=session,
            weights=tuple(weight or ()),
            latency_budget=latency_budget,
            max_cost=max_cost,
            regions=tuple(region or ()),
            data_classes=tuple(data_class or ()),
            no_degraded=no_degraded,
            deterministic=deterministic,
        ),
        Manner(
            address=address,
            api_key=api_key_of(api_key),
            timeout=timeout,
            as_json=json,
            print_request=print_request,
        ),
        streaming=streaming,
        decision_id=decision,
    )


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
            help=f"Only those that are {', '.join(HealthState)}. May be repeated.",
        ),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", metavar="", help="Show it live, until Ctrl-C.")
    ] = False,
    interval: Annotated[
        float,
        typer.Option(
            "--interval",
            metavar="TIME",
            parser=options.seconds,
            show_default=False,
            help="How often `--watch` asks. Default: 1s.",
        ),
    ] = 1.0,
    timeout: options.BriefTimeoutOption = options.BRIEF_TIMEOUT,
    address: options.AddressOption = options.DEFAULT_ADDRESS,
    api_key: options.ApiKeyOption = None,
    json: options.JsonOption = False,
    _color: options.ColorOption = options.ColorMode.AUTO,
) -> None:
    """Show how the deployments fare, as this router has seen it.

    Success and times are those of the last moments; `served` counts the attempts since the start
    that became the answer, and all attempts.
    """
    from routersvc.cli.actions import health_watching
    from routersvc.cli.actions.manners import Manner
    from routersvc.cli.commands.api_keys import api_key_of

    health_watching.health(
        health_watching.Interest(
            providers=tuple(provider or ()),
            models=tuple(model or ()),
            deployments=tuple(deployment or ()),
            states=tuple(state or ()),
        ),
        Manner(address=address, api_key=api_key_of(api_key), timeout=timeout, as_json=json),
        interval=interval if watch else None,
    )
