"""Two gRPC servers as baselines, which do less than the router.

`echo` answers without a provider: the cost of the gRPC edge alone. `relay` calls the provider and
forwards its answer, one JSON object in and out: the minimum cost of any such service in Python.
Both implement the contract of the router.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import cast

import aiohttp
import grpc

from bench.loops import loop_factory
from bench.overhead.answers import streamed, unary
from bench.overhead.processes import MODELS, PACED_GAP, TOKEN
from llmrouter.v1 import prompt_pb2, stream_pb2
from llmrouter.v1 import router_service_pb2 as service_pb2
from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS
from routersvc.grpc_api.edges.opening import open_edge
from routersvc.grpc_api.edges.port import CallContext
from routersvc.grpc_api.server_options import (
    ConnectionOptions,
    EdgeName,
    KeepaliveOptions,
    ServerOptions,
)
from routersvc.grpc_api.servicers import DeadlineRule
from routersvc.grpc_api.wrapped_handlers import Handler
from routersvc.settings.sections.server import ServerSection

SERVICE = service_pb2.DESCRIPTOR.services_by_name["RouterService"].full_name


class Echo:
    """Answers without a provider."""

    async def complete(
        self, request: service_pb2.CompleteRequest, context: CallContext
    ) -> service_pb2.CompleteResponse:
        """Answer at once."""
        del context
        return _completed(TOKEN * MODELS[_model(request)])

    async def stream_complete(
        self, request: service_pb2.StreamCompleteRequest, context: CallContext
    ) -> None:
        """Answer token by token, at once or paced."""
        model = _model(request)
        loop = asyncio.get_running_loop()
        due = loop.time()
        for _ in range(MODELS[model]):
            await context.write(_delta(TOKEN))
            if model == "paced":
                due += PACED_GAP
                await asyncio.sleep(due - loop.time())
        await context.write(_FINISHED)


class Relay:
    """Forwards the answers of the provider."""

    def __init__(self, session: aiohttp.ClientSession, base_urls: dict[str, str]) -> None:
        self._session = session
        self._base_urls = base_urls

    async def complete(
        self, request: service_pb2.CompleteRequest, context: CallContext
    ) -> service_pb2.CompleteResponse:
        """Call the provider and forward its answer."""
        del context
        url = self._base_urls[_model(request)]
        return _completed(await unary(self._session, url, _prompt(request)))

    async def stream_complete(
        self, request: service_pb2.StreamCompleteRequest, context: CallContext
    ) -> None:
        """Call the provider and forward its tokens."""
        url = self._base_urls[_model(request)]
        texts: AsyncIterator[str] = streamed(self._session, url, _prompt(request))
        async for text in texts:
            await context.write(_delta(text))
        await context.write(_FINISHED)


_FINISHED = service_pb2.StreamCompleteResponse(
    finished=stream_pb2.Finished(finish_reason=stream_pb2.FINISH_REASON_STOP)
)


def _model(request: service_pb2.CompleteRequest | service_pb2.StreamCompleteRequest) -> str:
    return request.routing.policy.rstrip("0123456789")


def _prompt(request: service_pb2.CompleteRequest | service_pb2.StreamCompleteRequest) -> str:
    return request.prompt.messages[0].parts[0].text


def _delta(text: str) -> service_pb2.StreamCompleteResponse:
    return service_pb2.StreamCompleteResponse(content_delta=stream_pb2.ContentDelta(text=text))


def _completed(text: str) -> service_pb2.CompleteResponse:
    return service_pb2.CompleteResponse(
        message=prompt_pb2.Message(
            role=prompt_pb2.ROLE_ASSISTANT, parts=[prompt_pb2.Part(text=text)]
        ),
        finish_reason=stream_pb2.FINISH_REASON_STOP,
    )


async def _serve(kind: str, base_urls: dict[str, str], edge: EdgeName) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        servicer = Echo() if kind == "echo" else Relay(session, base_urls)
        handlers: dict[str, Handler] = {
            "Complete": grpc.unary_unary_rpc_method_handler(
                servicer.complete,
                service_pb2.CompleteRequest.FromString,
                service_pb2.CompleteResponse.SerializeToString,
            ),
            "StreamComplete": grpc.unary_stream_rpc_method_handler(
                servicer.stream_complete,
                service_pb2.StreamCompleteRequest.FromString,
                service_pb2.StreamCompleteResponse.SerializeToString,
            ),
        }
        server = open_edge(
            options=_options(edge),
            handlers=[grpc.method_handlers_generic_handler(SERVICE, handlers)],
            interceptors=[],
        )
        (address,) = await server.start()
        print(address, flush=True)
        await asyncio.Event().wait()


def _options(edge: EdgeName) -> ServerOptions:
    """Return the options of a server with the defaults of the settings."""
    section = ServerSection()
    return ServerOptions(
        addresses=("127.0.0.1:0",),
        max_message_bytes=section.max_message_bytes,
        deadlines=DeadlineRule(
            default_timeout=section.default_timeout, max_timeout=section.max_timeout
        ),
        connections=ConnectionOptions(**section.connections.model_dump()),
        limits=DEFAULT_LIMITS,
        keepalive=KeepaliveOptions(**section.keepalive.model_dump()),
        reflection=False,
        edge=edge,
    )


def main() -> None:
    """Serve until the process is terminated."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        kind, base_urls, edge = sys.argv[1:]
        runner.run(_serve(kind, json.loads(base_urls), cast("EdgeName", edge)))


if __name__ == "__main__":
    main()
