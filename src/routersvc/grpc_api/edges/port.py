"""The port between the handlers of this service and the gRPC server that calls them.

Handlers and interceptors are grpc's own values (`GenericRpcHandler`, `RpcMethodHandler`,
`aio.ServerInterceptor`), which hold nothing of its server: a method name, functions of bytes, and
the behaviour. What a behaviour may ask of its call is `CallContext`; `grpc.aio.ServicerContext`
has these methods, and so has the context of every other edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Never, Protocol, TypeAlias

import grpc

Metadata: TypeAlias = Iterable[tuple[str, str | bytes]]
"""Keys in lower case; values are bytes where the key ends with `-bin`."""


class CallContext(Protocol):
    """The server's side of one call, in the task that serves it."""

    def invocation_metadata(self) -> Metadata | None:
        """Return the metadata that the caller sent, without the headers of gRPC itself."""
        ...

    def time_remaining(self) -> float | None:
        """Return the seconds left until the caller's deadline; `None` without one."""
        ...

    def peer(self) -> str:
        """Return the caller's address: `ipv4:HOST:PORT`, `ipv6:[HOST]:PORT` or `unix:PATH`."""
        ...

    async def send_initial_metadata(self, initial_metadata: Any) -> None:  # noqa: ANN401 - see `Metadata`
        """Send response headers before the first message, at most once."""
        ...

    def set_trailing_metadata(self, trailing_metadata: Any) -> None:  # noqa: ANN401 - see `Metadata`
        """Send this metadata together with the status."""
        ...

    async def write(self, message: Any) -> None:  # noqa: ANN401 - whatever the method's serializer takes
        """Send a message, and wait while the caller or the network is slower than this side."""
        ...

    async def abort(
        self,
        code: grpc.StatusCode,
        details: str = "",
        trailing_metadata: Any = (),  # noqa: ANN401 - see `Metadata`
    ) -> Never:
        """End the call with a status other than OK.

        Raises:
            aio.AbortError: always; it must reach the server.
        """
        ...


class Edge(Protocol):
    """A gRPC server with its handlers. It serves in the event loop that created it."""

    async def start(self) -> tuple[str, ...]:
        """Listen, and return the addresses with their actual ports.

        Raises:
            OSError: an address cannot be bound.
        """
        ...

    async def stop(self, *, grace: float) -> None:
        """Refuse new calls, give running ones `grace` seconds, cancel the rest, and close."""
        ...
