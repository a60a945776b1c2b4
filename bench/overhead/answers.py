"""Reads the provider's answers with as little work as possible."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import aiohttp
import orjson

PATH = "/chat/completions"
_PREFIX = b"data: "
_END = b"[DONE]"


def body(prompt: str, *, streaming: bool) -> bytes:
    """Return the body of a request."""
    return orjson.dumps(
        {
            "model": "sim-large",
            "messages": [{"role": "user", "content": prompt}],
            "stream": streaming,
        }
    )


async def unary(session: aiohttp.ClientSession, url: str, prompt: str) -> str:
    """Return the text of an answer."""
    async with session.post(url + PATH, data=body(prompt, streaming=False)) as response:
        answer: dict[str, Any] = orjson.loads(await response.read())
    return cast("str", answer["choices"][0]["message"]["content"])


async def streamed(session: aiohttp.ClientSession, url: str, prompt: str) -> AsyncIterator[str]:
    """Yield the text of an answer as it arrives.

    Raises:
        EOFError: the answer ended early.
    """
    async with session.post(url + PATH, data=body(prompt, streaming=True)) as response:
        rest = b""
        ended = False
        while not ended:
            chunk = await response.content.readany()
            if not chunk:
                raise EOFError("the answer broke off")
            *frames, rest = (rest + chunk).split(b"\n\n")
            ended = bool(frames) and frames[-1].endswith(_END)
            text = "".join(_texts(frames))
            if text:
                yield text


def _texts(frames: list[bytes]) -> Iterator[str]:
    for frame in frames:
        data = frame.removeprefix(_PREFIX)
        if data != _END:
            for choice in orjson.loads(data)["choices"]:
                yield choice["delta"].get("content") or ""
