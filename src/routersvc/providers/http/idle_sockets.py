"""Looks at an idle connection once more before it is used again.

Bytes may have arrived that the event loop has not read yet. Over TCP they belong to no request, or
are the end of the connection. Over TLS they may also be records that carry no data, such as session
tickets and key updates: only reading them shows it, which the event loop does in its next turns.
"""

from __future__ import annotations

import asyncio
import select

TURNS = 8
"""Turns of the event loop within which it reads what waits; asyncio and uvloop take two."""


def has_unread_bytes(transport: asyncio.BaseTransport) -> bool:
    """Return whether the socket has bytes, or its end, that the event loop has not read."""
    socket = transport.get_extra_info("socket")
    if socket is None:
        return False
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN)
    return bool(poll.poll(0))


async def is_silent(transport: asyncio.BaseTransport) -> bool:
    """Return whether nothing waits on an idle connection, after TLS has read its own records.

    Data among those records reach the connection's protocol, which has to close it.
    """
    if not has_unread_bytes(transport):
        return True
    if transport.get_extra_info("ssl_object") is None:
        return False
    for _ in range(TURNS):
        await asyncio.sleep(0)
        if transport.is_closing():
            return False
        if not has_unread_bytes(transport):
            return True
    return False
