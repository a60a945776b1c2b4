"""One attempt over HTTP: sends the request and returns the events that the wire format decodes."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import math
from collections.abc import AsyncIterator, Callable, Sequence

import httpx

from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.deltas import CONTENT_TYPES
from routersvc.domain.conversation.proofs import LeftOut, prompt_without_proofs
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.engine.ports import AttemptCall
from routersvc.engine.slices import in_turns
from routersvc.providers.errors.http_failures import TRANSPORT_ERRORS, Stage, failure_of_exception
from routersvc.providers.http.connections import ProviderClient
from routersvc.providers.http.transports import LingeringStream
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead

MAX_ERROR_BODY_BYTES = 256 * 1024
"""Bytes read of an error's body: its meaning stands in the first few hundred."""

GRACE = 1.0
"""Seconds that an answer with a finish reason waits for its usage and its terminator."""

GATHERED_WITHIN = 0.002
"""Seconds that an answer which is delivered whole may wait for more of it, where more came within
as many; its end is never waited for."""

PIECE_BYTES = 16 * 1024
"""Bytes of an answer that are decoded before other calls have their turn: about 5 ms of CPU where
every token is an event of its own."""

_FIRST_ERROR = 300
"""The lowest status that is no success: redirects are not followed."""


class HttpAttempt:
    """An `AnswerStream` over HTTP. `wall_clock` is Unix time, for headers that name an instant."""

    def __init__(
        self, call: AttemptCall, client: ProviderClient, *, wall_clock: Callable[[], float]
    ) -> None:
        self._call = call
        self._client = client
        self._wall_clock = wall_clock
        self._stage = Stage.BEFORE_RESPONSE
        self._response: httpx.Response | None = None
        self._reading: tuple[AnswerDecoder, AsyncIterator[bytes]] | None = None
        self._connection_was_idle = False
        self._rest = b""
        self._complete = False
        self._grace_ends_at: float | None = None
        self._read_at = -math.inf
        self._closed = False
        self._receiver: asyncio.Task[object] | None = None
        self._interruption: Failure | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._left_out: tuple[LeftOut, ...] = ()

    async def receive(self) -> Sequence[AnswerEvent]:
        """Wait for the next events and return those that arrived together.

        Raises:
            AttemptFailedError: the attempt failed; nothing more will come.
        """
        if self._interruption is not None:
            raise AttemptFailedError(self._interruption)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._call.timeout, self._time_is_up)
        # No local variable for the task: the traceback of its cancellation would hold it.
        self._receiver = asyncio.current_task()
        cancelling = 0 if self._receiver is None else self._receiver.cancelling()
        try:
            decoder, body = self._reading or await self._start()
            while decoder.failure is None:
                if self._stage is Stage.AFTER_CONTENT and not self._call.streaming:
                    await self._gather()
                data = await self._next(body)
                events = decoder.end() if data is None else decoder.feed(data)
                self._take_note(events)
                if self._left_out and events and isinstance(events[0], Started):
                    events[0] = dataclasses.replace(events[0], left_out=self._left_out)
                if not decoder.may_end:
                    self._grace_ends_at = None
                elif self._grace_ends_at is None or events:
                    self._grace_ends_at = asyncio.get_running_loop().time() + GRACE
                if events or data is None or self._call.streaming:
                    return events
            return decoder.end()
        except asyncio.CancelledError:
            await self._break_off()
            if (
                self._interruption is not None
                and self._receiver is not None
                and self._receiver.uncancel() <= cancelling
            ):
                raise AttemptFailedError(self._interruption) from None
            raise
        except TRANSPORT_ERRORS as error:
            await self._break_off()
            raise AttemptFailedError(
                failure_of_exception(
                    error, self._stage, connection_was_idle=self._connection_was_idle
                )
            ) from error
        except BaseException:
            await self._break_off()
            raise
        finally:
            self._receiver = None

    async def aclose(self) -> None:
        """End the attempt at once and free its connection. Idempotent; never raises."""
        if self._closed:
            return
        self._closed = True
        if self._complete and self._response is not None:
            self._disarm()
            stream = self._response.stream
            if isinstance(stream, LingeringStream):
                stream.linger()
                return
        else:
            self._interrupt(
                Failure(failure_class=FailureClass.RESET, message="the attempt was cancelled")
            )
        await self._break_off()

    async def _start(self) -> tuple[AnswerDecoder, AsyncIterator[bytes]]:
        """Send the request; return the decoder and the byte stream of the answer.

        A vendor that refuses a proof gets the request once more without any.
        """
        call = self._call
        wire_format = self._client.wire_format
        response = await self._send(call)
        head = response_head(response, received_at=self._wall_clock())
        if not 200 <= head.status < _FIRST_ERROR:  # noqa: PLR2004 - HTTP's successes
            body = await self._read_error(response)
            failure = wire_format.decode_failure(head, body)
            if failure.proof_refused and not self._left_out:
                prompt, self._left_out = prompt_without_proofs(
                    call.prompt, plain_thoughts=call.deployment.plain_thoughts
                )
                if self._left_out:
                    await self._drop_response()
                    self._call = dataclasses.replace(call, prompt=prompt)
                    return await self._start()
            self._client.note_failure(failure, credential=call.deployment.credential)
            raise AttemptFailedError(failure)
        self._stage = Stage.BEFORE_CONTENT
        self._reading = (wire_format.decoder(call, head), body_of(response))
        return self._reading

    async def _send(self, call: AttemptCall) -> httpx.Response:
        request = await self._client.request(
            await in_turns(self._client.wire_format.encoding(call)),
            credential=call.deployment.credential,
            headers=call.headers,
            connect_timeout=call.connect_timeout,
        )
        try:
            response = await self._client.transport.handle_async_request(request)
        finally:
            self._connection_was_idle = bool(request.extensions.get("connection_was_idle"))
        self._response = response
        return response

    async def _gather(self) -> None:
        """Let more of an answer come that is delivered whole, if it comes quickly.

        A piece read by itself costs several times what it costs among others.
        """
        now = asyncio.get_running_loop().time()
        read_at, self._read_at = self._read_at, now
        stream = None if self._response is None else self._response.stream
        if (
            now - read_at < GATHERED_WITHIN
            and not self._rest
            and self._grace_ends_at is None
            and isinstance(stream, LingeringStream)
        ):
            await stream.gather(GATHERED_WITHIN)

    async def _next(self, body: AsyncIterator[bytes]) -> bytes | None:
        """Return the next bytes of the body; `None` at its end, and when an answer may end.

        An answer with a finish reason waits for its end until the grace has passed. A connection
        that breaks meanwhile takes nothing from it, nor is it used again. A provider that sends
        faster than its answer is read does not keep other calls waiting.
        """
        if self._rest:
            await asyncio.sleep(0)
            return self._piece(self._rest)
        if self._grace_ends_at is None:
            data = await anext(body, None)
            return data if data is None else self._piece(data)
        with contextlib.suppress(*TRANSPORT_ERRORS):
            async with asyncio.timeout_at(self._grace_ends_at):
                data = await anext(body, None)
                return data if data is None else self._piece(data)
        await self._drop_response()
        return None

    def _piece(self, data: bytes) -> bytes:
        """Return the first piece of `data` and keep the rest."""
        self._rest = data[PIECE_BYTES:]
        return data[:PIECE_BYTES] if self._rest else data

    def _take_note(self, events: Sequence[AnswerEvent]) -> None:
        if events and isinstance(events[-1], Finished):
            self._complete = True
        elif self._stage is Stage.BEFORE_CONTENT and any(
            isinstance(event, CONTENT_TYPES) for event in events
        ):
            self._stage = Stage.AFTER_CONTENT

    async def _read_error(self, response: httpx.Response) -> bytes:
        """Return the body of an error, or the part that arrived: the status matters more."""
        body = bytearray()
        with contextlib.suppress(*TRANSPORT_ERRORS):
            async for data in body_of(response):
                body += data
                if len(body) > MAX_ERROR_BODY_BYTES:
                    break
        return bytes(body)

    async def _break_off(self) -> None:
        self._disarm()
        await self._drop_response()

    async def _drop_response(self) -> None:
        """Close the connection, unless the end of the body has come."""
        response, self._response = self._response, None
        if response is not None:
            with contextlib.suppress(Exception):
                await response.aclose()

    def _time_is_up(self) -> None:
        self._interrupt(
            Failure(
                failure_class=FailureClass.ATTEMPT_TIMEOUT,
                message=f"the attempt did not end within {self._call.timeout:g} s",
            )
        )

    def _interrupt(self, failure: Failure) -> None:
        """Make the running or next `receive` raise `failure`."""
        if self._interruption is None:
            self._interruption = failure
            if self._receiver is not None:
                self._receiver.cancel()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def response_head(response: httpx.Response, *, received_at: float) -> ResponseHead:
    """Return status and headers; of a repeated header, the last counts."""
    return ResponseHead(
        status=response.status_code,
        headers={
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers.raw
        },
        received_at=received_at,
    )


def body_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """Return the body as it arrives, decoded unless the transport has decoded it."""
    if "content-encoding" in response.headers:
        return response.aiter_bytes()
    stream = response.stream
    if not isinstance(stream, httpx.AsyncByteStream):
        raise TypeError("a transport's response has an asynchronous stream")
    return aiter(stream)
