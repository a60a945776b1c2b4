"""What a connection asks of the server that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from routersvc.grpc_api.edges.nghttp2.calls import Call
from routersvc.grpc_api.edges.nghttp2.lifetimes import Lifetime
from routersvc.grpc_api.edges.nghttp2.limits import Intake

if TYPE_CHECKING:
    from routersvc.grpc_api.edges.nghttp2.connections import Connection


class Host(Protocol):
    """What a connection asks of its server."""

    intake: Intake
    max_message_bytes: int
    max_streams: int

    def opened(self, connection: Connection) -> bool:
        """Register a connection; return whether there is room for it."""
        ...

    def closed(self, connection: Connection) -> None:
        """Forget a connection."""
        ...

    def idle(self) -> None:
        """Note that a connection has no open streams any more."""
        ...

    def start(self, call: Call) -> None:
        """Serve a call, in this turn of the loop or a later one."""
        ...

    def lifetime(self) -> Lifetime:
        """Return the clock of a new connection."""
        ...
