"""Server reflection for tools such as grpcurl, grpcui and ghz.

grpcio-reflection implements only `v1alpha`. The messages of `v1` are the same on the wire, so its
servicer is registered under both names. It also finds methods by name, which the descriptor pool of
the Python runtime does not.
"""

from __future__ import annotations

from collections.abc import Iterable

import grpc
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import Default, DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.reflection import SERVICE_NAME, aio
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

V1_SERVICE_NAME = "grpc.reflection.v1.ServerReflection"

REFLECTION_SERVICES = (V1_SERVICE_NAME, SERVICE_NAME)
"""The names under which reflection is served."""

_V1_FILE = "grpc/reflection/v1/reflection.proto"
_V1_PACKAGE = "grpc.reflection.v1"


class Symbols:
    """A descriptor pool that also finds methods and `v1` of the reflection service.

    Raises `KeyError` for unknown names, as a pool does.
    """

    def __init__(self) -> None:
        self._pool = Default()
        self._v1 = DescriptorPool()
        self._v1.Add(_v1_file())

    def FindFileByName(self, file_name: str) -> FileDescriptor:  # noqa: N802 - the name a pool has
        """Return a file."""
        if file_name == _V1_FILE:
            return self._v1.FindFileByName(file_name)
        return self._pool.FindFileByName(file_name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802 - as above
        """Return the file that declares a symbol."""
        pool = self._v1 if symbol.startswith(f"{_V1_PACKAGE}.") else self._pool
        try:
            return pool.FindFileContainingSymbol(symbol)
        except KeyError:
            return pool.FindMethodByName(symbol).containing_service.file

    def FindMessageTypeByName(self, full_name: str) -> Descriptor:  # noqa: N802 - as above
        """Return a message."""
        return self._pool.FindMessageTypeByName(full_name)

    def FindExtensionByNumber(  # noqa: N802 - as above
        self, message_descriptor: Descriptor, number: int
    ) -> FieldDescriptor:
        """Return an extension."""
        return self._pool.FindExtensionByNumber(message_descriptor, number)

    def FindAllExtensions(  # noqa: N802 - as above
        self, message_descriptor: Descriptor
    ) -> list[FieldDescriptor]:
        """Return all extensions of a message."""
        return list(self._pool.FindAllExtensions(message_descriptor))


def reflection_handlers(services: Iterable[str]) -> tuple[grpc.GenericRpcHandler, ...]:
    """Return the handlers to register that describe `services` and reflection itself."""
    servicer = aio.ReflectionServicer(
        (*services, SERVICE_NAME, V1_SERVICE_NAME),
        pool=Symbols(),  # all that it asks of a pool
    )
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - the stubs leave its context open
        ServerReflectionRequest.FromString,
        ServerReflectionResponse.SerializeToString,
    )
    return tuple(
        grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method})
        for name in REFLECTION_SERVICES
    )


def _v1_file() -> FileDescriptorProto:
    """Return the proto file of reflection `v1`: `v1alpha` with another package name."""
    file = FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(file)
    alpha = file.package
    file.name, file.package = _V1_FILE, _V1_PACKAGE
    for message in file.message_type:
        for field in message.field:
            if not field.type_name:
                continue
            field.type_name = field.type_name.replace(f".{alpha}.", f".{_V1_PACKAGE}.")
    for service in file.service:
        for method in service.method:
            method.input_type = method.input_type.replace(f".{alpha}.", f".{_V1_PACKAGE}.")
            method.output_type = method.output_type.replace(f".{alpha}.", f".{_V1_PACKAGE}.")
    return file
