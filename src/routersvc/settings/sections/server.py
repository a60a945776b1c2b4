"""The `server` section: where calls come in, how many, how large and how long."""

from __future__ import annotations

from pydantic import Field

from routersvc.domain.explaining.remembered_decisions import (
    DecisionRule,
)
from routersvc.settings.types.addresses import HostPort
from routersvc.settings.types.fields import ByteSize, Duration, ListenAddresses, Pause, Section

_DECISIONS = DecisionRule()


class DrainSection(Section):
    """How the server goes away. Both together stay below the patience of what stops it."""

    notice_delay: Pause = Field(
        default=5.0,
        description="After the health service says NOT_SERVING, calls are still taken for this "
        "long, until load balancers have noticed.",
    )
    grace: Pause = Field(
        default=20.0,
        description="Then running calls have this long to end; what still runs is cancelled. "
        "With `notice_delay` 25 s, within the 30 s that Kubernetes waits by default.",
    )


class KeepaliveSection(Section):
    """Pings and ages of callers' connections, named as gRPC names them."""

    time: Duration = Field(
        default=30.0,
        description="A ping after this long without traffic: sooner than load balancers forget "
        "an idle connection.",
    )
    timeout: Duration = Field(
        default=10.0, description="A connection is closed when a ping is not answered in time."
    )
    permit_without_calls: bool = Field(
        default=True, description="Pings also while no call runs, in both directions."
    )
    min_recv_ping_interval_without_data: Duration = Field(
        default=10.0,
        description="Callers that ping more often than this are sent away.",
    )
    max_connection_idle: Duration | None = Field(
        default=None, description="Closes connections without calls. Left out: never."
    )
    max_connection_age: Duration | None = Field(
        default=None,
        description="Closes connections in good order, so that callers behind a balancer of "
        "connections spread anew. Left out: never.",
    )
    max_connection_age_grace: Duration | None = Field(
        default=None,
        description="Running calls may go on for so long after that. Left out: as long as they "
        "take.",
    )


class DecisionsSection(Section):
    """Decisions that are remembered, so that ExplainRoute can tell of them by their ids."""

    kept: int = Field(
        default=_DECISIONS.kept,
        ge=0,
        le=1_000_000,
        description="How many are remembered, the latest ones; 0 remembers none. A thousand take "
        "about 4 MB and 10 ms of every full garbage collection; none holds a prompt or an answer.",
    )
    max_age: Duration = Field(
        default=_DECISIONS.max_age, description="An older decision is forgotten."
    )


class ServerSection(Section):
    """The gRPC server."""

    listen: ListenAddresses = Field(
        default=(HostPort(host="127.0.0.1", port=50051),),
        description="Addresses to listen on; port 0 takes a free one. There is no TLS yet: "
        "whoever reaches an address can call unless there are `tenants`, whose keys travel in the "
        "clear.",
    )
    max_message_bytes: ByteSize = Field(
        default=16 * 1024 * 1024,
        description="The largest request or answer. Pictures travel inside of requests.",
    )
    max_concurrent_calls: int = Field(
        default=1_000,
        ge=1,
        le=1_000_000,
        description="Calls that run at once; those beyond are refused at once, with a time to "
        "come back.",
    )
    default_timeout: Duration = Field(
        default=120.0, description="The deadline of calls whose caller sets none."
    )
    max_timeout: Duration = Field(
        default=600.0, description="The latest deadline; a caller's later one is cut to it."
    )
    drain: DrainSection = Field(default=DrainSection(), description="How the server goes away.")
    keepalive: KeepaliveSection = Field(
        default=KeepaliveSection(), description="How connections are kept alive."
    )
    decisions: DecisionsSection = Field(
        default=DecisionsSection(), description="Decisions that can be explained afterwards."
    )
    reflection: bool = Field(default=True, description="Describes itself to tools such as grpcurl.")
