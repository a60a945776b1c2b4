"""Opens the edge that the settings name."""

from __future__ import annotations

import random
from collections.abc import Sequence

import grpc
from grpc import aio

from routersvc.grpc_api.certificates import Certificates
from routersvc.grpc_api.edges.grpcio_edge import GrpcioEdge
from routersvc.grpc_api.edges.nghttp2.server import Nghttp2Edge
from routersvc.grpc_api.edges.port import Edge
from routersvc.grpc_api.server_options import ServerOptions


def open_edge(
    *,
    options: ServerOptions,
    handlers: Sequence[grpc.GenericRpcHandler],
    interceptors: Sequence[aio.ServerInterceptor],
    certificates: Certificates | None = None,
) -> Edge:
    """Return the edge of `options.edge`; the first interceptor is the outermost."""
    match options.edge:
        case "grpcio":
            return GrpcioEdge(
                options=options,
                handlers=handlers,
                interceptors=interceptors,
                certificates=certificates,
            )
        case "nghttp2":
            return Nghttp2Edge(
                options=options,
                handlers=handlers,
                interceptors=interceptors,
                chance=random.Random(),
                certificates=certificates,
            )
