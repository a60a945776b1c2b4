"""What a handler may ask of its call: the context of grpc's servers, over a call of this edge."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Never

import grpc
from grpc import aio

from routersvc.grpc_api.edges.nghttp2.calls import Call
from routersvc.grpc_api.edges.nghttp2.limits import RefusedCallError
from routersvc.grpc_api.edges.nghttp2.metadata import Header, Metadatum, encoded_metadata
from routersvc.grpc_api.edges.port import Metadata

Serializer = Callable[[Any], bytes]
Deserializer = Callable[[bytes], Any]


class Context:
    """Implements `CallContext`, and what OpenTelemetry's interceptor uses besides."""

    __slots__ = (
        "_call",
        "_code",
        "_details",
        "_loop_time",
        "_max_bytes",
        "_serialize",
        "_trailers",
    )

    def __init__(
        self,
        *,
        call: Call,
        serialize: Serializer | None,
        loop_time: Callable[[], float],
        max_bytes: int,
    ) -> None:
        self._call = call
        self._serialize = serialize
        self._loop_time = loop_time
        self._max_bytes = max_bytes
        self._code = grpc.StatusCode.OK
        self._details = ""
        self._trailers: Metadata = ()

    def invocation_metadata(self) -> tuple[Metadatum, ...]:
        """Return the metadata that the caller sent, without the headers of gRPC itself."""
        return self._call.head.invocation_metadata

    def time_remaining(self) -> float | None:
        """Return the seconds left until the caller's deadline; `None` without one."""
        deadline = self._call.deadline
        return None if deadline is None else max(0.0, deadline - self._loop_time())

    def peer(self) -> str:
        """Return the caller's address."""
        return self._call.peer

    def auth_context(self) -> Mapping[str, tuple[bytes, ...]]:
        """Return what the caller's connection has proved."""
        return self._call.auth_context

    def cancelled(self) -> bool:
        """Return whether the call has ended before its handler."""
        return self._call.ended

    async def send_initial_metadata(self, initial_metadata: Metadata) -> None:
        """Send response headers before the first message, at most once."""
        self._call.send_headers(encoded_metadata(initial_metadata))

    def set_trailing_metadata(self, trailing_metadata: Metadata) -> None:
        """Send this metadata together with the status."""
        self._trailers = trailing_metadata

    def trailing_metadata(self) -> Metadata:
        """Return what was set."""
        return self._trailers

    def set_code(self, code: grpc.StatusCode) -> None:
        """Set the status of a handler that returns."""
        self._code = code

    def set_details(self, details: str) -> None:
        """Set the message of the status."""
        self._details = details

    def code(self) -> grpc.StatusCode:
        """Return what was set."""
        return self._code

    def details(self) -> str:
        """Return what was set."""
        return self._details

    async def write(self, message: Any) -> None:  # noqa: ANN401 - whatever the method's serializer takes
        """Send a message, and wait while the caller or the network is slower than this side."""
        self._call.send_message(self._serialized(message))
        await self._call.writable()

    async def abort(
        self,
        code: grpc.StatusCode,
        details: str = "",
        trailing_metadata: Metadata = (),
    ) -> Never:
        """End the call with a status other than OK.

        Raises:
            aio.AbortError: always.
        """
        trailers = [*encoded_metadata(self._trailers), *encoded_metadata(trailing_metadata)]
        self._code, self._details = code, details
        self._call.finish(code, details, trailers)
        raise aio.AbortError(details)

    async def requests(self, deserialize: Deserializer | None) -> AsyncIterator[Any]:
        """Yield the messages of the caller."""
        while (message := await self._call.receive()) is not None:
            yield message if deserialize is None else deserialize(message)

    def answer(self, response: Any) -> None:  # noqa: ANN401 - whatever the method's serializer takes
        """Send the only message of a call."""
        self._call.send_message(self._serialized(response))

    def finish(self) -> None:
        """Send the status that was set, `OK` by default."""
        trailers: Sequence[Header] = encoded_metadata(self._trailers) if self._trailers else ()
        self._call.finish(self._code, self._details, trailers)

    def _serialized(self, message: Any) -> bytes:  # noqa: ANN401 - as above
        raw: bytes = message if self._serialize is None else self._serialize(message)
        if len(raw) > self._max_bytes:
            raise RefusedCallError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"Sent message larger than max ({len(raw)} vs. {self._max_bytes})",
            )
        return raw
