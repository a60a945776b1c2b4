"""Channel options: TLS, limits, keepalive, and the service config that all clients ship."""

from __future__ import annotations

import importlib.resources
from collections.abc import Sequence
from pathlib import Path

import grpc

SERVICE_CONFIG = (
    importlib.resources.files("llmrouter").joinpath("service_config.json").read_text("utf-8")
)
"""gRPC's service config for retries and load balancing, as JSON; the same in every language.

See https://github.com/grpc/grpc/blob/master/doc/service_config.md.
"""

DEFAULT_TIMEOUT = 120.0
"""Seconds: the deadline of a call if neither the call nor the client sets one."""

_OPTIONS: Sequence[tuple[str, int | str]] = (
    # A router is in the company's own network, so that HTTP proxies are never used.
    ("grpc.enable_http_proxy", 0),
    # Answers may contain images and audio; the router limits their size.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Detects a lost router during a stream. The router permits pings every ten seconds.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # Clients do not share connections, nor their backoff after failed connection attempts.
    ("grpc.use_local_subchannel_pool", 1),
)


def channel_options(service_config: str | None) -> list[tuple[str, int | str]]:
    """Return the options of a channel; without a service config there are no retries."""
    options = list(_OPTIONS)
    if service_config is None:
        options.append(("grpc.enable_retries", 0))
    else:
        options.append(("grpc.service_config", service_config))
    return options


def tls_credentials(
    ca_file: str | Path | None,
    client_certificate: tuple[str | Path, str | Path] | None = None,
) -> grpc.ChannelCredentials:
    """Return credentials that trust the certificates of a PEM file, by default the system's.

    `client_certificate` names the files of a certificate chain and of its private key.

    Raises:
        OSError: a file cannot be read.
    """
    roots = None if ca_file is None else Path(ca_file).read_bytes()
    if client_certificate is None:
        return grpc.ssl_channel_credentials(root_certificates=roots)
    chain, key = (Path(file).read_bytes() for file in client_certificate)
    return grpc.ssl_channel_credentials(
        root_certificates=roots, private_key=key, certificate_chain=chain
    )


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    """Return the metadata that carries a token."""
    return (("authorization", f"Bearer {token}"),)
