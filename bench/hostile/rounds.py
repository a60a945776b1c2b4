"""One attack after another on one router, beside a quiet caller, and what each cost that caller."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import pathlib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from unittest import mock

from bench.hostile.attacks import ATTACKS, Said
from bench.hostile.bystander import SERVED
from bench.processes import cpu_time, first_line, resident_memory, run_router, running

ATTACKER_KEY, BYSTANDER_KEY = "key-of-the-attacking-tenant-0123", "key-of-the-quiet-tenant-01234567"
QUIET = 10.0
"""Seconds before the first attack, in which the quiet caller is alone."""

WARMED = 3
"""Attacks that run once, briefly, before anything is measured."""

CALM = 3.0
"""Seconds after an attack until the memory is read."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What the quiet caller and the router met during one attack.

    `turn` is the longest turn of the router's event loop, in CPU seconds; `memory` is what the
    router has in use afterwards, in bytes; `said` is how the attacker's calls ended.
    """

    name: str
    calls: int
    lost: int
    median: float
    slowest: float
    turn: float
    cpu: float
    memory: int
    said: Said


def settings(provider_port: int, edge: str) -> dict[str, object]:
    """Return the settings of the router: defaults, two tenants, and detection."""
    model = {"context_window": 4_000_000, "prices": {"input": 3, "output": 15}}
    return {
        "providers": {
            "p": {
                "wire_format": "openai_chat",
                "base_url": f"http://127.0.0.1:{provider_port}/v1",
                "api_key": "env:PROVIDER_KEY",
                "compliance": {"data_classes": ["pii"]},
            }
        },
        "models": {
            "m": {
                **model,
                "capabilities": [
                    "streaming", "system_prompt", "sampling", "tools", "json_schema", "json_object",
                ],
            }
        },
        "deployments": {"d": {"provider": "p", "model": "m"}},
        "policies": {"default": {"deployments": ["d"]}},
        "server": {
            "listen": ["127.0.0.1:0"],
            "drain": {"notice_delay": "0s", "grace": "1s"},
            "edge": edge,
        },
        "fleet": {"checks": {"method": "off"}, "concurrency": {"initial": 1_000}},
        "tenants": {
            "attacker": {"api_keys": ["env:ATTACKER_KEY"]},
            "quiet": {"api_keys": ["env:BYSTANDER_KEY"]},
        },
        "detection": {
            "data_classes": {
                "pii": {
                    "kinds": [
                        "email", "phone_number", "payment_card", "iban", "national_id", "passport",
                        "medical_record",
                    ],
                    "min_count": 3,
                }
            },
            "phone_regions": ["US", "DE"],
        },
    }  # fmt: skip


def measure(names: Sequence[str], seconds: float, folder: pathlib.Path, edge: str) -> list[Round]:
    """Return the quiet round, and one for each attack."""
    keys = {
        "PROVIDER_KEY": "key-of-the-provider",
        "ATTACKER_KEY": ATTACKER_KEY,
        "BYSTANDER_KEY": BYSTANDER_KEY,
    }
    turns, log = folder / "turns.txt", folder / "provider.log"
    watched = ("-m", "bench.hostile.watched_router", str(turns))
    with (
        mock.patch.dict(os.environ, keys),
        running(["-m", "bench.hostile.provider"], log) as provider,
        run_router(settings(int(first_line(provider, log)), edge), folder, *watched) as router,
        (folder / "calls.txt").open("w", encoding="utf-8") as calls,
        subprocess.Popen(  # noqa: S603 - a module of this project
            [sys.executable, "-m", "bench.hostile.bystander", router.address, BYSTANDER_KEY],
            stdin=subprocess.PIPE,
            stdout=calls,
        ) as bystander,
    ):
        for warmed in names[:WARMED]:
            # What a process allocates once is not growth.
            asyncio.run(_awaited(ATTACKS[warmed](router.address, ATTACKER_KEY, CALM)))
        time.sleep(CALM)
        spans: list[tuple[str, float, float, float, int, Said]] = []
        for name in (None, *names):
            began, used = time.monotonic(), cpu_time(router.pid)
            said: Said = Counter()
            if name is None:
                time.sleep(QUIET)
            else:
                attack = ATTACKS[name](router.address, ATTACKER_KEY, seconds)
                said = asyncio.run(_awaited(attack))
            time.sleep(CALM)
            spent = cpu_time(router.pid) - used
            spans.append(
                (
                    name or "quiet",
                    began,
                    time.monotonic(),
                    spent.user + spent.kernel,
                    resident_memory(router.pid),
                    said,
                )
            )
            print(f"{name or 'quiet'}: {dict(said)}", file=sys.stderr)
        if bystander.stdin is not None:
            bystander.stdin.close()
        bystander.wait()
    heard = [line.split(maxsplit=2) for line in (folder / "calls.txt").read_text().splitlines()]
    long_turns = [tuple(map(float, line.split())) for line in turns.read_text().splitlines()]
    return [_round(span, heard, long_turns) for span in spans]


async def _awaited(attack: Awaitable[Said]) -> Said:
    return await attack


def _round(
    span: tuple[str, float, float, float, int, Said],
    heard: Sequence[Sequence[str]],
    long_turns: Sequence[tuple[float, ...]],
) -> Round:
    name, began, ended, cpu, memory, said = span
    within = [line for line in heard if began <= float(line[0]) < ended]
    took = sorted(float(line[1]) for line in within) or [0.0]
    return Round(
        name=name,
        calls=len(within),
        lost=sum(line[2] != SERVED for line in within),
        median=took[len(took) // 2],
        slowest=took[int(len(took) * 0.99)],
        turn=max((used for at, used in long_turns if began <= at < ended), default=0.0),
        cpu=cpu,
        memory=memory,
        said=said,
    )
