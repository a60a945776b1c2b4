"""A server of gRPC's own interop cases: `TestService` behind the router's interceptors.

What answers is for tests alone; what stands in front of it, the options included, is what stands in
front of the router. Its argument is the edge. Prints its port, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any, TypeAlias

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.sdk.trace import TracerProvider

from routersvc.app.options import server_options
from routersvc.app.wire_formats import known_wire_formats
from routersvc.grpc_api.edges.opening import open_edge
from routersvc.grpc_api.edges.port import CallContext
from routersvc.grpc_api.errors.error_exit import ErrorExit
from routersvc.grpc_api.errors.running_calls import RunningCalls
from routersvc.grpc_api.server_options import EdgeName
from routersvc.grpc_api.tracing import tracing_interceptor
from routersvc.settings.loading import load_settings
from routersvc.telemetry.options import CallSpanMaker

HERE = Path(__file__).resolve().parent
SETTINGS = HERE.parents[2] / "examples/minimal.yaml"
SERVICE = "grpc.testing.TestService"
ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"

# Its classes are made at run time.
_Message: TypeAlias = Any

_STATUSES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def messages() -> dict[str, _Message]:
    """Return the message classes of testing.proto by name."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "testing.binpb"
        protoc = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={HERE}"]
        subprocess.run([*protoc, f"--descriptor_set_out={out}", "testing.proto"], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.Add(file)
    found = message_factory.GetMessageClassesForFiles(["testing.proto"], pool)
    return {name.rpartition(".")[2]: message for name, message in found.items()}


MESSAGES = messages()


async def empty_call(_request: object, context: CallContext) -> _Message:
    """Answer nothing with nothing."""
    await echo_metadata(context)
    return MESSAGES["Empty"]()


async def unary_call(request: _Message, context: CallContext) -> _Message:
    """Answer with as many bytes as are asked for, or with the status that is asked for."""
    await echo_metadata(context)
    await echo_status(request, context)
    return MESSAGES["SimpleResponse"](payload={"body": bytes(request.response_size)})


async def streaming_output_call(request: _Message, context: CallContext) -> None:
    """Answer with messages of the sizes that are asked for."""
    await echo_metadata(context)
    await write_outputs(request, context)


async def streaming_input_call(requests: AsyncIterator[_Message], context: CallContext) -> None:
    """Count bytes. One message that is written is, on the wire, an answer that is returned."""
    await echo_metadata(context)
    size = 0
    async for request in requests:
        size += len(request.payload.body)
    await context.write(MESSAGES["StreamingInputCallResponse"](aggregated_payload_size=size))


async def full_duplex_call(requests: AsyncIterator[_Message], context: CallContext) -> None:
    """Answer each message with messages of the sizes that it asks for."""
    await echo_metadata(context)
    async for request in requests:
        await echo_status(request, context)
        await write_outputs(request, context)


async def write_outputs(request: _Message, context: CallContext) -> None:
    """Write messages of the sizes that are asked for, at the pace that is asked for."""
    for parameters in request.response_parameters:
        if parameters.interval_us:
            await asyncio.sleep(parameters.interval_us / 1e6)
        await context.write(
            MESSAGES["StreamingOutputCallResponse"](payload={"body": bytes(parameters.size)})
        )


async def echo_status(request: _Message, context: CallContext) -> None:
    """End the call with the status that is asked for, where one is."""
    if request.HasField("response_status"):
        status = request.response_status
        await context.abort(_STATUSES[status.code], status.message)


async def echo_metadata(context: CallContext) -> None:
    """Send back the two entries that the cases send."""
    metadata: Iterable[tuple[str, str | bytes]] = context.invocation_metadata() or ()
    entries = dict(metadata)
    if ECHO_INITIAL in entries:
        await context.send_initial_metadata(((ECHO_INITIAL, entries[ECHO_INITIAL]),))
    if ECHO_TRAILING in entries:
        context.set_trailing_metadata(((ECHO_TRAILING, entries[ECHO_TRAILING]),))


def handlers() -> grpc.GenericRpcHandler:
    """Return the methods of the service; `UnimplementedCall` is not among them, as it should be."""

    def read(name: str) -> _Message:
        return MESSAGES[name].FromString

    def write(message: _Message) -> bytes:
        return bytes(message.SerializeToString())

    duplex = grpc.stream_stream_rpc_method_handler
    output = read("StreamingOutputCallRequest")
    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "EmptyCall": grpc.unary_unary_rpc_method_handler(empty_call, read("Empty"), write),
            "UnaryCall": grpc.unary_unary_rpc_method_handler(
                unary_call, read("SimpleRequest"), write
            ),
            "StreamingOutputCall": grpc.unary_stream_rpc_method_handler(
                streaming_output_call, output, write
            ),
            "StreamingInputCall": duplex(
                streaming_input_call, read("StreamingInputCallRequest"), write
            ),
            "FullDuplexCall": duplex(full_duplex_call, output, write),
        },
    )


async def main() -> None:
    """Serve until standard input ends."""
    settings = load_settings(
        SETTINGS, environment={"ALPHA_API_KEY": "none"}, known_wire_formats=known_wire_formats()
    )
    exit_ = ErrorExit(
        calls=RunningCalls(), tracked=frozenset({SERVICE}), make_id=lambda: secrets.token_hex(16)
    )
    options = server_options(settings)
    edge: EdgeName = sys.argv[1]  # type: ignore[assignment] # checked by `open_edge`
    server = open_edge(
        options=dataclasses.replace(
            options,
            addresses=("127.0.0.1:0",),
            edge=edge,
            # The client of `channel_soak` closes its connections at its end.
            connections=dataclasses.replace(options.connections, max_open=100_000),
        ),
        handlers=[handlers()],
        interceptors=[tracing_interceptor(TracerProvider(), CallSpanMaker.BUILT_IN), exit_],
    )
    (address,) = await server.start()
    print(address.rpartition(":")[2], flush=True)  # noqa: T201 - whoever started it reads the port
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(grace=0.0)


if __name__ == "__main__":
    asyncio.run(main())
