"""How a client connects: TLS, limits, pings, and the service config that all clients ship."""

from __future__ import annotations

import importlib.resources
from collections.abc import Sequence
from pathlib import Path

import grpc

SERVICE_CONFIG = (
    importlib.resources.files("llmrouter").joinpath("service_config.json").read_text("utf-8")
)
"""gRPC's own rules for retries and load balancing, as JSON: the same for every language.

See https://github.com/grpc/grpc/blob/master/doc/service_config.md.
"""

DEFAULT_TIMEOUT = 120.0
"""Seconds: the deadline of a call where neither it nor its client says another."""

_OPTIONS: Sequence[tuple[str, int | str]] = (
    # A router stands inside the company's own network: never by way of a proxy for the web.
    ("grpc.enable_http_proxy", 0),
    # Answers may hold pictures and sound; the router limits what it sends.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A router that vanished in mid-stream is noticed. It takes pings every ten seconds.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # One client's trouble in connecting is none of another's.
    ("grpc.use_local_subchannel_pool", 1),
)


def channel_options(service_config: str | None) -> list[tuple[str, int | str]]:
    """Return the options of a channel; without a service config nothing is tried a second time."""
    options = list(_OPTIONS)
    if service_config is None:
        options.append(("grpc.enable_retries", 0))
    else:
        options.append(("grpc.service_config", service_config))
    return options


def tls_credentials(ca_file: str | Path | None) -> grpc.ChannelCredentials:
    """Return what verifies the router: the certificates of a PEM file, else the system's.

    Raises:
        OSError: the file cannot be read.
    """
    roots = None if ca_file is None else Path(ca_file).read_bytes()
    return grpc.ssl_channel_credentials(root_certificates=roots)


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that carries a token."""
    return (("authorization", f"Bearer {token}"),)
