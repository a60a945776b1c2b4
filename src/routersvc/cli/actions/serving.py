"""The command `serve`: the router itself."""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

from routersvc.app.application import Application
from routersvc.app.serving import serve as serve_application
from routersvc.cli.actions.event_loops import runner
from routersvc.cli.actions.settings_files import load, load_or_fail
from routersvc.cli.exit_codes import CommandError, UsageProblemError
from routersvc.cli.views.figures import count_text
from routersvc.cli.views.terminal import Terminal
from routersvc.settings.settings import Settings
from routersvc.settings.types.addresses import parse_listen_address


def serve(config: Path, *, listen: tuple[str, ...], as_json: bool) -> None:
    """Serve until SIGTERM or SIGINT, and drain. SIGHUP reloads the settings.

    Raises:
        CommandError: the settings cannot be used, an address cannot be bound, or the
            package of the configured edge is not installed.
    """
    terminal = Terminal.of_process()
    settings = _with_addresses(load_or_fail(config, terminal), listen)

    def reloaded() -> Settings:
        return _with_addresses(load(config), listen)

    def ready(application: Application) -> None:
        _print_addresses(application, settings, terminal, as_json=as_json)

    with runner() as loop:
        try:
            loop.run(
                serve_application(
                    settings,
                    stream=sys.stderr,
                    wall_clock=time.time,  # noqa: TID251 - where the clock of the service comes from
                    ready=ready,
                    load=reloaded,
                )
            )
        except OSError as error:
            raise CommandError(str(error)) from error


def _with_addresses(settings: Settings, listen: tuple[str, ...]) -> Settings:
    """Return the settings with the given addresses to listen on, if there are any."""
    if not listen:
        return settings
    addresses: list[object] = []
    for text in listen:
        try:
            addresses.append(parse_listen_address(text))
        except ValueError as error:
            raise UsageProblemError(f"`--listen {text}` {error}") from error
    server = settings.server.model_copy(update={"listen": tuple(addresses)})
    document = settings.document.model_copy(update={"server": server})
    return dataclasses.replace(settings, document=document)


def _print_addresses(
    application: Application, settings: Settings, terminal: Terminal, *, as_json: bool
) -> None:
    metrics, status = application.metrics_address, application.status_address
    if as_json:
        terminal.write_json(
            {
                "addresses": application.addresses,
                "metrics_address": None if metrics is None else f"{metrics[0]}:{metrics[1]}",
                "status_address": None if status is None else f"{status[0]}:{status[1]}",
            }
        )
        return
    document = settings.document
    counts = ", ".join(
        (
            count_text(len(document.deployments), "deployment"),
            count_text(len(document.providers), "provider"),
            count_text(len(document.policies), "policy", "policies"),
        )
    )
    terminal.out.print(f"serving gRPC on {', '.join(application.addresses)}", markup=False)
    terminal.out.print(f"{counts}; Ctrl-C drains and ends", style="dim")
    if metrics is not None:
        url = f"http://{metrics[0]}:{metrics[1]}/metrics"
        terminal.out.print(f"metrics on {url}", style="dim", markup=False)
    if status is not None:
        url = f"http://{status[0]}:{status[1]}/"
        terminal.out.print(f"status page on {url}", style="dim", markup=False)
    terminal.out.file.flush()
