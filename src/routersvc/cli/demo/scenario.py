"""The scenario of the demo: providers, calls and outage, generated from one seed."""

from __future__ import annotations

import dataclasses
import random

PRIMARY = "alpha"
MODEL = "sim-large"

QUESTION = "Why put a router in front of language models?"
ANSWER = (
    "Because providers fail. They refuse, throttle, stall and hang up, each in its own way, and "
    "every service that calls them would have to know all of these ways. A router knows them once: "
    "it asks another provider within the same deadline, keeps the limits you set, and can always "
    "say what it did and why. Your callers see one contract and an answer."
)

_TOPICS = (
    "the tides",
    "good tests",
    "old bridges",
    "queueing theory",
    "sourdough",
    "night trains",
    "clear errors",
    "the moon",
)

CAST: tuple[dict[str, object], ...] = (
    {
        "name": PRIMARY,
        "character": "fast",
        "seed": 1,
        # The tail of hosted models: few answers begin late, and a hedge answers these calls.
        "faults": [
            {
                "kind": "slow_start",
                "duration": 2.5,
                "keep_alive_interval": 0,
                "probability": 0.06,
            }
        ],
    },
    {
        "name": "beta",
        "character": "steady",
        "seed": 2,
        # Close to its rate limit, so that the third provider is needed sometimes.
        "faults": [
            {
                "kind": "status",
                "problem": "rate_limit",
                "retry_after": 0.5,
                "probability": 0.05,
                "count": 4,
            }
        ],
    },
    {
        "name": "gamma",
        "character": "erratic",
        "seed": 3,
        # While alpha is dead and beta refuses, no provider is left to hedge with.
        "behaviour": {
            "time_to_first_token": {"kind": "pareto", "median": 0.25, "shape": 1.2, "ceiling": 1.2}
        },
    },
)
"""The providers as the simulator's settings have them."""

CHARACTERS = {
    PRIMARY: "fast, rarely slow, goes down during the demo",
    "beta": "slower, steady, sometimes refuses with 429",
    "gamma": "erratic, in another region",
}


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One call: its time in seconds after the start, and its prompt."""

    number: int
    at: float
    prompt: str
    streaming: bool


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """The calls and the outage; times are in seconds after the start."""

    jobs: tuple[Job, ...]
    duration: float
    killed_at: float
    revived_at: float
    timeout: float = 20.0

    def is_primary_dead(self, at: float) -> bool:
        """Whether the primary is down at a time."""
        return self.killed_at <= at < self.revived_at


def scenario(*, calls: int, rate: float, seed: int) -> Scenario:
    """Return `calls` calls, half of them streams, at about `rate` per second.

    The primary is dead in the middle third. Calls come at even intervals, moved by up to half an
    interval, so that they neither bunch nor march in step.
    """
    source = random.Random(seed)
    duration = calls / rate
    jobs = tuple(
        Job(
            number=number,
            at=(number + source.random()) / rate,
            prompt=f"Tell me about {source.choice(_TOPICS)}, part {number}.",
            streaming=source.random() < 0.5,  # noqa: PLR2004 - half of the calls
        )
        for number in range(calls)
    )
    return Scenario(
        jobs=jobs, duration=duration, killed_at=duration / 3, revived_at=duration * 2 / 3
    )


def simulator_settings() -> dict[str, object]:
    """Return the settings of the simulator, with free ports."""
    return {"control_port": 0, "providers": list(CAST)}


def router_settings(base_urls: dict[str, str]) -> dict[str, object]:
    """Return the router's settings for providers at these addresses, by name."""
    regions = {PRIMARY: "eu", "beta": "eu", "gamma": "us"}
    return {
        "providers": {
            name: {
                "wire_format": "openai_chat",
                "base_url": base_url,
                "proxy": {"from_environment": False},
                "region": regions[name],
                "compliance": {"no_training": name != "gamma"},
            }
            for name, base_url in base_urls.items()
        },
        "models": {
            MODEL: {"context_window": 128_000, "prices": {"input": 2.5, "output": 10.0}},
        },
        "deployments": {f"{name}-large": {"provider": name, "model": MODEL} for name in base_urls},
        "policies": {
            "default": {
                "deployments": [f"{name}-large" for name in base_urls],
                "order": "fixed",
                # The defaults need more samples than a short demo has: it begins to hedge earlier.
                "hedging": {"mode": "auto", "min_samples": 20, "max_delay": "500ms"},
            }
        },
        # The outage lasts seconds instead of minutes, so providers are probed more often.
        "fleet": {"breaker": {"max_open_time": "2s"}, "checks": {"interval": "2s"}},
        "server": {"listen": ["127.0.0.1:0"], "drain": {"notice_delay": "0s", "grace": "2s"}},
        "telemetry": {"log": {"level": "error"}, "status_page": {"listen": "127.0.0.1:0"}},
    }
