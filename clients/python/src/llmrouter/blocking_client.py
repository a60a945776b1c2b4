"""The blocking client. Threads may share it."""

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
from llmrouter.stream_recovery import DEFAULT_STREAM_RECOVERY, with_stream_recovery
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
from llmrouter.v1.routing_pb2 import StreamRecoveryMode

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")

Token = str | Callable[[], str]


class _Call(Protocol):
    """What a stub returns for a stream; the class in the stubs is private."""

    def __next__(self) -> StreamCompleteResponse: ...

    def cancel(self) -> object: ...


class AnswerStream:
    """An iterator over the events of one streamed answer. Leaving the context cancels the call.

    Iterating raises `CallError` if the answer is incomplete, whatever has arrived.
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
        """Cancel the call, from any thread. Does nothing if the call has ended."""
        self._call.cancel()


class RouterClient:
    """Calls one router. Leaving the context closes the connection and cancels running calls.

    TLS verifies the router by the system's certificates, or by those of `ca_file`; `plaintext`
    disables TLS. `client_certificate` names the files of a certificate chain and its private key.
    `token` is sent as a bearer token with every call; a function is called before each call.
    `default_timeout` (seconds) is the deadline of calls without `timeout`; `None` leaves it to
    the router. `stream_recovery` applies to streams whose request sets no mode;
    `STREAM_RECOVERY_MODE_UNSPECIFIED` leaves it to the policy.
    """

    def __init__(
        self,
        address: str,
        *,
        plaintext: bool = False,
        ca_file: str | Path | None = None,
        client_certificate: tuple[str | Path, str | Path] | None = None,
        token: Token | None = None,
        default_timeout: float | None = DEFAULT_TIMEOUT,
        service_config: str | None = SERVICE_CONFIG,
        stream_recovery: StreamRecoveryMode.ValueType = DEFAULT_STREAM_RECOVERY,
    ) -> None:
        self.address = address
        self._token = token
        self._default_timeout = default_timeout
        self._stream_recovery = stream_recovery
        options = channel_options(service_config)
        self._channel = (
            grpc.insecure_channel(address, options=options)
            if plaintext
            else grpc.secure_channel(
                address, tls_credentials(ca_file, client_certificate), options=options
            )
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

        With `wait` the call waits for a connection until the deadline; without, it fails at once
        if there is none.

        Raises:
            CallError: the call failed.
        """
        return self._unary(self._stub.Complete, request, timeout, wait=wait)

    def stream(
        self, request: StreamCompleteRequest, *, timeout: float | None = None, wait: bool = False
    ) -> AnswerStream:
        """Return the events of the answer as they arrive.

        A broken stream starts over after a `recovered` event, unless the request or the client sets
        another recovery mode; `AnswerText` follows such events.
        """
        call = self._stub.StreamComplete(
            with_stream_recovery(request, self._stream_recovery),
            timeout=self._timeout(timeout),
            metadata=self._metadata(),
            wait_for_ready=wait,
        )
        return AnswerStream(call, self.address)

    def explain(
        self, request: ExplainRouteRequest, *, timeout: float | None = None, wait: bool = False
    ) -> ExplainRouteResponse:
        """Return where a request would go and why, or where a past one went.

        Raises:
            CallError: the call failed.
        """
        return self._unary(self._stub.ExplainRoute, request, timeout, wait=wait)

    def health(
        self, request: ProviderHealthRequest, *, timeout: float | None = None, wait: bool = False
    ) -> ProviderHealthResponse:
        """Return the health of the deployments.

        Raises:
            CallError: the call failed.
        """
        return self._unary(self._stub.ProviderHealth, request, timeout, wait=wait)

    def models(
        self, request: ListModelsRequest, *, timeout: float | None = None, wait: bool = False
    ) -> ListModelsResponse:
        """Return the models that the caller can use.

        Raises:
            CallError: the call failed.
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
    # Stubs raise the call itself, which the declared type does not say.
    call = cast("Any", error)
    metadata: Metadata = call.trailing_metadata() or ()
    return call_error(call.code(), call.details(), metadata, address=address, connected=True)
