"""Implements `RouterService`: converts the request, calls the engine, converts the answer.

Errors pass through `error_exit`. A stream sends nothing, not even headers, before an attempt has
committed, so that the caller's own retries stay possible.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

import grpc
from google.protobuf.message import Message

from llmrouter.v1 import router_service_pb2 as service_pb2
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.request_limits import RequestLimits
from routersvc.domain.conversation.steps import Steps
from routersvc.domain.outcomes.errors import DeadlineExceededError, RefusedError
from routersvc.engine.router import Router
from routersvc.grpc_api.access.authentication import current_tenant
from routersvc.grpc_api.edges.port import CallContext
from routersvc.grpc_api.inbound.known_routings import KnownRoutings
from routersvc.grpc_api.inbound.requests import (
    Arrival,
    health_filter_of,
    reading_completion,
    reading_explanation,
)
from routersvc.grpc_api.inbound.wire_requests import RequestReader
from routersvc.grpc_api.outbound.answers import completion_of, stream_responses
from routersvc.grpc_api.outbound.explanations import explanation_of
from routersvc.grpc_api.outbound.health import configuration_of, health_of
from routersvc.grpc_api.outbound.times import timestamp_of
from routersvc.telemetry.trace_context import trace_headers

SERVICE_NAME = service_pb2.DESCRIPTOR.services_by_name["RouterService"].full_name

PREVIOUS_ATTEMPTS_KEY = "grpc-previous-rpc-attempts"
"""Metadata with the number of earlier attempts of a retrying client (gRPC proposal A6)."""

ANSWERING_MARGIN = 0.02
"""Seconds reserved at the end of a caller's deadline for the status with its report."""

ROUNDING_SHARE = 0.01
"""The share by which gRPC core may round a timeout up: 30 s may arrive as 30.1 s."""

MAX_MARGIN_SHARE = 0.05
"""The largest share of a timeout that is reserved, so that short calls keep nearly all of it."""

STUCK_WRITE_GRACE = 0.5
"""Seconds after the deadline until the stream of a caller that does not read is ended."""

_COMPLETE = RequestReader(service_pb2.CompleteRequest)
_STREAM_COMPLETE = RequestReader(service_pb2.StreamCompleteRequest)
_EXPLAIN = RequestReader(service_pb2.ExplainRouteRequest)

T = TypeVar("T")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DeadlineRule:
    """The timeouts of calls, in seconds: the default without a deadline, and the maximum."""

    default_timeout: float
    max_timeout: float

    def __post_init__(self) -> None:
        if not 0 < self.default_timeout <= self.max_timeout:
            raise ValueError("`default_timeout` is above 0 and at most `max_timeout`")

    def timeout(self, remaining: float | None) -> float:
        """Return the timeout of a call from the time left until its caller's deadline."""
        if remaining is None:
            return self.default_timeout
        margin = ANSWERING_MARGIN + ROUNDING_SHARE * remaining
        return min(remaining - min(margin, MAX_MARGIN_SHARE * remaining), self.max_timeout)


class Unreadable(Protocol):
    """Is told of each call whose request cannot be read or exceeds a limit."""

    def __call__(self, error: RefusedError, *, streaming: bool, tenant: str) -> None:
        """Note the call."""
        ...


def ignore_unreadable(error: RefusedError, *, streaming: bool, tenant: str) -> None:
    """Do nothing."""
    del error, streaming, tenant


class RouterServicer:
    """Implements `RouterService`. `make_id` generates ids for requests without one."""

    def __init__(
        self,
        *,
        router: Router,
        deadlines: DeadlineRule,
        limits: RequestLimits,
        make_id: Callable[[], str],
        wall_clock: Callable[[], float],
        unreadable: Unreadable = ignore_unreadable,
    ) -> None:
        self._router = router
        self._deadlines = deadlines
        self._limits = limits
        self._unreadable = unreadable
        self._make_id = make_id
        self._wall_clock = wall_clock
        self._known_routings = KnownRoutings()

    def reconfigure(self, *, deadlines: DeadlineRule, limits: RequestLimits) -> None:
        """Read the requests of calls that come from now on by other rules."""
        self._deadlines = deadlines
        self._limits = limits

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the handler to register with a server."""
        return grpc.method_handlers_generic_handler(
            SERVICE_NAME,
            {
                # Prompts are parsed by the methods, in slices.
                "Complete": grpc.unary_unary_rpc_method_handler(self.complete, None, _serialize),
                "StreamComplete": grpc.unary_stream_rpc_method_handler(
                    self.stream_complete, None, _serialize
                ),
                "ExplainRoute": grpc.unary_unary_rpc_method_handler(
                    self.explain_route, None, _serialize
                ),
                "ProviderHealth": grpc.unary_unary_rpc_method_handler(
                    self.provider_health,
                    RequestReader(service_pb2.ProviderHealthRequest),
                    _serialize,
                ),
            },
        )

    async def complete(self, raw: bytes, context: CallContext) -> service_pb2.CompleteResponse:
        """Answer a prompt."""
        asked = await self._read(
            reading_completion(
                _COMPLETE,
                raw,
                lambda: self._arrival(context),
                self._limits,
                self._known_routings,
                streaming=False,
            ),
            streaming=False,
        )
        async with await self._router.opened(asked) as call:
            completion = await call.complete()
        return completion_of(completion)

    async def stream_complete(self, raw: bytes, context: CallContext) -> None:
        """Answer a prompt as a stream; events that arrive together are sent together."""
        asked = await self._read(
            reading_completion(
                _STREAM_COMPLETE,
                raw,
                lambda: self._arrival(context),
                self._limits,
                self._known_routings,
                streaming=True,
            ),
            streaming=True,
        )
        async with await self._router.opened(asked) as call:
            try:
                async with asyncio.timeout(asked.timeout + STUCK_WRITE_GRACE):
                    is_finished = False
                    while not is_finished:
                        events = await call.receive()
                        is_finished = isinstance(events[-1], Finished)
                        report = call.report() if is_finished else None
                        for response in stream_responses(events, report):
                            await context.write(response)
            except TimeoutError:
                raise DeadlineExceededError(report=call.report()) from None

    async def explain_route(
        self, raw: bytes, context: CallContext
    ) -> service_pb2.ExplainRouteResponse:
        """Explain how a request would be routed, or how a past one was."""
        asked = await self._read(
            reading_explanation(
                _EXPLAIN,
                raw,
                lambda: self._arrival(context),
                self._limits,
                self._known_routings,
            ),
            streaming=False,
        )
        if isinstance(asked, str):
            explanation = self._router.explain_decision(asked, tenant=current_tenant())
        else:
            explanation = await self._router.explained(asked)
        return service_pb2.ExplainRouteResponse(explanation=explanation_of(explanation))

    async def provider_health(
        self,
        request: service_pb2.ProviderHealthRequest,
        context: CallContext,  # noqa: ARG002 - the signature that all methods share
    ) -> service_pb2.ProviderHealthResponse:
        """Report the health of the deployments."""
        wanted = health_filter_of(request)
        now = self._wall_clock()
        deployments = self._router.health(
            tenant=current_tenant(),
            providers=wanted.providers,
            models=wanted.models,
            deployments=wanted.deployments,
            states=wanted.states,
        )
        return service_pb2.ProviderHealthResponse(
            deployments=[health_of(health, now=now) for health in deployments],
            observed_time=timestamp_of(now),
            configuration=configuration_of(self._router.reloads),
        )

    async def _read(self, work: Steps[T], *, streaming: bool) -> T:
        """Read a request in slices, and report one that is refused."""
        try:
            return await self._router.run_in_slices(work)
        except RefusedError as error:
            self._unreadable(error, streaming=streaming, tenant=current_tenant())
            raise

    def _arrival(self, context: CallContext) -> Arrival:
        remaining = context.time_remaining()
        metadata = tuple(context.invocation_metadata() or ())
        return Arrival(
            timeout=self._deadlines.timeout(remaining),
            make_id=self._make_id,
            tenant=current_tenant(),
            previous_attempts=_previous_attempts(metadata),
            trace_headers=trace_headers(metadata),
        )


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()


def _previous_attempts(metadata: Iterable[tuple[str, str | bytes]]) -> int:
    for key, value in metadata:
        if key == PREVIOUS_ATTEMPTS_KEY:
            return int(value) if str(value).isdecimal() else 0
    return 0
