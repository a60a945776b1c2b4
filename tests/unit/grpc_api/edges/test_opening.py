"""The edge that the settings name is opened."""

from __future__ import annotations

from tests.unit.grpc_api.edges.nghttp2.callers import server_options

from routersvc.grpc_api.edges.grpcio_edge import GrpcioEdge
from routersvc.grpc_api.edges.nghttp2.server import Nghttp2Edge
from routersvc.grpc_api.edges.opening import open_edge


async def test_edge_is_chosen_by_its_name() -> None:
    """Each by its own."""
    grpcio = open_edge(options=server_options("grpcio"), handlers=[], interceptors=[])
    nghttp2 = open_edge(options=server_options("nghttp2"), handlers=[], interceptors=[])

    assert isinstance(grpcio, GrpcioEdge)
    assert isinstance(nghttp2, Nghttp2Edge)
    await grpcio.stop(grace=0.0)
