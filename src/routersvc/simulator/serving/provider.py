"""One simulated provider: its port, connections and requests, and the methods to control it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from routersvc.simulator.answers.author import Author
from routersvc.simulator.behaviours.behaviours import Behaviour
from routersvc.simulator.faults.faults import Fault
from routersvc.simulator.formats import WIRE_FORMATS
from routersvc.simulator.serving.activity import Activity, ActivityCounter
from routersvc.simulator.serving.clocks import Clock
from routersvc.simulator.serving.exchange import Desk, Exchange
from routersvc.simulator.serving.fault_book import ActiveFault, Circumstances, FaultBook
from routersvc.simulator.serving.http_responses import AlreadyWritten, ResponseWriter, reset
from routersvc.simulator.serving.listening import Listener
from routersvc.simulator.serving.provider_characters import ProviderCharacter
from routersvc.simulator.serving.rate_limits import RateLimiter
from routersvc.simulator.serving.rendering import Renderer
from routersvc.simulator.serving.request_log import (
    Outcome,
    RequestLog,
    RequestRecord,
    headers_of_interest,
)

CONTROL_PREFIX = "/_control"
# Requests carry images and files as base64.
_LARGEST_BODY = 64 * 1024 * 1024

ControlHandler = Callable[["SimulatedProvider", web.BaseRequest], Awaitable[web.StreamResponse]]


class CountingServer(web.Server):
    """The HTTP server of one port, which counts its connections.

    Handlers are cancelled when their client disconnects. While `accepting` is false, new
    connections are reset.
    """

    def __init__(
        self,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        counter: ActivityCounter,
    ) -> None:
        super().__init__(
            handler,
            request_factory=_make_request,
            handler_cancellation=True,
            access_log=None,
        )
        self._counter = counter
        self.accepting = True
        self.transports: dict[RequestHandler, asyncio.Transport] = {}
        self._used: set[RequestHandler] = set()

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Count a new connection."""
        super().connection_made(handler, transport)
        self.transports[handler] = transport
        self._counter.connection_opened()
        if not self.accepting:
            # The kernel accepted it just before the listening socket was closed.
            reset(transport)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Count a closed connection."""
        super().connection_lost(handler, exc)
        self._used.discard(handler)
        if self.transports.pop(handler, None) is not None:
            self._counter.connection_closed()

    def uses_again(self, handler: RequestHandler) -> bool:
        """Return whether the connection has carried a request before, and note this one."""
        known = handler in self._used
        self._used.add(handler)
        return known

    def reset_connections(self, spare: asyncio.Transport | None = None) -> None:
        """Reset all connections but one."""
        for transport in tuple(self.transports.values()):
            if transport is not spare:
                reset(transport)


class SimulatedProvider:
    """A simulated provider: its behaviour, faults, log and activity.

    Every method may be called at any time from the event loop that runs it.
    """

    def __init__(
        self,
        character: ProviderCharacter,
        *,
        host: str,
        clock: Clock,
        log_capacity: int,
        control: ControlHandler,
        serials: Iterator[int],
    ) -> None:
        self.character = character
        self._clock = clock
        self._control = control
        self._log = RequestLog(log_capacity)
        self._counter = ActivityCounter()
        self._serials = serials
        self._records: dict[int, RequestRecord] = {}
        self._writers: dict[int, ResponseWriter] = {}
        wire_format = WIRE_FORMATS[character.wire_format](character.models, character.seed)
        self._desk = Desk(
            wire_format=wire_format,
            renderer=Renderer(wire_format, Author(character.seed)),
            faults=FaultBook(random.Random(f"faults {character.seed}"), wire_format.shows),
            limiter=RateLimiter(),
            clock=clock,
            latencies=random.Random(f"latencies {character.seed}"),
            api_keys=frozenset(character.api_keys),
            behaviour=character.behaviour,
        )
        for fault in character.faults:
            self._desk.faults.inject(fault, clock.now())
        self._server = CountingServer(self._handle, self._counter)
        self._listener = Listener(host, character.port)

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.character.name

    @property
    def port(self) -> int:
        """The port, also while the provider is down."""
        return self._listener.port

    @property
    def origin(self) -> str:
        """The URL of its root."""
        return f"http://{self._listener.authority}"

    @property
    def base_url(self) -> str:
        """The base URL for clients of its wire format."""
        return f"{self.origin}{self._desk.wire_format.base_path}"

    @property
    def alive(self) -> bool:
        """Whether it accepts connections."""
        return self._listener.listening

    @property
    def behaviour(self) -> Behaviour:
        """The current behaviour."""
        return self._desk.behaviour

    @property
    def faults(self) -> tuple[ActiveFault, ...]:
        """The active faults, oldest first."""
        return self._desk.faults.active

    @property
    def log(self) -> tuple[RequestRecord, ...]:
        """The logged requests, oldest first."""
        return self._log.records

    @property
    def forgotten(self) -> int:
        """The number of requests dropped from the log."""
        return self._log.forgotten

    def behave(self, behaviour: Behaviour) -> None:
        """Replace the behaviour, from the next request on."""
        self._desk.behaviour = behaviour

    def inject(self, fault: Fault) -> ActiveFault:
        """Make a fault active."""
        return self._desk.faults.inject(fault, self._clock.now())

    def remove_fault(self, fault_id: str) -> None:
        """Remove one fault.

        Raises:
            UnknownFaultError: it is not active, or used up.
        """
        self._desk.faults.remove(fault_id)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._desk.faults.clear()

    def clear_log(self) -> None:
        """Clear the log."""
        self._log.clear()

    def activity(self) -> Activity:
        """Return the current activity."""
        return self._counter.now()

    def reset_peaks(self) -> None:
        """Set the peaks to the current counts."""
        self._counter.reset_peaks()

    async def when(self, condition: Callable[[Activity], bool]) -> Activity:
        """Wait until the activity fulfils a condition, and return it."""
        return await self._counter.when(condition)

    async def settled(self) -> None:
        """Wait until no request is in flight, so that the log has all outcomes."""
        await self._counter.when(lambda activity: activity.requests_in_flight == 0)

    async def revive(self) -> None:
        """Accept connections, on the same port as before.

        Raises:
            PortUnavailableError: another process uses the port.
        """
        self._server.accepting = True
        await self._listener.open(self._server)

    async def kill(self, spare: asyncio.Transport | None = None) -> None:
        """Refuse connections and reset the open ones; return when all are closed.

        `spare` is a connection to keep open: that of the control call.
        """
        self._listener.close()
        self._server.accepting = False
        for record in self._records.values():
            record.outcome = Outcome.KILLED
        self._server.reset_connections(spare)
        left = 0 if spare is None else 1
        await self._counter.when(
            lambda activity: activity.open_connections <= left and activity.requests_in_flight == 0
        )

    def cut(self) -> int:
        """Reset, at one instant, every connection on which an answer has begun; return how many.

        Requests without an answer yet and idle connections stay.
        """
        begun = [serial for serial, writer in self._writers.items() if writer.begun]
        for serial in begun:
            self._records[serial].outcome = Outcome.ABORTED_BY_FAULT
            self._writers[serial].reset()
        return len(begun)

    async def close(self) -> None:
        """Close all connections and release the port."""
        await self.kill()
        await self._server.shutdown()
        self.release()

    def release(self) -> None:
        """Release the port."""
        self._listener.release()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if is_control(request.path):
            return await self._control(self, request)
        serial = next(self._serials)
        started = self._clock.now()
        record = RequestRecord(
            serial=serial,
            id=f"{self.name}-{serial}",
            provider=self.name,
            received_time=self._clock.wall(),
            method=request.method,
            path=request.path,
            headers=headers_of_interest(request.headers),
        )
        circumstances = Circumstances(
            now=self._clock.now(),
            others=len(self._records),
            on_kept_connection=self._server.uses_again(request.protocol),
        )
        writer = ResponseWriter(request, self._clock.http_date)
        self._log.add(record)
        self._records[serial] = record
        self._writers[serial] = writer
        self._counter.request_started()
        ended = Outcome.SIMULATOR_FAILED
        try:
            exchange = Exchange(self._desk, request, writer, record, serial, circumstances)
            ended = await exchange.answer()
        except asyncio.CancelledError:
            ended = Outcome.CLIENT_HUNG_UP
            raise
        except ConnectionError:
            ended = Outcome.CLIENT_HUNG_UP
            writer.keep_alive = False
        except (web.HTTPException, web.RequestPayloadError):
            ended = Outcome.REFUSED
            raise
        finally:
            if record.outcome is Outcome.IN_PROGRESS:
                record.outcome = ended
            record.bytes_sent = writer.bytes_sent
            record.ended_after = self._clock.now() - started
            del self._records[serial]
            del self._writers[serial]
            self._counter.request_ended()
        return AlreadyWritten(keep_alive=writer.keep_alive)


def is_control(path: str) -> bool:
    """Return whether a path belongs to the control endpoint."""
    return path == CONTROL_PREFIX or path.startswith(f"{CONTROL_PREFIX}/")


def _make_request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    return web.BaseRequest(
        message,
        payload,
        protocol,
        writer,
        task,
        asyncio.get_running_loop(),
        client_max_size=_LARGEST_BODY,
    )
