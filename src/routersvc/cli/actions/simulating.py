"""The command `simulate`: providers to try the router on, and to fail on demand."""

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
class Cast:
    """What the options say of the providers to play; unset ones leave it to the settings."""

    config: Path | None = None
    providers: tuple[str, ...] = ()
    host: str | None = None
    port: int | None = None
    control_port: int | None = None


DEFAULT_PORT = 4010
DEFAULT_CONTROL_PORT = 4009


def simulate(cast: Cast, *, as_json: bool) -> None:
    """Play providers until SIGINT or SIGTERM.

    Raises:
        CommandError: the settings are wrong, or a port is taken.
    """
    terminal = Terminal.of_process()
    try:
        settings = settings_of(cast)
        with runner() as loop:
            loop.run(_run(settings, terminal, as_json=as_json))
    except SettingError as error:
        raise CommandError(str(error), ExitCode.CONFIGURATION) from error
    except PortUnavailableError as error:
        raise CommandError(str(error)) from error


def settings_of(cast: Cast) -> SimulatorSettings:
    """Return the settings of the file, or those of three providers, with the options over them.

    Raises:
        SettingError: the file or an option is wrong.
    """
    port, control_port = cast.port, cast.control_port
    try:
        if cast.config is not None:
            settings = SimulatorSettings.from_file(cast.config)
        else:
            port = DEFAULT_PORT if port is None else port
            control_port = DEFAULT_CONTROL_PORT if control_port is None else control_port
            settings = SimulatorSettings.demonstration()
        if cast.providers:
            players = tuple(
                provider_of_option(text, seed) for seed, text in enumerate(cast.providers)
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
            host=settings.host if cast.host is None else cast.host,
            control_port=settings.control_port if control_port is None else control_port,
        )
    except ValueError as error:
        raise SettingError(str(error)) from error


async def _run(settings: SimulatorSettings, terminal: Terminal, *, as_json: bool) -> None:
    def tell(simulator: Simulator) -> None:
        if as_json:
            terminal.write_json(simulator.addresses())
        else:
            _tell(simulator, terminal)

    await run(settings, ready=tell, stop=stop_on_signals())


def _tell(simulator: Simulator, terminal: Terminal) -> None:
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
    terminal.out.print("\n[dim]Ctrl-C ends it.[/]")
    terminal.out.file.flush()
