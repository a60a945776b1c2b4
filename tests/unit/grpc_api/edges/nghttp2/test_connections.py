"""A connection against a client that says what grpc's own clients never would."""

from __future__ import annotations

import asyncio
import dataclasses
import random

import ngh2
import pytest
from tests.unit.grpc_api.edges.nghttp2.callers import (
    KEEPALIVE,
    MAX_MESSAGE,
    Caller,
    FakeHost,
    Service,
)

from routersvc.grpc_api.edges.nghttp2.lifetimes import DRAIN_TIMEOUT, LINGER, UNREAD_LINGER
from routersvc.grpc_api.edges.nghttp2.limits import (
    MAX_METADATA_BYTES,
    STREAM_WINDOW,
    WRITE_HIGH_WATER,
    Intake,
)
from routersvc.grpc_api.edges.nghttp2.messages import framed
from routersvc.grpc_api.edges.nghttp2.turns import CALLS_PER_TURN
from routersvc.grpc_api.server_options import KeepaliveOptions

NOTHING = (0, 0)


async def opened(
    service: Service | None = None, settings: dict[int, int] | None = None, **host: object
) -> tuple[Caller, FakeHost]:
    """Return a client whose connection is set up."""
    host_ = FakeHost(service or Service(), **host)  # type: ignore[arg-type] # the options of a host
    caller = Caller(host_, settings)
    await caller.settle()
    return caller, host_


def leftovers(caller: Caller, host: FakeHost) -> tuple[int, int, tuple[int, int]]:
    """Return what calls have left: open streams, tasks, unread requests."""
    return (len(caller.connection), len(host.tasks), host.intake.held)


async def test_frames_of_one_turn_leave_in_one_send() -> None:
    """As many answers as start in one turn cost one system call."""
    caller, host = await opened()
    for number in range(CALLS_PER_TURN):
        caller.call("Echo", b"%d" % number, send=False)
    sends = caller.wire.total_sends

    caller.send()
    await caller.settle()

    assert caller.wire.total_sends == sends + 1
    assert [answer.body for answer in caller.answers.values()] == [
        framed(b"%d" % number) for number in range(CALLS_PER_TURN)
    ]
    assert {answer.status for answer in caller.answers.values()} == {(0, "")}
    assert leftovers(caller, host) == (0, 0, NOTHING)


@pytest.mark.parametrize(
    ("method", "changes", "expected"),
    [
        ("Nothing", {}, (12, "Method not found!")),
        ("Echo", {"body": b""}, (13, "the call has no request message")),
        ("Echo", {"body": framed(b"abc")[:-1]}, (13, "the last request message is incomplete")),
        ("Echo", {"body": b"\x02\0\0\0\0"}, (13, "invalid compression flag 2")),
        (
            "Echo",
            {"body": b"\0\xff\xff\xff\xff", "end": False},
            (8, f"Received message larger than max (4294967295 vs. {MAX_MESSAGE})"),
        ),
        (
            "Echo",
            {"headers": [(b"a", b"x" * MAX_METADATA_BYTES)]},
            (8, f"request metadata is {MAX_METADATA_BYTES + 327} bytes: at most 16384"),
        ),
        ("Echo", {"headers": [(b"grpc-timeout", b"0m")]}, (4, "Deadline Exceeded")),
        ("Echo", {"headers": [(b"grpc-timeout", b"5")]}, (13, "the grpc-timeout is invalid")),
        (
            "Echo",
            {"headers": [(b"grpc-encoding", b"snappy")]},
            (12, "grpc-encoding `snappy` is not supported: identity,deflate,gzip"),
        ),
        (
            "Echo",
            {"headers": [(b"a-bin", b"*")]},
            (13, "the value of metadata `a-bin` is not base64"),
        ),
        (
            "Echo",
            {"headers": [(b"te", b"")]},
            (2, "the request has no `te: trailers`: a proxy has changed it"),
        ),
    ],
)
async def test_refusal_is_a_status_alone(
    method: str, changes: dict[str, object], expected: tuple[int, str]
) -> None:
    """Without headers before it; a caller that still sends is told to stop."""
    caller, host = await opened()

    stream_id = caller.call(method, **changes)  # type: ignore[arg-type] # the parts of a request
    await caller.settle()

    answer = caller.answers[stream_id]
    assert (answer.status, answer.body, answer.trailers) == (expected, b"", {})
    assert answer.headers[b"grpc-accept-encoding"] == b"identity,deflate,gzip"
    assert answer.reset == (None if changes.get("end", True) else 0)
    assert leftovers(caller, host) == (0, 0, NOTHING)
    assert (await caller.answer("Echo", b"still")).body == framed(b"still")


@pytest.mark.parametrize(
    ("changed", "http_status"),
    [((b":method", b"GET"), b"405"), ((b"content-type", b"application/grpc-web"), b"415")],
)
async def test_what_is_not_grpc_is_answered_in_http(
    changed: tuple[bytes, bytes], http_status: bytes
) -> None:
    """As PROTOCOL-HTTP2.md asks."""
    caller, _ = await opened()

    stream_id = caller.call("Echo", headers=[changed])
    await caller.settle()

    assert caller.answers[stream_id].headers[b":status"] == http_status


async def test_abort_sends_message_and_trailers() -> None:
    """The message escaped, binary values in base64 without padding."""
    caller, _ = await opened()

    answer = await caller.answer("Fail", "20 % über".encode())

    assert answer.status == (10, "20 %25 %C3%BCber")
    assert (answer.headers[b"why-bin"], answer.headers[b"how"]) == (b"AP8", b"so")


async def test_deadline_ends_a_call() -> None:
    """To the millisecond, and its handler with it."""
    service = Service()
    caller, host = await opened(service)
    stream_id = caller.call("Wait", headers=[(b"grpc-timeout", b"1500m")])
    await caller.settle()

    await asyncio.sleep(1.499)
    await caller.settle()
    before = caller.answers[stream_id].closed
    await asyncio.sleep(0.001)
    await caller.settle()

    assert (before, caller.answers[stream_id].status) == (False, (4, "Deadline Exceeded"))
    assert service.log == ["waiting", "ended"]
    assert leftovers(caller, host) == (0, 0, NOTHING)


async def test_reset_and_lost_connection_cancel_handlers() -> None:
    """Each at once."""
    service = Service()
    caller, host = await opened(service)
    stream_id = caller.call("Wait")
    caller.call("Wait")
    await caller.settle()

    caller.http2.reset_stream(stream_id)
    await caller.settle()
    after_reset = list(service.log)
    caller.connection.connection_lost(None)
    await caller.settle()

    assert after_reset == ["waiting", "waiting", "ended"]
    assert service.log == [*after_reset, "ended"]
    assert (leftovers(caller, host), host.open) == ((0, 0, NOTHING), set())


async def test_ten_thousand_random_cancels_leave_nothing() -> None:
    """At any moment: before the request is complete, in the handler, in the answer."""
    service = Service()
    chance = random.Random(11)
    host = FakeHost(service)
    for _ in range(50):
        caller = Caller(host)
        for _ in range(200):
            method = chance.choice(["Echo", "Wait", "Many", "Chat", "Fail", "Nothing"])
            size = chance.choice([0, 3, 70_000])
            stream_id = caller.call(
                method,
                bytes(size and 3),
                body=framed(bytes(size)) if size > 3 else None,
                end=chance.random() < 0.7,
                send=chance.random() < 0.7,
            )
            if chance.random() < 0.5:
                await caller.settle(chance.randrange(3))
            if not caller.answers[stream_id].closed:
                caller.http2.reset_stream(stream_id)
        if chance.random() < 0.5:
            await caller.settle()
            assert len(caller.connection) == 0
        caller.connection.connection_lost(None)
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert (len(host.tasks), host.intake.held, host.open) == (0, NOTHING, set())
    assert service.log.count("waiting") + service.log.count("wrote 0") > 0


async def test_slow_reader_stops_its_handler() -> None:
    """The provider behind it is read no faster than the caller reads."""
    service = Service()
    caller, _ = await opened(service, settings={ngh2.Setting.INITIAL_WINDOW_SIZE: 0})
    stream_id = caller.call("Many", bytes(30))
    await caller.settle()
    stopped = list(service.log)

    caller.http2.set_local_window_size(1 << 20, stream_id=stream_id)
    caller.http2.set_local_window_size(1 << 20)
    await caller.settle(60)

    fitting = WRITE_HIGH_WATER // 16_389
    assert stopped == [f"wrote {place}" for place in range(fitting)]
    assert service.log == [*(f"wrote {place}" for place in range(30)), "ended"]
    assert len(caller.answers[stream_id].body) == 30 * 16_389
    assert caller.answers[stream_id].status == (0, "")


async def test_slow_socket_stops_handlers_and_framing() -> None:
    """What the socket does not take stays with the handlers."""
    service = Service()
    caller, _ = await opened(service)
    caller.connection.pause_writing()
    sends = caller.wire.total_sends
    stream_id = caller.call("Many", b"ab")
    await caller.settle()
    stopped = (list(service.log), caller.wire.total_sends - sends)

    caller.connection.resume_writing()
    await caller.settle()

    assert stopped == ([], 0)
    assert service.log == ["wrote 0", "wrote 1", "ended"]
    assert caller.answers[stream_id].status == (0, "")


async def test_unread_answer_is_dropped_in_the_end() -> None:
    """A caller that never reads does not hold it for the life of its connection."""
    service = Service()
    caller, _ = await opened(service, settings={ngh2.Setting.INITIAL_WINDOW_SIZE: 0})
    stream_id = caller.call("Echo", bytes(50_000))
    await caller.settle()
    held = len(caller.connection)

    for _ in range(3):
        await asyncio.sleep(max(UNREAD_LINGER, KEEPALIVE.time))
        await caller.settle()

    assert (held, len(caller.connection)) == (1, 0)
    assert caller.answers[stream_id].reset == ngh2.ErrorCode.CANCEL


async def test_large_message_arrives_in_pieces_and_opens_the_window() -> None:
    """A megabyte over many DATA frames, with the caller waiting for windows in between."""
    caller, host = await opened()
    message = random.Random(1).randbytes(MAX_MESSAGE)

    stream_id = caller.call("Echo", message)
    await caller.settle(80)

    assert caller.answers[stream_id].body == framed(message)
    assert leftovers(caller, host) == (0, 0, NOTHING)


async def test_unread_call_holds_no_more_than_its_window() -> None:
    """Its handler has not asked for more; other calls of the connection go on."""
    service = Service()
    caller, host = await opened(service)
    waiting = caller.call("Wait", b"", end=False)
    await caller.settle()

    caller.http2.send_data(waiting, bytes(10 * STREAM_WINDOW))
    await caller.settle()

    unsent = caller.http2.queued_body_size(waiting)
    assert unsent >= 9 * STREAM_WINDOW
    assert (await caller.answer("Echo", b"hello")).body == framed(b"hello")
    caller.http2.reset_stream(waiting)
    await caller.settle()
    assert leftovers(caller, host) == (0, 0, NOTHING)


async def test_incomplete_messages_are_limited_together() -> None:
    """A thousand callers that never finish cannot fill the memory."""
    intake = Intake(max_message_bytes=MAX_MESSAGE, max_calls=3, max_bytes=2_000)
    caller, host = await opened(intake=intake)
    begun = [caller.call("Echo", body=framed(bytes(5_000))[:900], end=False) for _ in range(3)]
    await caller.settle()
    one_more = caller.call("Echo", b"")
    await caller.settle()
    statuses = [caller.answers[stream].headers.get(b"grpc-status") for stream in begun]
    held = intake.held

    caller.http2.reset_stream(begun[0])
    await caller.settle()

    assert statuses == [None, None, b"8"]
    assert caller.answers[one_more].status == (0, "")
    assert (held, intake.held) == ((2, 1_800), (1, 900))
    assert (await caller.answer("Echo", b"room again")).status == (0, "")
    assert leftovers(caller, host) == (1, 1, (1, 900))


async def test_calls_without_a_message_are_limited_together() -> None:
    """Each costs a task."""
    intake = Intake(max_message_bytes=MAX_MESSAGE, max_calls=2)
    caller, _ = await opened(intake=intake)
    for _ in range(2):
        caller.call("Echo", body=b"", end=False)
    await caller.settle()

    refused = await caller.answer("Echo")

    assert refused.status == (8, "too many calls wait for their request message: at most 2")


async def test_rapid_resets_close_the_connection() -> None:
    """Of a peer that opens and resets streams without end (CVE-2023-44487)."""
    caller, host = await opened()
    resets = 0
    while not caller.wire.is_shut and resets < 20_000:
        for _ in range(90):
            caller.http2.reset_stream(caller.call("Wait"))
            caller.send()
            resets += 1
        await caller.settle(2)

    assert 2_000 <= resets < 20_000
    assert caller.wire.is_shut
    await asyncio.sleep(LINGER)
    assert caller.wire.is_aborted
    caller.connection.connection_lost(None)
    await asyncio.sleep(0)
    assert leftovers(caller, host) == (0, 0, NOTHING)


async def test_garbage_closes_the_connection() -> None:
    """HTTP/1.1 for one."""
    caller, host = await opened()
    raw = Caller(host)

    raw.connection.data_received(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n")

    assert raw.wire.is_shut
    assert not caller.wire.is_shut


async def test_silent_connection_is_closed_without_a_handshake() -> None:
    """It would hold a place."""
    host = FakeHost(Service())
    caller = Caller(host)

    await asyncio.sleep(5.0)

    assert caller.wire.is_shut


async def test_connection_too_many_is_cut() -> None:
    """Before it costs more than its socket."""
    host = FakeHost(Service())
    host.has_room = False

    caller = Caller(host)

    assert (caller.wire.is_aborted, caller.wire.total_sends) == (True, 0)


async def test_dead_peer_is_noticed_by_its_silence() -> None:
    """A ping after 30 s, the end 10 s later, and the handler with it."""
    service = Service()
    caller, host = await opened(service)
    caller.call("Wait")
    await caller.settle()

    await asyncio.sleep(39.0)
    pinged = len(caller.wire.sends)
    alive = not caller.wire.is_shut
    await asyncio.sleep(1.0)
    await asyncio.sleep(0)

    assert (pinged, alive, caller.wire.is_shut) == (1, True, True)
    assert service.log == ["waiting", "ended"]
    assert host.tasks == set()


async def test_too_many_pings_close_the_connection() -> None:
    """With the code and the words by which grpc's clients slow down."""
    caller, _ = await opened()

    for number in range(4):
        caller.http2.ping(b"%08d" % number)
        await caller.settle(2)

    assert caller.goaways()[0] == (0, ngh2.ErrorCode.ENHANCE_YOUR_CALM)
    told = [event for event in caller.events if isinstance(event, ngh2.GoAwayReceived)]
    assert told[0].debug_data == b"too_many_pings"
    assert caller.wire.is_shut


async def test_drain_lets_racing_and_running_calls_finish() -> None:
    """GOAWAY twice: calls that were on their way at the first one are served."""
    service = Service()
    caller, _ = await opened(service)
    running = caller.call("Chat", b"a", end=False)
    await caller.settle()

    caller.connection.drain()
    racing = caller.call("Echo", b"b")
    await caller.settle()
    goaways = caller.goaways()
    was_open = not caller.wire.is_shut
    caller.http2.send_data(running, framed(b"c"), end_stream=True)
    await caller.settle()

    assert goaways == [((1 << 31) - 1, 0), (racing, 0)]
    assert caller.answers[racing].body == framed(b"b")
    assert was_open
    assert caller.answers[running].body == framed(b"a") + framed(b"c")
    assert caller.answers[running].status == (0, "")
    assert caller.wire.is_shut


@pytest.mark.parametrize(
    ("keepalive", "closed_at"),
    [
        (dataclasses.replace(KEEPALIVE, max_connection_idle=20.0), 20.0),
        (dataclasses.replace(KEEPALIVE, max_connection_age=12.0), 12.0),
    ],
)
async def test_unused_and_old_connections_are_drained(
    keepalive: KeepaliveOptions, closed_at: float
) -> None:
    """The client connects again with its next call."""
    caller, _ = await opened(keepalive=keepalive)

    await asyncio.sleep(closed_at - 0.001)
    await caller.settle()
    early = caller.goaways()
    await asyncio.sleep(0.001)
    await caller.settle()

    goaways = caller.goaways()
    await asyncio.sleep(DRAIN_TIMEOUT)

    assert (early, goaways) == ([], [((1 << 31) - 1, 0)])
    assert caller.wire.is_shut


async def test_old_connection_is_cut_after_its_grace() -> None:
    """Whatever still runs."""
    service = Service()
    keepalive = dataclasses.replace(
        KEEPALIVE, max_connection_age=12.0, max_connection_age_grace=3.0
    )
    caller, host = await opened(service, keepalive=keepalive)
    caller.call("Wait")
    await caller.settle()
    await asyncio.sleep(12.0)
    await caller.settle()
    running = list(service.log)

    await asyncio.sleep(3.0)
    await caller.settle()

    assert (running, service.log) == (["waiting"], ["waiting", "ended"])
    assert (caller.wire.is_shut, host.tasks) == (True, set())


async def test_streams_above_the_limit_are_refused_for_another_try() -> None:
    """REFUSED_STREAM: the client, which has not read the limit, may send them again."""
    caller = Caller(FakeHost(Service()))
    caller.http2 = ngh2.Connection(
        ngh2.Role.CLIENT, ngh2.Configuration(peer_max_concurrent_streams=1_000)
    )
    caller.http2.initiate_connection()

    streams = [caller.call("Wait", send=False) for _ in range(103)]
    caller.send()
    await caller.settle(103 // CALLS_PER_TURN + 2)

    assert len(caller.connection) == 100
    assert [caller.answers[stream].reset for stream in streams[100:]] == [
        ngh2.ErrorCode.REFUSED_STREAM
    ] * 3
