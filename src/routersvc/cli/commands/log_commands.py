"""The commands that read decision logs: `report` and `replay-decisions`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from routersvc.cli.commands.help_texts import examples, prose
from routersvc.cli.commands.service_commands import ConfigOption
from routersvc.cli.options.call_options import ColorMode, ColorOption, JsonOption
from routersvc.telemetry.decision_log.dimensions import Dimension

# ruff: noqa: PLC0415 - what a command needs is imported when it runs, so that `--help` is fast

LogFiles = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...", help="Decision logs: files or directories.", show_default=False
    ),
]


def add_to(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.command(
        "report",
        help=prose(report),
        epilog=examples(
            "routersvc report decisions/",
            ("routersvc report decisions/ --by tenant --by day", "one row for each of both"),
            "routersvc report decisions/ --by tenant --by model --csv > costs.csv",
            "routersvc report decisions/ --json | jq .total.wasted_usd",
        ),
    )(report)
    application.command(
        "replay-decisions",
        help=prose(replay_decisions),
        epilog=examples(
            "routersvc replay-decisions decisions/ --config new.yaml",
            "routersvc replay-decisions decisions/ --config new.yaml --json | jq .changes",
        ),
    )(replay_decisions)


def report(
    files: LogFiles,
    *,
    by: Annotated[
        list[Dimension] | None,
        typer.Option(
            "--by",
            metavar="WHAT",
            help=f"Group by {', '.join(Dimension)}. May be repeated. Default: model.",
            show_default=False,
        ),
    ] = None,
    csv: Annotated[
        bool, typer.Option("--csv", metavar="", help="Print comma-separated values.")
    ] = False,
    json: JsonOption = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Sum up decision logs: calls, failovers, hedges, tokens, cost, waste and latency.

    Cost, tokens and attempts are counted at the deployment of each attempt, outcomes and latencies
    where the call was served or last tried, so that the rows add up to the total. Days are UTC.
    Needs no router.
    """
    from routersvc.cli.actions import decision_reporting

    if csv and json:
        raise typer.BadParameter("`--csv` and `--json` exclude each other")
    decision_reporting.report(
        files,
        by or (Dimension.MODEL,),
        decision_reporting.ReportFormat("csv" if csv else "json" if json else "table"),
    )


def replay_decisions(
    files: LogFiles,
    *,
    config: ConfigOption,
    json: JsonOption = False,
    _color: ColorOption = ColorMode.AUTO,
) -> None:
    """Plan logged decisions again under other settings, and print what would change.

    Counts the requests that another deployment would serve first, that would fail over in another
    order or by other rules, and that nothing could serve any more, with the expected cost of the
    first choices then and now. Every decision is planned with what was known of the fleet and of
    the budget then: under the same settings nothing changes. Nothing is sent.
    """
    from routersvc.cli.actions import decision_replaying

    decision_replaying.replay(files, config, as_json=json)
