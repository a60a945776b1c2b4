"""The targets of a load: the provider itself, or a gRPC server in front of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

import aiohttp
from grpc import aio

from bench.overhead.answers import streamed, unary
from bench.overhead.processes import DEPLOYMENTS, Provider, Server
from llmrouter.v1 import prompt_pb2, router_service_pb2_grpc, routing_pb2
from llmrouter.v1 import router_service_pb2 as service_pb2

PROMPT = "Explain in a few sentences why the sky is blue at noon and red in the evening. " * 4
"""About 80 tokens: what a small question looks like."""


class Target(Protocol):
    """One target. `pid` is the process whose CPU time is measured."""

    name: str
    pid: int

    async def unary(self) -> str:
        """Return the text of an unpaced answer."""
        ...

    def stream(self, model: str, place: int = 0) -> AsyncIterator[str]:
        """Yield the text of an answer as it arrives; `place` spreads streams over deployments."""
        ...


class Direct:
    """The provider itself, called with aiohttp."""

    def __init__(self, provider: Provider, session: aiohttp.ClientSession) -> None:
        self.name = "direct"
        self.pid = provider.pid
        self._base_urls = provider.base_urls
        self._session = session

    async def unary(self) -> str:
        """Return the text of an unpaced answer."""
        return await unary(self._session, self._base_urls["unpaced"], PROMPT)

    def stream(self, model: str, place: int = 0) -> AsyncIterator[str]:
        """Yield the text of an answer as it arrives."""
        del place
        return streamed(self._session, self._base_urls[model], PROMPT)


class Served:
    """A gRPC server that speaks the router's contract."""

    def __init__(self, name: str, server: Server, channel: aio.Channel) -> None:
        self.name = name
        self.pid = server.pid
        self._stub: router_service_pb2_grpc.RouterServiceAsyncStub = (
            router_service_pb2_grpc.RouterServiceStub(channel)
        )
        self._prompt = prompt_pb2.Prompt(
            messages=[
                prompt_pb2.Message(role=prompt_pb2.ROLE_USER, parts=[prompt_pb2.Part(text=PROMPT)])
            ]
        )

    async def unary(self) -> str:
        """Return the text of an unpaced answer."""
        response = await self._stub.Complete(
            service_pb2.CompleteRequest(
                prompt=self._prompt, routing=routing_pb2.Routing(policy="unpaced0")
            )
        )
        return response.message.parts[0].text

    async def stream(self, model: str, place: int = 0) -> AsyncIterator[str]:
        """Yield the text of an answer as it arrives; `place` spreads streams over deployments.

        Raises:
            EOFError: the answer ended early.
        """
        call = self._stub.StreamComplete(
            service_pb2.StreamCompleteRequest(
                prompt=self._prompt,
                routing=routing_pb2.Routing(policy=f"{model}{place % DEPLOYMENTS}"),
            )
        )
        finished = False
        try:
            async for response in call:
                if response.HasField("content_delta"):
                    yield response.content_delta.text
                finished = response.HasField("finished")
        finally:
            call.cancel()
        if not finished:
            raise EOFError("the answer broke off")


@contextlib.asynccontextmanager
async def open_targets(
    provider: Provider, servers: dict[str, Server]
) -> AsyncGenerator[list[Target]]:
    """Yield the provider itself and each of the servers, by name, ready to be called."""
    async with contextlib.AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(limit=0)
        headers = {"Content-Type": "application/json"}
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=connector, headers=headers)
        )
        targets: list[Target] = [Direct(provider, session)]
        for name, server in servers.items():
            channel = await stack.enter_async_context(aio.insecure_channel(server.address))
            targets.append(Served(name, server, channel))
        yield targets
