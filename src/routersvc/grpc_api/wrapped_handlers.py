"""Handlers that interceptors put in place of others: of the same kind, once for each method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import grpc

# Generic only in the stubs.
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_FACTORIES: Mapping[tuple[bool, bool], Callable[..., Any]] = MappingProxyType(
    {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
)
"""By whether the request and the response are streams."""


def alike(
    handler: Handler,
    # The stubs declare synchronous behaviours only.
    behaviour: Callable[..., Any],
    *,
    deserializes: bool = True,
) -> Handler:
    """Return a handler of the same kind with another behaviour.

    Unless it `deserializes`, its behaviour gets the bytes of messages.
    """
    make = _FACTORIES[handler.request_streaming, handler.response_streaming]
    deserializer = handler.request_deserializer if deserializes else None
    made: Handler = make(behaviour, deserializer, handler.response_serializer)
    return made


class WrappedHandlers:
    """The wrapped handlers of all methods called so far; `wrap` is called once per handler."""

    __slots__ = ("_wrap", "_wrapped")

    def __init__(self, wrap: Callable[[Handler, str], Handler]) -> None:
        self._wrap = wrap
        self._wrapped: dict[str, tuple[Handler, Handler]] = {}

    def of(self, handler: Handler, method: str) -> Handler:
        """Return the wrapped handler of a method."""
        known = self._wrapped.get(method)
        if known is None or known[0] is not handler:
            known = (handler, self._wrap(handler, method))
            self._wrapped[method] = known
        return known[1]
