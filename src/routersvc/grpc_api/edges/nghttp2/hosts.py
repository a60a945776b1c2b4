"""What a connection asks of the server that holds it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Protocol

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

    def serve(self, call: Call) -> Coroutine[Any, Any, None]:
        """Return what serves a call."""
        ...

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task that the server settles."""
        ...

    def lifetime(self) -> Lifetime:
        """Return the clock of a new connection."""
        ...
