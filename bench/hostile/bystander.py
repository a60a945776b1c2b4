"""A quiet caller in a process of its own: `python -m bench.hostile.bystander ADDRESS KEY`.

It makes 20 calls a second until its standard input ends, and prints a line for each: the instant at
which it began, the seconds it took, and how it ended.
"""

from __future__ import annotations

import asyncio
import sys
import time

from llmrouter import AsyncRouterClient, CallError, text_prompt
from llmrouter.v1.router_service_pb2 import CompleteRequest

CALLS_PER_SECOND = 20
TIMEOUT = 10.0
SERVED = "served"


async def run(address: str, key: str) -> None:
    """Call until the standard input ends."""
    client = AsyncRouterClient(address, plaintext=True, token=key)
    async with asyncio.TaskGroup() as tasks:
        ended = tasks.create_task(asyncio.to_thread(sys.stdin.read))
        while not ended.done():
            tasks.create_task(_call(client))
            await asyncio.sleep(1 / CALLS_PER_SECOND)
    await client.aclose()


async def _call(client: AsyncRouterClient) -> None:
    began = time.monotonic()
    said = SERVED
    try:
        await client.complete(CompleteRequest(prompt=text_prompt("hi")), timeout=TIMEOUT)
    except CallError as error:
        said = str(error.status)
    print(began, time.monotonic() - began, said, flush=True)


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:3]))
