"""Adds up sampled stacks: by area, by what the processor was doing, by function of the router."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Iterable

WAITING = frozenset(
    {"epoll_wait", "epoll_pwait", "poll", "ppoll", "select", "pthread_cond_timedwait"}
)
"""Leaves that use no processor: the sampler cannot always tell waiting threads from busy ones."""

_FRAME = re.compile(r"(?P<name>.*) \((?P<place>.*?)(?::\d+)?\)")

# The first pattern that matches a frame's place names its area; frames without one belong to
# their caller: memory, dictionaries, system calls.
_AREAS = (
    (re.compile(r"routersvc/(\w+)/"), r"routersvc.\1"),
    (re.compile(r"routersvc/"), "routersvc"),
    (re.compile(r"bench/"), "bench"),
    (re.compile(r"cygrpc|grpc/"), "grpc"),
    (re.compile(r"google/(protobuf|_upb)|_message\.abi3|_pb2"), "protobuf"),
    (
        re.compile(r"aiohttp/|yarl/|multidict|_http_parser|_http_writer|propcache|frozenlist"),
        "aiohttp",
    ),
    (re.compile(r"httpx/"), "httpx"),
    (re.compile(r"orjson|msgspec|json/"), "JSON"),
    (re.compile(r"opentelemetry/|prometheus_client/"), "telemetry libraries"),
    (re.compile(r"logging/"), "logging"),
    (
        re.compile(r"^loop\.c$|uvloop|asyncio|selectors|^(core|linux|stream|async|tcp|unix)\.c$"),
        "event loop",
    ),
)
_ROUTER = re.compile(r"routersvc/")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """Shares of all samples that used the processor.

    `areas` and `leaves` each add up to 1. `functions` counts a function of the router wherever it
    is on the stack, with all that it called.
    """

    samples: int
    areas: dict[str, float]
    leaves: dict[str, float]
    functions: dict[str, float]


def profile(lines: Iterable[str]) -> Profile:
    """Add up lines of the form `frame;frame;... count`, the outermost frame first."""
    samples = 0
    areas: collections.Counter[str] = collections.Counter()
    leaves: collections.Counter[str] = collections.Counter()
    functions: collections.Counter[str] = collections.Counter()
    for line in lines:
        stack, _, count_text = line.rstrip().rpartition(" ")
        frames = [_parse(frame) for frame in stack.split(";")]
        count = int(count_text)
        leaf = frames[-1][0]
        if leaf in WAITING:
            continue
        samples += count
        areas[_area(frames)] += count
        leaves[leaf if not leaf.startswith("0x") else f"in {frames[-1][1]}"] += count
        for function in {f"{place} {name}" for name, place in frames if _ROUTER.search(place)}:
            functions[function] += count
    total = max(1, samples)
    return Profile(
        samples=samples,
        areas={name: count / total for name, count in areas.most_common()},
        leaves={name: count / total for name, count in leaves.most_common()},
        functions={name: count / total for name, count in functions.most_common()},
    )


def _parse(frame: str) -> tuple[str, str]:
    match = _FRAME.fullmatch(frame)
    return (frame, "") if match is None else (match["name"], match["place"])


def _area(frames: list[tuple[str, str]]) -> str:
    for _, place in reversed(frames):
        for pattern, area in _AREAS:
            match = pattern.search(place)
            if match is not None:
                return match.expand(area)
    return "interpreter"
