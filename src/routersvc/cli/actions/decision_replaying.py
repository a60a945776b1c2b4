"""The command `replay-decisions`: what other settings would decide on logged requests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from routersvc.cli.actions.decision_logs import records
from routersvc.cli.actions.settings_files import load_or_fail
from routersvc.cli.views.replayed_decision_views import ReplaySummary, print_summary
from routersvc.cli.views.terminal import Terminal
from routersvc.domain.explaining.replayed_decisions import DecisionReplayer
from routersvc.domain.planning.planner import Planner


def replay(files: Sequence[Path], config: Path, *, as_json: bool) -> None:
    """Print what the settings would change.

    Raises:
        UsageProblemError: a file cannot be read.
        CommandError: the settings are invalid.
    """
    terminal = Terminal.of_process()
    settings = load_or_fail(config, terminal)
    tenants = settings.tenants()
    replayer = DecisionReplayer(
        Planner(
            catalogue=settings.catalogue(),
            policies=settings.policies(),
            default_policy=settings.default_policy,
            tenants=tenants,
        ),
        tenants,
        settings.data_class_rules(),
    )
    summary = ReplaySummary()
    for record in records(files, terminal):
        summary.add(replayer.replay(record))
    if as_json:
        terminal.write_json(summary.entries())
    else:
        print_summary(terminal.out, summary)
