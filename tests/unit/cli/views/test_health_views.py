"""How the deployments fare, for people."""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.console import Console

from routersvc.cli.views.health_views import health_table
from routersvc.cli.views.terminal import Terminal
from routersvc.grpc_api.client.messages import ProviderHealthResponse, read_message

MakeTerminal = Callable[..., Terminal]
Written = Callable[[Console], str]

RESPONSE = read_message(
    ProviderHealthResponse,
    {
        "observed_time": "2026-01-01T00:00:10Z",
        "deployments": [
            {
                "deployment": {
                    "deployment": "alpha-large",
                    "provider": "alpha",
                    "model": "large",
                    "region": "eu",
                },
                "state": "HEALTH_STATE_UNAVAILABLE",
                "breaker": {"state": "BREAKER_STATE_OPEN", "next_probe_delay": "3s"},
                "success_rate": 0.5,
                "time_to_first_content": {"p50": "0.12s", "p95": "0.3s", "samples": "9"},
                "duration": {"p50": "0.5s", "p95": "1.5s", "samples": "9"},
                "output_tokens_per_second": 88.8,
                "in_flight": "2",
                "concurrency_limit": "8",
                "not_before_delay": "1.5s",
                "attempts_total": "10",
                "served_total": "5",
                "last_failure": {
                    "failure_class": "FAILURE_CLASS_CONNECT",
                    "time": "2026-01-01T00:00:06Z",
                },
            },
            {
                "deployment": {"deployment": "beta-large", "provider": "beta", "model": "large"},
                "state": "HEALTH_STATE_UNKNOWN",
            },
        ],
    },
)


def shown(terminal: Terminal, written: Written, width: int) -> list[str]:
    """Return the lines of the table at a width."""
    terminal.out.width = width
    terminal.out.print(health_table(RESPONSE, width))
    return [line.rstrip() for line in written(terminal.out).splitlines()]


def test_a_wide_terminal_sees_all(make_terminal: MakeTerminal, written: Written) -> None:
    """What is not known is a dash, never a zero."""
    lines = shown(make_terminal(), written, 200)

    assert [re.split(r" {2,}", line) for line in lines] == [
        [
            "deployment",
            "model",
            "state",
            "success",
            "first words",
            "whole answer",
            "tokens/s",
            "running",
            "served",
            "last failure",
        ],
        [
            "alpha-large",
            "large at alpha, eu",
            "unavailable (breaker open, probe in 3 s; not before 1.5 s)",
            "50.0 %",
            "120 ms / 300 ms",
            "500 ms / 1.5 s",
            "89",
            "2/8",
            "5/10",
            "connect, 4 s ago",
        ],
        ["beta-large", "large at beta", "unknown", "–", "–", "–", "–", "0", "0/0"],
    ]


def test_a_narrow_terminal_sees_what_matters(make_terminal: MakeTerminal, written: Written) -> None:
    """Eighty columns hold the state of everything."""
    lines = shown(make_terminal(), written, 80)

    assert all(len(line) <= 80 for line in lines)
    assert re.split(r" {2,}", lines[0]) == [
        "deployment",
        "state",
        "success",
        "first words",
        "running",
        "served",
        "last failure",
    ]
    assert lines[1].startswith("alpha-large  unavailable")
