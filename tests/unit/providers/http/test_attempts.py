"""One attempt over a transport that the test plays: what goes out, what comes back, how it ends."""

from __future__ import annotations

import asyncio
import errno
import gzip
import json
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from routersvc.domain.catalogue.secrets import Secret
from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart, ToolCall, ToolResult
from routersvc.domain.conversation.prompts import Sampling
from routersvc.domain.conversation.proofs import LeftOut, LeftOutKind
from routersvc.domain.conversation.tools import FunctionTool
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.engine.ports import Gateway
from routersvc.providers.credentials.authorisations import (
    CredentialHeader,
    KeyAuthorisation,
    OutgoingRequest,
)
from routersvc.providers.errors.http_failures import TRANSPORT_ERRORS, Stage, failure_of_exception
from routersvc.providers.formats.openai_chat.vendors import DIALECTS
from routersvc.providers.formats.openai_chat.wire import openai_chat
from routersvc.providers.http.attempts import GRACE, MAX_ERROR_BODY_BYTES, HttpAttempt
from routersvc.providers.http.connections import ProviderConnection
from routersvc.providers.http.gateway import ProviderGateway
from routersvc.providers.http.transports import LingeringStream

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

ANSWER = {
    "id": "r-1",
    "model": "m-1",
    "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}],
}
CHUNK = b'data: {"id": "r-1", "model": "m-1", "choices": [{"delta": {"content": "Hi"}}]}\n\n'
END = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
EVENTS = [
    Started(model_version="m-1", response_id="r-1"),
    TextDelta(text="Hi"),
    Finished(reason=FinishReason.STOP, model_version="m-1", response_id="r-1"),
]
Pieces = Sequence[bytes | float | BaseException | None]
"""What a body yields in order; `None` stands for silence without end, a number for seconds."""


class ScriptedBody(LingeringStream):
    """A body that yields what a test says, and notes how it ends."""

    def __init__(self, pieces: Pieces, log: list[str]) -> None:
        self._pieces = iter(pieces)
        self._log = log

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if piece is None:
                await asyncio.Event().wait()
            elif isinstance(piece, BaseException):
                raise piece
            elif isinstance(piece, int | float):
                await asyncio.sleep(piece)
            else:
                yield piece

    async def gather(self, seconds: float) -> None:
        """Note that more is waited for."""
        del seconds
        self._log.append("gathers")

    def linger(self) -> None:
        """Note that the connection is given back."""
        self._log.append("lingers")

    async def aclose(self) -> None:
        """Note that the connection is broken off."""
        self._log.append("closed")


class ScriptedTransport(httpx.AsyncBaseTransport):
    """A transport that answers every request with the same body."""

    def __init__(
        self,
        pieces: Pieces = (),
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        before: Callable[[httpx.Request], Awaitable[None]] | None = None,
    ) -> None:
        self.requests: list[httpx.Request] = []
        self.log: list[str] = []
        self._pieces = pieces
        self._status = status
        self._headers = headers or {"content-type": "text/event-stream"}
        self._before = before

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Take note of the request and answer."""
        await request.aread()
        self.requests.append(request)
        if self._before is not None:
            await self._before(request)
        return httpx.Response(
            self._status, headers=self._headers, stream=ScriptedBody(self._pieces, self.log)
        )


def gateway_over(transport: httpx.AsyncBaseTransport, **facts: Any) -> ProviderGateway:  # noqa: ANN401 - passed on
    """Return a gateway to one provider behind this transport."""
    facts.setdefault("credentials", {"acme-key": KeyAuthorisation(lambda: Secret("sk-secret"))})
    connection = ProviderConnection(
        base_url="https://api.acme.test/v1/",
        wire_format=openai_chat(DIALECTS["generic"]),
        transport=transport,
        **facts,
    )
    return ProviderGateway({"acme": connection}, wall_clock=lambda: 1_790_000_000.0)


async def read(attempt: HttpAttempt) -> list[AnswerEvent]:
    """Return all events of an attempt."""
    events: list[AnswerEvent] = []
    while not (events and isinstance(events[-1], Finished)):
        events.extend(await attempt.receive())
    await attempt.aclose()
    return events


async def failure_class(attempt: HttpAttempt) -> FailureClass:
    """Return how an attempt fails."""
    with pytest.raises(AttemptFailedError) as failed:
        await read(attempt)
    return failed.value.failure.failure_class


def test_gateway_is_what_the_engine_asks_for() -> None:
    """The type checker holds it against the port."""
    gateway: Gateway = gateway_over(ScriptedTransport())

    assert gateway is not None


async def test_request_carries_credential_and_trace(make_call: MakeCall) -> None:
    """Everything that the provider needs, and the context of the call's trace."""
    transport = ScriptedTransport([CHUNK, END])
    gateway = gateway_over(transport, headers={"OpenAI-Project": "p-1"})
    call = make_call(streaming=True, headers={"traceparent": "00-ab-cd-01"}, connect_timeout=1.5)

    events = await read(gateway.open(call))

    assert events == EVENTS
    (request,) = transport.requests
    assert str(request.url) == "https://api.acme.test/v1/chat/completions"
    assert request.method == "POST"
    assert dict(request.headers) == {
        "host": "api.acme.test",
        "user-agent": "routersvc",
        "accept-encoding": "identity",
        "openai-project": "p-1",
        "content-type": "application/json",
        "accept": "text/event-stream",
        "authorization": "Bearer sk-secret",
        "content-length": str(len(request.content)),
        "traceparent": "00-ab-cd-01",
    }
    assert request.extensions["timeout"] == {"connect": 1.5, "pool": 1.5}
    assert json.loads(request.content)["stream"] is True


async def test_credential_goes_where_the_vendor_wants_it(make_call: MakeCall) -> None:
    """Azure has a header of its own, without a scheme."""
    transport = ScriptedTransport([CHUNK, END])
    gateway = gateway_over(
        transport,
        credentials={
            "acme-key": KeyAuthorisation(
                lambda: Secret("sk-secret"), CredentialHeader(name="api-key", scheme="")
            )
        },
    )

    await read(gateway.open(make_call(streaming=True)))

    assert transport.requests[0].headers["api-key"] == "sk-secret"
    assert "authorization" not in transport.requests[0].headers


async def test_configured_header_replaces_the_routers_own(make_call: MakeCall) -> None:
    """Two of a kind would be refused by some servers and merged by others."""
    transport = ScriptedTransport([CHUNK, END])
    gateway = gateway_over(transport, headers={"User-Agent": "acme/1.0"})

    await read(gateway.open(make_call(streaming=True)))

    assert transport.requests[0].headers.get_list("user-agent") == ["acme/1.0"]


async def test_credential_is_asked_for_at_every_attempt(make_call: MakeCall) -> None:
    """It may have been rotated meanwhile."""
    keys = iter(["sk-1", "sk-2"])
    transport = ScriptedTransport([CHUNK, END])
    gateway = gateway_over(
        transport, credentials={"acme-key": KeyAuthorisation(lambda: Secret(next(keys)))}
    )

    await read(gateway.open(make_call(streaming=True)))
    await read(gateway.open(make_call(streaming=True)))

    sent = [request.headers["authorization"] for request in transport.requests]
    assert sent == ["Bearer sk-1", "Bearer sk-2"]


class LoggedAuthorisation:
    """Logs what it is asked and told."""

    def __init__(self) -> None:
        self.log: list[object] = []

    async def headers_for(self, request: OutgoingRequest) -> list[tuple[bytes, bytes]]:
        """Sign."""
        self.log.append((request.method, request.url, json.loads(request.body)["model"]))
        return [(b"x-signature", str(len(request.headers)).encode())]

    def refused(self) -> None:
        """Take note."""
        self.log.append("refused")


async def test_signature_covers_the_request_as_it_is_sent(make_call: MakeCall) -> None:
    """Nothing may change after it: address, headers and body are final."""
    transport = ScriptedTransport([CHUNK, END])
    authorisation = LoggedAuthorisation()
    gateway = gateway_over(transport, credentials={"acme-key": authorisation})

    await read(gateway.open(make_call(streaming=True)))

    (request,) = transport.requests
    assert authorisation.log == [
        ("POST", "https://api.acme.test/v1/chat/completions", "large-2026-01")
    ]
    assert request.headers["x-signature"] == str(len(request.headers.raw) - 1)


@pytest.mark.parametrize(("status", "told"), [(401, ["refused"]), (403, []), (500, [])])
async def test_refused_credential_is_told_so(
    make_call: MakeCall, status: int, told: list[str]
) -> None:
    """A token that was revoked is replaced before it expires; one that may not is kept."""
    authorisation = LoggedAuthorisation()
    gateway = gateway_over(
        ScriptedTransport([b"{}"], status=status), credentials={"acme-key": authorisation}
    )

    await failure_class(gateway.open(make_call(streaming=True)))

    assert authorisation.log[1:] == told


async def test_unknown_credential_is_not_a_request_without_one(make_call: MakeCall) -> None:
    """A keyless request would only tell the provider about the prompt."""
    transport = ScriptedTransport([CHUNK, END])
    gateway = gateway_over(transport, credentials={})

    assert await failure_class(gateway.open(make_call())) is FailureClass.AUTHENTICATION
    assert transport.requests == []


async def test_nothing_is_sent_before_the_first_receive(make_call: MakeCall) -> None:
    """Opening is free, so that a lease can be had first."""
    transport = ScriptedTransport([CHUNK, END])

    attempt = gateway_over(transport).open(make_call(streaming=True))
    await attempt.aclose()

    assert transport.requests == []
    assert await failure_class(attempt) is FailureClass.RESET


async def test_what_cannot_be_said_is_not_sent(make_call: MakeCall) -> None:
    """The mismatch is known before any byte leaves."""
    transport = ScriptedTransport([CHUNK, END])
    call = make_call(sampling=Sampling(top_k=3))

    attempt = gateway_over(transport).open(call)

    assert await failure_class(attempt) is FailureClass.CAPABILITY_MISMATCH
    assert transport.requests == []


async def test_complete_answer_gives_its_connection_back(make_call: MakeCall) -> None:
    """The next attempt need not shake hands again."""
    transport = ScriptedTransport([CHUNK, END])

    await read(gateway_over(transport).open(make_call(streaming=True)))

    assert transport.log == ["lingers"]


async def test_unary_answer_is_read_to_its_end(make_call: MakeCall) -> None:
    """However many pieces it comes in, its events come together."""
    body = json.dumps(ANSWER).encode()
    headers = {"content-type": "application/json"}
    transport = ScriptedTransport([b"\n  ", body[:10], body[10:]], headers=headers)

    attempt = gateway_over(transport).open(make_call())

    assert list(await attempt.receive()) == EVENTS
    await attempt.aclose()
    assert transport.log == ["lingers"]


async def test_sign_of_life_is_no_content(make_call: MakeCall) -> None:
    """Keep-alives must not count as an answer, nor go unnoticed."""
    transport = ScriptedTransport([b": PROCESSING\n\n", CHUNK, END])
    attempt = gateway_over(transport).open(make_call(streaming=True))

    received = [list(await attempt.receive()) for _ in range(3)]

    assert received == [[], EVENTS[:2], EVENTS[2:]]
    await attempt.aclose()


async def test_foreign_transport_may_leave_an_encoding_to_us(make_call: MakeCall) -> None:
    """Anyone may bring a transport; not all of them unpack."""
    packed = gzip.compress(CHUNK + END)
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    transport = ScriptedTransport([packed[:15], packed[15:]], headers=headers)

    assert await read(gateway_over(transport).open(make_call(streaming=True))) == EVENTS


async def test_broken_encoding_is_a_failure_of_the_provider(make_call: MakeCall) -> None:
    """The same for bytes that do not unpack."""
    headers = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    transport = ScriptedTransport([b"no gzip"], headers=headers)
    attempt = gateway_over(transport).open(make_call(streaming=True))

    assert await failure_class(attempt) is FailureClass.SERVER_ERROR


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([b'{"error": {"code": "model_not_found"}}'], FailureClass.MODEL_NOT_FOUND),
        ([b'{"error": ', httpx.ReadError("cut")], FailureClass.INVALID_REQUEST),
        ([b"x" * MAX_ERROR_BODY_BYTES, b"y", None], FailureClass.SERVER_ERROR),
        ([], FailureClass.SERVER_ERROR),
    ],
    ids=["whole", "cut", "endless", "empty"],
)
async def test_refusal_means_what_its_body_says(
    make_call: MakeCall, pieces: Pieces, expected: FailureClass
) -> None:
    """A body that is cut leaves the status to speak; one that is not the vendor's does not."""
    transport = ScriptedTransport(pieces, status=400)

    assert await failure_class(gateway_over(transport).open(make_call())) is expected
    assert transport.log == ["closed"]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([httpx.ReadError("cut")], FailureClass.RESET),
        ([b": hello\n\n", httpx.RemoteProtocolError("cut")], FailureClass.RESET),
        ([CHUNK, httpx.ReadError("cut")], FailureClass.TRUNCATED),
        ([CHUNK], FailureClass.TRUNCATED),
        ([CHUNK, b"data: {\n\n"], FailureClass.SERVER_ERROR),
        ([CHUNK, b'data: {"error": {"code": "slow_down"}}\n\n'], FailureClass.OVERLOADED),
    ],
)
async def test_broken_answer_is_broken_off(
    make_call: MakeCall, pieces: Pieces, expected: FailureClass
) -> None:
    """How far it had come decides what it means; its connection is of no further use."""
    transport = ScriptedTransport(pieces)
    attempt = gateway_over(transport).open(make_call(streaming=True))

    assert await failure_class(attempt) is expected
    assert transport.log == ["closed"]
    await attempt.aclose()
    assert transport.log == ["closed"]


async def test_content_is_handed_on_before_the_failure_that_came_with_it(
    make_call: MakeCall,
) -> None:
    """Both may arrive in one read."""
    transport = ScriptedTransport([CHUNK + b'data: {"error": {"code": "slow_down"}}\n\n'])
    attempt = gateway_over(transport).open(make_call(streaming=True))

    assert list(await attempt.receive()) == EVENTS[:2]
    assert await failure_class(attempt) is FailureClass.OVERLOADED


async def test_idle_connection_that_broke_is_told(make_call: MakeCall) -> None:
    """The engine may then try the same deployment again at once."""

    async def reset(request: httpx.Request) -> None:
        request.extensions["connection_was_idle"] = True
        raise httpx.RemoteProtocolError("gone")

    attempt = gateway_over(ScriptedTransport(before=reset)).open(make_call())

    with pytest.raises(AttemptFailedError) as failed:
        await attempt.receive()

    assert failed.value.failure.failure_class is FailureClass.RESET
    assert failed.value.failure.connection_was_idle


@pytest.mark.parametrize("pieces", [[None], [CHUNK, None]], ids=["silence", "stall"])
async def test_time_is_up_once_for_the_whole_attempt(make_call: MakeCall, pieces: Pieces) -> None:
    """However it is spent."""
    transport = ScriptedTransport(pieces)
    attempt = gateway_over(transport).open(make_call(streaming=True, timeout=5.0))
    started = asyncio.get_running_loop().time()

    assert await failure_class(attempt) is FailureClass.ATTEMPT_TIMEOUT
    assert asyncio.get_running_loop().time() - started == pytest.approx(5.0)
    assert transport.log == ["closed"]


async def test_time_is_up_while_the_provider_does_not_answer(make_call: MakeCall) -> None:
    """The same before any response."""

    async def silence(request: httpx.Request) -> None:
        del request
        await asyncio.Event().wait()

    attempt = gateway_over(ScriptedTransport(before=silence)).open(make_call(timeout=5.0))

    assert await failure_class(attempt) is FailureClass.ATTEMPT_TIMEOUT


async def test_time_that_passes_between_two_reads_counts(make_call: MakeCall) -> None:
    """The one who reads may be slow; the deadline is not."""
    attempt = gateway_over(ScriptedTransport([CHUNK, END])).open(
        make_call(streaming=True, timeout=5.0)
    )

    await attempt.receive()
    await asyncio.sleep(6.0)

    assert await failure_class(attempt) is FailureClass.ATTEMPT_TIMEOUT
    await attempt.aclose()


@pytest.mark.parametrize("receives", [1, 2], ids=["first content", "in the middle"])
async def test_cancellation_breaks_off_at_once(make_call: MakeCall, receives: int) -> None:
    """Nobody waits for the answer any more."""
    transport = ScriptedTransport([CHUNK, None] if receives == 2 else [None])
    attempt = gateway_over(transport).open(make_call(streaming=True))

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(read(attempt))
        await asyncio.sleep(1.0)
        reading.cancel()

    assert reading.cancelled()
    assert transport.log == ["closed"]


async def test_closing_wakes_the_one_who_reads(make_call: MakeCall) -> None:
    """A stream may be closed by another task than the one that reads it."""
    transport = ScriptedTransport([CHUNK, None])
    attempt = gateway_over(transport).open(make_call(streaming=True))

    async with asyncio.TaskGroup() as group:
        reading = group.create_task(failure_class(attempt))
        await asyncio.sleep(1.0)
        await attempt.aclose()

    assert reading.result() is FailureClass.RESET
    assert transport.log == ["closed"]


async def test_closing_twice_is_closing_once(make_call: MakeCall) -> None:
    """Whoever is not sure may close again."""
    transport = ScriptedTransport([CHUNK, None])
    attempt = gateway_over(transport).open(make_call(streaming=True))
    await attempt.receive()

    await attempt.aclose()
    await attempt.aclose()

    assert transport.log == ["closed"]


async def test_closing_never_raises(make_call: MakeCall) -> None:
    """Whatever a foreign transport does."""

    class Stubborn(ScriptedBody):
        async def aclose(self) -> None:
            raise OSError("will not close")

    class StubbornTransport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            del request
            headers = {"content-type": "text/event-stream"}
            return httpx.Response(200, headers=headers, stream=Stubborn([CHUNK, None], []))

    attempt = gateway_over(StubbornTransport()).open(make_call(streaming=True))
    await attempt.receive()

    await attempt.aclose()


async def test_secret_appears_nowhere(
    make_call: MakeCall, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in errors, not in logs, not in what a debugger shows of the objects."""
    caplog.set_level(logging.DEBUG)
    transport = ScriptedTransport([b'{"error": {"message": "bad key sk-secret"}}'], status=401)
    gateway = gateway_over(transport)
    attempt = gateway.open(make_call())

    with pytest.raises(AttemptFailedError) as failed:
        await attempt.receive()

    shown = f"{failed.value!r} {failed.value.failure!r} {attempt!r} {gateway!r} {caplog.text}"
    assert "sk-secret" not in shown


async def test_probe_asks_for_the_list_of_models(make_call: MakeCall) -> None:
    """A provider without traffic is checked without a bill."""
    transport = ScriptedTransport([b'{"data": []}'], headers={"content-type": "application/json"})
    gateway = gateway_over(transport)

    await gateway.probe(make_call().deployment, connect_timeout=1.0)

    (request,) = transport.requests
    assert (request.method, str(request.url)) == ("GET", "https://api.acme.test/v1/models")
    assert request.headers["authorization"] == "Bearer sk-secret"
    assert request.content == b""


@pytest.mark.parametrize("headers", [{}, {"content-length": "1000000"}])
async def test_long_list_of_models_is_not_read(
    make_call: MakeCall, headers: dict[str, str]
) -> None:
    """The status is the result."""
    transport = ScriptedTransport([httpx.ReadError("read")], headers=headers)

    await gateway_over(transport).probe(make_call().deployment, connect_timeout=1.0)


@pytest.mark.parametrize(
    ("transport", "expected"),
    [
        (ScriptedTransport([b"{}"], status=401), FailureClass.AUTHENTICATION),
        (ScriptedTransport([b"x" * MAX_ERROR_BODY_BYTES * 2], status=503), FailureClass.OVERLOADED),
        (
            ScriptedTransport([httpx.ReadError("cut")], headers={"content-length": "2"}),
            FailureClass.RESET,
        ),
    ],
    ids=["refused", "overloaded", "cut"],
)
async def test_probe_tells_what_is_wrong(
    make_call: MakeCall, transport: ScriptedTransport, expected: FailureClass
) -> None:
    """The class decides whether the credential stays disabled."""
    with pytest.raises(AttemptFailedError) as failed:
        await gateway_over(transport).probe(make_call().deployment, connect_timeout=1.0)

    assert failed.value.failure.failure_class is expected
    assert transport.log == ["closed"]


LAST = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
COUNT = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}\n\n'


async def time_of(attempt: HttpAttempt) -> float:
    """Return how many seconds a complete answer takes."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    events = await read(attempt)
    assert isinstance(events[-1], Finished)
    return loop.time() - began


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize(
    "pieces",
    [[CHUNK, LAST, None], [CHUNK, LAST, COUNT, None], [CHUNK + LAST + COUNT, b": ping\n\n", None]],
    ids=["no count", "count", "comment"],
)
async def test_answer_with_a_finish_reason_ends_after_a_grace(
    make_call: MakeCall, pieces: Pieces, *, streaming: bool
) -> None:
    """The server may forget to close; its connection is not used again."""
    transport = ScriptedTransport(pieces)
    attempt = gateway_over(transport).open(make_call(streaming=streaming))

    assert await time_of(attempt) == pytest.approx(GRACE)
    assert transport.log == ["closed"]


async def test_comments_do_not_extend_the_grace(make_call: MakeCall) -> None:
    """A proxy may send them for ever."""

    class Pinging(ScriptedBody):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield CHUNK + LAST
            while True:
                await asyncio.sleep(0.4)
                yield b": ping\n\n"

    class PingingTransport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            del request
            headers = {"content-type": "text/event-stream"}
            return httpx.Response(200, headers=headers, stream=Pinging([], []))

    attempt = gateway_over(PingingTransport()).open(make_call(streaming=True))

    assert await time_of(attempt) == pytest.approx(GRACE)


@pytest.mark.parametrize(
    "pieces",
    [
        [CHUNK, COUNT, None],
        [CHUNK, LAST[:-3], None],
        [CHUNK, LAST, b"data: {", None],
        [CHUNK, LAST, CHUNK, None],
    ],
    ids=["no finish reason", "torn finish reason", "torn event", "content goes on"],
)
async def test_answer_that_may_go_on_has_no_grace(make_call: MakeCall, pieces: Pieces) -> None:
    """It stays unfinished until its time is up."""
    attempt = gateway_over(ScriptedTransport(pieces)).open(make_call(streaming=True, timeout=9.0))

    assert await failure_class(attempt) is FailureClass.ATTEMPT_TIMEOUT


@pytest.mark.parametrize(
    "error", [httpx.ReadError("cut"), httpx.DecodingError("broken"), OSError("gone")]
)
async def test_connection_that_breaks_in_the_grace_takes_nothing_away(
    make_call: MakeCall, error: Exception
) -> None:
    """The model had said its last word."""
    transport = ScriptedTransport([CHUNK, LAST, error])

    assert await read(gateway_over(transport).open(make_call(streaming=True))) == EVENTS
    assert transport.log == ["closed"]


async def test_grace_does_not_make_a_success_of_a_broken_answer(make_call: MakeCall) -> None:
    """The finish reason decides."""
    last = LAST.replace(b"stop", b"network_error")
    attempt = gateway_over(ScriptedTransport([CHUNK, last, None])).open(make_call(streaming=True))

    assert await failure_class(attempt) is FailureClass.SERVER_ERROR


async def test_time_is_up_within_the_grace(make_call: MakeCall) -> None:
    """Two timers run then."""
    transport = ScriptedTransport([CHUNK, LAST, None])
    attempt = gateway_over(transport).open(make_call(streaming=True, timeout=GRACE / 2))

    assert await failure_class(attempt) is FailureClass.ATTEMPT_TIMEOUT
    assert transport.log == ["closed"]


@pytest.mark.parametrize("error", [OSError("odd"), ssl.SSLError("odd"), httpx.StreamClosed()])
async def test_exception_of_a_library_is_a_failure(make_call: MakeCall, error: Exception) -> None:
    """A foreign transport may let them through."""
    attempt = gateway_over(ScriptedTransport([CHUNK, error])).open(make_call(streaming=True))

    assert await failure_class(attempt) is FailureClass.TRUNCATED


def caused(kind: type[httpx.TransportError], cause: BaseException, url: str) -> Exception:
    """Return a transport's exception with its cause, as `raise ... from` leaves it."""
    error = kind("x", request=httpx.Request("POST", url))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "url", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "http://a/", "connection refused"),
        (OSError("Multiple exceptions: [Errno 111] a, [Errno 101] b"), "http://a/",
         "connection refused"),
        (OSError(errno.ENETUNREACH, "x"), "http://a/", "network unreachable"),
        (OSError(errno.EHOSTUNREACH, "x"), "http://a/", "host unreachable"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "http://a/", "DNS lookup failed"),
        (ssl.SSLCertVerificationError("x"), "https://a/",
         "TLS handshake failed: certificate verify failed"),
        (ssl.SSLError("x"), "https://a/", "TLS handshake failed"),
        (ConnectionResetError(), "https://a/", "TLS handshake failed: connection reset"),
        (ConnectionResetError(), "http://a/", "connection reset"),
        (TimeoutError(), "http://a/", "connect timed out"),
        (TimeoutError(), "https://a/", "connect timed out (TCP connect or TLS handshake)"),
        (OSError("secret"), "http://a/", "unknown cause"),
    ],
)  # fmt: skip
def test_failed_connection_says_why(cause: Exception, url: str, words: str) -> None:
    """The cause is what an operator looks for first."""
    error = caused(httpx.ConnectError, cause, url)

    failure = failure_of_exception(error, Stage.BEFORE_RESPONSE, connection_was_idle=False)

    assert failure.failure_class is FailureClass.CONNECT
    assert failure.message == f"connection to the provider failed: {words}"


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize(
    "cause",
    [
        *(
            OSError(number, "x")
            for number in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EADDRNOTAVAIL)
        ),
        OSError("Multiple exceptions: [Errno 24] a, [Errno 24] b"),
        socket.gaierror(socket.EAI_SYSTEM, "x"),
    ],
)
def test_limit_of_this_machine_is_no_failure_of_the_provider(cause: OSError, stage: Stage) -> None:
    """Its breaker must not learn of it."""
    error = caused(httpx.ConnectError, cause, "http://a/")

    failure = failure_of_exception(error, stage, connection_was_idle=False)

    assert failure.failure_class is FailureClass.LOCAL_LIMIT


def test_refused_and_unassignable_addresses_are_the_providers() -> None:
    """`localhost` has two addresses, and IPv6 may be off."""
    cause = OSError("Multiple exceptions: [Errno 99] a, [Errno 111] b")
    error = caused(httpx.ConnectError, cause, "http://localhost/")

    failure = failure_of_exception(error, Stage.BEFORE_RESPONSE, connection_was_idle=False)

    assert failure.failure_class is FailureClass.CONNECT


async def test_request_that_json_cannot_hold_is_not_sent(make_call: MakeCall) -> None:
    """Its nesting is the caller's: no provider failed."""
    schema = '{"type": "object"}'
    for _ in range(280):
        schema = '{"type": "object", "properties": {"x": ' + schema + "}}"
    tools = (FunctionTool(name="f", parameters_json_schema=schema),)
    transport = ScriptedTransport([CHUNK, END])

    attempt = gateway_over(transport).open(make_call(tools=tools))

    assert await failure_class(attempt) is FailureClass.INVALID_REQUEST
    assert transport.requests == []


def subclasses(of: type[Exception]) -> set[type[Exception]]:
    """Return every kind of an exception, itself included."""
    return {of}.union(*(subclasses(kind) for kind in of.__subclasses__()))


KINDS: list[type[Exception]] = [
    *subclasses(httpx.TransportError),
    httpx.DecodingError,
    httpx.InvalidURL,
    httpx.StreamClosed,
    OSError,
    ssl.SSLError,
]
EXPECTED: dict[type[Exception], FailureClass] = {
    httpx.PoolTimeout: FailureClass.LOCAL_LIMIT,
    httpx.LocalProtocolError: FailureClass.INVALID_REQUEST,
    httpx.DecodingError: FailureClass.SERVER_ERROR,
}
BY_STAGE = {
    Stage.BEFORE_RESPONSE: FailureClass.RESET,
    Stage.BEFORE_CONTENT: FailureClass.RESET,
    Stage.AFTER_CONTENT: FailureClass.TRUNCATED,
}
NEVER_SENT: set[type[Exception]] = {
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
}


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("kind", sorted(KINDS, key=repr))
def test_every_exception_of_a_transport_has_a_meaning(kind: type[Exception], stage: Stage) -> None:
    """Whatever a transport raises, the engine hears a failure it knows."""
    error = kind() if kind is httpx.StreamClosed else kind("x")
    assert isinstance(error, TRANSPORT_ERRORS)

    found = failure_of_exception(error, stage, connection_was_idle=True).failure_class

    expected = EXPECTED.get(kind, BY_STAGE[stage])
    if kind is httpx.DecodingError and stage is Stage.AFTER_CONTENT:
        expected = FailureClass.TRUNCATED
    if kind in NEVER_SENT and stage is Stage.BEFORE_RESPONSE:
        expected = FailureClass.CONNECT
    assert found is expected


@pytest.mark.parametrize(
    "base_url",
    [
        "api.acme.test",
        "ftp://api.acme.test",
        "https://",
        "https://user:key@api.acme.test",
        "https://api.acme.test?key=1",
        "https://api.acme.test#a",
    ],
)
def test_base_url_is_checked(base_url: str) -> None:
    """A mistake there would show as an outage, and a credential there in every log."""
    with pytest.raises(ValueError, match="base_url"):
        ProviderConnection(
            base_url=base_url,
            wire_format=openai_chat(DIALECTS["generic"]),
            transport=ScriptedTransport(),
        )


class WaryTransport(httpx.AsyncBaseTransport):
    """A transport that refuses every request in which a certain proof stands."""

    def __init__(self, proof: bytes, words: bytes) -> None:
        self.bodies: list[bytes] = []
        self._proof = proof
        self._words = words

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Refuse the proof, or answer."""
        body = await request.aread()
        self.bodies.append(body)
        if self._proof in body:
            return httpx.Response(400, stream=ScriptedBody([self._words], []))
        return httpx.Response(
            200,
            headers={"content-type": "text/event-stream"},
            stream=ScriptedBody([CHUNK, END], []),
        )


SIGNED_CALL = ToolCall(
    call_id="1",
    name="f",
    arguments_json="{}",
    signature=b'{"extra_content":{"google":{"thought_signature":"c2ln"}}}',
)
SIGNED_TURNS = (
    Message(role=Role.ASSISTANT, parts=(SIGNED_CALL,)),
    Message(role=Role.TOOL, parts=(ToolResult(call_id="1", parts=(TextPart(text="r"),)),)),
)


async def test_refused_proof_is_left_out_and_the_request_sent_once_more(
    make_call: MakeCall,
) -> None:
    """Whose it is was not known; the first event says what was left out."""
    transport = WaryTransport(b"c2ln", b'{"error": {"message": "Corrupted thought signature."}}')

    events = await read(gateway_over(transport).open(make_call(messages=SIGNED_TURNS)))

    assert len(transport.bodies) == 2
    started = next(event for event in events if isinstance(event, Started))
    assert started.left_out == (LeftOut(kind=LeftOutKind.SIGNATURE, maker="", count=1),)


@pytest.mark.parametrize(
    ("turns", "words", "expected"),
    [
        (
            SIGNED_TURNS,
            b'{"error": {"message": "max_tokens is too large"}}',
            FailureClass.INVALID_REQUEST,
        ),
        (
            (),
            b'{"error": {"message": "Corrupted thought signature."}}',
            FailureClass.CAPABILITY_MISMATCH,
        ),
    ],
)
async def test_other_refusals_are_not_tried_again(
    make_call: MakeCall, turns: tuple[Message, ...], words: bytes, expected: FailureClass
) -> None:
    """Neither one about something else, nor one of a request without proofs."""
    transport = WaryTransport(b"messages", words)
    call = make_call(messages=turns) if turns else make_call()

    assert await failure_class(gateway_over(transport).open(call)) is expected
    assert len(transport.bodies) == 1


@pytest.mark.parametrize(
    ("pieces", "streaming", "gathered"),
    [
        ([CHUNK, CHUNK, CHUNK, CHUNK, END], False, 3),
        ([CHUNK, CHUNK, CHUNK, CHUNK, END], True, 0),
        ([CHUNK, 0.02, CHUNK, 0.02, CHUNK, 0.02, END], False, 0),
    ],
    ids=["quick", "streamed", "slow"],
)
async def test_quick_answer_that_is_delivered_whole_is_read_in_few_pieces(
    make_call: MakeCall, pieces: Pieces, gathered: int, *, streaming: bool
) -> None:
    """Whoever waits for the whole answer gains nothing from its pieces."""
    transport = ScriptedTransport(pieces)
    attempt = gateway_over(transport).open(make_call(streaming=streaming))

    await read(attempt)

    assert transport.log.count("gathers") == gathered
