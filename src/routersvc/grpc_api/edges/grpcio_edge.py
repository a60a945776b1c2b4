"""The edge of grpcio: gRPC's own core, which is the reference for every other edge."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from grpc import aio

from routersvc.grpc_api.certificates import Certificates
from routersvc.grpc_api.server_options import ServerOptions, channel_arguments


class GrpcioEdge:
    """Serves handlers with `grpc.aio`; with `certificates` in TLS, but for Unix sockets."""

    def __init__(
        self,
        *,
        options: ServerOptions,
        handlers: Sequence[grpc.GenericRpcHandler],
        interceptors: Sequence[aio.ServerInterceptor],
        certificates: Certificates | None = None,
    ) -> None:
        self._certificates = certificates
        self._addresses = options.addresses
        self._server = aio.server(
            handlers=handlers, interceptors=interceptors, options=channel_arguments(options)
        )

    async def start(self) -> tuple[str, ...]:
        """Listen, and return the addresses with their actual ports.

        Raises:
            OSError: an address cannot be bound.
        """
        addresses = tuple(self._bind(address) for address in self._addresses)
        await self._server.start()
        return addresses

    async def stop(self, *, grace: float) -> None:
        """Refuse new calls, give running ones `grace` seconds, cancel the rest, and close."""
        await self._server.stop(grace)

    def _bind(self, address: str) -> str:
        is_unix = address.startswith("unix:")
        try:
            if self._certificates is None or is_unix:
                port = self._server.add_insecure_port(address)
            else:
                port = self._server.add_secure_port(address, self._certificates.credentials())
        except RuntimeError as error:
            raise OSError(
                f"`{address}` cannot be bound: it is taken or not of this host"
            ) from error
        if is_unix:
            return address
        return f"{address.rpartition(':')[0]}:{port}"
