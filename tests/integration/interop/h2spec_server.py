"""A server for h2spec: the nghttp2 edge with one handler.

h2spec sends plain HTTP requests and expects their bodies to be read and answered with data. Here
every request becomes a call of that handler, so that what is judged are connections, streams and
flow control. Prints its port, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterable
from unittest import mock

import grpc
from tests.unit.grpc_api.edges.nghttp2.callers import SERVICE, server_options

from routersvc.grpc_api.edges.nghttp2 import connections
from routersvc.grpc_api.edges.nghttp2.limits import RefusedCallError
from routersvc.grpc_api.edges.nghttp2.metadata import Header, RequestHead, request_head
from routersvc.grpc_api.edges.opening import open_edge
from routersvc.grpc_api.edges.port import CallContext
from routersvc.grpc_api.wrapped_handlers import Handler

CALL: tuple[Header, ...] = (
    (b":method", b"POST"),
    (b":path", f"/{SERVICE}/Answer".encode()),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
)


async def answer(requests: AsyncIterator[bytes], context: CallContext) -> None:
    """Read all that comes, which is no gRPC, and answer a message."""
    with contextlib.suppress(RefusedCallError):
        async for _ in requests:
            pass
    await context.write(b"answer")


def head_of_call(headers: Iterable[Header]) -> RequestHead:
    """Return the head of a call of the handler, whatever was asked for."""
    given = {name for name, _ in CALL}
    return request_head([*CALL, *(header for header in headers if header[0] not in given)])


async def main() -> None:
    """Serve until standard input ends."""
    method: Handler = grpc.stream_stream_rpc_method_handler(answer)
    edge = open_edge(
        options=server_options("nghttp2"),
        handlers=[grpc.method_handlers_generic_handler(SERVICE, {"Answer": method})],
        interceptors=[],
    )
    (address,) = await edge.start()
    print(address.rpartition(":")[2], flush=True)  # noqa: T201 - whoever started it reads the port
    await asyncio.to_thread(sys.stdin.read)
    await edge.stop(grace=0.0)


if __name__ == "__main__":
    with mock.patch.object(connections, "request_head", head_of_call):
        asyncio.run(main())
