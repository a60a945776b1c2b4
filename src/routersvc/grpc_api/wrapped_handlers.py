"""Wraps the handler of each method once, for interceptors that replace handlers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import grpc

# Generic only in the stubs.
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"


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
