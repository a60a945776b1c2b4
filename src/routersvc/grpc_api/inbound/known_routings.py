"""Remembers the routing options that were converted, by the bytes of their message.

A service sends the same few options with every call, apart from the session. What the conversion
makes of a message depends on nothing but its bytes, so that tenants may share what is remembered.
"""

from __future__ import annotations

import dataclasses

from llmrouter.v1 import routing_pb2
from routersvc.domain.catalogue.routing import Routing

MAX_REMEMBERED = 1_000
"""Options to remember. Above that all are dropped."""

MAX_BYTES = 1_024
"""Messages with more bytes are converted each time."""


class KnownRoutings:
    """The options of valid messages in which every field is served."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, Routing] = {}

    def find(self, message: routing_pb2.Routing) -> Routing | None:
        """Return the options of a message like this one, `None` if they are not known.

        The session is not checked.
        """
        known = self._known.get(_without_session(message))
        session = message.session_id
        if known is None or not session:
            return known
        return dataclasses.replace(known, session_id=session)

    def keep(self, message: routing_pb2.Routing, routing: Routing) -> None:
        """Remember the options of a message that was found valid."""
        raw = _without_session(message)
        if len(raw) > MAX_BYTES:
            return
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        self._known[raw] = (
            dataclasses.replace(routing, session_id="") if routing.session_id else routing
        )


def _without_session(message: routing_pb2.Routing) -> bytes:
    session = message.session_id
    if not session:
        return message.SerializeToString()
    message.session_id = ""
    raw = message.SerializeToString()
    message.session_id = session
    return raw
