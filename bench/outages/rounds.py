"""Makes the calls of one fault: rounds without it, then rounds under it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import pathlib
import tempfile
from collections.abc import Mapping

from bench.loops import loop_factory
from bench.outages.callers import MAX_OUTPUT_TOKENS, WHOLE, Caller, Result
from bench.outages.faults import CASES, FaultCase, Strike
from bench.processes import run_router, run_simulator
from bench.sockets.controls import SimulatorControl, open_control
from bench.sockets.stages import MODEL, router_settings

PRIMARY, BACKUP = "primary", "backup"
BEFORE = 4
"""Rounds before the fault."""

ROUNDS = 5
"""Rounds under the fault; each is a unary call and a streamed one at the same time."""

PAUSE = 0.3
_CUT_AFTER = 0.6
_BEHAVIOUR = {
    "time_to_first_token": 0.15,
    "time_between_tokens": 0.015,
    "answer": {"kind": "fixed", "text": WHOLE},
}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """The calls of one fault, before it and under it."""

    name: str
    before: tuple[Result, ...]
    under: tuple[Result, ...]


def measure(number: int) -> Measured:
    """Run one fault of the table in processes of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=loop_factory()) as runner,
    ):
        return runner.run(_measure(CASES[number], pathlib.Path(folder)))


async def _measure(case: FaultCase, folder: pathlib.Path) -> Measured:
    simulator = {
        "control_port": 0,
        "providers": [
            {"name": name, "port": 0, "seed": seed, "behaviour": _BEHAVIOUR}
            for seed, name in enumerate((PRIMARY, BACKUP))
        ],
    }
    with contextlib.ExitStack() as stack:
        simulated = stack.enter_context(run_simulator(simulator, folder))
        router = stack.enter_context(run_router(_settings(simulated.base_urls), folder))
        caller = Caller(router.address)
        try:
            async with open_control(simulated.control_url) as control:
                before = await _rounds(caller, BEFORE)
                await _begin(case, control)
                under = await _rounds(
                    caller, ROUNDS, control if case.strike is Strike.CUT else None
                )
        finally:
            await caller.close()
    return Measured(name=case.name, before=tuple(before), under=tuple(under))


def _settings(base_urls: Mapping[str, str]) -> dict[str, object]:
    settings = router_settings(base_urls, {"order": "fixed"}, {})
    model = {
        "context_window": 128_000,
        "max_output_tokens": MAX_OUTPUT_TOKENS,
        "prices": {"input": 1, "output": 4},
    }
    return {**settings, "models": {MODEL: model}}


async def _begin(case: FaultCase, control: SimulatorControl) -> None:
    for fault in case.backup_faults:
        await control.inject(BACKUP, fault)
    for fault in case.faults:
        await control.inject(PRIMARY, fault)
    if case.strike is Strike.KILL:
        await control.kill(PRIMARY)


async def _rounds(
    caller: Caller, rounds: int, cutting: SimulatorControl | None = None
) -> list[Result]:
    results: list[Result] = []
    for _ in range(rounds):
        async with asyncio.TaskGroup() as group:
            pair = group.create_task(caller.pair())
            if cutting is not None:
                group.create_task(_cut(cutting))
        results += pair.result()
        await asyncio.sleep(PAUSE)
    return results


async def _cut(control: SimulatorControl) -> None:
    await asyncio.sleep(_CUT_AFTER)
    await control.cut(PRIMARY)
