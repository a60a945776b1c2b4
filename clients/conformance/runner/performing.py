"""Performs one case with one driver, and tells what was not as the case says."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, cast

from clients.conformance.runner.cases import CALLS, Case, CaseError, Json, Step
from clients.conformance.runner.drivers import Call, Driver
from clients.conformance.runner.expectations import mismatches
from clients.conformance.runner.scripted import ScriptedServer
from clients.conformance.runner.servers import Server
from clients.conformance.runner.settings import name_of, named, plain_names
from clients.conformance.runner.tls import tls_front

from llmrouter import AsyncRouterClient, text_prompt
from llmrouter.v1.router_service_pb2 import StreamCompleteRequest
from llmrouter.v1.routing_pb2 import Routing
from routersvc.simulator import Behaviour, Fault, SimulatedProvider, Simulator
from routersvc.simulator.control.strict_reading import read

CASE_TIMEOUT = 300.0
"""Seconds that a case may take: far more than any needs."""

SETTLE_TIMEOUT = 60.0
"""Seconds in which providers must hear that a caller went away."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """Where a case is performed; `certificate` and `key` are files of the TLS front."""

    server: Server | ScriptedServer
    simulator: Simulator
    certificate: Path
    key: Path


async def perform(case: Case, driver: Driver, surroundings: Surroundings) -> list[str]:
    """Return a sentence for everything that was not as the case says."""
    performance = _Performance(case, driver, surroundings)
    try:
        async with asyncio.timeout(CASE_TIMEOUT), contextlib.AsyncExitStack() as stack:
            performance.stack = stack
            for place, step in enumerate(case.steps, start=1):
                problems = [f"step {place}: {it}" async for it in performance.step(step)]
                if problems:
                    return problems
    except TimeoutError:
        return [f"did not end within {CASE_TIMEOUT:.0f} s"]
    return []


class _Performance:
    def __init__(self, case: Case, driver: Driver, surroundings: Surroundings) -> None:
        self._case = case
        self._driver = driver
        self._server = surroundings.server
        self._simulator = surroundings.simulator
        self._surroundings = surroundings
        self._clients = 0
        self.stack = contextlib.AsyncExitStack()

    async def step(self, step: Step) -> AsyncGenerator[str]:
        """Do a step; yield what was not as it should be."""
        if step.kind in CALLS:
            async for problem in self._call(step):
                yield problem
            return
        value = step.value
        match step.kind:
            case "fault":
                keys = dict(value)
                self._provider(keys.pop("provider")).inject(read(Fault, keys))
            case "behave":
                keys = dict(value)
                self._provider(keys.pop("provider")).behave(read(Behaviour, keys))
            case "kill":
                await self._provider(value["provider"]).kill()
            case "revive":
                await self._provider(value["provider"]).revive()
            case "hold":
                await self._hold()
            case "drain":
                await self._server.drain()
            case "restart":
                await self._server.restart()
            case "stop":
                await self._server.stop()
            case "log":
                for problem in await self._compared_logs(value):
                    yield problem
            case _:
                raise CaseError(f"`{step.kind}` happens only while a call runs")

    async def _call(self, step: Step) -> AsyncGenerator[str]:
        async with self._client(step.client) as client:
            keys = {**step.value, "client": client}
            keys["request"] = self._request(keys)
            keys.pop("ask", None)
            call = await self._driver.send(step.kind, keys, self._plain_names)
            for deed in step.meanwhile:
                await self._meanwhile(deed, call)
            outcome = await call.ended()
        expected = dict(step.expect)
        events = cast("list[str] | None", expected.pop("events", None))
        usual = "finished" if step.kind == "stream" else "response"
        observed: Json = {
            **outcome,
            "first": call.events[0] if call.events else None,
            "last": call.events[-1] if call.events else None,
        }
        for problem in mismatches({"outcome": usual, **expected}, observed, step.kind):
            yield problem
        if events is not None and events != (kinds := list(_kinds(call.events))):
            yield f"{step.kind}.events: expected {events}, observed {kinds}"
        if outcome["outcome"] != expected.get("outcome", usual):
            yield f"{step.kind} ended so: {str(outcome)[:1000]}"

    async def _meanwhile(self, deed: Step, call: Call) -> None:
        match deed.kind:
            case "after_events":
                await call.until(lambda it: len(it.events) >= deed.value)
            case "in_flight":
                for name, count in deed.value.items():
                    await _in_flight(self._provider(name), count)
            case "cancel":
                await self._driver.do("cancel", call=call.id)
            case _:
                async for problem in self.step(deed):
                    raise CaseError(problem)

    @contextlib.asynccontextmanager
    async def _client(self, keys: Json) -> AsyncGenerator[str]:
        """Connect a client for one call, or take the one that the case keeps."""
        if not keys and self._clients:
            yield self._case.slug
            return
        name = f"{self._case.slug} {self._clients}" if keys else self._case.slug
        arguments: Json = {"client": name, "address": self._server.address, "plaintext": True}
        async with contextlib.AsyncExitStack() as stack:
            if keys.get("tls"):
                front = tls_front(
                    self._server.address, self._surroundings.certificate, self._surroundings.key
                )
                arguments["address"] = await stack.enter_async_context(front)
                arguments["ca_file"] = str(self._surroundings.certificate)
                del arguments["plaintext"]
            arguments |= {key: value for key, value in keys.items() if key != "tls"}
            if arguments.get("ca_file") == "":
                del arguments["ca_file"]
            await self._driver.do("connect", **arguments)
            if keys:
                yield name
                await self._driver.do("close", client=name)
            else:
                self._clients += 1
                self.stack.push_async_callback(self._driver.do, "close", client=name)
                yield name

    def _request(self, keys: Json) -> Json:
        if "ask" in keys:
            part = {"text": keys["ask"]}
            request: Json = {"prompt": {"messages": [{"role": "ROLE_USER", "parts": [part]}]}}
        else:
            request = named(self._case, keys["request"])
        if "prompt" in request:
            routing = {"policy": name_of(self._case, "case"), **request.get("routing", {})}
            request["routing"] = routing
        return request

    def _plain_names(self, line: str) -> str:
        return plain_names(self._case, line)

    def _provider(self, name: str) -> SimulatedProvider:
        return self._simulator.provider(name_of(self._case, name))

    async def _hold(self) -> None:
        client = AsyncRouterClient(self._server.address, plaintext=True)
        await self.stack.enter_async_context(client)
        events = client.stream(
            StreamCompleteRequest(
                prompt=text_prompt("Tell me everything."),
                routing=Routing(policy=name_of(self._case, "case")),
            )
        )
        await self.stack.enter_async_context(contextlib.aclosing(events))
        await anext(events)

    async def _compared_logs(self, expected: Json) -> list[str]:
        problems: list[str] = []
        for name, records in expected.items():
            provider = self._provider(name)
            try:
                async with asyncio.timeout(SETTLE_TIMEOUT):
                    await provider.settled()
            except TimeoutError:
                problems.append(f"log.{name}: a request still runs after {SETTLE_TIMEOUT:.0f} s")
            problems += mismatches(records, _log(provider), f"log.{name}")
        return problems


async def _in_flight(provider: SimulatedProvider, count: int) -> None:
    await provider.when(lambda activity: activity.requests_in_flight >= count)


def _log(provider: SimulatedProvider) -> list[dict[str, Any]]:
    """Return the requests to a provider, each with the seconds since the one before."""
    log: list[dict[str, Any]] = []
    before: float | None = None
    for record in provider.log:
        since = None if before is None else record.received_time - before
        log.append({**record.plain(), "after_previous": since})
        before = record.received_time
    return log


def _kinds(events: list[Json]) -> Iterator[str]:
    """Yield the kinds of events, repetitions of one kind once."""
    before = ""
    for event in events:
        (name,) = event
        kind = "".join(f"_{it.lower()}" if it.isupper() else it for it in name)
        if kind != before:
            yield kind
        before = kind
