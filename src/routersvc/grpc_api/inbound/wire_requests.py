"""Parses requests, and names the field that is invalid or unknown.

The parser of the runtime reports only that a message is invalid, and keeps unknown fields silently.
Here, text that is not UTF-8, or a field of a newer contract, is refused with the path of the field.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Generic, TypeVar, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from routersvc.domain.conversation.request_limits import RequestLimits
from routersvc.domain.conversation.steps import Steps, finished
from routersvc.domain.outcomes.errors import (
    FieldNotServedError,
    FieldViolation,
    InvalidRequestError,
)
from routersvc.grpc_api.inbound.wire_scans import SCANNED_FROM, layout_of, scanning

MAX_DEPTH = 100
"""The nesting that protobuf's own parsers allow."""

MAX_FIELDS_SEARCHED = 10_000
"""Limits the search for the invalid field, so that a malicious message costs only milliseconds."""

MAX_FIELDS = 16_384
"""Fields of a request, those in its messages included, beside messages, parts and tools."""

FIELDS_PER_ENTRY = 8
"""Fields that a message, a part or a tool may have on average."""

_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} messages"
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BYTES = 10

_Request = TypeVar("_Request", bound=Message)


class RequestReader(Generic[_Request]):
    """Parses messages of one type: the deserializer of a method."""

    def __init__(self, message_type: type[_Request]) -> None:
        self._message_type = message_type
        self._layout = layout_of(message_type)

    def __call__(self, raw: bytes) -> _Request:
        """Return the message in `raw`, which is one of few fields.

        Raises what `reading` does.
        """
        return finished(self._reading(raw, MAX_FIELDS))

    def reading(self, raw: bytes, limits: RequestLimits) -> Steps[_Request]:
        """Return the message in `raw`, in steps.

        Raises:
            InvalidRequestError: it is not a message of this type, has text that is not UTF-8, or
                more fields than any request within the limits.
            FieldNotServedError: it has a field that this version does not know.
        """
        return self._reading(
            raw,
            MAX_FIELDS + FIELDS_PER_ENTRY * (limits.messages + limits.parts + limits.tools),
        )

    def _reading(self, raw: bytes, max_fields: int) -> Steps[_Request]:
        if len(raw) >= SCANNED_FROM:
            is_small = yield from scanning(raw, self._layout, max_fields)
            if not is_small:
                raise InvalidRequestError(
                    [
                        FieldViolation(
                            field="request",
                            description=f"must have at most {max_fields:,} fields in all messages",
                        )
                    ]
                )
            yield
        message = self._parsed(raw)
        if len(raw) >= SCANNED_FROM:
            yield
        self._refuse_unknown_fields(message, raw)
        return message

    def _parsed(self, raw: bytes) -> _Request:
        """Return the message in `raw`.

        Raises:
            InvalidRequestError: it is not a message of this type, or has text that is not UTF-8.
        """
        try:
            return self._message_type.FromString(raw)
        except DecodeError:
            raise InvalidRequestError([_violation_in(raw, self._message_type)]) from None

    def _refuse_unknown_fields(self, message: _Request, raw: bytes) -> None:
        """Remove what this version does not know from a message that was read from `raw`.

        Raises:
            FieldNotServedError: it has a field that this version does not know.
        """
        message.DiscardUnknownFields()
        size = message.ByteSize()
        if size != len(raw):
            # Unknown fields, or an unusual encoding of known ones.
            whole = self._message_type.FromString(raw)
            if whole.ByteSize() != size:
                fields = itertools.islice(_fields(whole, ""), MAX_FIELDS_SEARCHED)
                raise FieldNotServedError(
                    next((path for path in fields if path), "a field of a newer contract")
                )


def _fields(message: Message, path: str) -> Iterator[str]:
    """Yield the path of each unknown field, and an empty one for each message."""
    yield ""
    unknown = UnknownFieldSet(message)
    for place in range(len(unknown)):
        yield f"{path}[field {unknown[place].field_number}]"
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        inner = f"{path}.{field.name}" if path else field.name
        if field.is_repeated:
            for place, item in enumerate(value):
                yield from _fields(item, f"{inner}[{place}]")
        else:
            yield from _fields(value, inner)


class _NotReadableError(Exception):
    """The bytes are not valid in the protobuf wire format."""


@dataclasses.dataclass(kw_only=True, slots=True)
class _Cursor:
    """A position in the bytes of one message, which ends at `end`."""

    raw: bytes
    at: int
    end: int

    def varint(self) -> int:
        value = 0
        for shift in range(_MAX_VARINT_BYTES):
            if self.at >= self.end:
                raise _NotReadableError
            byte = self.raw[self.at]
            self.at += 1
            value |= (byte & 0x7F) << (7 * shift)
            if byte < 0x80:  # noqa: PLR2004 - the bit that says whether more bytes follow
                return value
        raise _NotReadableError

    def take(self, size: int) -> _Cursor:
        if size > self.end - self.at:
            raise _NotReadableError
        taken = _Cursor(raw=self.raw, at=self.at, end=self.at + size)
        self.at += size
        return taken


class _Search:
    """Searches for the reason of a parse error: text that is not UTF-8, or broken framing."""

    def __init__(self) -> None:
        self._fields_left = MAX_FIELDS_SEARCHED

    def in_message(
        self, cursor: _Cursor, descriptor: Descriptor, path: str, depth: int
    ) -> FieldViolation | None:
        places: dict[int, int] = {}
        try:
            while cursor.at < cursor.end and self._fields_left:
                self._fields_left -= 1
                number, wire_type = divmod(cursor.varint(), 8)
                if wire_type != _LENGTH:
                    _skip(cursor, wire_type)
                    continue
                value = cursor.take(cursor.varint())
                field = descriptor.fields_by_number.get(number)
                if field is None:
                    continue
                place = places.get(number, 0)
                places[number] = place + 1
                found = self._in_field(value, field, _path_of(path, field, place), depth)
                if found is not None:
                    return found
        except _NotReadableError:
            return FieldViolation(
                field=path or descriptor.name,
                description=f"is not a valid `{descriptor.full_name}` message",
            )
        return None

    def _in_field(
        self, value: _Cursor, field: FieldDescriptor, path: str, depth: int
    ) -> FieldViolation | None:
        if field.type == FieldDescriptor.TYPE_STRING:
            try:
                value.raw[value.at : value.end].decode()
            except UnicodeDecodeError:
                return FieldViolation(field=path, description="must be valid UTF-8")
        elif field.message_type is not None:
            if depth >= MAX_DEPTH:
                return FieldViolation(field=path, description=_TOO_DEEP)
            return self.in_message(value, field.message_type, path, depth + 1)
        return None


def _violation_in(raw: bytes, message_type: type[Message]) -> FieldViolation:
    """Return the first invalid field, or the whole request if none is found."""
    # Each protobuf runtime has its own class for descriptors.
    descriptor = cast("Descriptor", message_type.DESCRIPTOR)
    cursor = _Cursor(raw=raw, at=0, end=len(raw))
    return _Search().in_message(cursor, descriptor, "", 0) or FieldViolation(
        field=descriptor.name, description=f"is not a valid `{descriptor.full_name}` message"
    )


def _skip(cursor: _Cursor, wire_type: int) -> None:
    if wire_type == _VARINT:
        cursor.varint()
    elif wire_type in _FIXED_SIZES:
        cursor.take(_FIXED_SIZES[wire_type])
    else:
        raise _NotReadableError


def _path_of(path: str, field: FieldDescriptor, place: int) -> str:
    name = f"{field.name}[{place}]" if field.is_repeated else field.name
    return f"{path}.{name}" if path else name
