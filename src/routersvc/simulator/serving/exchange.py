"""Handles one request at a simulated provider: parses it, applies a fault, delivers the answer.

A request that the vendor would refuse is refused before faults are considered: faults apply to
requests that would otherwise be answered.
"""

from __future__ import annotations

import asyncio
import dataclasses
import email.utils
import random
import urllib.parse
from typing import assert_never

from aiohttp import web

from routersvc.simulator.answers.completions import CompletionRequest
from routersvc.simulator.behaviours.behaviours import Behaviour
from routersvc.simulator.faults.effects import (
    Close,
    Effect,
    EmptyBody,
    ErrorEvent,
    InsteadOfAnswer,
    Problem,
    Reset,
    Silence,
    Status,
    WrongContentType,
)
from routersvc.simulator.faults.peer_effects import (
    Page,
    RefusedPrefill,
    StaleConnection,
    WrongEncoding,
)
from routersvc.simulator.formats.html_pages import LOGIN_PAGE, intermediary_page
from routersvc.simulator.formats.operations import Completion, ModelCard, ModelList, RequestHead
from routersvc.simulator.formats.replies import Complaint, HttpAnswer, Identity, RefusedError
from routersvc.simulator.formats.wire_format import WireFormat
from routersvc.simulator.serving.clocks import Clock
from routersvc.simulator.serving.delivery import Delivery, Voice
from routersvc.simulator.serving.fault_book import ActiveFault, Circumstances, FaultBook
from routersvc.simulator.serving.http_responses import Headers, ResponseWriter, merged
from routersvc.simulator.serving.rate_limits import RateLimiter
from routersvc.simulator.serving.rendering import Reading, Renderer
from routersvc.simulator.serving.request_log import Outcome, RequestRecord, shown_key

_NO_PREFILL = "This model does not support assistant message prefill."


@dataclasses.dataclass(kw_only=True, slots=True)
class Desk:
    """The state that all requests at one provider share."""

    wire_format: WireFormat
    renderer: Renderer
    faults: FaultBook
    limiter: RateLimiter
    clock: Clock
    latencies: random.Random
    api_keys: frozenset[str]
    behaviour: Behaviour


class Exchange:
    """One request and its answer."""

    def __init__(
        self,
        desk: Desk,
        request: web.BaseRequest,
        writer: ResponseWriter,
        record: RequestRecord,
        serial: int,
        circumstances: Circumstances,
    ) -> None:
        self._desk = desk
        self._circumstances = circumstances
        self._request = request
        self._writer = writer
        self._record = record
        self._started = desk.clock.now()
        self._identity = Identity(serial=serial, created=int(desk.clock.wall()))

    async def answer(self) -> Outcome:
        """Answer the request and return its outcome."""
        desk = self._desk
        try:
            head = self._head()
            operation = desk.wire_format.operation(head)
            credential = desk.wire_format.credential(head)
            self._record.api_key_end = shown_key(credential)
            if desk.api_keys and credential not in desk.api_keys:
                await self._whole(desk.wire_format.unauthorised(credential))
                return Outcome.REFUSED
            desk.wire_format.admit(head)
            match operation:
                case ModelList():
                    return await self._card(desk.wire_format.models())
                case ModelCard(model=name):
                    return await self._card(desk.wire_format.model(name))
                case Completion():
                    body = await self._read_body()
                    return await self._complete(desk.renderer.read(operation, body))
                case _:
                    assert_never(operation)
        except RefusedError as refused:
            await self._whole(refused.answer)
            return Outcome.REFUSED

    def _head(self) -> RequestHead:
        request = self._request
        raw = request.rel_url.raw_path.strip("/")
        return RequestHead(
            method=request.method,
            path=request.path,
            segments=tuple(urllib.parse.unquote(segment) for segment in raw.split("/")),
            query=request.query,
            headers=request.headers,
        )

    async def _read_body(self) -> bytes:
        if self._request.headers.get("Expect", "").lower() == "100-continue":
            await self._writer.raw(b"HTTP/1.1 100 Continue\r\n\r\n")
        return await self._request.read()

    async def _card(self, body: bytes) -> Outcome:
        struck = self._desk.faults.strike_models(self._circumstances)
        if struck is not None:
            return await self._strike(struck, "", streaming=False)
        content_type = self._desk.wire_format.unary_content_type
        await self._whole(HttpAnswer(status=200, body=body, content_type=content_type))
        return Outcome.COMPLETED

    async def _complete(self, reading: Reading) -> Outcome:
        desk, record, request = self._desk, self._record, reading.request
        record.model = request.model.id
        record.streaming = request.streaming
        record.prompt_tokens = request.prompt.tokens
        if not self._admit(request):
            return await self._refuse_for_rate(request)
        struck = desk.faults.strike_completion(request, self._circumstances)
        effect: Effect | None = None
        if struck is not None:
            if isinstance(struck.fault.effect, InsteadOfAnswer):
                return await self._strike(struck, request.model.id, streaming=request.streaming)
            effect = struck.fault.effect
            await self._note(struck)
        rendering = desk.renderer.render(reading, desk.behaviour, effect)
        delivery = Delivery(
            writer=self._writer,
            record=record,
            voice=self._voice(request, effect),
            behaviour=desk.behaviour,
            clock=desk.clock,
            source=desk.latencies,
            started=self._started,
        )
        if rendering.script is not None:
            return await delivery.stream(rendering.script, rendering, effect)
        return await delivery.unary(rendering, effect)

    def _admit(self, request: CompletionRequest) -> bool:
        desk = self._desk
        limit = desk.behaviour.rate_limit
        tokens = request.prompt.tokens + (request.max_tokens or 0)
        now = desk.clock.now()
        if limit.enforced and desk.limiter.wait_for(limit, tokens, now):
            return False
        desk.limiter.count(limit, tokens, now)
        return True

    async def _refuse_for_rate(self, request: CompletionRequest) -> Outcome:
        desk = self._desk
        limit = desk.behaviour.rate_limit
        tokens = request.prompt.tokens + (request.max_tokens or 0)
        complaint = Complaint(problem=Problem.REQUEST_TOO_LARGE, model=request.model.id)
        if tokens <= limit.tokens_per_minute:
            wait = desk.limiter.wait_for(limit, tokens, desk.clock.now())
            complaint = Complaint(
                problem=Problem.RATE_LIMIT, model=request.model.id, retry_after=wait
            )
        await self._whole(desk.wire_format.error(complaint))
        return Outcome.REFUSED

    async def _strike(self, struck: ActiveFault, model: str, *, streaming: bool) -> Outcome:
        """Apply a fault that replaces the answer."""
        await self._note(struck)
        effect = struck.fault.effect
        match effect:
            case Status():
                answer = self._status(effect, model, streaming=streaming)
                await self._whole(answer, effect.headers.items())
            case Reset():
                self._writer.reset()
                return Outcome.ABORTED_BY_FAULT
            case Close() | StaleConnection():
                self._writer.close()
                return Outcome.ABORTED_BY_FAULT
            case Silence():
                await asyncio.get_running_loop().create_future()
            case WrongContentType():
                await self._whole(LOGIN_PAGE)
            case Page(status=status, plain=plain):
                await self._whole(intermediary_page(status, plain=plain))
            case RefusedPrefill():
                complaint = Complaint(
                    problem=Problem.INVALID_REQUEST,
                    model=model,
                    message=_NO_PREFILL,
                    streaming=streaming,
                )
                await self._whole(self._desk.wire_format.error(complaint))
            case EmptyBody():
                content_type = self._content_type(streaming=streaming)
                await self._whole(HttpAnswer(status=200, body=b"", content_type=content_type))
            case _:
                raise AssertionError(f"`{effect.kind}` does not replace an answer")
        return Outcome.FAULT_ANSWERED

    async def _note(self, struck: ActiveFault) -> None:
        self._record.fault = struck.fault.effect.kind
        self._record.fault_id = struck.id
        if struck.fault.delay:
            await self._desk.clock.sleep_until(self._desk.clock.now() + struck.fault.delay)

    def _status(self, effect: Status, model: str, *, streaming: bool) -> HttpAnswer:
        """Return the answer of a status fault: the vendor's, with the changes of the fault."""
        if effect.problem is None:
            retry = effect.retry_after
            answer = HttpAnswer(
                status=effect.status or 500,
                body=b"",
                headers=() if retry is None else (("retry-after", f"{retry:g}"),),
            )
        else:
            answer = self._desk.wire_format.error(
                Complaint(
                    problem=effect.problem,
                    model=model,
                    retry_after=effect.retry_after,
                    status=effect.status,
                    streaming=streaming,
                )
            )
        if effect.retry_after is not None and effect.retry_after < 0:
            answer = self._with_past_date(answer, effect.retry_after)
        return dataclasses.replace(
            answer,
            body=answer.body if effect.body is None else effect.body.encode(),
            content_type=effect.content_type or answer.content_type,
            unsigned=answer.unsigned and effect.body is None,
        )

    def _with_past_date(self, answer: HttpAnswer, retry_after: float) -> HttpAnswer:
        date = email.utils.formatdate(self._desk.clock.wall() + retry_after, usegmt=True)
        kept = (one for one in answer.headers if not one[0].lower().startswith("retry-after"))
        return dataclasses.replace(answer, headers=(*kept, ("retry-after", date)))

    async def _whole(self, answer: HttpAnswer, extra: Headers = ()) -> None:
        self._record.status = answer.status
        headers = merged(
            self._headers(answer.status),
            [("content-type", answer.content_type)],
            answer.headers,
            extra,
        )
        body = answer.body
        if answer.unsigned:
            body = self._desk.wire_format.sign(body, self._identity)
        await self._writer.whole(answer.status, headers, body)

    def _content_type(self, *, streaming: bool) -> str:
        wire_format = self._desk.wire_format
        return wire_format.stream_content_type if streaming else wire_format.unary_content_type

    def _voice(self, request: CompletionRequest, effect: Effect | None) -> Voice:
        wire_format = self._desk.wire_format
        fixed = [("content-type", self._content_type(streaming=request.streaming))]
        if isinstance(effect, WrongEncoding):
            fixed.append(("content-encoding", effect.encoding))
        return Voice(
            headers=lambda: (*fixed, *self._headers(200)),
            sign=lambda data: wire_format.sign(data, self._identity),
            unary_keep_alive=wire_format.unary_keep_alive,
            broken=wire_format.broken,
            error_event=lambda effect: wire_format.error_event(_complaint(effect, request)),
            error_body=lambda effect: wire_format.sign(
                wire_format.error(_complaint(effect, request)).body, self._identity
            ),
        )

    def _headers(self, status: int) -> tuple[tuple[str, str], ...]:
        desk = self._desk
        now = desk.clock.now()
        headroom = desk.limiter.headroom(desk.behaviour.rate_limit, now)
        return desk.wire_format.headers(self._identity, headroom, now - self._started, status)


def _complaint(effect: ErrorEvent, request: CompletionRequest) -> Complaint:
    return Complaint(
        problem=effect.problem,
        model=request.model.id,
        message=effect.message,
        streaming=request.streaming,
    )
