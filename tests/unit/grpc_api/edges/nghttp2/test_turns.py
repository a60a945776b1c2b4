"""A flood of one peer takes many turns of the event loop."""

from __future__ import annotations

import asyncio
import itertools

from tests.unit.grpc_api.edges.nghttp2.callers import Caller, FakeHost, Service, Wire

from routersvc.grpc_api.edges.nghttp2.messages import framed
from routersvc.grpc_api.edges.nghttp2.turns import (
    CALLS_PER_TURN,
    EVENTS_PER_TURN,
    LONG_TURN,
    SLICE,
    Input,
)


class Tap(Wire):
    """A transport that notes whether it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []

    def pause_reading(self) -> None:
        """Note it."""
        self.log.append("paused")

    def resume_reading(self) -> None:
        """Note it."""
        self.log.append("resumed")


async def test_calls_that_arrive_together_start_in_turns() -> None:
    """In the order of their arrival, and those that are gone by then not at all."""
    service = Service()
    host = FakeHost(service)
    caller = Caller(host)
    streams = [caller.call("Wait", send=False) for _ in range(5 * CALLS_PER_TURN)]
    caller.send()
    caller.http2.reset_stream(streams[-1])
    caller.send()

    started: list[int] = []
    for _ in range(7):
        started.append(len(host.tasks))
        await asyncio.sleep(0)

    few = [CALLS_PER_TURN * number for number in range(1, 5)]
    assert started == [*few, *[5 * CALLS_PER_TURN - 1] * 3]


async def test_read_full_of_events_is_parsed_in_turns() -> None:
    """Nothing more is read meanwhile, and nothing is lost or reordered."""
    parsed: list[bytes] = []

    def feed(data: bytes) -> int:
        parsed.append(data)
        return EVENTS_PER_TURN // 2

    tap = Tap()
    data = bytes(range(256)) * (6 * SLICE // 256)
    input_ = Input(feed, asyncio.get_running_loop())

    input_.received(data, tap)
    first = (len(parsed), list(tap.log))
    input_.received(b"more", tap)
    await asyncio.sleep(0)
    second = (len(parsed), list(tap.log))
    for _ in range(3):
        await asyncio.sleep(0)

    assert (first, second) == ((2, ["paused"]), (4, ["paused"]))
    assert b"".join(parsed) == data + b"more"
    assert tap.log == ["paused", "resumed"]


async def test_closed_connection_parses_no_more() -> None:
    """What is left of its input is dropped."""
    parsed: list[bytes] = []

    def feed(data: bytes) -> None:
        parsed.append(data)

    Input(feed, asyncio.get_running_loop()).received(bytes(5 * SLICE), Tap())
    await asyncio.sleep(0)

    assert len(parsed) == 1


async def test_flood_of_one_connection_does_not_delay_another() -> None:
    """The quiet caller is answered while most of the flood still waits."""
    host = FakeHost(Service())
    flood, quiet = Caller(host), Caller(host)
    await flood.settle()
    await quiet.settle()
    for _ in range(100):
        flood.call("Wait", send=False)
    flood.send()

    answered = quiet.call("Echo", b"me, too")
    await quiet.settle(4)

    assert quiet.answers[answered].body == framed(b"me, too")
    assert len(host.tasks) < 50
    await flood.settle(100 // CALLS_PER_TURN + 1)
    assert len(host.tasks) == 100


async def test_fewer_calls_start_after_long_turns() -> None:
    """Half as many after each long one, at least one, and one more after each short one."""
    now = 0.0
    host = FakeHost(Service(), clock=lambda: now)
    caller = Caller(host)
    for _ in range(60):
        caller.call("Wait", send=False)
    caller.send()

    started = [len(host.tasks)]
    for took in [2 * LONG_TURN] * 4 + [LONG_TURN / 2] * 3:
        now += took
        await asyncio.sleep(0)
        started.append(len(host.tasks))

    assert [after - before for before, after in itertools.pairwise(started)] == [
        4,
        2,
        1,
        1,
        2,
        3,
        4,
    ]
