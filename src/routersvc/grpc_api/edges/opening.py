"""Opens the edge that the settings name."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Sequence

import grpc
from grpc import aio

from routersvc.grpc_api.certificates import Certificates
from routersvc.grpc_api.edges.grpcio_edge import GrpcioEdge
from routersvc.grpc_api.edges.port import Edge, EdgeNotInstalledError
from routersvc.grpc_api.server_options import ServerOptions

_PACKAGE = "ngh2"
_EXTRA = "nghttp2"


def open_edge(
    *,
    options: ServerOptions,
    handlers: Sequence[grpc.GenericRpcHandler],
    interceptors: Sequence[aio.ServerInterceptor],
    certificates: Certificates | None = None,
) -> Edge:
    """Return the edge of `options.edge` with its handlers; the first interceptor is the outermost.

    Raises:
        EdgeNotInstalledError: its package is not installed.
    """
    match options.edge:
        case "grpcio":
            return GrpcioEdge(
                options=options,
                handlers=handlers,
                interceptors=interceptors,
                certificates=certificates,
            )
        case "nghttp2":
            if importlib.util.find_spec(_PACKAGE) is None:
                raise EdgeNotInstalledError(edge=options.edge, package=_PACKAGE, extra=_EXTRA)
            from routersvc.grpc_api.edges.nghttp2.server import (  # noqa: PLC0415 - its package is optional
                Nghttp2Edge,
            )

            return Nghttp2Edge(
                options=options,
                handlers=handlers,
                interceptors=interceptors,
                chance=random.Random(),
                certificates=certificates,
            )
