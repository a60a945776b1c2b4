"""The types of settings keys: names, durations, sizes, addresses, references.

Each rejects a value with a sentence that never contains it: the caller decides whether it may be
shown. `x-kind` in the JSON Schema identifies these types.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Hashable
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from routersvc.settings.types.addresses import (
    HostPort,
    UnixSocket,
    parse_host_port,
    parse_http_url,
    parse_listen_address,
)
from routersvc.settings.types.secrets import SecretReference, SecretSource
from routersvc.settings.types.units import (
    DURATION_PATTERN,
    SIZE_PATTERN,
    TIME_OF_DAY_PATTERN,
    bytes_of,
    second_of_day,
    seconds_of,
)

T = TypeVar("T", bound=Hashable)

LONGEST_DURATION = 86_400.0
"""Seconds. No timeout is longer than a day; more is a wrong unit."""

LONGEST_WINDOW = 366 * 86_400.0
"""Seconds. A year."""

LARGEST_SIZE = (1 << 31) - 1
"""Bytes. gRPC limits the size of a message to 31 bits."""

REFUSED = "refused"
"""The type of errors with a message of their own, and `at` for the index of a list item."""

_CREDENTIAL_HEADERS = frozenset(
    {
        "api-key",
        "authorization",
        "cookie",
        "ocp-apim-subscription-key",
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
        "x-goog-api-key",
    }
)
"""Headers whose values are secrets and must be references."""

_OWN_HEADERS = frozenset(
    {"connection", "content-length", "content-type", "host", "te", "transfer-encoding", "upgrade"}
)
"""Headers that the connection and the wire format set."""

_VISIBLE_ASCII = re.compile(r"[\x20-\x7e]*")


class Section(BaseModel):
    """A mapping of the settings: rejects unknown keys and values of other types."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


def refused(message: str, at: int | None = None) -> PydanticCustomError:
    """Return the error of an invalid value, or of its item `at`."""
    return PydanticCustomError(REFUSED, "{message}", {"message": message, "at": at})


def is_credential_header(name: str) -> bool:
    """Return whether a header contains a credential, by its name."""
    return name.lower() in _CREDENTIAL_HEADERS


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return seconds_of(value)
    except ValueError as error:
        raise refused(f"is {error}") from None


def _second_of_day(value: object) -> int:
    try:
        return second_of_day(_text(value))
    except ValueError as error:
        raise refused(f"is {error}") from None


def _bytes(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return bytes_of(value)
    except ValueError as error:
        raise refused(f"is {error}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise refused("must be text")
    return value


def _reference(value: object) -> SecretReference:
    try:
        return SecretReference.parse(_text(value))
    except ValueError as error:
        raise refused(str(error)) from None


def _header_value(value: object) -> SecretReference | str:
    text = _text(value)
    if text.partition(":")[0] in {source.value for source in SecretSource}:
        return _reference(text)
    if not _VISIBLE_ASCII.fullmatch(text):
        raise refused("contains characters that are not allowed in HTTP headers")
    return text


def _header_name(name: str) -> str:
    if name.lower() in _OWN_HEADERS:
        raise refused("is a header that the router sets")
    return name


def _listen_address(value: object) -> HostPort | UnixSocket:
    try:
        return parse_listen_address(_text(value))
    except ValueError as error:
        raise refused(str(error)) from None


def _host_port(value: object) -> HostPort:
    try:
        return parse_host_port(_text(value))
    except ValueError as error:
        raise refused(str(error)) from None


def _http_url(value: object) -> str:
    try:
        return parse_http_url(_text(value))
    except ValueError as error:
        raise refused(str(error)) from None


def unique(items: tuple[T, ...]) -> tuple[T, ...]:
    """Reject a list with duplicates."""
    seen: set[T] = set()
    for at, item in enumerate(items):
        if item in seen:
            raise refused("is a duplicate", at)
        seen.add(item)
    return items


Name = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$"),
]
"""A name of a provider, model, deployment, policy, and so on."""

Names = Annotated[tuple[Name, ...], AfterValidator(unique)]
"""A list of names without duplicates."""

FilledNames = Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(unique)]
"""A list of at least one name, without duplicates."""

VisibleText = Annotated[str, StringConstraints(pattern=r"^\S{1,256}$")]
"""A name that the vendor has chosen."""

FilePath = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
"""The path of a file, absolute or relative to the folder of the settings file."""


def _duration_schema(kind: str, **bounds: float) -> WithJsonSchema:
    """Return the schema of a duration, with `bounds` in seconds."""
    text = {"type": "string", "pattern": DURATION_PATTERN}
    return WithJsonSchema({"x-kind": kind, "anyOf": [text, {"type": "number", **bounds}]})


Duration = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(gt=0, le=LONGEST_DURATION),
    _duration_schema("duration", exclusiveMinimum=0, maximum=LONGEST_DURATION),
]
"""A duration above 0, in seconds."""

LongDuration = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(gt=0, le=LONGEST_WINDOW),
    _duration_schema("long_duration", exclusiveMinimum=0, maximum=LONGEST_WINDOW),
]
"""A duration above 0 and up to a year, in seconds."""

Pause = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(ge=0, le=LONGEST_DURATION),
    _duration_schema("pause", minimum=0, maximum=LONGEST_DURATION),
]
"""A duration that may be 0, in seconds."""

TimeOfDay = Annotated[
    int,
    PlainValidator(_second_of_day),
    WithJsonSchema({"x-kind": "time_of_day", "type": "string", "pattern": TIME_OF_DAY_PATTERN}),
]
"""A time of day, in seconds after midnight."""

ByteSize = Annotated[
    int,
    BeforeValidator(_bytes),
    Field(ge=1, le=LARGEST_SIZE),
    WithJsonSchema(
        {
            "x-kind": "size",
            "anyOf": [
                {"type": "string", "pattern": SIZE_PATTERN},
                {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE},
            ],
        }
    ),
]
"""A size in bytes."""

Date = Annotated[
    dt.date,
    WithJsonSchema({"x-kind": "date", "type": "string", "format": "date"}),
]
"""A date."""

UsDollars = Annotated[float, Field(ge=0, le=1_000_000)]
"""An amount in US dollars."""

Ratio = Annotated[float, Field(ge=0, le=1)]
"""A number from 0 to 1."""

Secret = Annotated[
    SecretReference,
    PlainValidator(_reference),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"x-kind": "secret", "type": "string", "pattern": "^(env|file):.+$"}),
]
"""A reference to a secret."""

HeaderName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$"),
    AfterValidator(_header_name),
]
"""The name of an HTTP header (RFC 9110, section 5.1)."""

HeaderValue = Annotated[
    SecretReference | str,
    PlainValidator(_header_value),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"x-kind": "header", "type": "string"}),
]
"""The value of a header: text, or a reference to a secret."""

HttpUrl = Annotated[
    str,
    PlainValidator(_http_url),
    WithJsonSchema({"x-kind": "url", "type": "string", "pattern": "^https?://[^@?#]+$"}),
]
"""A base URL."""

TcpAddress = Annotated[
    HostPort,
    PlainValidator(_host_port),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"x-kind": "host_port", "type": "string", "pattern": "^.+:[0-9]{1,5}$"}),
]
"""A TCP address to listen on."""

ListenAddress = Annotated[
    HostPort | UnixSocket,
    PlainValidator(_listen_address),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"x-kind": "listen", "type": "string", "pattern": "^(unix:.+|.+:[0-9]{1,5})$"}),
]
"""A TCP address or a Unix socket to listen on."""

ListenAddresses = Annotated[tuple[ListenAddress, ...], Field(min_length=1), AfterValidator(unique)]
"""A list of at least one address, without duplicates."""
