"""A caller's trace goes on at the provider, whether or not the router itself traces."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from grpc import aio

from llmrouter.v1.prompt_pb2 import ROLE_USER, Message, Part, Prompt
from llmrouter.v1.router_service_pb2 import CompleteRequest
from llmrouter.v1.router_service_pb2_grpc import RouterServiceStub

Start = Callable[..., AbstractAsyncContextManager[Any]]

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
REQUEST = CompleteRequest(
    prompt=Prompt(messages=[Message(role=ROLE_USER, parts=[Part(text="Hello")])])
)


async def test_trace_context_reaches_the_provider(start: Start) -> None:
    """The same trace id, in the header that the W3C names."""
    async with start() as service:
        async with aio.insecure_channel(service.application.addresses[0]) as channel:
            await RouterServiceStub(channel).Complete(
                REQUEST, metadata=(("traceparent", f"00-{TRACE_ID}-b7ad6b7169203331-01"),)
            )

        (record,) = service.simulator.provider("alpha").log
        assert record.headers["traceparent"].split("-")[1] == TRACE_ID
