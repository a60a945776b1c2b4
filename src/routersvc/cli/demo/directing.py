"""Runs the scenes of the demo."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import aiohttp
import yaml
from rich.live import Live

from routersvc.cli.actions.calling import print_stream
from routersvc.cli.actions.router_calls import errors_reported
from routersvc.cli.demo.callers import Caller, DirectCaller, RoutedCaller, make_calls
from routersvc.cli.demo.outcomes import Outcome, Tally
from routersvc.cli.demo.programs import running
from routersvc.cli.demo.result import result_entries
from routersvc.cli.demo.scenario import (
    ANSWER,
    PRIMARY,
    QUESTION,
    Scenario,
    router_settings,
    scenario,
    simulator_settings,
)
from routersvc.cli.demo.views import (
    DIRECT,
    ROUTED,
    cast_table,
    picture,
    progress_line,
    result_table,
    verdict,
)
from routersvc.cli.exit_codes import CommandError
from routersvc.cli.views.explanation_views import print_explanation
from routersvc.cli.views.terminal import Terminal
from routersvc.grpc_api.client.client import RouterClient
from routersvc.grpc_api.client.messages import (
    ExplainRouteRequest,
    StreamCompleteRequest,
    read_message,
)

_PICTURES_PER_SECOND = 8
_SECONDS_PER_LINE = 5.0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DemoOptions:
    """Options of the command: `calls` at `rate` per second, random choices from `seed`."""

    calls: int
    rate: float
    seed: int
    as_json: bool


def demo(options: DemoOptions) -> None:
    """Run the demo, and stop every process that it started.

    Raises:
        CommandError: a call failed, or a program did not start.
    """
    terminal = Terminal.of_process()
    # With `--json` the scenes go to standard error, the result to standard output.
    stage = Terminal(out=terminal.err, err=terminal.err) if options.as_json else terminal
    plot = scenario(calls=options.calls, rate=options.rate, seed=options.seed)
    with (
        tempfile.TemporaryDirectory(prefix="routersvc-demo-") as folder,
        errors_reported(terminal, as_json=options.as_json),
    ):
        tallies = asyncio.run(_perform(plot, stage, Path(folder)))
    if options.as_json:
        terminal.write_json(result_entries(tallies, plot))
    if tallies[ROUTED].failed:
        raise CommandError(f"{tallies[ROUTED].failed} calls failed {ROUTED}")


async def _perform(plot: Scenario, stage: Terminal, folder: Path) -> Mapping[str, Tally]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        # As Ctrl-C does: cancel this task, which ends the programs, and leave.
        loop.add_signal_handler(number, signal.raise_signal, signal.SIGINT)
    async with contextlib.AsyncExitStack() as stack:
        cast_file = _written(folder / "simulator.yaml", simulator_settings())
        addresses = await stack.enter_async_context(
            running("simulate", "--json", "--config", cast_file, folder=folder)
        )
        providers = cast("dict[str, dict[str, str]]", addresses["providers"])
        base_urls = {name: provider["base_url"] for name, provider in providers.items()}
        router_file = _written(folder / "router.yaml", router_settings(base_urls))
        served = await stack.enter_async_context(
            running("serve", "--json", "--config", router_file, folder=folder)
        )
        address = cast("list[str]", served["addresses"])[0]
        client = await stack.enter_async_context(RouterClient(address, timeout=plot.timeout))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        director = _Director(
            stage=stage,
            plot=plot,
            client=client,
            session=session,
            base_url=base_urls[PRIMARY],
            control_url=f"{addresses['control_url']}/providers/{PRIMARY}",
        )
        stage.out.print(
            "\n[bold]Three simulated providers and a router, each over real sockets.[/]"
        )
        stage.out.print(cast_table(base_urls, address))
        stage.out.print(
            f"Status page, while the demo runs: http://{served['status_address']}/", markup=False
        )
        await director.stream_an_answer()
        await director.explain_a_route()
        tallies = await director.live_through_an_outage()
    stage.out.print(result_table(tallies))
    stage.out.print(verdict(tallies))
    return tallies


def _written(path: Path, settings: Mapping[str, object]) -> str:
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return str(path)


@dataclasses.dataclass(kw_only=True, slots=True)
class _Director:
    """Shows the scenes; `control_url` is the control endpoint of the primary."""

    stage: Terminal
    plot: Scenario
    client: RouterClient
    session: aiohttp.ClientSession
    base_url: str
    control_url: str
    primary_dead: bool = False

    async def stream_an_answer(self) -> None:
        """Show a streamed answer."""
        self._headline(1, "An answer, token by token", f'routersvc stream "{QUESTION}"')
        spoken = {
            "answer": {"kind": "fixed", "text": ANSWER},
            "time_between_tokens": {"kind": "constant", "value": 0.035},
        }
        usual = await self._control("GET", "behaviour")
        await self._control("PATCH", "behaviour", spoken)
        request = read_message(StreamCompleteRequest, {"prompt": _prompt(QUESTION)})
        line = await print_stream(self.client, request, self.stage)
        await self._control("PUT", "behaviour", usual)
        self.stage.out.print(line, style="dim", markup=False)

    async def explain_a_route(self) -> None:
        """Show the explanation of a request."""
        self._headline(
            2,
            "Why a request is routed as it is",
            "routersvc explain, for a request that may be processed in the EU only",
        )
        limits = {"constraints": {"allowed_regions": ["eu"]}}
        request = read_message(
            ExplainRouteRequest,
            {"prompt": _prompt(QUESTION), "routing": limits, "streaming": True},
        )
        response = await self.client.explain(request)
        print_explanation(self.stage.out, response.explanation)

    async def live_through_an_outage(self) -> Mapping[str, Tally]:
        """Make all calls with both callers while the primary is killed and revived."""
        plot = self.plot
        self._headline(
            3,
            f"{len(plot.jobs)} calls in {plot.duration:.0f} s, half of them streams, "
            f"while {PRIMARY} is killed and revived",
            "the same calls go straight to the provider at the same time",
        )
        tallies = {ROUTED: Tally(plot), DIRECT: Tally(plot)}

        def take(name: str, outcome: Outcome) -> None:
            tallies[name].add(outcome)

        callers: dict[str, Caller] = {
            ROUTED: RoutedCaller(self.client),
            DIRECT: DirectCaller(self.session, self.base_url, timeout=plot.timeout),
        }
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.TaskGroup() as group:
                reporter = group.create_task(self._report(tallies, started))
                outage = group.create_task(self._outage(started))
                await make_calls(plot.jobs, callers, take, started=started)
                await outage
                reporter.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors
        return tallies

    async def _outage(self, started: float) -> None:
        loop = asyncio.get_running_loop()
        for at, order in ((self.plot.killed_at, "kill"), (self.plot.revived_at, "revive")):
            await asyncio.sleep(max(0.0, started + at - loop.time()))
            self.primary_dead = order == "kill"
            await self._control("POST", order)

    async def _report(self, tallies: Mapping[str, Tally], started: float) -> None:
        """Show the progress until cancelled, and once more at the end."""
        loop = asyncio.get_running_loop()
        if not self.stage.is_live:
            try:
                while True:
                    await asyncio.sleep(_SECONDS_PER_LINE)
                    self._print_line(tallies, loop.time() - started)
            finally:
                self._print_line(tallies, loop.time() - started)
        with Live(console=self.stage.out, auto_refresh=False) as live:
            try:
                while True:
                    self._draw(live, tallies, loop.time() - started)
                    await asyncio.sleep(1 / _PICTURES_PER_SECOND)
            finally:
                self._draw(live, tallies, loop.time() - started)

    def _print_line(self, tallies: Mapping[str, Tally], elapsed: float) -> None:
        self.stage.out.print(progress_line(tallies, elapsed, dead=self.primary_dead))
        self.stage.out.file.flush()

    def _draw(self, live: Live, tallies: Mapping[str, Tally], elapsed: float) -> None:
        live.update(picture(tallies, self.plot, elapsed, dead=self.primary_dead), refresh=True)

    def _headline(self, number: int, title: str, below: str) -> None:
        self.stage.out.print(f"\n[bold cyan]{number}[/]  [bold]{title}[/]", soft_wrap=True)
        self.stage.out.print(f"   {below}\n", style="dim", markup=False, soft_wrap=True)

    async def _control(self, method: str, order: str, entries: object | None = None) -> object:
        url = f"{self.control_url}/{order}"
        try:
            async with self.session.request(method, url, json=entries) as response:
                answer: object = await response.json()
        except aiohttp.ClientError as error:
            raise CommandError(f"the simulator is gone: {error}") from error
        if not response.ok:
            raise CommandError(f"the simulator refused `{order}`: {answer}")
        return answer


def _prompt(text: str) -> dict[str, object]:
    return {"messages": [{"role": "ROLE_USER", "parts": [{"text": text}]}]}
