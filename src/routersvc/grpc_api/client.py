"""Calls a router from Python: the asyncio client of the command line and the demo.

    CallError               a call did not end well
    └── NotConnectedError   no router could be heard: nothing listens, or the connection broke

A call that is cancelled is cancelled at the router and at its provider too.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import AsyncGenerator
from typing import Self

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from llmrouter.v1 import errors_pb2
from llmrouter.v1.catalogue_service_pb2 import ListModelsRequest, ListModelsResponse
from llmrouter.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
from llmrouter.v1.report_pb2 import RouteReport
from llmrouter.v1.router_service_pb2 import (
    CompleteRequest,
    CompleteResponse,
    ExplainRouteRequest,
    ExplainRouteResponse,
    ProviderHealthRequest,
    ProviderHealthResponse,
    StreamCompleteRequest,
    StreamCompleteResponse,
)
from llmrouter.v1.router_service_pb2_grpc import RouterServiceStub

ERROR_DOMAIN = errors_pb2.DESCRIPTOR.package
"""The domain of every `ErrorInfo` of a router."""

_DETAILS_KEY = "grpc-status-details-bin"

_CHANNEL_OPTIONS = (
    # A router stands inside the company's own network: never by way of a proxy for the web.
    ("grpc.enable_http_proxy", 0),
    # Answers may hold pictures and sound; the router limits what it sends.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """One field of the request that is missing or wrong."""

    field: str
    description: str


class CallError(Exception):
    """A call did not end well.

    `status` is the name of the gRPC status, `reason` that of the contract's `ErrorReason` without
    its prefix, empty where no router spoke. `retry_delay` (seconds) is set where a retry can
    help, `report` where the router says what it did.
    """

    def __init__(
        self,
        *,
        status: str,
        message: str,
        reason: str = "",
        violations: tuple[Violation, ...] = (),
        retry_delay: float | None = None,
        report: RouteReport | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.violations = violations
        self.retry_delay = retry_delay
        self.report = report


class NotConnectedError(CallError):
    """No router could be heard: nothing listens at its address, or the connection broke."""


class RouterClient:
    """Calls one router. Leaving the context closes the connection and cancels what still runs.

    `timeout` (seconds) limits each call; `None` leaves its length to the router. `api_key` goes
    with each call; on a connection without TLS everybody on the way can read it.
    """

    def __init__(
        self, address: str, *, timeout: float | None = None, api_key: str | None = None
    ) -> None:
        self.address = address
        self._metadata = () if api_key is None else (("authorization", f"Bearer {api_key}"),)
        self._timeout = timeout
        self._channel = grpc.aio.insecure_channel(address, options=_CHANNEL_OPTIONS)
        self._stub = RouterServiceStub(self._channel)
        self._catalogue = CatalogueServiceStub(self._channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection at once. Idempotent."""
        await self._channel.close()

    async def complete(self, request: CompleteRequest) -> CompleteResponse:
        """Return the whole answer.

        Raises:
            CallError: there is none.
        """
        try:
            return await self._stub.Complete(
                request, timeout=self._timeout, metadata=self._metadata
            )
        except grpc.aio.AioRpcError as error:
            raise self._translated(error) from error

    async def stream(
        self, request: StreamCompleteRequest
    ) -> AsyncGenerator[StreamCompleteResponse]:
        """Yield the answer's events as they arrive. Closing the iterator cancels the call.

        Raises:
            CallError: the answer is not complete, whatever has been yielded.
        """
        call = self._stub.StreamComplete(request, timeout=self._timeout, metadata=self._metadata)
        is_finished = False
        try:
            async for event in call:
                is_finished = event.HasField("finished")
                yield event
        except grpc.aio.AioRpcError as error:
            raise self._translated(error) from error
        finally:
            call.cancel()
        if not is_finished:
            raise CallError(
                status="DATA_LOSS", message="the stream ended before the answer was complete"
            )

    async def explain(self, request: ExplainRouteRequest) -> ExplainRouteResponse:
        """Return why a request would go where it would go.

        Raises:
            CallError: the router does not say.
        """
        try:
            return await self._stub.ExplainRoute(
                request, timeout=self._timeout, metadata=self._metadata
            )
        except grpc.aio.AioRpcError as error:
            raise self._translated(error) from error

    async def health(self, request: ProviderHealthRequest) -> ProviderHealthResponse:
        """Return how the deployments fare.

        Raises:
            CallError: the router does not say.
        """
        try:
            return await self._stub.ProviderHealth(
                request, timeout=self._timeout, metadata=self._metadata
            )
        except grpc.aio.AioRpcError as error:
            raise self._translated(error) from error

    async def models(self, request: ListModelsRequest) -> ListModelsResponse:
        """Return which models can be asked for.

        Raises:
            CallError: the router does not say.
        """
        try:
            return await self._catalogue.ListModels(
                request, timeout=self._timeout, metadata=self._metadata
            )
        except grpc.aio.AioRpcError as error:
            raise self._translated(error) from error

    def _translated(self, error: grpc.aio.AioRpcError) -> CallError:
        state = self._channel.get_state()
        return call_error_of(error, address=self.address, connected=state in _CONNECTED)


_CONNECTED = frozenset({grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.IDLE})


def call_error_of(error: grpc.aio.AioRpcError, *, address: str, connected: bool) -> CallError:
    """Return what a failed call says, from its status and the details a router gives with it.

    `connected` tells whether the channel has a connection, for a call that failed on this side.
    """
    status = error.code().name
    message = " ".join((error.details() or "").split())
    details = _details_of(error)
    if details is None:
        timed_out_connecting = status == "DEADLINE_EXCEEDED" and not connected
        if status == "UNAVAILABLE" or timed_out_connecting:
            # The core's own words end with the cause: `…; last error: …: Connection refused`.
            why = "no answer in time" if timed_out_connecting else message.rpartition(": ")[2]
            return NotConnectedError(status=status, message=f"no router at {address}: {why}")
        if status == "DEADLINE_EXCEEDED":
            message = "the time was up before the router answered"
        return CallError(status=status, message=message or f"the call ended with {status}")
    info, bad_request = ErrorInfo(), BadRequest()
    retry, report = RetryInfo(), RouteReport()
    found = {detail.TypeName() for detail in details}
    for detail in details:
        for target in (info, bad_request, retry, report):
            detail.Unpack(target)
    return CallError(
        status=status,
        message=message,
        reason=info.reason if info.domain == ERROR_DOMAIN else "",
        violations=tuple(
            Violation(field=violation.field, description=violation.description)
            for violation in bad_request.field_violations
        ),
        retry_delay=(
            retry.retry_delay.ToTimedelta().total_seconds()
            if retry.DESCRIPTOR.full_name in found
            else None
        ),
        report=report if report.DESCRIPTOR.full_name in found else None,
    )


def _details_of(error: grpc.aio.AioRpcError) -> list[Any] | None:
    """Return the details of a rich status, or `None` where no server gave one."""
    for key, value in error.trailing_metadata():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return list(Status.FromString(value).details)
            except DecodeError:
                return None
    return None
