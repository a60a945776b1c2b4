"""Converts messages of the contract to JSON and to words.

JSON is protobuf's own mapping (https://protobuf.dev/programming-guides/json/) with the field
names of the protos: enums by name, durations as `"1.5s"`, 64-bit integers as text. Every field
without presence is written, so that a path always exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

from google.protobuf import json_format
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from llmrouter.v1.catalogue_service_pb2 import (
    ListModelsRequest,
    ListModelsResponse,
    Model,
    ModelDeployment,
)
from llmrouter.v1.explanation_pb2 import Candidate, Explanation, Plan, PlanStep, Profile
from llmrouter.v1.health_pb2 import DeploymentHealth, Quantiles
from llmrouter.v1.prompt_pb2 import HostedActivity, Part
from llmrouter.v1.report_pb2 import Attempt, DeploymentName, RouteReport, Usage
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
from llmrouter.v1.stream_pb2 import Recovered

__all__ = (
    "Attempt",
    "Candidate",
    "CompleteRequest",
    "CompleteResponse",
    "DeploymentHealth",
    "DeploymentName",
    "Duration",
    "ExplainRouteRequest",
    "ExplainRouteResponse",
    "Explanation",
    "HostedActivity",
    "ListModelsRequest",
    "ListModelsResponse",
    "Message",
    "Model",
    "ModelDeployment",
    "Part",
    "Plan",
    "PlanStep",
    "Profile",
    "ProviderHealthRequest",
    "ProviderHealthResponse",
    "Quantiles",
    "Recovered",
    "RequestShapeError",
    "RouteReport",
    "StreamCompleteRequest",
    "StreamCompleteResponse",
    "Usage",
    "read_message",
    "seconds_of",
    "to_json",
    "word_of",
    "words_of",
)

_Message = TypeVar("_Message", bound=Message)


_LEVEL = re.compile(r"Failed to parse (\w+) field: ")
_LEVELS = re.compile(rf"(?:{_LEVEL.pattern})+")


class RequestShapeError(Exception):
    """A JSON object is not a message of the contract; the error names the field."""


def read_message(message_type: type[_Message], entries: Mapping[str, object]) -> _Message:
    """Return the message that a JSON object describes.

    Raises:
        RequestShapeError: a field is unknown, or its value has the wrong type.
    """
    message = message_type()
    try:
        json_format.ParseDict(cast("dict[str, object]", entries), message)
    except (json_format.ParseError, TypeError, ValueError) as error:
        raise RequestShapeError(_sentence(error)) from error
    return message


def to_json(message: Message, *, sparse: bool = False) -> dict[str, object]:
    """Return a message as a JSON object; `sparse` omits unset fields."""
    return cast(
        "dict[str, object]",
        json_format.MessageToDict(
            message,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=not sparse,
        ),
    )


def seconds_of(message: Message, field: str) -> float | None:
    """Return a duration field in seconds, `None` if it is unset."""
    if not message.HasField(field):
        return None
    duration = cast("Duration", getattr(message, field))
    return duration.seconds + duration.nanos / 1e9


def word_of(message: Message, field: str) -> str:
    """Return the value of an enum field as a word: `first content timeout`.

    The prefix of the enum is omitted; the unspecified value is empty, and an unknown value is its
    number.
    """
    return _words(message, field, [cast("int", getattr(message, field))])[0]


def words_of(message: Message, field: str) -> list[str]:
    """Return the values of a repeated enum field as words, as `word_of` does."""
    return _words(message, field, cast("Iterable[int]", getattr(message, field)))


def _words(message: Message, field: str, numbers: Iterable[int]) -> list[str]:
    enum = message.DESCRIPTOR.fields_by_name[field].enum_type
    if enum is None:
        raise ValueError(f"`{field}` is not an enum")
    prefix = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    words: list[str] = []
    for number in numbers:
        value = enum.values_by_number.get(number)
        name = str(number) if value is None else value.name.removeprefix(prefix)
        words.append("" if number == 0 else name.replace("_", " ").lower())
    return words


def _sentence(error: Exception) -> str:
    """Return the parse error in one line, with the path that the runtime reports level by level."""
    text = " ".join(str(error).split()).rstrip(".")
    levels = _LEVELS.match(text)
    if levels is None:
        return text
    path = ".".join(_LEVEL.findall(levels[0]))
    return f"`{path}`: {text.removeprefix(levels[0])}"
