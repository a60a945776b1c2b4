"""gRPC's own interop cases, run by grpc-go's own client against a service behind our interceptors.

Whatever stands between a caller and the router's methods must leave gRPC as it is: statuses,
metadata, cancellations, deadlines, large messages, methods that do not exist.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from routersvc.grpc_api.server_options import EdgeName

PATIENCE = 240
SOAK_ITERATIONS = 300

CASES = (
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout_on_sleeping_server",
    "cancel_after_begin",
    "cancel_after_first_response",
    "status_code_and_message",
    "special_status_message",
    "custom_metadata",
    "unimplemented_method",
    "unimplemented_service",
)


@pytest.fixture(scope="module", params=get_args(EdgeName))
def port(request: pytest.FixtureRequest) -> Iterator[str]:
    """The port of a server that runs for all cases, with each implementation of gRPC."""
    server = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("interop_server.py"), request.param],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.stdin.close()
        code = server.wait(PATIENCE)
        server.stdout.close()
    assert code == 0


def run(client: Path, port: str, case: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a case to its end."""
    return subprocess.run(
        [
            client,
            "--server_host=127.0.0.1",
            f"--server_port={port}",
            f"--test_case={case}",
            *options,
        ],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("case", CASES)
def test_interop_case(grpc_interop_client: Path, port: str, case: str) -> None:
    """The client itself judges, and fails where something is not as gRPC says."""
    ended = run(grpc_interop_client, port, case)

    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("case", ["rpc_soak", "channel_soak"])
def test_soak(grpc_interop_client: Path, port: str, case: str) -> None:
    """Nothing wears out: on one connection, and on a new one for each call.

    `python -m bench.interop` runs 10,000 of each.
    """
    ended = run(
        grpc_interop_client,
        port,
        case,
        f"--soak_iterations={SOAK_ITERATIONS}",
        f"--soak_overall_timeout_seconds={PATIENCE}",
        "--soak_per_iteration_max_acceptable_latency_ms=30000",
    )

    assert ended.returncode == 0, ended.stdout
    assert ended.stdout.count("succeeded\n") == SOAK_ITERATIONS
