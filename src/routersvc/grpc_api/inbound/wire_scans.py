"""Counts the fields of a message before it is parsed, so that none of many small things is built.

A few megabytes can hold a million empty messages, which take seconds to parse and convert. The
scan reads tags and lengths only, in steps, and gives up at a limit.
"""

from __future__ import annotations

from typing import TypeAlias, cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from routersvc.domain.conversation.steps import Steps

SCANNED_FROM = 16_384
"""Bytes of a message below which it is parsed without a scan: it cannot hold many fields."""

_FIELDS_IN_STEP = 1_024
_MORE = 0x80
_VARINT, _FIXED64, _LENGTH, _GROUP, _END_GROUP, _FIXED32 = range(6)

Layout: TypeAlias = "dict[int, Layout | None]"
"""The fields to look into, by number: the layout of messages, `None` for packed numbers."""


def layout_of(message_type: type[Message]) -> Layout:
    """Return the layout of a message type; messages within themselves refer to themselves."""
    # Each protobuf runtime has its own class for descriptors.
    return _layout(cast("Descriptor", message_type.DESCRIPTOR), {})


def scanning(  # noqa: C901, PLR0912 - one loop without calls is several times as fast
    raw: bytes, layout: Layout, limit: int
) -> Steps[bool]:
    """Return whether a message has at most `limit` fields, those of inner messages included.

    Each number of a packed field counts. A message that is malformed passes: parsing refuses it.
    """
    count = at = 0
    end = len(raw)
    outer: list[tuple[int, Layout]] = []
    try:
        while True:
            while at >= end:
                if not outer:
                    return True
                end, layout = outer.pop()
            count += 1
            if count > limit:
                return False
            if not count % _FIELDS_IN_STEP:
                yield
            tag = raw[at]
            at += 1
            if tag >= _MORE:
                tag, at = _varint(raw, at - 1)
            kind = tag & 7
            if kind == _LENGTH:
                size = raw[at]
                at += 1
                if size >= _MORE:
                    size, at = _varint(raw, at - 1)
                if size > end - at:
                    return True
                inner = layout.get(tag >> 3, _OPAQUE)
                if inner is None:
                    count += size
                    if count > limit:
                        return False
                    at += size
                elif inner is _OPAQUE:
                    at += size
                else:
                    outer.append((end, layout))
                    end, layout = at + size, inner
            elif kind == _VARINT:
                while raw[at] >= _MORE:
                    at += 1
                at += 1
            elif kind == _FIXED64:
                at += 8
            elif kind == _FIXED32:
                at += 4
            elif kind not in {_GROUP, _END_GROUP}:
                return True
    except IndexError:
        return True


_OPAQUE: Layout = {}
"""Stands for fields that are not looked into."""

_LONGEST_VARINT = 63
"""The largest shift of a byte in a 64-bit number."""


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < _MORE:
            return value, at
        shift += 7
        if shift > _LONGEST_VARINT:
            raise IndexError


def _layout(descriptor: Descriptor, known: dict[str, Layout]) -> Layout:
    layout = known.get(descriptor.full_name)
    if layout is None:
        layout = known[descriptor.full_name] = {}
        for number, field in descriptor.fields_by_number.items():
            if field.message_type is not None:
                layout[number] = _layout(field.message_type, known)
            elif field.is_repeated and field.type not in _WITHOUT_PACKING:
                layout[number] = None
    return layout


_WITHOUT_PACKING = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
