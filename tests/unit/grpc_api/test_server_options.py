"""Options are checked, and reach gRPC under the names that its core knows."""

from __future__ import annotations

import pytest

from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS
from routersvc.grpc_api.server_options import (
    ConnectionOptions,
    KeepaliveOptions,
    ServerOptions,
    channel_arguments,
)
from routersvc.grpc_api.servicers import DeadlineRule

KEEPALIVE = KeepaliveOptions(
    time=30.0,
    timeout=10.0,
    permit_without_calls=True,
    min_recv_ping_interval_without_data=10.0,
)
CONNECTIONS = ConnectionOptions(max_open=64, max_streams=32, handshake_timeout=5.0)
DEADLINES = DeadlineRule(default_timeout=120.0, max_timeout=600.0)


def test_limits_are_counted_in_milliseconds() -> None:
    """A limit that is left open is not mentioned."""
    options = ServerOptions(
        addresses=("127.0.0.1:0",),
        max_message_bytes=1_000,
        deadlines=DEADLINES,
        connections=CONNECTIONS,
        limits=DEFAULT_LIMITS,
        keepalive=KEEPALIVE,
        reflection=True,
    )

    assert channel_arguments(options) == [
        ("grpc.max_receive_message_length", 1_000),
        ("grpc.max_send_message_length", 1_000),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.ping_timeout_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.max_pings_without_data", 0),
        ("grpc.so_reuseport", 0),
        ("grpc.max_allowed_incoming_connections", 64),
        ("grpc.max_concurrent_streams", 32),
        ("grpc.http.overload_protection", 0),
        ("grpc.server.max_pending_requests", 8_192),
        ("grpc.server.max_pending_requests_hard_limit", 8_192),
        ("grpc.server_handshake_timeout_ms", 5_000),
        ("grpc.http2.settings_timeout", 5_000),
    ]


def test_ages_of_connections_are_told_where_they_are_limited() -> None:
    """Each by its own name."""
    keepalive = KeepaliveOptions(
        time=30.0,
        timeout=10.0,
        permit_without_calls=False,
        min_recv_ping_interval_without_data=10.0,
        max_connection_idle=60.0,
        max_connection_age=300.0,
        max_connection_age_grace=0.5,
    )
    options = ServerOptions(
        addresses=("127.0.0.1:0",),
        max_message_bytes=1_000,
        deadlines=DEADLINES,
        connections=CONNECTIONS,
        limits=DEFAULT_LIMITS,
        keepalive=keepalive,
        reflection=True,
    )

    assert channel_arguments(options)[-3:] == [
        ("grpc.max_connection_idle_ms", 60_000),
        ("grpc.max_connection_age_ms", 300_000),
        ("grpc.max_connection_age_grace_ms", 500),
    ]


@pytest.mark.parametrize(
    ("addresses", "max_message_bytes", "message"),
    [((), 1, "at least one address"), (("127.0.0.1:0",), 0, "is at least 1")],
)
def test_impossible_options_are_refused(
    addresses: tuple[str, ...], max_message_bytes: int, message: str
) -> None:
    """A server without an address is a mistake."""
    with pytest.raises(ValueError, match=message):
        ServerOptions(
            addresses=addresses,
            max_message_bytes=max_message_bytes,
            deadlines=DEADLINES,
            connections=CONNECTIONS,
            limits=DEFAULT_LIMITS,
            keepalive=KEEPALIVE,
            reflection=True,
        )


@pytest.mark.parametrize(("default_timeout", "max_timeout"), [(0.0, 1.0), (2.0, 1.0)])
def test_impossible_deadlines_are_refused(default_timeout: float, max_timeout: float) -> None:
    """The default is itself within the limit."""
    with pytest.raises(ValueError, match="`default_timeout`"):
        DeadlineRule(default_timeout=default_timeout, max_timeout=max_timeout)


@pytest.mark.parametrize(
    ("remaining", "timeout"),
    [
        (None, 120.0),
        (10.0, 9.88),
        (100.0, 98.98),
        (0.1, 0.095),
        (0.0, 0.0),
        (10_000.0, 600.0),
    ],
)
def test_time_of_a_call(remaining: float | None, timeout: float) -> None:
    """A little is kept for the status to reach its caller before the caller gives up."""
    assert DEADLINES.timeout(remaining) == pytest.approx(timeout)
