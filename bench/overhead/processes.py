"""The measured processes: the simulated provider, the baselines, the router."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
from collections.abc import Generator, Mapping

from bench.processes import first_line, run_router, run_simulator, running
from routersvc.grpc_api.server_options import DEFAULT_EDGE, EdgeName

TOKEN = " token"  # noqa: S105 - a word of an answer
"""Every token of the provider's answers is this word, so that tokens can be counted by length."""

UNPACED_TOKENS = 48
PACED_TOKENS = 1500
PACED_GAP = 0.02
MODELS = {"unpaced": UNPACED_TOKENS, "paced": PACED_TOKENS}

DEPLOYMENTS = 4
"""Deployments of each model: one alone starts with too low a limit for all streams."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """The simulated provider, with the address of each of its two modes."""

    pid: int
    base_urls: Mapping[str, str]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A gRPC server that is measured."""

    pid: int
    address: str


@contextlib.contextmanager
def run_provider(folder: pathlib.Path) -> Generator[Provider]:
    """Run a provider that answers at once (`unpaced`) or a token every 20 ms (`paced`)."""
    settings = {
        "log_capacity": 1,
        "providers": [
            {
                "name": name,
                "behaviour": {
                    "answer": {"kind": "fixed", "text": TOKEN * tokens},
                    "time_between_tokens": {
                        "kind": "constant",
                        "value": PACED_GAP if name == "paced" else 0,
                    },
                },
            }
            for name, tokens in MODELS.items()
        ],
    }
    with run_simulator(settings, folder) as simulator:
        yield Provider(pid=simulator.pid, base_urls=simulator.base_urls)


@contextlib.contextmanager
def run_baseline(
    kind: str, provider: Provider, folder: pathlib.Path, *, edge: EdgeName = DEFAULT_EDGE
) -> Generator[Server]:
    """Run a baseline: `echo` or `relay`."""
    urls = json.dumps(dict(provider.base_urls))
    log = folder / f"{kind}_{edge}.log"
    with running(["-m", "bench.overhead.baselines", kind, urls, edge], log) as process:
        yield Server(pid=process.pid, address=first_line(process, log))


@contextlib.contextmanager
def run_measured_router(
    provider: Provider, folder: pathlib.Path, *command: str, edge: EdgeName = DEFAULT_EDGE
) -> Generator[Server]:
    """Run the router as a service, with the defaults of its settings; it traces one call of 100.

    `command` replaces the arguments with which Python runs it.
    """
    of_edge = folder / edge
    of_edge.mkdir()
    with run_router(_router_settings(provider, edge), of_edge, *command) as router:
        yield Server(pid=router.pid, address=router.address)


def _router_settings(provider: Provider, edge: EdgeName) -> dict[str, object]:
    policies = {
        f"{model}{place}": model for model in provider.base_urls for place in range(DEPLOYMENTS)
    }
    return {
        "providers": {
            name: {"wire_format": "openai_chat", "base_url": url}
            for name, url in provider.base_urls.items()
        },
        "models": {"sim-large": {"context_window": 128_000}},
        "deployments": {
            policy: {"provider": model, "model": "sim-large"} for policy, model in policies.items()
        },
        "policies": {policy: {"deployments": [policy]} for policy in policies},
        "default_policy": next(iter(policies)),
        "server": {
            "listen": ["127.0.0.1:0"],
            "drain": {"notice_delay": 0, "grace": 1},
            "edge": edge,
        },
        "telemetry": {
            "prometheus": {"listen": "127.0.0.1:0"},
            "tracing": {"exporter": "console", "sample_ratio": 0.01},
        },
    }
