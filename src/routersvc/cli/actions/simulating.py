"""The command `simulate`: simulated providers that fail on demand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from rich.table import Table

from routersvc.cli.actions.event_loops import runner, stop_on_signals
from routersvc.cli.exit_codes import CommandError, ExitCode
from routersvc.cli.views.terminal import Terminal
from routersvc.simulator import (
    PortUnavailableError,
    SettingError,
    Simulator,
    SimulatorSettings,
    provider_of_option,
    run,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SimulationOptions:
    """Options of the command; unset ones leave the value to the settings."""

    config: Path | None = None
    providers: tuple[str, ...] = ()
    host: str | None = None
    port: int | None = None
    control_port: int | None = None


DEFAULT_PORT = 4010
DEFAULT_CONTROL_PORT = 4009


def simulate(options: SimulationOptions, *, as_json: bool) -> None:
    """Simulate providers until SIGINT or SIGTERM.

    Raises:
        CommandError: the settings are invalid, or a port is in use.
    """
    terminal = Terminal.of_process()
    try:
        settings = settings_of(options)
        with runner() as loop:
            loop.run(_run(settings, terminal, as_json=as_json))
    except SettingError as error:
        raise CommandError(str(error), ExitCode.CONFIGURATION) from error
    except PortUnavailableError as error:
        raise CommandError(str(error)) from error


def settings_of(options: SimulationOptions) -> SimulatorSettings:
    """Return the settings of the file, or the default three providers, overridden by the options.

    Raises:
        SettingError: the file or an option is invalid.
    """
    port, control_port = options.port, options.control_port
    try:
        if options.config is not None:
            settings = SimulatorSettings.from_file(options.config)
        else:
            port = DEFAULT_PORT if port is None else port
            control_port = DEFAULT_CONTROL_PORT if control_port is None else control_port
            settings = SimulatorSettings.demonstration()
        if options.providers:
            players = tuple(
                provider_of_option(text, seed) for seed, text in enumerate(options.providers)
            )
            settings = dataclasses.replace(settings, providers=players)
        if port is not None:
            settings = dataclasses.replace(
                settings,
                providers=tuple(
                    dataclasses.replace(one, port=port + offset if port else 0)
                    for offset, one in enumerate(settings.providers)
                ),
            )
        return dataclasses.replace(
            settings,
            host=settings.host if options.host is None else options.host,
            control_port=settings.control_port if control_port is None else control_port,
        )
    except ValueError as error:
        raise SettingError(str(error)) from error


async def _run(settings: SimulatorSettings, terminal: Terminal, *, as_json: bool) -> None:
    def ready(simulator: Simulator) -> None:
        if as_json:
            terminal.write_json(simulator.addresses())
        else:
            _print_addresses(simulator, terminal)

    await run(settings, ready=ready, stop=stop_on_signals())


def _print_addresses(simulator: Simulator, terminal: Terminal) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
    for title in ("provider", "base URL", "models", "speaks"):
        table.add_column(title, overflow="fold")
    for provider in simulator.providers:
        models = ", ".join(model.id for model in provider.character.models)
        table.add_row(provider.name, provider.base_url, models, provider.character.wire_format)
    terminal.out.print(table)
    first = simulator.providers[0].name
    control = simulator.control_url
    terminal.out.print(f"\ncontrol   {control}", soft_wrap=True)
    for meaning, command in (
        ("kill", f"curl -X POST {control}/providers/{first}/kill"),
        ("revive", f"curl -X POST {control}/providers/{first}/revive"),
        ("log", f"curl {control}/log"),
    ):
        terminal.out.print(f"{meaning:9} [dim]{command}[/]", soft_wrap=True)
    terminal.out.print("\n[dim]Ctrl-C stops it.[/]")
    terminal.out.file.flush()
