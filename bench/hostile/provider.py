"""The provider of the runs, in a process of its own: answers every chat completion at once.

`python -m bench.hostile.provider` prints its port. It reads requests to their end and keeps none.
"""

from __future__ import annotations

import asyncio
import json

_ANSWER = json.dumps(
    {
        "id": "answer",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "{}"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
    }
).encode()
_RESPONSE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
    + f"content-length: {len(_ANSWER)}\r\n\r\n".encode()
    + _ANSWER
)
_LIMIT = 1 << 20
_CHUNK = 1 << 16


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            left = next(
                (
                    int(line.partition(b":")[2])
                    for line in head.lower().splitlines()
                    if line.startswith(b"content-length:")
                ),
                0,
            )
            while left:
                left -= len(await reader.readexactly(min(left, _CHUNK)))
            writer.write(_RESPONSE)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, limit=_LIMIT)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
