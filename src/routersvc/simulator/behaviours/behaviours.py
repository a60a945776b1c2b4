"""How fast a simulated provider answers, with what, and under which rate limits.

A `Behaviour` can be replaced while the simulator runs. `BEHAVIOURS` holds the presets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from routersvc.simulator.behaviours.distributions import (
    Constant,
    Distribution,
    LogNormal,
    Pareto,
    Uniform,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Generated:
    """Generated prose, determined by the provider's seed, the prompt and the request's seed."""

    kind: ClassVar[str] = "generated"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Fixed:
    """The same text for every request, regardless of its length in tokens."""

    kind: ClassVar[str] = "fixed"

    text: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Echo:
    """The text of the last user message."""

    kind: ClassVar[str] = "echo"


AnswerSource = Generated | Fixed | Echo


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """The limits in the rate-limit headers, and whether they are enforced.

    Both limits refill evenly over a minute. If `enforced`, a request beyond them gets the
    vendor's rate-limit error (429).
    """

    requests_per_minute: int = 10_000
    tokens_per_minute: int = 10_000_000
    enforced: bool = False

    def __post_init__(self) -> None:
        if self.requests_per_minute < 1 or self.tokens_per_minute < 1:
            raise ValueError("`requests_per_minute` and `tokens_per_minute` must be at least 1")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """How a simulated provider answers; can be switched at run time.

    Latencies are in seconds: a unary answer takes as long as its stream would.
    `tokens_per_answer` applies to generated text, `tokens_per_chunk` to streams. With
    `keep_alive_interval` (seconds), headers are sent at once and keep-alives follow at that
    interval until the first token. An answer with tool calls has `tool_calls_per_answer` of
    them, or one if the request forbids parallel calls. A text after a web search of the vendor's
    cites `citations_per_answer` sources.
    """

    time_to_first_token: Distribution = dataclasses.field(default_factory=Constant)
    time_between_tokens: Distribution = dataclasses.field(default_factory=Constant)
    tokens_per_answer: Distribution = dataclasses.field(default_factory=lambda: Constant(value=48))
    tokens_per_chunk: int = 1
    answer: AnswerSource = dataclasses.field(default_factory=Generated)
    tool_calls_per_answer: int = 1
    citations_per_answer: int = 1
    keep_alive_interval: float | None = None
    rate_limit: RateLimit = dataclasses.field(default_factory=RateLimit)

    def __post_init__(self) -> None:
        if self.tokens_per_chunk < 1:
            raise ValueError("`tokens_per_chunk` must be at least 1")
        if self.tool_calls_per_answer < 1:
            raise ValueError("`tool_calls_per_answer` must be at least 1")
        if self.citations_per_answer < 0:
            raise ValueError("`citations_per_answer` must be at least 0")
        if self.keep_alive_interval is not None and self.keep_alive_interval <= 0:
            raise ValueError("`keep_alive_interval` must be above 0; omit it for no keep-alives")


# Medians and tails in the range that hosted chat models show in 2026.
BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType(
    {
        # No latency: for tests and for benchmarks of other components.
        "instant": Behaviour(),
        "fast": Behaviour(
            time_to_first_token=LogNormal(median=0.12, p95=0.3),
            time_between_tokens=LogNormal(median=0.006, p95=0.015),
            tokens_per_answer=Uniform(low=30, high=70),
        ),
        "steady": Behaviour(
            time_to_first_token=Uniform(low=0.3, high=0.4),
            time_between_tokens=Constant(value=0.012),
            tokens_per_answer=Uniform(low=40, high=60),
        ),
        "erratic": Behaviour(
            time_to_first_token=Pareto(median=0.25, shape=1.2, ceiling=8.0),
            time_between_tokens=Pareto(median=0.008, shape=1.5, ceiling=0.5),
            tokens_per_answer=LogNormal(median=45, sigma=0.6),
            tokens_per_chunk=2,
        ),
    }
)
