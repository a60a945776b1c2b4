"""Providers that answer a few calls at a time, like self-hosted servers, and queue the others.

`python -m bench.sockets.slotted_providers COUNT SLOTS SECONDS` serves the same on as many ports.
The simulator has no such limit, so that sending all calls to one provider costs nothing there.
Speaks as much of OpenAI's chat completions as a unary call needs.
"""

from __future__ import annotations

import asyncio
import json
import sys

import orjson
from aiohttp import web

from bench.loops import loop_factory

_ANSWER = orjson.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "sim-large",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Done."},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10},
    }
)


class SlottedProvider:
    """One provider: `slots` calls at once, each takes `seconds` once it has a slot."""

    def __init__(self, *, slots: int, seconds: float) -> None:
        self._slots = asyncio.Semaphore(slots)
        self._seconds = seconds

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Wait for a slot, work, answer."""
        await request.read()
        async with self._slots:
            await asyncio.sleep(self._seconds)
        return web.Response(body=_ANSWER, content_type="application/json")


async def _serve(count: int, slots: int, seconds: float) -> None:
    urls: list[str] = []
    for _ in range(count):
        provider = SlottedProvider(slots=slots, seconds=seconds)
        runner = web.ServerRunner(web.Server(provider.answer))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        urls.append(f"{site.name.rsplit(':', 1)[0]}:{runner.addresses[0][1]}/v1")
    print(json.dumps(urls), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serve until the process is terminated."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))


if __name__ == "__main__":
    main()
