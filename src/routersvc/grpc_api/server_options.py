"""Options of the server, and the gRPC channel arguments for them.

Their defaults are defined in the settings schema only.
"""

from __future__ import annotations

import dataclasses
from typing import Final, Literal, TypeAlias

from routersvc.domain.conversation.request_limits import RequestLimits
from routersvc.grpc_api.certificates import TlsFiles
from routersvc.grpc_api.servicers import DeadlineRule

_MAX_WAITING = 8_192
"""Calls of all connections that have arrived and whose handler has not begun: some 200 MB."""


EdgeName: TypeAlias = Literal["grpcio", "nghttp2"]
"""The implementation of gRPC: see `routersvc.grpc_api.edges`."""

DEFAULT_EDGE: Final[EdgeName] = "nghttp2"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class KeepaliveOptions:
    """Keepalive and maximum age of connections, in seconds; `None` means no limit.

    The server sends pings after `time` without traffic and closes the connection if no answer comes
    within `timeout`: lost callers are detected, and load balancers keep the connection.
    Callers may ping as often as `min_recv_ping_interval_without_data`. A `max_connection_age` (gRPC
    varies it by a tenth) makes callers behind an L4 load balancer reconnect;
    `max_connection_age_grace` is the time that running calls have to finish then.
    """

    time: float
    timeout: float
    permit_without_calls: bool
    min_recv_ping_interval_without_data: float
    max_connection_idle: float | None = None
    max_connection_age: float | None = None
    max_connection_age_grace: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionOptions:
    """How many connections and calls the server holds at a time, for all callers together.

    `max_open` connections are held per address. Each may have `max_streams` running calls: client
    libraries queue further ones, and a connection that opens and resets streams cannot make the
    server queue more than that. A connection that has not completed the HTTP/2 handshake is closed
    after `handshake_timeout` seconds.
    """

    max_open: int
    max_streams: int
    handshake_timeout: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ServerOptions:
    """Addresses and limits of the server.

    `addresses` have the form `host:port` (port 0 takes a free one) or `unix:PATH`; with `tls`, the
    former are encrypted. `authenticated_reflection` is whether reflection requires authentication.
    """

    addresses: tuple[str, ...]
    max_message_bytes: int
    deadlines: DeadlineRule
    connections: ConnectionOptions
    limits: RequestLimits
    keepalive: KeepaliveOptions
    reflection: bool
    authenticated_reflection: bool = False
    tls: TlsFiles | None = None
    edge: EdgeName = DEFAULT_EDGE

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ValueError("`addresses` names at least one address")
        if self.max_message_bytes < 1:
            raise ValueError("`max_message_bytes` is at least 1")


def channel_arguments(options: ServerOptions) -> list[tuple[str, int]]:
    """Return the options as arguments of gRPC's core, which counts in milliseconds."""
    keepalive = options.keepalive
    connections = options.connections
    arguments = [
        ("grpc.max_receive_message_length", options.max_message_bytes),
        ("grpc.max_send_message_length", options.max_message_bytes),
        ("grpc.keepalive_time_ms", _milliseconds(keepalive.time)),
        ("grpc.keepalive_timeout_ms", _milliseconds(keepalive.timeout)),
        # Without it the core waits a minute for the answer to a ping.
        ("grpc.http2.ping_timeout_ms", _milliseconds(keepalive.timeout)),
        ("grpc.keepalive_permit_without_calls", int(keepalive.permit_without_calls)),
        (
            "grpc.http2.min_ping_interval_without_data_ms",
            _milliseconds(keepalive.min_recv_ping_interval_without_data),
        ),
        # Pings without data in between are not limited.
        ("grpc.http2.max_pings_without_data", 0),
        # Otherwise two servers on one port would share its calls.
        ("grpc.so_reuseport", 0),
        ("grpc.max_allowed_incoming_connections", connections.max_open),
        ("grpc.max_concurrent_streams", connections.max_streams),
        # The core's own protection ends calls of any caller with a bare `CANCELLED` when many
        # arrive at once. The limits of streams and of waiting calls bound what a flood can cost
        # in memory; the admission of the router refuses with a reason.
        ("grpc.http.overload_protection", 0),
        ("grpc.server.max_pending_requests", _MAX_WAITING),
        ("grpc.server.max_pending_requests_hard_limit", _MAX_WAITING),
        ("grpc.server_handshake_timeout_ms", _milliseconds(connections.handshake_timeout)),
        ("grpc.http2.settings_timeout", _milliseconds(connections.handshake_timeout)),
    ]
    for name, seconds in (
        ("grpc.max_connection_idle_ms", keepalive.max_connection_idle),
        ("grpc.max_connection_age_ms", keepalive.max_connection_age),
        ("grpc.max_connection_age_grace_ms", keepalive.max_connection_age_grace),
    ):
        if seconds is not None:
            arguments.append((name, _milliseconds(seconds)))
    return arguments


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
