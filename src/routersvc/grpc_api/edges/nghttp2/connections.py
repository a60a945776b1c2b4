"""One HTTP/2 connection: bytes in, events to calls, and all frames of a loop turn in one send."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, cast

import grpc

from routersvc.grpc_api.edges.nghttp2 import engine
from routersvc.grpc_api.edges.nghttp2.calls import Call
from routersvc.grpc_api.edges.nghttp2.engine import EngineError, ErrorCode
from routersvc.grpc_api.edges.nghttp2.hosts import Host
from routersvc.grpc_api.edges.nghttp2.lifetimes import LINGER, UNREAD_LINGER, Step
from routersvc.grpc_api.edges.nghttp2.limits import (
    SEND_CHUNK,
    RefusedCallError,
)
from routersvc.grpc_api.edges.nghttp2.messages import MessageReader
from routersvc.grpc_api.edges.nghttp2.metadata import (
    NotGrpcError,
    refusal_headers,
    request_head,
)
from routersvc.grpc_api.edges.nghttp2.peers import peer_of
from routersvc.grpc_api.edges.nghttp2.turns import Input
from routersvc.grpc_api.edges.nghttp2.unsent import Unsent

logger = logging.getLogger(__name__)

_NOTHING: Mapping[str, tuple[bytes, ...]] = MappingProxyType({})
_DRAIN_PING = b"goodbye!"
_KEEPALIVE_PING = b"isalive?"


class Connection(asyncio.Protocol):
    """Implements `Line` for its calls."""

    def __init__(self, host: Host, loop: asyncio.AbstractEventLoop) -> None:
        self.session = engine.server_session(max_streams=host.max_streams)
        self.unsent = Unsent(self.session, loop)
        self.peer = ""
        self.auth_context = _NOTHING
        self.is_paused = False
        self._host = host
        self._loop = loop
        self._calls: dict[int, Call] = {}
        self.lifetime = host.lifetime()
        self._input = Input(self._parse, loop)
        self._timer: asyncio.TimerHandle | None = None
        self._handshaking: asyncio.Transport | None = None
        self._transport: asyncio.Transport | None = None
        self._will_flush = False
        self._is_closing = False
        self._handlers: dict[type[engine.Event], Callable[[Any], None]] = {
            engine.RequestReceived: self._request,
            engine.DataReceived: self._data,
            engine.TrailersReceived: self._trailers,
            engine.StreamClosed: self._stream_closed,
            engine.SettingsReceived: self._settings,
            engine.PingReceived: self._ping,
            engine.PingAcknowledged: self._ping_answer,
            engine.ConnectionClosed: self._session_closed,
        }

    def __len__(self) -> int:
        """Return how many streams are open."""
        return len(self._calls)

    # ---- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or refuse a connection too many."""
        socket = cast("asyncio.Transport", transport)
        if self.admit(socket):
            self.begin(socket)

    def admit(self, transport: asyncio.Transport) -> bool:
        """Register this connection; return whether there is room, and cut it off otherwise."""
        if not self._host.opened(self):
            self._is_closing = True
            transport.abort()
            return False
        self._handshaking = transport
        self.peer = peer_of(transport.get_extra_info("peername"))
        return True

    def begin(
        self, transport: asyncio.Transport, properties: Mapping[str, tuple[bytes, ...]] = _NOTHING
    ) -> None:
        """Speak HTTP/2 over a transport; `properties` are what its handshake has proved."""
        self._transport = transport
        self._handshaking = None
        self.auth_context = properties
        self._watch()
        self.flush_soon()

    def data_received(self, data: bytes) -> None:
        """Feed the engine, and hand its events to the calls."""
        if self._is_closing:
            return
        self.lifetime.heard_at = self._loop.time()
        self._input.received(data, self._transport)
        self.flush_soon()

    def _parse(self, data: bytes) -> int | None:
        """Feed the engine, and return how many events the data held; `None` when it is closed."""
        if self._is_closing:
            return None
        try:
            self.session.receive_data(data)
            return self._dispatch()
        except EngineError as error:
            self._broken(error)
            return None

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel every call."""
        del exc
        self._is_closing = True
        self._transport = self._handshaking = None
        if self._timer is not None:
            self._timer.cancel()
        self._host.closed(self)
        self._abandon_calls()

    def pause_writing(self) -> None:
        """Frame nothing more: the socket is slower than this side."""
        self.is_paused = True

    def resume_writing(self) -> None:
        """Go on."""
        self.is_paused = False
        self._flush()

    # ---- Line, for calls

    def flush_soon(self) -> None:
        """Send what the session holds, at the end of this turn of the loop."""
        if not self._will_flush:
            self._will_flush = True
            self._loop.call_soon(self._flush)

    def sent(self) -> None:
        """Do so, and note that a response sends data."""
        self.lifetime.sent()
        self.flush_soon()

    # ---- the end

    def drain(self) -> None:
        """Refuse new calls, let running ones finish, then close."""
        if self._is_closing or self.lifetime.is_draining:
            return
        if self._handshaking is not None:
            self.abort()
            return
        self.lifetime.draining(self._loop.time())
        with contextlib.suppress(EngineError):
            self.session.send_shutdown_notice()
            # The answer comes after all calls that the peer sent before it read the notice.
            self.session.ping(_DRAIN_PING)
        self._watch()
        self.flush_soon()

    def end_calls(self, code: grpc.StatusCode, message: str) -> None:
        """End every running call with a status."""
        for call in list(self._calls.values()):
            if not call.ended:
                call.refuse(code, message)

    def close(self, error_code: ErrorCode = ErrorCode.NO_ERROR) -> None:
        """Send the last frames and close; calls that still run are cancelled."""
        if self._handshaking is not None:
            self.abort()
        if self._is_closing:
            return
        self._flush()
        if not self._is_closing:
            if not self.lifetime.has_said_goodbye:
                with contextlib.suppress(EngineError):
                    self.session.terminate_connection(error_code)
                    self._write()
            self._shut()

    def abort(self) -> None:
        """Close the socket at once."""
        self._is_closing = True
        transport = self._transport or self._handshaking
        if transport is not None:
            transport.abort()

    # ---- events of the engine

    def _dispatch(self) -> int:
        events = self.session.events()
        for event in events:
            if self._is_closing:
                break
            handle = self._handlers.get(type(event))
            if handle is not None:
                handle(event)
        return len(events)

    def _request(self, event: engine.RequestReceived) -> None:
        stream_id = event.stream_id
        try:
            head = request_head(event.headers)
            call = Call(
                line=self,
                stream_id=stream_id,
                head=head,
                reader=MessageReader(
                    encoding=head.encoding, max_bytes=self._host.max_message_bytes
                ),
                intake=self._host.intake,
                loop=self._loop,
            )
        except (NotGrpcError, RefusedCallError) as error:
            with contextlib.suppress(EngineError):
                # The caller may have reset the stream in the same read.
                self.session.send_response(stream_id, refusal_headers(error), end_stream=True)
        else:
            if not self._calls:
                self.lifetime.busy()
            self._calls[stream_id] = call
            if event.end_stream:
                call.half_closed()
            self._host.start(call)
            return
        if not event.end_stream:
            self.unsent.reset_when_sent(stream_id)

    def _data(self, event: engine.DataReceived) -> None:
        call = self._calls.get(event.stream_id)
        if call is None:
            # Of a call that was refused.
            self.session.acknowledge_received_data(len(event.data), event.stream_id)
            return
        if event.data:
            call.data_arrived(event.data)
        if event.end_stream:
            call.half_closed()

    def _trailers(self, event: engine.TrailersReceived) -> None:
        call = self._calls.get(event.stream_id)
        if call is not None:
            call.half_closed()

    def _stream_closed(self, event: engine.StreamClosed) -> None:
        call = self._calls.pop(event.stream_id, None)
        if call is None:
            return
        if not call.ended:
            call.abandon()
        if not self._calls:
            self.lifetime.idle(self._loop.time())
            self._host.idle()
            if self.lifetime.has_said_goodbye:
                self.close()

    def _settings(self, _: engine.SettingsReceived) -> None:
        self.lifetime.shaken()

    def _ping(self, _: engine.PingReceived) -> None:
        if self.lifetime.ping_received(self._loop.time()):
            logger.warning(
                "closing connection: too many pings", extra={"fields": {"peer": self.peer}}
            )
            with contextlib.suppress(EngineError):
                self.session.send_goaway(ErrorCode.ENHANCE_YOUR_CALM, debug_data=b"too_many_pings")
            self.close(ErrorCode.ENHANCE_YOUR_CALM)

    def _ping_answer(self, event: engine.PingAcknowledged) -> None:
        if event.opaque_data == _DRAIN_PING and not self.lifetime.has_said_goodbye:
            self._say_goodbye()
            self._watch()

    def _session_closed(self, _: engine.ConnectionClosed) -> None:
        with contextlib.suppress(EngineError):
            self._write()
        self._shut()

    # ---- time

    def _watch(self) -> None:
        """Do what is due, and come back when something may be due again."""
        if self._is_closing:
            return
        if self._timer is not None:
            self._timer.cancel()
        lifetime = self.lifetime
        now = self._loop.time()
        while not self._is_closing:
            match lifetime.step(now):
                case Step.WAIT:
                    break
                case Step.PING:
                    with contextlib.suppress(EngineError):
                        self.session.ping(_KEEPALIVE_PING)
                    self.flush_soon()
                case Step.DRAIN:
                    self.drain()
                    return
                case Step.LAST_GOAWAY:
                    self._say_goodbye()
                case Step.CLOSE:
                    self._abandon_calls()
                    self.close()
        if not self._is_closing:
            self._timer = self._loop.call_at(lifetime.next_due(now), self._tick)

    def _say_goodbye(self) -> None:
        self.lifetime.said_goodbye(self._loop.time())
        with contextlib.suppress(EngineError):
            self.session.send_goaway()
        if self._calls:
            self.flush_soon()
        else:
            self.close()

    def _tick(self) -> None:
        now = self._loop.time()
        for call in list(self._calls.values()):
            if call.ended and now >= call.ended_at + UNREAD_LINGER:
                call.reset()
        self._watch()

    # ---- output

    def _flush(self) -> None:
        self._will_flush = False
        if not self._can_write():
            return
        if self.session.queued_body_size():
            self.lifetime.sent()
        try:
            self._write()
            if self._can_write() and self.unsent.reset_unfinished():
                self._write()
            self._dispatch()
        except EngineError as error:
            self._broken(error)
            return
        if self._can_write():
            self.unsent.wake_writers()

    def _can_write(self) -> bool:
        return not (self._is_closing or self.is_paused)

    def _write(self) -> None:
        transport = self._transport
        while transport is not None and not self.is_paused:
            data = self.session.data_to_send(SEND_CHUNK)
            if data:
                transport.write(data)
            if len(data) < SEND_CHUNK // 2:
                return

    def _broken(self, error: EngineError) -> None:
        """Close a connection whose peer broke the protocol or exceeded a limit."""
        logger.info(
            "closing connection: HTTP/2 error",
            extra={"fields": {"peer": self.peer, "error": str(error)}},
        )
        self._shut()

    def _shut(self) -> None:
        """Close the transport when it has sent what it holds, or after a while."""
        self._is_closing = True
        if self._timer is not None:
            self._timer.cancel()
        self._abandon_calls()
        transport = self._transport
        if transport is None:
            return
        # Closing a socket with unread input resets it, and the last frames would be lost: the peer
        # closes its side when it has read them.
        try:
            transport.write_eof()
        except (NotImplementedError, OSError):
            # TLS has no half-closed connections, and the peer may have reset this one.
            transport.close()
        self._timer = self._loop.call_later(LINGER, transport.abort)

    def _abandon_calls(self) -> None:
        for call in list(self._calls.values()):
            call.abandon()
        self._calls.clear()
