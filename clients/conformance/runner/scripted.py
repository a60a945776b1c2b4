"""A server that says what a case writes down: for what no healthy router says.

It knows `StreamComplete` alone, and answers every call alike.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

import grpc
from clients.conformance.runner.cases import Json
from google.protobuf import json_format
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc import aio

from llmrouter.v1.router_service_pb2 import StreamCompleteRequest, StreamCompleteResponse

_Context = aio.ServicerContext[StreamCompleteRequest, StreamCompleteResponse]


class ScriptedServer:
    """Stands where a router would; it neither drains nor starts anew."""

    def __init__(self, address: str) -> None:
        self.address = address

    @classmethod
    @contextlib.asynccontextmanager
    async def start(cls, script: Json) -> AsyncGenerator[ScriptedServer]:
        """Run a server for as long as the context lasts.

        `script` holds `events`, and a `status` for a stream that does not end well.
        """
        events = [json_format.ParseDict(it, StreamCompleteResponse()) for it in script["events"]]

        async def answer(
            _request: StreamCompleteRequest, context: _Context
        ) -> AsyncIterator[StreamCompleteResponse]:
            for event in events:
                yield event
            if "status" in script:
                await _abort(context, script["status"])

        server = aio.server()
        method = grpc.unary_stream_rpc_method_handler(
            answer,
            StreamCompleteRequest.FromString,
            StreamCompleteResponse.SerializeToString,
        )
        handlers = {"StreamComplete": method}
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("llmrouter.v1.RouterService", handlers),)
        )
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            yield cls(f"127.0.0.1:{port}")
        finally:
            await server.stop(grace=0.0)

    async def drain(self) -> None:
        """Refuse: there is nothing to drain."""
        raise NotImplementedError

    async def restart(self) -> None:
        """Refuse: there is nothing to start anew."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Refuse: it ends with its case."""
        raise NotImplementedError


async def _abort(context: _Context, said: Mapping[str, Any]) -> None:
    code = grpc.StatusCode[said["code"]]
    status = Status(code=code.value[0], message=said["message"])
    if "reason" in said:
        detail = ErrorInfo(reason=said["reason"], domain=said["domain"])
        status.details.add().Pack(detail)
    trailers = (("grpc-status-details-bin", status.SerializeToString()),)
    await context.abort(code, said["message"], trailers if "reason" in said else ())
