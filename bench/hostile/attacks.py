"""What hostile and careless callers do to a router, each for a few seconds."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType

from grpc import aio

from bench.hostile import frames
from bench.hostile.inputs import KINDS, asking, explaining, generated
from llmrouter import text_prompt

COMPLETE = "/llmrouter.v1.RouterService/Complete"
EXPLAIN = "/llmrouter.v1.RouterService/ExplainRoute"
BURST = 1_500
EXPLAINERS = 32
IDLE_CONNECTIONS = 200
BATCH = 4
"""Requests of a kind that are under way at a time."""

HALF_CONNECTIONS = 16
CALL_TIMEOUT = 20.0

Said = Counter[str]
"""How the calls of an attack ended: by gRPC's status."""

Attack = Callable[[str, str, float], Awaitable[Said]]
"""Takes the router's address, the API key of a tenant, and the seconds to go on for."""


@contextlib.asynccontextmanager
async def _channel(address: str) -> AsyncGenerator[aio.Channel]:
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", -1)]
    async with aio.insecure_channel(address, options=options) as channel:
        yield channel


async def _call(channel: aio.Channel, key: str, raw: bytes, said: Said, method: str) -> None:
    call: aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
    try:
        await call(raw, metadata=(("authorization", f"Bearer {key}"),), timeout=CALL_TIMEOUT)
        said["OK"] += 1
    except aio.AioRpcError as error:
        is_bare = not any(key == "grpc-status-details-bin" for key, _ in error.trailing_metadata())
        said[error.code().name + (" without details" if is_bare else "")] += 1


def _sending(kind: str) -> Attack:
    async def send(address: str, key: str, seconds: float) -> Said:
        said: Said = Counter()
        ends_at = asyncio.get_running_loop().time() + seconds
        requests = generated(kind, seed=1)
        async with _channel(address) as channel:
            while asyncio.get_running_loop().time() < ends_at:
                batch = [next(requests) for _ in range(BATCH)]
                await asyncio.gather(
                    *(
                        _call(channel, key, raw, said, COMPLETE)
                        if place
                        else _call(channel, key, explaining(raw), said, EXPLAIN)
                        for place, raw in enumerate(batch)
                    )
                )
        return said

    return send


async def _burst(address: str, key: str, seconds: float) -> Said:
    """Start many calls at once, on four connections."""
    said: Said = Counter()
    raw = asking(text_prompt("hi"))
    ends_at = asyncio.get_running_loop().time() + seconds
    async with contextlib.AsyncExitStack() as stack:
        channels = [await stack.enter_async_context(_channel(address)) for _ in range(4)]
        while asyncio.get_running_loop().time() < ends_at:
            await asyncio.gather(
                *(_call(channels[n % 4], key, raw, said, COMPLETE) for n in range(BURST))
            )
    return said


async def _explanations(address: str, key: str, seconds: float) -> Said:
    """Ask for explanations of a long prompt, many at a time."""
    said: Said = Counter()
    raw = explaining(asking(text_prompt("write python code " * 2_000)))
    ends_at = asyncio.get_running_loop().time() + seconds
    async with _channel(address) as channel:

        async def ask() -> None:
            while asyncio.get_running_loop().time() < ends_at:
                await _call(channel, key, raw, said, EXPLAIN)

        await asyncio.gather(*(ask() for _ in range(EXPLAINERS)))
    return said


def _flooding(batches: Callable[[], Iterable[bytes]], connections: int = 1) -> Attack:
    async def flood(address: str, key: str, seconds: float) -> Said:
        del key
        host, _, port = address.rpartition(":")
        await asyncio.gather(
            *(frames.flood(host, int(port), batches(), seconds) for _ in range(connections))
        )
        return Counter()

    return flood


async def _idle(address: str, key: str, seconds: float) -> Said:
    """Open connections and say nothing on them."""
    del key
    host, _, port = address.rpartition(":")
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(IDLE_CONNECTIONS)]
    await asyncio.sleep(seconds)
    for _, writer in opened:
        writer.close()
    return Counter()


ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        **{kind: _sending(kind) for kind in KINDS},
        f"{BURST:,} calls at once": _burst,
        f"{EXPLAINERS} callers ask for explanations": _explanations,
        "streams opened and reset, without a key": _flooding(frames.resets),
        "pings, without a key": _flooding(frames.pings),
        f"{HALF_CONNECTIONS} messages of 15 MiB that never end, without a key": _flooding(
            frames.halves, HALF_CONNECTIONS
        ),
        f"{IDLE_CONNECTIONS} connections that say nothing": _idle,
    }
)
