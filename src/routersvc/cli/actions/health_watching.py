"""The command `health`: how the deployments fare, once or as it changes."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from routersvc.cli.actions.manners import (
    Manner,
    error_entries,
    exit_code_of,
    failures_told,
    sentence_of,
)
from routersvc.cli.exits import ExitCode
from routersvc.cli.views.health_views import health_table
from routersvc.cli.views.terminal import Terminal
from routersvc.grpc_api.client.client import CallError
from routersvc.grpc_api.client.messages import (
    ProviderHealthRequest,
    ProviderHealthResponse,
    read_message,
    to_json,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Interest:
    """Which deployments are shown; an empty field lets everything pass."""

    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    deployments: tuple[str, ...] = ()
    states: tuple[str, ...] = ()

    def request(self) -> ProviderHealthRequest:
        """Return the filters as the contract has them."""
        return read_message(
            ProviderHealthRequest,
            {
                "providers": self.providers,
                "models": self.models,
                "deployments": self.deployments,
                "states": [f"HEALTH_STATE_{state.upper()}" for state in self.states],
            },
        )


def health(interest: Interest, manner: Manner, *, interval: float | None) -> None:
    """Print how the deployments fare, once, or again every `interval` seconds until interrupted.

    Raises:
        CommandError: the router does not say. While watching, only for what waiting cannot mend.
    """
    terminal = Terminal.of_process()
    with failures_told(terminal, as_json=manner.as_json):
        if interval is None:
            asyncio.run(_show(interest.request(), manner, terminal))
        else:
            asyncio.run(_watch(interest.request(), manner, terminal, interval))


async def _show(request: ProviderHealthRequest, manner: Manner, terminal: Terminal) -> None:
    async with manner.client() as client:
        _print(await client.health(request), manner, terminal)


async def _watch(
    request: ProviderHealthRequest, manner: Manner, terminal: Terminal, interval: float
) -> None:
    async with manner.client() as client:
        with contextlib.ExitStack() as stack:
            live: Live | None = None
            if terminal.is_live and not manner.as_json:
                live = stack.enter_context(Live(console=terminal.out, auto_refresh=False))
            while True:
                try:
                    response = await client.health(request)
                except CallError as error:
                    if exit_code_of(error) is not ExitCode.NOT_CONNECTED:
                        raise
                    _tell_waiting(error, manner, terminal, live)
                else:
                    if live is None:
                        _print(response, manner, terminal)
                    else:
                        live.update(_screen(response, manner, terminal), refresh=True)
                await asyncio.sleep(interval)


def _print(response: ProviderHealthResponse, manner: Manner, terminal: Terminal) -> None:
    if manner.as_json:
        terminal.write_json(to_json(response))
    else:
        terminal.out.print(health_table(response, terminal.out.width))


def _screen(response: ProviderHealthResponse, manner: Manner, terminal: Terminal) -> RenderableType:
    observed = response.observed_time.ToDatetime().strftime("%H:%M:%S UTC")
    caption = Text(f"{manner.address} at {observed}, Ctrl-C ends", style="dim")
    return Group(health_table(response, terminal.out.width), caption)


def _tell_waiting(error: CallError, manner: Manner, terminal: Terminal, live: Live | None) -> None:
    if manner.as_json:
        terminal.write_json({"error": error_entries(error)})
    elif live is None:
        terminal.note(f"{sentence_of(error)}; still trying")
    else:
        live.update(Text(f"{sentence_of(error)}; still trying", style="red"), refresh=True)
