"""The command `health`: the health of the deployments, once or live, or of the router alone."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from routersvc.cli.actions.router_calls import (
    CallSettings,
    error_entries,
    errors_reported,
    exit_code_of,
    sentence_of,
)
from routersvc.cli.exit_codes import ExitCode
from routersvc.cli.options.call_options import BriefCallOptions
from routersvc.cli.views.health_views import health_table
from routersvc.cli.views.terminal import Terminal
from routersvc.grpc_api.client.client import CallError
from routersvc.grpc_api.client.messages import (
    ProviderHealthRequest,
    ProviderHealthResponse,
    read_message,
    to_json,
)
from routersvc.grpc_api.client.readiness import check_serving


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HealthFilters:
    """Which deployments are shown; an empty filter passes everything."""

    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    deployments: tuple[str, ...] = ()
    states: tuple[str, ...] = ()

    def request(self) -> ProviderHealthRequest:
        """Return the request with these filters."""
        return read_message(
            ProviderHealthRequest,
            {
                "providers": self.providers,
                "models": self.models,
                "deployments": self.deployments,
                "states": [f"HEALTH_STATE_{state.upper()}" for state in self.states],
            },
        )


def health(filters: HealthFilters, call: BriefCallOptions, *, interval: float | None) -> None:
    """Print the health of the deployments, once or every `interval` seconds until interrupted.

    Raises:
        CommandError: the call failed. While watching, lost connections are retried instead.
    """
    terminal = Terminal.of_process()
    settings = CallSettings.of(call)
    with errors_reported(terminal, as_json=settings.as_json):
        if interval is None:
            asyncio.run(_show(filters.request(), settings, terminal))
        else:
            asyncio.run(_watch(filters.request(), settings, terminal, interval))


def serving(call: BriefCallOptions) -> None:
    """Return if the router serves, by `grpc.health.v1`, which needs no API key; print nothing else.

    Raises:
        CommandError: the router is not reachable, or it is draining.
    """
    terminal = Terminal.of_process()
    settings = CallSettings.of(dataclasses.replace(call, api_key=None))
    with errors_reported(terminal, as_json=settings.as_json):
        asyncio.run(check_serving(settings.address, limit=settings.timeout, tls=settings.tls))
    if settings.as_json:
        terminal.write_json({"serving": True})


async def _show(request: ProviderHealthRequest, settings: CallSettings, terminal: Terminal) -> None:
    async with settings.client() as client:
        _print(await client.health(request), settings, terminal)


async def _watch(
    request: ProviderHealthRequest, settings: CallSettings, terminal: Terminal, interval: float
) -> None:
    async with settings.client() as client:
        with contextlib.ExitStack() as stack:
            live: Live | None = None
            if terminal.is_live and not settings.as_json:
                live = stack.enter_context(Live(console=terminal.out, auto_refresh=False))
            while True:
                try:
                    response = await client.health(request)
                except CallError as error:
                    if exit_code_of(error) is not ExitCode.NOT_CONNECTED:
                        raise
                    _report_retry(error, settings, terminal, live)
                else:
                    if live is None:
                        _print(response, settings, terminal)
                    else:
                        live.update(_screen(response, settings, terminal), refresh=True)
                await asyncio.sleep(interval)


def _print(response: ProviderHealthResponse, settings: CallSettings, terminal: Terminal) -> None:
    if settings.as_json:
        terminal.write_json(to_json(response))
    else:
        terminal.out.print(health_table(response, terminal.out.width))


def _screen(
    response: ProviderHealthResponse, settings: CallSettings, terminal: Terminal
) -> RenderableType:
    observed = response.observed_time.ToDatetime().strftime("%H:%M:%S UTC")
    caption = Text(f"{settings.address} at {observed}, Ctrl-C stops", style="dim")
    return Group(health_table(response, terminal.out.width), caption)


def _report_retry(
    error: CallError, settings: CallSettings, terminal: Terminal, live: Live | None
) -> None:
    if settings.as_json:
        terminal.write_json({"error": error_entries(error)})
    elif live is None:
        terminal.note(f"{sentence_of(error)}; retrying")
    else:
        live.update(Text(f"{sentence_of(error)}; retrying", style="red"), refresh=True)
