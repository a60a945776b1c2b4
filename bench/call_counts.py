"""`python -m bench.call_counts`: how many functions the router runs for a call and for a token.

A regression gate without timing. Scripted calls go through the servicer, the engine, metrics and
log lines, in virtual time, to a gateway that answers at once; gRPC, HTTP and the adapters of the
providers are left out. Counted are the calls of Python functions of the router, steps of generators
and coroutines included, and the functions in C that they call. Each count is the same in every run,
and on every machine with the same minor version of Python.

With `--check` it exits with 1 where a count differs from `bench/results/call_counts.json` by more
than `TOLERANCE`, upwards or downwards: record work that was saved with `--write`.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import dataclasses
import json
import logging
import random as random_module
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, cast

from grpc import aio

import routersvc
from bench.reliability.instant_gateway import TOKENS, InstantGateway
from bench.tables import RESULTS, aligned
from llmrouter.v1 import prompt_pb2, routing_pb2
from llmrouter.v1.router_service_pb2 import CompleteRequest, StreamCompleteRequest
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.modes import HedgingMode, OrderMode
from routersvc.domain.catalogue.policies import HedgingRule, Policy
from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS
from routersvc.engine.router import Router, RouterConfiguration
from routersvc.grpc_api.servicers import DeadlineRule, RouterServicer
from routersvc.telemetry.call_lines import LOGGER_NAME
from routersvc.telemetry.metrics import Metrics
from routersvc.telemetry.observer import TelemetryObserver
from routersvc.testing.virtual_time import run_in_virtual_time
from routersvc.testing.worlds import TIMEOUTS, scripted_deployment

RECORD = RESULTS / "call_counts.json"
TOLERANCE = 0.05
WARM_UP = 300
"""Calls before the counted ones: enough for the percentiles of latencies."""

COUNTED = 20
PROMPT = "Write a function that tells whether a year is a leap year, please. " * 4
_SOURCES = str(Path(routersvc.__file__).parent)
_INLINED = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})
"""Functions that later versions of Python run without a call."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """Calls of one kind; `tokens` is the length of a stream, 0 for a whole answer."""

    name: str
    deployments: int
    order: OrderMode = OrderMode.BALANCED
    hedging: HedgingMode = HedgingMode.AUTO
    tokens: int = 0


UNARY = (
    Scenario(name="unary call, one deployment", deployments=1),
    Scenario(name="unary call, three deployments", deployments=3),
    Scenario(name="unary call, three deployments, ranked", deployments=3, order=OrderMode.RANKED),
    Scenario(name="unary call, no hedging", deployments=3, hedging=HedgingMode.OFF),
)
SHORT = Scenario(name="stream of one token", deployments=3, tokens=1)
LONG = Scenario(name=f"stream of {TOKENS} tokens", deployments=3, tokens=TOKENS)
TOKEN = "each further token"  # noqa: S105 - a word of an answer


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Calls of Python functions, and of functions in C, for one unit."""

    python: float
    c: float


def main() -> int:
    """Count, print, and compare or write as the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.call_counts", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the record")
    parser.add_argument("--write", action="store_true", help="write the record")
    options = parser.parse_args()
    found = _counted()
    known = _recorded()
    print(_table(found, known))
    if options.write:
        content = {
            "python": _version(),
            "counts": {name: dataclasses.asdict(counts) for name, counts in found.items()},
        }
        RECORD.write_text(f"{json.dumps(content, indent=2)}\n", encoding="utf-8")
    if not options.check:
        return 0
    if not known:
        print(f"recorded with another version of Python than {_version()}: not compared")
        return 0
    wrong = [name for name, counts in found.items() if differs(counts, known.get(name))]
    if wrong:
        print(f"more than {TOLERANCE:.0%} away from the record: {'; '.join(wrong)}")
        print("to fix: do less for each call, or run `python -m bench.call_counts --write`")
    return int(bool(wrong))


def _counted() -> dict[str, Counts]:
    found = {scenario.name: _count(scenario) for scenario in (*UNARY, SHORT, LONG)}
    short, long = found[SHORT.name], found.pop(LONG.name)
    more = LONG.tokens - SHORT.tokens
    found[TOKEN] = Counts(
        python=round((long.python - short.python) / more, 1), c=round((long.c - short.c) / more, 1)
    )
    return found


def _count(scenario: Scenario) -> Counts:
    return run_in_virtual_time(_calls(scenario))


async def _calls(scenario: Scenario) -> Counts:
    servicer = _servicer(scenario)
    prompt = prompt_pb2.Prompt(
        messages=[
            prompt_pb2.Message(role=prompt_pb2.ROLE_USER, parts=[prompt_pb2.Part(text=PROMPT)])
        ]
    )
    routing = routing_pb2.Routing(policy="scripted")
    asked = (StreamCompleteRequest if scenario.tokens else CompleteRequest)(
        prompt=prompt, routing=routing
    )
    raw = asked.SerializeToString()
    context = cast("aio.ServicerContext[Any, Any]", _Context())

    async def call() -> None:
        if scenario.tokens:
            await servicer.stream_complete(raw, context)
        else:
            await servicer.complete(raw, context)

    for _ in range(WARM_UP):
        await call()
    python: collections.Counter[CodeType] = collections.Counter()
    in_c = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal in_c
        code = frame.f_code
        if not code.co_filename.startswith(_SOURCES):
            return
        if event == "call" and code.co_name not in _INLINED:
            python[code] += 1
        elif event == "c_call":
            in_c += 1

    sys.setprofile(count)
    try:
        for _ in range(COUNTED):
            await call()
    finally:
        sys.setprofile(None)
    return Counts(python=round(python.total() / COUNTED, 1), c=round(in_c / COUNTED, 1))


class _Context:
    """What the servicer asks of a call: a minute is left, and nothing else is known."""

    def time_remaining(self) -> float:
        return 60.0

    def invocation_metadata(self) -> Sequence[tuple[str, str]]:
        return (("user-agent", "scripted"),)

    async def write(self, message: object) -> None:
        """Take a message."""


def _servicer(scenario: Scenario) -> RouterServicer:
    names = tuple(f"d{place}" for place in range(scenario.deployments))
    policy = Policy(
        name="scripted",
        deployments=names,
        order=scenario.order,
        max_attempts=3,
        timeouts=TIMEOUTS,
        hedging=HedgingRule(mode=scenario.hedging),
    )
    logging.getLogger(LOGGER_NAME).setLevel(logging.INFO)
    loop = asyncio.get_running_loop()
    router = Router(
        configuration=RouterConfiguration(
            catalogue=Catalogue(deployments={name: scripted_deployment(name) for name in names}),
            policies={policy.name: policy},
            default_policy=policy.name,
            digest="scripted",
            max_concurrent_calls=100,
        ),
        gateway=InstantGateway(scenario.tokens),
        observer=TelemetryObserver(
            metrics=Metrics(version="scripted"),
            tracer=None,
            propagate=True,
            write_line=lambda _: None,
            wall_clock=loop.time,
        ),
        clock=loop.time,
        wall_clock=loop.time,
        random=random_module.Random(1),
    )
    return RouterServicer(
        router=router,
        deadlines=DeadlineRule(default_timeout=60.0, max_timeout=60.0),
        limits=DEFAULT_LIMITS,
        make_id=lambda: "scripted",
        wall_clock=loop.time,
    )


def _recorded() -> Mapping[str, Counts]:
    """Return the recorded counts; none where another version of Python made them."""
    if not RECORD.exists():
        return {}
    content: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
    if content["python"] != _version():
        return {}
    return {name: Counts(**counts) for name, counts in content["counts"].items()}


def differs(found: Counts, known: Counts | None) -> bool:
    """Whether counts are further from the record than they may be; a new scenario always is."""
    if known is None:
        return True
    return any(
        abs(now - before) > TOLERANCE * before
        for now, before in ((found.python, known.python), (found.c, known.c))
    )


def _table(found: Mapping[str, Counts], known: Mapping[str, Counts]) -> str:
    rows = [["calls for each unit", "Python", "recorded", "C", "recorded"]]
    for name, counts in found.items():
        before = known.get(name)
        rows.append(
            [
                name,
                f"{counts.python:,.1f}",
                "–" if before is None else f"{before.python:,.1f}",
                f"{counts.c:,.1f}",
                "–" if before is None else f"{before.c:,.1f}",
            ]
        )
    return aligned(rows)


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


if __name__ == "__main__":
    sys.exit(main())
