"""Reads settings files for `serve`, and checks them for `check`."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from routersvc.app.wire_formats import known_wire_formats
from routersvc.cli.exit_codes import CommandError, ExitCode
from routersvc.cli.views.figures import count_text
from routersvc.cli.views.terminal import Terminal
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.settings.changes import changes_between, waiting_for_restart
from routersvc.settings.checks.exposure import exposure_warnings
from routersvc.settings.loading import load_settings
from routersvc.settings.problems import SettingsError, SettingsProblem
from routersvc.settings.schema.schema import settings_json_schema
from routersvc.settings.sections.providers import DEFAULT_CREDENTIAL
from routersvc.settings.settings import Settings

if TYPE_CHECKING:
    from routersvc.app.connection_trials import ConnectionTrial


def load(path: Path) -> Settings:
    """Return the settings of a file.

    Raises:
        SettingsError: the file is invalid; lists every problem.
    """
    return load_settings(path, environment=os.environ, known_wire_formats=known_wire_formats())


def load_or_fail(path: Path, terminal: Terminal) -> Settings:
    """Return the settings of a file, or print its problems to standard error.

    Raises:
        CommandError: the file is invalid.
    """
    try:
        return load(path)
    except SettingsError as error:
        print_problems(dataclasses.replace(terminal, out=terminal.err), error.problems)
        problems = count_text(len(error.problems), "problem")
        raise CommandError(f"`{path}` has {problems}", ExitCode.CONFIGURATION) from error


def check(paths: tuple[Path, ...], *, as_json: bool, connect: bool = False) -> None:
    """Print every problem of the settings files, or `ok` with warnings.

    With `connect`, try the credentials of valid files at their providers, too.

    Raises:
        CommandError: a file is invalid, or a provider was not reached or refused its credential.
    """
    terminal = Terminal.of_process()
    count = failed = 0
    for path in paths:
        settings, problems = _checked(path)
        count += len(problems)
        warnings = () if settings is None else exposure_warnings(settings)
        trials = _tried(settings) if connect and settings is not None else ()
        failed += sum(trial.failure is not None for trial in trials)
        if as_json:
            entries = [dataclasses.asdict(problem) for problem in problems]
            result = {"file": str(path), "valid": not problems, "problems": entries}
            connections = {"connections": [_plain(trial) for trial in trials]} if connect else {}
            terminal.write_json(result | ({"warnings": warnings} if warnings else {}) | connections)
        elif problems:
            print_problems(terminal, problems)
        else:
            terminal.out.print(Text(f"{path}: ok", style="green"))
            for warning in warnings:
                text = Text.assemble((f"{path}: warning", "bold yellow"), f": {warning}")
                terminal.out.print(text, soft_wrap=True)
            for trial in trials:
                terminal.out.print(_trial_text(trial), soft_wrap=True)
    if count:
        raise CommandError(count_text(count, "problem"), ExitCode.CONFIGURATION)
    if failed:
        raise CommandError(f"{count_text(failed, 'credential')} cannot be used")


def _tried(settings: Settings) -> Sequence[ConnectionTrial]:
    # What speaks HTTP takes a while to load, and most checks do not connect.
    from routersvc.app.connection_trials import try_connections  # noqa: PLC0415

    try:
        clock = time.time  # noqa: TID251 - where the clock of the command comes from
        return asyncio.run(try_connections(settings, wall_clock=clock))
    except OSError as error:
        raise CommandError(str(error), ExitCode.CONFIGURATION) from error


def _trial_text(trial: ConnectionTrial) -> Text:
    name = trial.provider
    if trial.credential != DEFAULT_CREDENTIAL:
        name = f"{name}, credential {trial.credential}"
    if trial.failure is None:
        return Text.assemble(
            (name, "green"), f": {trial.base_url} answers and takes the credential"
        )
    found = trial.failure.message
    if trial.failure.failure_class is FailureClass.MODEL_NOT_FOUND:
        # Models were asked for, not one of them.
        found = f"there is no list of models (HTTP {trial.failure.http_status})"
    words = f": {trial.base_url}: {found}{_ADVICE.get(trial.failure.failure_class, '')}"
    return Text.assemble((name, "bold red"), words)


_ADVICE = {
    FailureClass.AUTHENTICATION: "; the key is wrong, revoked, or of another account",
    FailureClass.PERMISSION: "; the key may not list models: its project or role lacks the right",
    FailureClass.QUOTA_EXHAUSTED: "; the account has no credit left",
    FailureClass.CONNECT: "; is the address right, and can this machine reach it?",
    FailureClass.MODEL_NOT_FOUND: "; is the path of `base_url` complete, up to the version?",
    FailureClass.INVALID_REQUEST: "; is the path of `base_url` complete, up to the version?",
}


def _plain(trial: ConnectionTrial) -> dict[str, str | None]:
    failure = trial.failure
    return {
        "provider": trial.provider,
        "credential": trial.credential,
        "failure_class": None if failure is None else failure.failure_class.value,
        "message": None if failure is None else failure.message,
    }


def _checked(path: Path) -> tuple[Settings | None, tuple[SettingsProblem, ...]]:
    try:
        return load(path), ()
    except SettingsError as error:
        return None, error.problems


def compare(path: Path, against: Path, *, as_json: bool) -> None:
    """Print what a reload from the settings `against` to those at `path` would change.

    Raises:
        CommandError: a file is invalid.
    """
    from routersvc.app.configurations import identities  # noqa: PLC0415 - for this command alone

    terminal = Terminal.of_process()
    before, after = load_or_fail(against, terminal), load_or_fail(path, terminal)
    old, new = (identities(one, one.catalogue()).deployments for one in (before, after))
    anew = [name for name in new if name in old and old[name] != new[name]]
    changes = changes_between(before, after)
    restart = waiting_for_restart(before, after)
    if as_json:
        terminal.write_json(
            {
                "file": str(path),
                "against": str(against),
                "changes": [
                    dataclasses.asdict(change) | {"kind": change.kind.value} for change in changes
                ],
                "deployments_starting_anew": anew,
                "needs_restart": restart,
            }
        )
        return
    for change in changes:
        terminal.out.print(Text(str(change)), soft_wrap=True)
    for name in anew:
        text = f"deployment `{name}` starts anew: breaker, latencies and limits are forgotten"
        terminal.out.print(Text(text, style="yellow"), soft_wrap=True)
    for key in restart:
        text = f"`{key}` holds from the next restart on"
        terminal.out.print(Text(text, style="yellow"), soft_wrap=True)
    if not changes:
        terminal.out.print(Text("no change", style="green"))


def print_problems(terminal: Terminal, problems: tuple[SettingsProblem, ...]) -> None:
    """Print one problem per line, in the form that editors and terminals link."""
    for problem in problems:
        place, separator, rest = str(problem).partition(": ")
        text = Text.assemble((place, "bold"), separator, rest)
        terminal.out.print(text, soft_wrap=True)


def print_schema() -> None:
    """Print the JSON Schema of settings files, for editors."""
    Terminal.of_process().write_json(settings_json_schema(), pretty=True)
