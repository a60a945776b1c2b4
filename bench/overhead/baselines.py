"""Two gRPC servers as baselines, which do less than the router.

`echo` answers without a provider: the cost of grpc.aio alone. `relay` calls the provider and
forwards its answer, one JSON object in and out: the minimum cost of any such service in Python.
Both implement the contract of the router.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import grpc
from grpc import aio

from bench.loops import loop_factory
from bench.overhead.answers import streamed, unary
from bench.overhead.processes import MODELS, PACED_GAP, TOKEN
from llmrouter.v1 import prompt_pb2, stream_pb2
from llmrouter.v1 import router_service_pb2 as service_pb2

_Context = aio.ServicerContext[Any, Any]
SERVICE = service_pb2.DESCRIPTOR.services_by_name["RouterService"].full_name


class Echo:
    """Answers without a provider."""

    async def complete(
        self, request: service_pb2.CompleteRequest, context: _Context
    ) -> service_pb2.CompleteResponse:
        """Answer at once."""
        del context
        return _completed(TOKEN * MODELS[_model(request)])

    async def stream_complete(
        self, request: service_pb2.StreamCompleteRequest, context: _Context
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
        self, request: service_pb2.CompleteRequest, context: _Context
    ) -> service_pb2.CompleteResponse:
        """Call the provider and forward its answer."""
        del context
        url = self._base_urls[_model(request)]
        return _completed(await unary(self._session, url, _prompt(request)))

    async def stream_complete(
        self, request: service_pb2.StreamCompleteRequest, context: _Context
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


async def _serve(kind: str, base_urls: dict[str, str]) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        servicer = Echo() if kind == "echo" else Relay(session, base_urls)
        server = aio.server(
            handlers=[
                grpc.method_handlers_generic_handler(
                    SERVICE,
                    {
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
                    },
                )
            ]
        )
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        print(f"127.0.0.1:{port}", flush=True)
        await server.wait_for_termination()


def main() -> None:
    """Serve until the process is terminated."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(sys.argv[1], json.loads(sys.argv[2])))


if __name__ == "__main__":
    main()
