"""Delivery: what leaves at which moment, on a clock that jumps."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from aiohttp import hdrs
from aiohttp.abc import AbstractStreamWriter
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from routersvc.simulator import (
    Behaviour,
    Constant,
    Effect,
    EndEarly,
    ErrorEvent,
    MalformedChunk,
    MissingTerminator,
    Outcome,
    RequestRecord,
    SlowStart,
    SplitBytes,
    Stall,
    TruncatedBody,
)
from routersvc.simulator.formats.replies import StreamScript
from routersvc.simulator.serving.clocks import Clock
from routersvc.simulator.serving.delivery import Delivery, Voice
from routersvc.simulator.serving.http_responses import ResponseWriter
from routersvc.simulator.serving.rendering import Rendering

_HEAD = "<head>"
_SCRIPT = StreamScript(
    opening=b"(role)",
    contents=((b"(a)", 1), (b"(b)", 1), (b"(c)", 1)),
    closing=b"(finish)",
    terminator=b"(done)",
    keep_alive=b"(alive)",
)
_STREAM = Rendering(tokens=3, script=_SCRIPT, joined=b"(role)(a)(b)(c)(finish)(done)")
_BODY = Rendering(tokens=3, body=b"{12345678}")
_PACED = Behaviour(
    time_to_first_token=Constant(value=1.0), time_between_tokens=Constant(value=0.25)
)
_INSTANT = Behaviour()


class JumpingClock(Clock):
    """A clock that jumps to the instant that is awaited."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """Return where the jumps have led."""
        return self.time

    async def sleep_until(self, due: float) -> None:
        """Jump."""
        self.time = max(self.time, due)


class LoggingWriter(AbstractStreamWriter):
    """Notes what is written, and when, with the HTTP around it taken off."""

    def __init__(self, clock: JumpingClock) -> None:
        self._clock = clock
        self.log: list[tuple[float, str]] = []

    async def write(self, chunk: Any) -> None:  # noqa: ANN401 - the signature of the interface
        """Note it."""
        text = bytes(chunk).decode()
        shown = ""
        if text.startswith("HTTP/1.1 200 OK\r\n"):
            shown, text = _HEAD, text.partition("\r\n\r\n")[2]
        shown += "".join(line for line in text.split("\r\n") if not _is_size(line))
        shown += "|end" if text.endswith("0\r\n\r\n") else ""
        self.log.append((self._clock.time, shown))

    async def write_eof(self, chunk: bytes = b"") -> None:
        """Never called."""

    async def drain(self) -> None:
        """Never called."""

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        """Never called."""

    def enable_chunking(self) -> None:
        """Never called."""

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        """Never called."""


def _is_size(line: str) -> bool:
    return line != "" and all(character in "0123456789abcdef" for character in line)


class Rig:
    """One delivery and what it leaves behind."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.clock = JumpingClock()
        self.writer = LoggingWriter(self.clock)
        self.record = RequestRecord(
            serial=1,
            id="a-1",
            provider="a",
            received_time=0.0,
            method=hdrs.METH_POST,
            path="/",
            headers={},
        )
        request = make_mocked_request("POST", "/", writer=self.writer, transport=mock.Mock())
        no_date: Callable[[], str] = str
        self.delivery = Delivery(
            writer=ResponseWriter(request, no_date),
            record=self.record,
            voice=Voice(
                headers=lambda: [("content-type", "text/plain")],
                unary_keep_alive=b"~",
                broken=lambda frame: b"(broken %s)" % frame.strip(b"()"),
                error_event=lambda effect: b"(error %s)" % effect.problem.value.encode(),
                error_body=lambda effect: b"{%s}" % effect.problem.value.encode(),
                sign=lambda data: data,
            ),
            behaviour=behaviour,
            clock=self.clock,
            source=random.Random(0),
            started=0.0,
        )

    async def stream(self, effect: Effect | None = None) -> Outcome:
        """Deliver the stream."""
        return await self.delivery.stream(_SCRIPT, _STREAM, effect)

    async def unary(self, effect: Effect | None = None) -> Outcome:
        """Deliver the body."""
        return await self.delivery.unary(_BODY, effect)


async def test_a_paced_stream_leaves_token_by_token() -> None:
    """Role and first token together, the finish with the last token's moment."""
    rig = Rig(_PACED)

    outcome = await rig.stream()

    assert outcome is Outcome.COMPLETED
    assert rig.writer.log == [
        (1.0, "<head>(role)(a)"),
        (1.25, "(b)"),
        (1.5, "(c)"),
        (1.5, "(finish)(done)|end"),
    ]
    assert (rig.record.first_token_after, rig.record.tokens_sent) == (1.0, 3)


async def test_an_instant_stream_leaves_in_one_write() -> None:
    """The path of a bench: one write and no turn of the loop."""
    rig = Rig(_INSTANT)

    await rig.stream()

    assert rig.writer.log == [(0.0, "<head>(role)(a)(b)(c)(finish)(done)|end")]
    assert (rig.record.first_token_after, rig.record.tokens_sent) == (0.0, 3)


async def test_a_unary_answer_takes_as_long_as_its_stream() -> None:
    """First token plus the gaps between three tokens."""
    rig = Rig(_PACED)

    outcome = await rig.unary()

    assert outcome is Outcome.COMPLETED
    assert rig.writer.log == [(1.5, "<head>{12345678}")]
    assert rig.record.tokens_sent == 3


async def test_a_slow_start_shows_life_at_its_interval() -> None:
    """Late by its duration on top of the provider's own latency."""
    rig = Rig(_PACED)

    await rig.stream(SlowStart(duration=2.5, keep_alive_interval=1.0))

    assert rig.writer.log[:5] == [
        (0.0, "<head>"),
        (1.0, "(alive)"),
        (2.0, "(alive)"),
        (3.0, "(alive)"),
        (3.5, "(role)(a)"),
    ]


async def test_a_slow_start_may_say_the_role_first_and_nothing_else() -> None:
    """An interval of 0 is no comments at all."""
    rig = Rig(_PACED)

    await rig.stream(SlowStart(duration=1.0, keep_alive_interval=0.0, role_first=True))

    assert rig.writer.log[:2] == [(0.0, "<head>(role)"), (2.0, "(a)")]


async def test_a_slow_unary_start() -> None:
    """Signs of life, then the body."""
    rig = Rig(_INSTANT)

    await rig.unary(SlowStart(duration=2.5, keep_alive_interval=1.0))

    assert rig.writer.log == [
        (0.0, "<head>"),
        (1.0, "~"),
        (2.0, "~"),
        (2.5, "{12345678}|end"),
    ]


async def test_a_stall_shifts_what_comes_after_it() -> None:
    """The pause is added; the pace goes on from there."""
    rig = Rig(_PACED)

    await rig.stream(Stall(after_tokens=1, duration=10.0, keep_alive_interval=4.0))

    assert rig.writer.log == [
        (1.0, "<head>(role)(a)"),
        (5.0, "(alive)"),
        (9.0, "(alive)"),
        (11.25, "(b)"),
        (11.5, "(c)"),
        (11.5, "(finish)(done)|end"),
    ]


async def test_an_instant_stream_is_held_back_by_a_stall() -> None:
    """What comes before the stall has left before it."""
    rig = Rig(_INSTANT)

    await rig.stream(Stall(after_tokens=2, duration=5.0))

    assert rig.writer.log == [
        (0.0, "<head>(role)(a)(b)"),
        (5.0, "(c)(finish)(done)|end"),
    ]


@pytest.mark.parametrize(
    ("effect", "outcome", "written", "tokens"),
    [
        (EndEarly(after_tokens=2), Outcome.FAULT_ANSWERED, "<head>(role)(a)(b)|end", 2),
        (EndEarly(after_tokens=9), Outcome.FAULT_ANSWERED, "<head>(role)(a)(b)(c)|end", 3),
        (MissingTerminator(), Outcome.FAULT_ANSWERED, "<head>(role)(a)(b)(c)(finish)|end", 3),
        (
            MalformedChunk(after_tokens=1),
            Outcome.FAULT_ANSWERED,
            "<head>(role)(a)(broken b)(c)(finish)(done)|end",
            2,
        ),
        (
            MalformedChunk(after_tokens=9),
            Outcome.FAULT_ANSWERED,
            "<head>(role)(a)(b)(c)(broken finish)(done)|end",
            3,
        ),
        (
            ErrorEvent(after_tokens=1),
            Outcome.FAULT_ANSWERED,
            "<head>(role)(a)(error server_error)|end",
            1,
        ),
        (ErrorEvent(), Outcome.FAULT_ANSWERED, "<head>(error server_error)|end", 0),
    ],
)
async def test_streams_are_struck_where_they_are_to_be(
    effect: Effect, outcome: Outcome, written: str, tokens: int
) -> None:
    """One write each: nothing is waited for."""
    rig = Rig(_INSTANT)

    ended = await rig.stream(effect)

    assert (ended, rig.writer.log) == (outcome, [(0.0, written)])
    assert rig.record.tokens_sent == tokens


@pytest.mark.parametrize(
    ("effect", "written"),
    [
        (EndEarly(), "<head>{1234|end"),
        (MalformedChunk(), "<head>{1234"),
        (TruncatedBody(), "<head>{1234"),
        (ErrorEvent(), "<head>{server_error}"),
    ],
)
async def test_unary_answers_are_struck_where_they_are_to_be(effect: Effect, written: str) -> None:
    """Half of the body, or another body."""
    rig = Rig(_INSTANT)

    outcome = await rig.unary(effect)

    assert outcome is Outcome.FAULT_ANSWERED
    assert rig.writer.log == [(0.0, written)]


async def test_split_bytes_pause_between_pieces() -> None:
    """Each frame on its own, in pieces, a pause after each."""
    rig = Rig(_INSTANT)

    await rig.stream(SplitBytes(pause=0.5))

    assert rig.writer.log == [
        (0.0, "<head>(ro"),
        (0.5, "le)(a)"),
        (1.0, "(b)"),
        (1.5, ""),
        (2.0, "(c)"),
        (2.5, ""),
        (3.0, "(finish)(done)|end"),
    ]
