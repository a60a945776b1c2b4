"""Server reflection, by which tools such as grpcurl learn the contract.

grpcio-reflection knows `v1alpha` alone. The messages of `v1` are the same on the wire, so its
servicer answers under both names.
"""

from __future__ import annotations

from collections.abc import Iterable

import grpc
from grpc_reflection.v1alpha.reflection import SERVICE_NAME, aio
from grpc_reflection.v1alpha.reflection_pb2 import (
    ServerReflectionRequest,
    ServerReflectionResponse,
)

V1_SERVICE_NAME = "grpc.reflection.v1.ServerReflection"


def reflection_handlers(services: Iterable[str]) -> tuple[grpc.GenericRpcHandler, ...]:
    """Return what a server registers to describe `services` and the reflection itself."""
    servicer = aio.ReflectionServicer((*services, SERVICE_NAME))
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - the stubs leave its context open
        ServerReflectionRequest.FromString,
        ServerReflectionResponse.SerializeToString,
    )
    return tuple(
        grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method})
        for name in (V1_SERVICE_NAME, SERVICE_NAME)
    )
