"""Sums up a profile by area and by function, without the cost of profiling."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Mapping
from typing import Any

Function = tuple[str, int, str]
"""File, line and name, as `pstats` has them; the file of what is written in C is `~`."""

_LIBRARY = re.compile(r".*/(?:site-packages|lib/python[^/]*)/")
_PROJECT = re.compile(r".*/(?:src/|(?=bench/))")

# The first pattern that matches a file names its area.
_AREAS = (
    (re.compile(r"^routersvc/(\w+)/"), r"routersvc.\1"),
    (re.compile(r"^(grpc|google|llmrouter)/"), "gRPC and protobuf, their Python part"),
    (re.compile(r"^(aiohttp|yarl|multidict|propcache|aiohappyeyeballs)/"), "aiohttp"),
    (re.compile(r"^httpx/"), "httpx"),
    (re.compile(r"^asyncio/"), "asyncio"),
    (re.compile(r"^<string>"), "dataclasses"),
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FunctionUse:
    """One function: how often it was called, and its own seconds with those of C it called."""

    name: str
    area: str
    calls: int
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ProfileSums:
    """What one profile adds up to, in seconds of the main thread.

    `outside` is what ran outside of Python functions, in CPU time: the event loop and gRPC.
    """

    functions: list[FunctionUse]
    outside: float

    @property
    def areas(self) -> Mapping[str, float]:
        """Seconds by area, the largest first."""
        sums: collections.Counter[str] = collections.Counter()
        for use in self.functions:
            sums[use.area] += use.seconds  # type: ignore[assignment] # a counter of seconds
        return dict(sums.most_common())


def add_up(content: Mapping[str, Any]) -> ProfileSums:
    """Add up what `profiled` wrote."""
    stats: Mapping[Function, tuple[int, int, float, float, Mapping[Function, Any]]] = content[
        "stats"
    ]
    inside: float = content["inside"]
    outside: float = content["outside"]
    seconds: collections.defaultdict[Function, float] = collections.defaultdict(float)
    profiled = 0.0
    for function, (_, calls, own, _, callers) in stats.items():
        profiled += own
        if function[0] == "~" and callers:
            for caller, (_, from_caller, own_from_caller, _) in callers.items():
                seconds[caller] += own_from_caller - from_caller * inside
        else:
            seconds[function] += own - calls * inside
        for caller, (_, from_caller, _, _) in callers.items():
            seconds[caller] -= from_caller * outside
    uses = [
        FunctionUse(
            name=f"{_shortened(function[0])} {function[2]}",
            area=_area(_shortened(function[0])),
            calls=stats[function][1] if function in stats else 0,
            seconds=max(0.0, own),
        )
        for function, own in seconds.items()
    ]
    return ProfileSums(
        functions=sorted(uses, key=lambda use: use.seconds, reverse=True),
        outside=max(0.0, content["elapsed"] - profiled),
    )


def _shortened(file: str) -> str:
    return _LIBRARY.sub("", _PROJECT.sub("", file))


def _area(file: str) -> str:
    for pattern, area in _AREAS:
        match = pattern.search(file)
        if match is not None:
            return match.expand(area)
    return "other"
