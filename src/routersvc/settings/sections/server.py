"""The `server` section: addresses, limits, deadlines and connections of the gRPC server."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS
from routersvc.domain.explaining.remembered_decisions import DecisionRule
from routersvc.settings.types.addresses import HostPort
from routersvc.settings.types.fields import (
    ByteSize,
    Duration,
    FilePath,
    ListenAddresses,
    Pause,
    Section,
)

_DECISIONS = DecisionRule()


class DrainSection(Section):
    """Graceful shutdown."""

    notice_delay: Pause = Field(
        default=5.0,
        description="How long calls are still accepted after the health service reports "
        "NOT_SERVING, for load balancers to notice.",
    )
    grace: Pause = Field(
        default=20.0,
        description="How long running calls may then take before they are cancelled. With "
        "`notice_delay` 25 s by default, within the 30 s of Kubernetes.",
    )


class KeepaliveSection(Section):
    """Keepalive and connection management, with gRPC's names."""

    time: Duration = Field(
        default=30.0,
        description="A ping is sent after this time without traffic. Keep it below the idle "
        "timeout of load balancers.",
    )
    timeout: Duration = Field(
        default=10.0,
        description="The connection is closed when a ping is not acknowledged within this time.",
    )
    permit_without_calls: bool = Field(
        default=True, description="Whether pings are sent and accepted while no call runs."
    )
    min_recv_ping_interval_without_data: Duration = Field(
        default=10.0,
        description="Connections of clients that ping more often than this are closed.",
    )
    max_connection_idle: Duration = Field(
        default=300.0,
        description="Connections without calls are closed after this time. Clients connect again "
        "with their next call.",
    )
    max_connection_age: Duration | None = Field(
        default=None,
        description="Connections are closed gracefully at this age, so that clients spread over "
        "all replicas behind a connection-level load balancer. If unset, never.",
    )
    max_connection_age_grace: Duration | None = Field(
        default=None,
        description="How long running calls may take after that. If unset, without limit.",
    )


class ConnectionsSection(Section):
    """Limits of connections, whether or not their callers have shown an API key."""

    max_open: int = Field(
        default=4_096,
        ge=1,
        le=1_000_000,
        description="The largest number of connections of an address. Further ones are refused.",
    )
    max_streams: int = Field(
        default=1_000,
        ge=1,
        le=1_000_000,
        description="The largest number of concurrent calls of a connection. Client libraries "
        "queue further calls until one ends; a caller with more long calls opens more connections.",
    )
    handshake_timeout: Duration = Field(
        default=5.0,
        description="A connection that has not completed the HTTP/2 handshake is closed after "
        "this time.",
    )


class LimitsSection(Section):
    """Limits of one request. A larger one is refused with INVALID_ARGUMENT, before any attempt."""

    messages: int = Field(
        default=DEFAULT_LIMITS.messages, ge=1, le=65_536, description="Messages of a prompt."
    )
    parts: int = Field(
        default=DEFAULT_LIMITS.parts,
        ge=1,
        le=65_536,
        description="Parts of all messages of a prompt, those in tool results included.",
    )
    tools: int = Field(
        default=DEFAULT_LIMITS.tools, ge=1, le=65_536, description="Tools of a prompt."
    )
    text_characters: int = Field(
        default=DEFAULT_LIMITS.text_characters,
        ge=1,
        le=2_000_000_000,
        description="Characters of all texts of a prompt: what the profile and detectors read.",
    )
    json_bytes: ByteSize = Field(
        default=DEFAULT_LIMITS.json_bytes,
        description="The JSON of tools, response format and wire extensions together.",
    )
    json_depth: int = Field(
        default=DEFAULT_LIMITS.json_depth,
        ge=1,
        le=200,
        description="Nesting of any JSON in a request: schemas, arguments of tool calls, wire "
        "extensions.",
    )
    json_values: int = Field(
        default=DEFAULT_LIMITS.json_values,
        ge=1,
        le=10_000_000,
        description="Objects, arrays and their members in all JSON of a request. Each takes half a "
        "microsecond of the event loop.",
    )
    url_bytes: ByteSize = Field(
        default=DEFAULT_LIMITS.url_bytes, description="A URL of an image or a file."
    )
    private_addresses: bool = Field(
        default=DEFAULT_LIMITS.private_addresses,
        description="Whether URLs of images and files may point to private networks, the machine "
        "itself or metadata services. Enable it only for providers of your own that fetch from "
        "there.",
    )


class DecisionsSection(Section):
    """Recent decisions that are kept for ExplainRoute."""

    kept: int = Field(
        default=_DECISIONS.kept,
        ge=0,
        le=1_000_000,
        description="The number of recent decisions that are kept; 0 disables it. A thousand take "
        "about 4 MB, and 10 ms of every full garbage collection. They contain no "
        "prompts and no answers.",
    )
    max_age: Duration = Field(
        default=_DECISIONS.max_age, description="Older decisions are dropped."
    )


class ServerTlsSection(Section):
    """TLS of the TCP addresses."""

    certificate_file: FilePath | None = Field(
        default=None,
        description="A PEM file with the certificate of the server, followed by those of its "
        "intermediate authorities. If unset, there is no TLS: API keys and tokens are sent in "
        "clear text.",
    )
    private_key_file: FilePath | None = Field(
        default=None,
        description="A PEM file with the private key of the certificate, not encrypted.",
    )
    client_ca_file: FilePath | None = Field(
        default=None,
        description="A PEM file with the authorities of client certificates. If set, every client "
        "has to present a certificate of one of them (mutual TLS). If unset, clients present none.",
    )


class ReloadSection(Section):
    """Reloading of the settings. SIGHUP always reloads them."""

    watch: bool = Field(
        default=True,
        description="Whether the settings are reloaded when their file, or a file that they refer "
        "to, has changed.",
    )
    interval: Duration = Field(
        default=2.0,
        description="How often the files are looked at. A change is read once it has not changed "
        "further for as long.",
    )


class ServerSection(Section):
    """The gRPC server."""

    listen: ListenAddresses = Field(
        default=(HostPort(host="127.0.0.1", port=50051),),
        description="The addresses to listen on, `host:port` or `unix:/path`; port 0 selects a "
        "free port. Without `tenants` and without client certificates everyone who reaches an "
        "address can call.",
    )
    tls: ServerTlsSection = Field(
        default=ServerTlsSection(),
        description="TLS of the TCP addresses; Unix sockets have none. The files are read again "
        "on a reload.",
    )
    edge: Literal["grpcio", "nghttp2"] = Field(
        default="nghttp2",
        description="The implementation of gRPC: `nghttp2` lets connections take turns and costs "
        "less CPU per call and per streamed message; `grpcio` is gRPC's own core. Both serve the "
        "same contract.",
    )
    max_message_bytes: ByteSize = Field(
        default=16 * 1024 * 1024,
        description="The largest request or response message. Images are part of requests.",
    )
    max_concurrent_calls: int = Field(
        default=1_000,
        ge=1,
        le=1_000_000,
        description="The largest number of concurrent calls. Further calls are rejected at once, "
        "with a retry delay; calls of low priority from 75 % of it, of normal priority from 95 %.",
    )
    default_timeout: Duration = Field(
        default=120.0, description="The deadline of calls without one."
    )
    max_timeout: Duration = Field(
        default=600.0, description="The longest deadline. Longer ones are shortened to it."
    )
    drain: DrainSection = Field(
        default=DrainSection(),
        description="Graceful shutdown. Keep the sum below the termination grace period of the "
        "orchestrator.",
    )
    limits: LimitsSection = Field(
        default=LimitsSection(),
        description="Limits of one request. A larger one is refused with INVALID_ARGUMENT, before "
        "any attempt.",
    )
    connections: ConnectionsSection = Field(
        default=ConnectionsSection(),
        description="Limits of connections, whether or not their callers have shown an API key.",
    )
    keepalive: KeepaliveSection = Field(
        default=KeepaliveSection(),
        description="Keepalive and connection management, with gRPC's names.",
    )
    reload: ReloadSection = Field(
        default=ReloadSection(),
        description="Reloading of the settings. SIGHUP always reloads them.",
    )
    decisions: DecisionsSection = Field(
        default=DecisionsSection(),
        description="Recent decisions that are kept for ExplainRoute and `routersvc explain "
        "--decision ID`.",
    )
    reflection: bool = Field(
        default=True, description="Enables gRPC server reflection, for tools such as grpcurl."
    )
