"""Delivers an answer at the provider's pace, with the delivery faults.

Handles frames, bytes and time, independent of the wire format. Frames that are due at the same
time are sent in one write.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import math
import random
from collections.abc import Callable, Iterator
from typing import assert_never

from routersvc.simulator.behaviours.behaviours import Behaviour
from routersvc.simulator.faults.effects import (
    Cut,
    Effect,
    EndEarly,
    Ending,
    ErrorEvent,
    MalformedChunk,
    MissingTerminator,
    SlowStart,
    SplitBytes,
    Stall,
    TruncatedBody,
)
from routersvc.simulator.faults.peer_effects import BrokenChunking, Drip, Endless
from routersvc.simulator.formats.replies import StreamScript
from routersvc.simulator.serving.clocks import Clock
from routersvc.simulator.serving.http_responses import Headers, Pause, ResponseWriter
from routersvc.simulator.serving.rendering import Rendering
from routersvc.simulator.serving.request_log import Outcome, RequestRecord

_LEAD_BYTE = 0xC0
_INSIDE_FIELD_NAME = 3
_NO_CHUNK = b"ZZZ\r\nnot a chunk\r\n"
_DRIP_BYTES = 8


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """The parts of the wire format that delivery needs, bound to one request.

    `headers` returns the headers as of the time of the call.
    """

    headers: Callable[[], Headers]
    unary_keep_alive: bytes
    broken: Callable[[bytes], bytes]
    error_event: Callable[[ErrorEvent], bytes]
    error_body: Callable[[ErrorEvent], bytes]
    sign: Callable[[bytes], bytes]


class Delivery:
    """Delivers one answer; returns when it is sent, or broken off by the fault."""

    def __init__(
        self,
        *,
        writer: ResponseWriter,
        record: RequestRecord,
        voice: Voice,
        behaviour: Behaviour,
        clock: Clock,
        source: random.Random,
        started: float,
    ) -> None:
        self._writer = writer
        self._record = record
        self._voice = voice
        self._behaviour = behaviour
        self._clock = clock
        self._source = source
        self._started = started
        self._due = started
        self._pending: list[bytes] = []
        self._pending_tokens = 0

    async def stream(
        self, script: StreamScript, rendering: Rendering, effect: Effect | None
    ) -> Outcome:
        """Deliver the frames of a streamed answer."""
        opened = await self._wait_for_first_token(script, effect)
        if effect is None and self._behaviour.time_between_tokens.always_zero:
            self._begin()
            await self._writer.end(self._voice.sign(rendering.joined))
            self._count(rendering.tokens)
            return Outcome.COMPLETED
        if isinstance(effect, Endless):
            return await self._repeat(script, effect, opened=opened)
        strike = _frames_before_strike(script, effect)
        if not opened and not (isinstance(effect, ErrorEvent) and strike == 0):
            self._pending.append(script.opening)
        at_once = self._behaviour.time_between_tokens.always_zero and not isinstance(
            effect, SplitBytes | Drip
        )
        last = len(script.contents)
        for index, (frame, tokens) in enumerate((*script.contents, (script.closing, 0))):
            if index == strike:
                if isinstance(effect, MalformedChunk):
                    self._pending.append(self._voice.broken(frame))
                    continue
                ended = await self._strike(script, effect)
                if ended is not None:
                    return ended
            if index:
                await self._wait_for_next(tokens)
            if isinstance(effect, Drip) and strike is not None and index >= strike:
                await self._drip(effect)
            if index == last and isinstance(effect, MissingTerminator) and not effect.finish_reason:
                break
            self._pending.append(frame)
            self._pending_tokens += tokens
            if not at_once and index != last:
                await self._send(effect)
        if isinstance(effect, MissingTerminator) and effect.left_open:
            await self._send(effect)
            await self._wait_until(math.inf)
        if not isinstance(effect, MissingTerminator):
            self._pending.append(script.terminator)
        self._begin()
        await self._writer.end(self._voice.sign(b"".join(self._pending)))
        self._sent()
        struck = isinstance(effect, MissingTerminator | MalformedChunk)
        return Outcome.FAULT_ANSWERED if struck else Outcome.COMPLETED

    async def unary(self, rendering: Rendering, effect: Effect | None) -> Outcome:
        """Deliver a unary answer."""
        tokens = rendering.tokens
        body = self._voice.sign(rendering.body)
        await self._wait_for_body(tokens, effect)
        half = len(body) // 2
        match effect:
            case ErrorEvent():
                await self._whole(self._voice.error_body(effect))
                return Outcome.FAULT_ANSWERED
            case MalformedChunk() | TruncatedBody(honest_length=True):
                await self._whole(body[:half])
                return Outcome.FAULT_ANSWERED
            case EndEarly():
                self._begin()
                await self._writer.end(body[:half])
                return Outcome.FAULT_ANSWERED
            case Cut() | Stall() | TruncatedBody():
                return await self._broken_body(body, tokens, effect)
            case BrokenChunking():
                self._begin()
                await self._writer.part(body[:half])
                return await self._break_chunking()
            case Drip():
                self._begin(length=len(body))
                for at in range(0, len(body), _DRIP_BYTES):
                    await self._writer.part(body[at : at + _DRIP_BYTES])
                    await self._clock.sleep_until(self._clock.now() + effect.interval)
            case SplitBytes():
                self._begin()
                await self._writer.parts(body, list(_cuts(body)), self._pause(effect))
                await self._writer.end()
            case _:
                await self._whole(body)
        self._count(tokens)
        return Outcome.COMPLETED

    async def _wait_for_body(self, tokens: int, effect: Effect | None) -> None:
        """Wait as long as a stream of this many tokens would take."""
        behaviour = self._behaviour
        self._due += behaviour.time_to_first_token.draw(self._source)
        if not behaviour.time_between_tokens.always_zero:
            between = behaviour.time_between_tokens
            self._due += sum(between.draw(self._source) for _ in range(tokens - 1))
        interval = behaviour.keep_alive_interval
        if isinstance(effect, SlowStart):
            self._due += effect.duration
            interval = effect.keep_alive_interval
        if interval is not None:
            self._begin()
            await self._writer.flush()
            await self._keep_alive_until(self._due, interval, self._voice.unary_keep_alive)
        await self._clock.sleep_until(self._due)

    async def _whole(self, body: bytes) -> None:
        if self._writer.begun:
            await self._writer.end(body)
        else:
            self._record.status = 200
            await self._writer.whole(200, self._voice.headers(), body)

    async def _broken_body(
        self, body: bytes, tokens: int, effect: Cut | Stall | TruncatedBody
    ) -> Outcome:
        half = len(body) // 2
        self._begin(length=len(body))
        await self._writer.part(body[:half])
        self._count(tokens // 2)
        match effect:
            case Cut(ending=ending):
                return self._break(ending)
            case TruncatedBody():
                return self._break(Ending.CLOSE)
            case Stall(duration=duration):
                until = math.inf if duration is None else self._clock.now() + duration
                await self._wait_until(until)
                await self._writer.end(body[half:])
                self._count(tokens - tokens // 2)
                return Outcome.COMPLETED
            case _:
                assert_never(effect)

    async def _wait_for_first_token(self, script: StreamScript, effect: Effect | None) -> bool:
        """Wait until the first token is due; return whether the opening frame was sent before."""
        behaviour = self._behaviour
        self._due += behaviour.time_to_first_token.draw(self._source)
        interval = behaviour.keep_alive_interval
        opened = False
        if isinstance(effect, SlowStart):
            self._due += effect.duration
            interval = effect.keep_alive_interval
            opened = effect.role_first
        if interval is not None:
            self._begin()
            await self._writer.part(self._voice.sign(script.opening) if opened else b"")
            await self._keep_alive_until(self._due, interval, script.keep_alive)
        await self._clock.sleep_until(self._due)
        return opened

    async def _repeat(self, script: StreamScript, effect: Endless, *, opened: bool) -> Outcome:
        """Send the content frames again and again, until the client hangs up."""
        if not opened:
            self._pending.append(script.opening)
        for frame, tokens in itertools.cycle(script.contents or ((b"", 0),)):
            self._pending.append(frame)
            self._pending_tokens += tokens
            await self._send(effect)
            await self._clock.sleep_until(self._clock.now() + effect.interval)
        return Outcome.COMPLETED

    async def _drip(self, effect: Drip) -> None:
        if self._pending:
            await self._send(effect)
        self._due = self._clock.now() + effect.interval
        await self._clock.sleep_until(self._due)

    async def _break_chunking(self) -> Outcome:
        await self._writer.raw(_NO_CHUNK)
        await self._wait_until(math.inf)
        return Outcome.ABORTED_BY_FAULT

    async def _wait_for_next(self, tokens: int) -> None:
        between = self._behaviour.time_between_tokens
        if not between.always_zero:
            self._due += sum(between.draw(self._source) for _ in range(tokens))
            await self._clock.sleep_until(self._due)

    async def _strike(self, script: StreamScript, effect: Effect | None) -> Outcome | None:
        """Apply a fault; return the outcome if the answer ends here."""
        match effect:
            case ErrorEvent():
                self._pending.append(self._voice.error_event(effect))
                self._begin()
                await self._writer.end(self._voice.sign(b"".join(self._pending)))
                self._sent()
                return Outcome.FAULT_ANSWERED
            case EndEarly():
                self._begin()
                await self._writer.end(self._voice.sign(b"".join(self._pending)))
                self._sent()
                return Outcome.FAULT_ANSWERED
            case Cut(ending=ending):
                await self._send(effect)
                return self._break(ending)
            case BrokenChunking():
                await self._send(effect)
                return await self._break_chunking()
            case Stall(duration=duration, keep_alive_interval=interval):
                await self._send(effect)
                until = math.inf if duration is None else self._clock.now() + duration
                await self._keep_alive_until(until, interval, script.keep_alive)
                self._due = self._clock.now()
                return None
            case _:
                return None

    async def _keep_alive_until(self, until: float, interval: float, sign: bytes) -> None:
        """Wait, sending keep-alives at an interval (0: never)."""
        due = self._clock.now() + interval if interval else math.inf
        while due < until:
            await self._clock.sleep_until(due)
            await self._writer.part(sign)
            due += interval
        await self._wait_until(until)

    async def _wait_until(self, until: float) -> None:
        """Wait until a time; if infinite, until the client hangs up or the provider is killed."""
        if until == math.inf:
            await asyncio.get_running_loop().create_future()
        await self._clock.sleep_until(until)

    async def _send(self, effect: Effect | None) -> None:
        """Write the pending frames."""
        self._begin()
        data = self._voice.sign(b"".join(self._pending))
        if isinstance(effect, SplitBytes):
            await self._writer.parts(data, list(_cuts(data)), self._pause(effect))
        else:
            await self._writer.part(data)
        self._sent()

    def _sent(self) -> None:
        self._pending.clear()
        self._count(self._pending_tokens)
        self._pending_tokens = 0

    def _begin(self, length: int | None = None) -> None:
        if not self._writer.begun:
            self._record.status = 200
            self._writer.begin(200, self._voice.headers(), length=length)

    def _count(self, tokens: int) -> None:
        self._record.tokens_sent += tokens
        if self._record.first_token_after is None and tokens:
            self._record.first_token_after = self._clock.now() - self._started

    def _pause(self, effect: SplitBytes) -> Pause:
        async def pause() -> None:
            await self._clock.sleep_until(self._clock.now() + effect.pause)

        return pause

    def _break(self, ending: Ending) -> Outcome:
        match ending:
            case Ending.RESET:
                self._writer.reset()
            case Ending.CLOSE:
                self._writer.close()
            case _:
                assert_never(ending)
        return Outcome.ABORTED_BY_FAULT


def _frames_before_strike(script: StreamScript, effect: Effect | None) -> int | None:
    """Return how many content frames are sent before a fault with `after_tokens` takes effect."""
    match effect:
        case (
            Stall(after_tokens=limit)
            | Cut(after_tokens=limit)
            | EndEarly(after_tokens=limit)
            | MalformedChunk(after_tokens=limit)
            | ErrorEvent(after_tokens=limit)
            | BrokenChunking(after_tokens=limit)
            | Drip(after_tokens=limit)
        ):
            sent = 0
            for index, (_, tokens) in enumerate(script.contents):
                sent += tokens
                if sent > limit:
                    return index
            return len(script.contents)
        case _:
            return None


def _cuts(data: bytes) -> Iterator[int]:
    """Yield offsets to split at: in the first field name and in each multi-byte character."""
    yield min(_INSIDE_FIELD_NAME, len(data))
    for offset, byte in enumerate(data):
        if byte >= _LEAD_BYTE and offset >= _INSIDE_FIELD_NAME:
            yield offset + 1
