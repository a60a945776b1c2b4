"""The lines that a driver reads and writes: see clients/conformance/README.md."""

from __future__ import annotations

import importlib.metadata
import json
import sys
import threading
from typing import Any, TypeAlias

from google.protobuf import json_format
from google.protobuf.message import Message

from llmrouter import CallError, IncompleteStreamError, NotConnectedError
from llmrouter.v1.catalogue_service_pb2 import ListModelsRequest
from llmrouter.v1.router_service_pb2 import (
    CompleteRequest,
    ExplainRouteRequest,
    ProviderHealthRequest,
    StreamCompleteRequest,
)
from llmrouter.v1.routing_pb2 import StreamRecoveryMode

Json: TypeAlias = dict[str, Any]

REQUESTS: dict[str, type[Message]] = {
    "complete": CompleteRequest,
    "stream": StreamCompleteRequest,
    "explain": ExplainRouteRequest,
    "health": ProviderHealthRequest,
    "models": ListModelsRequest,
}

_writing = threading.Lock()


def write(entries: Json) -> None:
    """Write one line."""
    line = json.dumps(entries)
    with _writing:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def write_ready(language: str) -> None:
    """Write the first line."""
    version = importlib.metadata.version("llmrouter-client")
    write({"ready": True, "language": language, "library": version})


def json_of(message: Message) -> Json:
    """Return a message in protobuf's JSON mapping."""
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def request_of(command: Json) -> Any:  # noqa: ANN401 - one of five messages, by `op`
    """Return the request of a command."""
    return json_format.ParseDict(command["request"], REQUESTS[command["op"]]())


def client_arguments(command: Json) -> Json:
    """Return the arguments of a client from a `connect` command."""
    arguments: Json = {
        "address": command["address"],
        "plaintext": command.get("plaintext", False),
        "ca_file": command.get("ca_file"),
        "token": command.get("token"),
    }
    if "default_timeout" in command:
        arguments["default_timeout"] = command["default_timeout"]
    if "stream_recovery" in command:
        arguments["stream_recovery"] = StreamRecoveryMode.Value(command["stream_recovery"])
    return arguments


def call_options(command: Json) -> Json:
    """Return the options of a call."""
    return {"timeout": command.get("timeout"), "wait": command.get("wait", False)}


def error_of(error: CallError) -> Json:
    """Return a typed error as JSON."""
    match error:
        case NotConnectedError():
            kind = "not_connected"
        case IncompleteStreamError():
            kind = "incomplete"
        case _:
            kind = "call"
    return {
        "type": kind,
        "status": error.status,
        "reason": error.reason,
        "message": error.message,
        "metadata": error.metadata,
        "violations": [
            {"field": violation.field, "description": violation.description}
            for violation in error.violations
        ],
        "retry_delay": error.retry_delay,
        "report": None if error.report is None else json_of(error.report),
    }
