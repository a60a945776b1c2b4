"""Options of which a request is built, with the field of the contract that each one sets.

A new option is one entry of `RequestOptions`: its type, its help and its field.
"""

from __future__ import annotations

import dataclasses
import enum
import operator
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from routersvc.cli.options.call_options import seconds

_PROMPT = "Prompt"
_ROUTE = "Route"
_WEIGHT = re.compile(r"(quality|cost|latency)=([0-9]+(?:\.[0-9]+)?)")


def _tasks() -> tuple[str, ...]:
    """Return the kinds of task; imported here, so that `--help` stays fast."""
    from routersvc.domain.catalogue.tasks import Task  # noqa: PLC0415 - see above

    return tuple(task.value for task in Task)


def _task(value: str | None) -> str | None:
    """Return a kind of task by its name in the contract; `-` and `_` are the same."""
    if value is None:
        return None
    task = value.replace("-", "_").lower()
    if task not in _tasks():
        raise typer.BadParameter(f"`{value}` is not a kind of task: give {', '.join(_tasks())}")
    return task


def _weights(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        if _WEIGHT.fullmatch(value) is None:
            raise typer.BadParameter(
                f"`{value}` is not a weight: give quality=2, cost=0.5 or latency=1"
            )
    return values


def _labels(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        key, sign, _ = value.partition("=")
        if not key or not sign:
            raise typer.BadParameter(f"`{value}` is not a label: give key=value")
    return values


class RecoveryMode(enum.StrEnum):
    """What happens when a stream breaks after its first content."""

    FAIL = "fail"
    RESTART = "restart"
    RESUME = "resume"


@dataclasses.dataclass(frozen=True, slots=True)
class RequestField:
    """Returns the entries of the request, by path, that the value of an option sets."""

    entries: Callable[[Any], dict[str, object]]


def at(path: str, convert: Callable[[Any], object] = lambda value: value) -> RequestField:
    """Return the field for an option that sets the one entry at `path`."""
    return RequestField(lambda value: {path: convert(value)})


def pairs(values: list[str]) -> dict[str, str]:
    """Return the entries of texts `key=value`."""
    return dict(value.split("=", 1) for value in values)


def weight_entries(values: list[str]) -> dict[str, object]:
    """Return the entries that set the weights of a ranking."""
    return {
        f"routing.objectives.{name}_weight": float(weight) for name, weight in pairs(values).items()
    }


PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy",
        "-p",
        metavar="NAME",
        help="Route by this policy instead of the default one.",
        rich_help_panel=_ROUTE,
    ),
]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RequestOptions:
    """Options of which a request is built; the router decides on what is not set.

    An option that sets one field of the request names it. The others are combined by
    `request_building`.
    """

    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="PROMPT",
            help="The prompt. `-` reads it from standard input.",
            show_default=False,
        ),
    ] = None
    system: Annotated[
        str | None,
        typer.Option(
            "--system", "-s", metavar="TEXT", help="System instructions.", rich_help_panel=_PROMPT
        ),
    ] = None
    prompt_file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="Read the prompt from a file.",
            rich_help_panel=_PROMPT,
        ),
    ] = None
    images: Annotated[
        list[str] | None,
        typer.Option(
            "--image",
            metavar="FILE|URL",
            help="Add an image to the prompt. May be repeated.",
            rich_help_panel=_PROMPT,
        ),
    ] = None
    json_schema: Annotated[
        Path | None,
        typer.Option(
            "--json-schema",
            metavar="FILE",
            help="Require JSON that conforms to this JSON Schema.",
            rich_help_panel=_PROMPT,
        ),
    ] = None
    max_tokens: Annotated[
        int | None,
        typer.Option(
            "--max-tokens",
            metavar="N",
            help="Maximum number of output tokens.",
            rich_help_panel=_PROMPT,
        ),
        at("prompt.sampling.max_output_tokens"),
    ] = None
    temperature: Annotated[
        float | None,
        typer.Option(
            "--temperature",
            "-t",
            metavar="X",
            help="Sampling temperature, 0 to 2.",
            rich_help_panel=_PROMPT,
        ),
        at("prompt.sampling.temperature"),
    ] = None
    request_file: Annotated[
        Path | None,
        typer.Option(
            "--request",
            metavar="FILE",
            help="A whole request as JSON, `-` for standard input; other options override it.",
            rich_help_panel=_PROMPT,
        ),
    ] = None
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            help="Only this model may answer. May be repeated.",
            rich_help_panel=_ROUTE,
        ),
        at("routing.required_models"),
    ] = None
    policy: Annotated[PolicyOption, at("routing.policy")] = None
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="TASK",
            callback=_task,
            help="The kind of task, instead of the router's own classification: code, maths, ...",
            rich_help_panel=_ROUTE,
            show_default=False,
        ),
        at("routing.hints.task", lambda task: f"TASK_{task.upper()}"),
    ] = None
    complexity: Annotated[
        float | None,
        typer.Option(
            "--complexity",
            metavar="X",
            help="How hard the task is, 0 (trivial) to 1, instead of the router's own estimate.",
            rich_help_panel=_ROUTE,
        ),
        at("routing.hints.complexity"),
    ] = None
    labels: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            metavar="KEY=VALUE",
            callback=_labels,
            help="A label that rules may match on. May be repeated.",
            rich_help_panel=_ROUTE,
        ),
        at("routing.hints.labels", pairs),
    ] = None
    session: Annotated[
        str | None,
        typer.Option(
            "--session",
            metavar="ID",
            help="Id of the conversation: its requests go to the same deployment.",
            rich_help_panel=_ROUTE,
        ),
        at("routing.session_id"),
    ] = None
    weights: Annotated[
        list[str] | None,
        typer.Option(
            "--weight",
            metavar="WHAT=X",
            callback=_weights,
            help="Weight of quality, cost or latency, as quality=2. May be repeated.",
            rich_help_panel=_ROUTE,
        ),
        RequestField(weight_entries),
    ] = None
    worth: Annotated[
        float | None,
        typer.Option(
            "--worth",
            metavar="USD",
            min=0,
            help="Rank models; one right answer more is worth so many US dollars.",
            rich_help_panel=_ROUTE,
            show_default=False,
        ),
        at("routing.objectives.worth_of_quality_usd"),
    ] = None
    quality_slack: Annotated[
        float | None,
        typer.Option(
            "--quality-slack",
            metavar="X",
            min=0,
            max=1,
            help="Rank models; the cheapest at most so much below the best quality comes first.",
            rich_help_panel=_ROUTE,
            show_default=False,
        ),
        at("routing.objectives.quality_slack"),
    ] = None
    latency_budget: Annotated[
        float | None,
        typer.Option(
            "--latency-budget",
            metavar="TIME",
            parser=seconds,
            help="Prefer models whose first content arrives within this time: 800ms, 2s.",
            rich_help_panel=_ROUTE,
            show_default=False,
        ),
        at("routing.objectives.latency_budget", lambda budget: f"{budget:.9f}s"),
    ] = None
    max_cost: Annotated[
        float | None,
        typer.Option(
            "--max-cost",
            metavar="USD",
            help="Only models whose expected cost is at most this, in US dollars.",
            rich_help_panel=_ROUTE,
        ),
        at("routing.constraints.max_cost_usd"),
    ] = None
    regions: Annotated[
        list[str] | None,
        typer.Option(
            "--region",
            metavar="NAME",
            help="Only deployments in this region. May be repeated.",
            rich_help_panel=_ROUTE,
        ),
        at("routing.constraints.allowed_regions"),
    ] = None
    data_classes: Annotated[
        list[str] | None,
        typer.Option(
            "--data-class",
            metavar="NAME",
            help="A class of regulated data in the prompt, as phi: only deployments cleared "
            "for it. May be repeated.",
            rich_help_panel=_ROUTE,
        ),
        at("routing.constraints.data_classes"),
    ] = None
    no_degraded: Annotated[
        bool,
        typer.Option(
            "--no-degraded",
            metavar="",
            help="Fail instead of falling back to a weaker model than the first choice.",
            rich_help_panel=_ROUTE,
        ),
        at("routing.allow_degraded", operator.not_),
    ] = False
    deterministic: Annotated[
        bool,
        typer.Option(
            "--deterministic",
            metavar="",
            help="Plan without load balancing, for debugging.",
            rich_help_panel=_ROUTE,
        ),
        at("routing.deterministic"),
    ] = False
    recovery: Annotated[
        RecoveryMode | None,
        typer.Option(
            "--recovery",
            metavar="MODE",
            help="What happens when the stream breaks: fail, restart or resume. "
            "Default: the policy's.",
            rich_help_panel=_ROUTE,
            show_default=False,
        ),
        at("routing.stream_recovery_mode", lambda mode: f"STREAM_RECOVERY_MODE_{mode.upper()}"),
    ] = None

    def entries(self) -> dict[str, object]:
        """Return the entries of the request, by path, of the options that are set."""
        entries: dict[str, object] = {}
        hints = get_type_hints(type(self), include_extras=True)
        for option in dataclasses.fields(self):
            value = getattr(self, option.name)
            if value is None or value is False or value == []:
                continue
            for detail in hints[option.name].__metadata__:
                if isinstance(detail, RequestField):
                    entries |= detail.entries(value)
        return entries
