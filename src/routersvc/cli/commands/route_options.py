"""The options of calls that say where a request may and should go, each said once."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from routersvc.cli.commands.options import seconds

_ROUTE = "Route"
_WEIGHT = re.compile(r"(quality|cost|latency)=([0-9]+(?:\.[0-9]+)?)")


def _tasks() -> tuple[str, ...]:
    """Return the kinds of task; imported here, so that `--help` of other commands stays fast."""
    from routersvc.domain.catalogue.tasks import Task  # noqa: PLC0415 - see above

    return tuple(task.value for task in Task)


def _task(value: str | None) -> str | None:
    """Return a kind of task as the contract calls it; `-` and `_` are the same."""
    if value is None:
        return None
    task = value.replace("-", "_").lower()
    if task not in _tasks():
        raise typer.BadParameter(f"`{value}` is no kind of task: give {', '.join(_tasks())}")
    return task


def _weights(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        if _WEIGHT.fullmatch(value) is None:
            raise typer.BadParameter(
                f"`{value}` weighs nothing: give quality=2, cost=0.5 or latency=1"
            )
    return values


def _labels(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        key, sign, _ = value.partition("=")
        if not key or not sign:
            raise typer.BadParameter(f"`{value}` is no label: give key=value")
    return values


TaskOption = Annotated[
    str | None,
    typer.Option(
        "--task",
        metavar="TASK",
        callback=_task,
        help="The kind of task, instead of what the router makes of the prompt: code, maths, ...",
        rich_help_panel=_ROUTE,
        show_default=False,
    ),
]
ComplexityOption = Annotated[
    float | None,
    typer.Option(
        "--complexity",
        metavar="X",
        help="How hard it is, 0 (trivial) to 1, instead of what the router makes of the prompt.",
        rich_help_panel=_ROUTE,
    ),
]
LabelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="KEY=VALUE",
        callback=_labels,
        help="A label that rules may match on. May be repeated.",
        rich_help_panel=_ROUTE,
    ),
]
SessionOption = Annotated[
    str | None,
    typer.Option(
        "--session",
        metavar="ID",
        help="The conversation that it belongs to: finds the same deployment each time.",
        rich_help_panel=_ROUTE,
    ),
]
WeightOption = Annotated[
    list[str] | None,
    typer.Option(
        "--weight",
        metavar="WHAT=X",
        callback=_weights,
        help="What quality, cost or latency counts, as quality=2. May be repeated.",
        rich_help_panel=_ROUTE,
    ),
]
LatencyBudgetOption = Annotated[
    float | None,
    typer.Option(
        "--latency-budget",
        metavar="TIME",
        parser=seconds,
        help="Prefer models whose first words come within this time: 800ms, 2s.",
        rich_help_panel=_ROUTE,
        show_default=False,
    ),
]
MaxCostOption = Annotated[
    float | None,
    typer.Option(
        "--max-cost",
        metavar="USD",
        help="Only models whose answer is expected to cost no more dollars.",
        rich_help_panel=_ROUTE,
    ),
]
RegionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        metavar="NAME",
        help="Only where requests are processed in this region. May be repeated.",
        rich_help_panel=_ROUTE,
    ),
]
DataClassOption = Annotated[
    list[str] | None,
    typer.Option(
        "--data-class",
        metavar="NAME",
        help="A class of regulated data in the prompt, as phi: only who is cleared. May be "
        "repeated.",
        rich_help_panel=_ROUTE,
    ),
]
NoDegradedOption = Annotated[
    bool,
    typer.Option(
        "--no-degraded",
        metavar="",
        help="Rather fail than be answered by a weaker model than the first choice.",
        rich_help_panel=_ROUTE,
    ),
]
DeterministicOption = Annotated[
    bool,
    typer.Option(
        "--deterministic",
        metavar="",
        help="Choose without regard to load, for debugging.",
        rich_help_panel=_ROUTE,
    ),
]
