"""One trial: a router among simulated providers whose settings are reloaded while callers call.

Good settings change in turn: prices, a provider's connections, its API key in a file, the callers'
keys and the deployments of the policy. Broken ones are broken in turn too. One provider refuses
connections throughout: its breaker has to keep its state.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import io
from collections import Counter
from pathlib import Path

from llmrouter.v1.prompt_pb2 import ROLE_USER, Message, Part, Prompt
from llmrouter.v1.router_service_pb2 import CompleteRequest, StreamCompleteRequest
from routersvc.app.application import Application, open_application
from routersvc.app.wire_formats import known_wire_formats
from routersvc.grpc_api.client.client import CallError, RouterClient
from routersvc.settings.loading import load_settings
from routersvc.settings.settings import Settings
from routersvc.simulator import Behaviour, Constant, Fixed, ProviderCharacter, Simulator

ANSWER = " ".join(f"word{place}" for place in range(20))
CALLERS_KEY = "the-key-of-the-callers"
PROVIDER_KEYS = ("first-key-at-the-provider", "second-key-at-the-provider")
PROMPT = Prompt(messages=[Message(role=ROLE_USER, parts=[Part(text="Tell me something.")])])
BEHAVIOUR = Behaviour(
    time_to_first_token=Constant(value=0.02),
    time_between_tokens=Constant(value=0.004),
    answer=Fixed(text=ANSWER),
)
DOWN = "gamma"
GOOD_KINDS = 5
BROKEN_KINDS = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """How many reloads, and how many calls: `callers` at a time, or `rate` per second."""

    reloads: int
    callers: int = 8
    rate: float | None = None
    calls_between: int = 4


@dataclasses.dataclass(kw_only=True)
class Findings:
    """What a trial showed. `left` counts what still ran or was open at its end."""

    served: int = 0
    failed: Counter[str] = dataclasses.field(default_factory=Counter[str])
    applied: int = 0
    refused: int = 0
    openings: list[int] = dataclasses.field(default_factory=list[int])
    left: dict[str, int] = dataclasses.field(default_factory=dict[str, int])

    @property
    def forgot_breaker(self) -> bool:
        """Whether the count of openings of the broken provider ever fell, or never rose."""
        return self.openings != sorted(self.openings) or not self.openings[-1]


async def run(folder: Path, trial: Trial) -> Findings:
    """Run a trial with its files in `folder`."""
    characters = [
        ProviderCharacter(name=name, behaviour=BEHAVIOUR, api_keys=PROVIDER_KEYS)
        for name in ("alpha", "beta", DOWN)
    ]
    findings = Findings()
    async with Simulator.start(characters) as simulator:
        file = folder / "settings.yaml"
        urls = {provider.name: provider.base_url for provider in simulator.providers}
        await next(it for it in simulator.providers if it.name == DOWN).kill()
        _write(file, urls, 0)

        def load() -> Settings:
            return load_settings(file, environment={}, known_wire_formats=known_wire_formats())

        async with (
            open_application(
                load(), stream=io.StringIO(), wall_clock=lambda: 1_800_000_000.0, load=load
            ) as application,
            RouterClient(application.addresses[0], timeout=30.0, api_key=CALLERS_KEY) as client,
        ):
            callers = _Callers(client, findings, trial)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(callers.run())
                for number in range(trial.reloads):
                    await callers.until(trial.calls_between)
                    await _reload(application, file, urls, number)
                    findings.openings.append(_openings(application))
                await callers.until(trial.calls_between)
                callers.stop()
            await application.router.wait_idle()
            status = application.router.reloads
            findings.applied, findings.refused = status.applied, status.refused
            findings.left = await _left(application)
    return findings


async def _reload(application: Application, file: Path, urls: dict[str, str], number: int) -> None:
    """Write other settings, broken every second time, and reload them."""
    _write(file, urls, number)
    if application.reloader is None:
        raise AssertionError("the service was opened with a way to reload")
    await application.reloader.reload("trial")


def _write(file: Path, urls: dict[str, str], number: int) -> None:
    if number % 2:
        file.write_text(_broken(_settings(urls, number), number // 2))
    else:
        (file.parent / "key").write_text(PROVIDER_KEYS[number // 2 % 2])
        file.write_text(_settings(urls, number // 2))


def _settings(urls: dict[str, str], number: int) -> str:
    """Return good settings; each number differs from the one before."""
    kind = number % GOOD_KINDS
    price = 1 + number
    hashed = hashlib.sha256(CALLERS_KEY.encode()).hexdigest()
    order = ["gamma-large", "alpha-large", "beta-large"]
    if kind == 1:
        order[1:] = reversed(order[1:])
    lines = ["server:", '  listen: ["127.0.0.1:0"]', "  reload: {watch: false}"]
    lines += ["fleet:", "  checks: {method: off}", "providers:"]
    for name, url in urls.items():
        limit = 200 + (number if kind == 2 and name == "alpha" else 0)  # noqa: PLR2004 - one kind
        lines += [
            f"  {name}:",
            "    wire_format: openai_chat",
            f"    base_url: {url}",
            "    api_key: file:key",
            f"    connections: {{limit: {limit}}}",
        ]
    prices = f"{{input: {price}, output: {price}}}"
    lines += [
        "models:",
        f"  sim-large: {{context_window: 128000, capabilities: [streaming], prices: {prices}}}",
        "deployments:",
        *(f"  {name}-large: {{provider: {name}, model: sim-large}}" for name in urls),
        "policies:",
        f"  default: {{order: fixed, deployments: [{', '.join(order)}]}}",
        "tenants:",
        f"  callers: {{api_key_hashes: ['sha256:{hashed}']}}",
    ]
    if kind == 3:  # noqa: PLR2004 - one kind
        lines.append(f"  more: {{api_key_hashes: ['sha256:{number:064x}']}}")
    return "\n".join(lines)


def _broken(text: str, number: int) -> str:
    """Return settings with a mistake."""
    match number % BROKEN_KINDS:
        case 0:
            return text[: len(text) // 2] + "\n  : ["
        case 1:
            return text.replace("file:key", "file:not-there")
        case 2:
            return text.replace("deployments: [gamma-large", "deployments: [nobody")
        case _:
            return ""


class _Callers:
    """Callers that unary and streaming calls alternate for, until they are stopped."""

    def __init__(self, client: RouterClient, findings: Findings, trial: Trial) -> None:
        self._client = client
        self._findings = findings
        self._trial = trial
        self._stopped = False
        self._ended = asyncio.Event()
        self._count = 0

    def stop(self) -> None:
        self._stopped = True

    async def until(self, calls: int) -> None:
        """Wait until so many more calls have ended."""
        wanted = self._count + calls
        while self._count < wanted:
            self._ended.clear()
            await self._ended.wait()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            if self._trial.rate is None:
                for caller in range(self._trial.callers):
                    tasks.create_task(self._one_after_another(streaming=caller % 2 == 0))
                return
            loop = asyncio.get_running_loop()
            began, number = loop.time(), 0
            while not self._stopped:
                tasks.create_task(self._call(streaming=number % 2 == 0))
                number += 1
                await asyncio.sleep(max(0.0, began + number / self._trial.rate - loop.time()))

    async def _one_after_another(self, *, streaming: bool) -> None:
        while not self._stopped:
            await self._call(streaming=streaming)

    async def _call(self, *, streaming: bool) -> None:
        try:
            if streaming:
                text = ""
                async for event in self._client.stream(StreamCompleteRequest(prompt=PROMPT)):
                    text += event.content_delta.text
            else:
                response = await self._client.complete(CompleteRequest(prompt=PROMPT))
                text = "".join(part.text for part in response.message.parts)
            if text == ANSWER:
                self._findings.served += 1
            else:
                self._findings.failed["wrong answer"] += 1
        except CallError as error:
            self._findings.failed[str(error)] += 1
        finally:
            self._count += 1
            self._ended.set()


def _openings(application: Application) -> int:
    (health,) = application.router.health(deployments=(f"{DOWN}-large",))
    return health.breaker.opened_total


async def _left(application: Application) -> dict[str, int]:
    """Return what still runs or is open, though no call does; empty if nothing is left."""
    router = application.router
    await application.gateways.settled()
    counts = {
        "active calls": router.active_calls,
        "running attempts": router.running_attempts,
        "waiting tickets": router.waiting_tickets,
        "running tasks": router.running_tasks,
        "reservations": router.reservations,
        "earlier configurations": router.retired_generations,
        "earlier gateways": application.gateways.open_gateways - 1,
        "connections in use": sum(
            it.in_use for it in application.gateways.current.connections.values()
        ),
    }
    return {name: count for name, count in counts.items() if count}
