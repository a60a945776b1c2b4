"""The client for programs without an event loop. It may be shared by threads."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar, cast

import grpc

from llmrouter.channels import (
    DEFAULT_TIMEOUT,
    SERVICE_CONFIG,
    bearer,
    channel_options,
    tls_credentials,
)
from llmrouter.errors import CallError, IncompleteStreamError, Metadata, call_error
from llmrouter.v1.catalogue_service_pb2 import ListModelsRequest, ListModelsResponse
from llmrouter.v1.catalogue_service_pb2_grpc import CatalogueServiceStub
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

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")

Token = str | Callable[[], str]


class _Call(Protocol):
    """What a stub returns for a stream; the name that the stubs have for it is private."""

    def __next__(self) -> StreamCompleteResponse: ...

    def cancel(self) -> object: ...


class AnswerStream:
    """The events of one streamed answer, in a `for` loop. Leaving the context cancels the call.

    Iterating raises `CallError` where the answer is not complete, whatever has come.
    """

    def __init__(self, call: _Call, address: str) -> None:
        self._call = call
        self._address = address
        self._is_finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        self.cancel()

    def __iter__(self) -> Iterator[StreamCompleteResponse]:
        return self

    def __next__(self) -> StreamCompleteResponse:
        try:
            event = next(self._call)
        except StopIteration:
            if self._is_finished:
                raise
            raise IncompleteStreamError from None
        except grpc.RpcError as error:
            raise _translated(error, self._address) from error
        self._is_finished = event.HasField("finished")
        return event

    def cancel(self) -> None:
        """End the call, from any thread. Without effect on one that has ended."""
        self._call.cancel()


class RouterClient:
    """Calls one router. Leaving the context closes the connection and cancels what still runs.

    TLS verifies the router by the system's certificates or by those of `ca_file`; `plaintext` does
    without. `token` is sent as a bearer token with every call; a function is asked before each.
    `default_timeout` (seconds) limits calls that say nothing else; `None` leaves their length to
    the router.
    """

    def __init__(
        self,
        address: str,
        *,
        plaintext: bool = False,
        ca_file: str | Path | None = None,
        token: Token | None = None,
        default_timeout: float | None = DEFAULT_TIMEOUT,
        service_config: str | None = SERVICE_CONFIG,
    ) -> None:
        self.address = address
        self._token = token
        self._default_timeout = default_timeout
        options = channel_options(service_config)
        self._channel = (
            grpc.insecure_channel(address, options=options)
            if plaintext
            else grpc.secure_channel(address, tls_credentials(ca_file), options=options)
        )
        self._stub = RouterServiceStub(self._channel)
        self._catalogue = CatalogueServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection at once. Idempotent."""
        self._channel.close()

    def complete(
        self, request: CompleteRequest, *, timeout: float | None = None, wait: bool = False
    ) -> CompleteResponse:
        """Return the whole answer.

        With `wait` a router that cannot be heard is waited for, as long as the deadline allows.

        Raises:
            CallError: there is none.
        """
        return self._unary(self._stub.Complete, request, timeout, wait=wait)

    def stream(
        self, request: StreamCompleteRequest, *, timeout: float | None = None, wait: bool = False
    ) -> AnswerStream:
        """Return the answer's events as they arrive."""
        call = self._stub.StreamComplete(
            request,
            timeout=self._timeout(timeout),
            metadata=self._metadata(),
            wait_for_ready=wait,
        )
        return AnswerStream(call, self.address)

    def explain(
        self, request: ExplainRouteRequest, *, timeout: float | None = None, wait: bool = False
    ) -> ExplainRouteResponse:
        """Return why a request would go where it would go.

        Raises:
            CallError: the router does not say.
        """
        return self._unary(self._stub.ExplainRoute, request, timeout, wait=wait)

    def health(
        self, request: ProviderHealthRequest, *, timeout: float | None = None, wait: bool = False
    ) -> ProviderHealthResponse:
        """Return how the deployments fare.

        Raises:
            CallError: the router does not say.
        """
        return self._unary(self._stub.ProviderHealth, request, timeout, wait=wait)

    def models(
        self, request: ListModelsRequest, *, timeout: float | None = None, wait: bool = False
    ) -> ListModelsResponse:
        """Return the models that can be asked for.

        Raises:
            CallError: the router does not say.
        """
        return self._unary(self._catalogue.ListModels, request, timeout, wait=wait)

    def _unary(
        self,
        method: grpc.UnaryUnaryMultiCallable[_Request, _Response],
        request: _Request,
        timeout: float | None,
        *,
        wait: bool,
    ) -> _Response:
        try:
            return method(
                request,
                timeout=self._timeout(timeout),
                metadata=self._metadata(),
                wait_for_ready=wait,
            )
        except grpc.RpcError as error:
            raise _translated(error, self.address) from error

    def _metadata(self) -> tuple[tuple[str, str], ...]:
        if self._token is None:
            return ()
        return bearer(self._token if isinstance(self._token, str) else self._token())

    def _timeout(self, timeout: float | None) -> float | None:
        return self._default_timeout if timeout is None else timeout


def _translated(error: grpc.RpcError, address: str) -> CallError:
    # What a stub raises is the call itself, which the declared type does not say.
    call = cast("Any", error)
    metadata: Metadata = call.trailing_metadata() or ()
    return call_error(call.code(), call.details(), metadata, address=address, connected=True)
