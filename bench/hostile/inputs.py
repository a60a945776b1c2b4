"""Generated requests that cost their sender little and a careless router much."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from llmrouter import text_prompt
from llmrouter.v1.prompt_pb2 import Prompt
from llmrouter.v1.router_service_pb2 import CompleteRequest, ExplainRouteRequest

_PROMPT_FIELD = CompleteRequest.DESCRIPTOR.fields_by_name["prompt"].number
_EXPLAINED_FIELD = ExplainRouteRequest.DESCRIPTOR.fields_by_name["prompt"].number
_MEBIBYTE = 1 << 20


def asking(prompt: Prompt) -> bytes:
    """Return a request with this prompt."""
    return CompleteRequest(prompt=prompt).SerializeToString()


def explaining(raw: bytes) -> bytes:
    """Return a request for an explanation with the prompt of a request for an answer."""
    return bytes([_EXPLAINED_FIELD << 3 | 2]) + raw[1:]


def _many(draw: random.Random) -> bytes:
    """Many messages, parts or tools, empty or small."""
    message = text_prompt("hi").messages[0].SerializeToString()
    part = message[2:]
    unit = draw.choice(
        [
            b"\x0a\x00",
            b"\x0a" + bytes([len(message)]) + message,
            b"\x0a\x04\x08\x03\x12\x00",
            b"\x12\x06\x0a\x04\x0a\x02f" + bytes([draw.randrange(97, 123)]),
            b"\x12\x00",
        ]
    )
    inner = unit * draw.randrange(10_000, 400_000)
    if draw.random() < 0.3:  # noqa: PLR2004 - a third has its parts in one message
        inner = _field(1, b"\x08\x03" + part * draw.randrange(10_000, 150_000))
    return _field(_PROMPT_FIELD, inner)


def _numbers(draw: random.Random) -> bytes:
    """A table of numbers in one of many notations."""
    digits: Callable[[int], str] = lambda n: "".join(draw.choices("0123456789", k=n))  # noqa: E731
    notation = draw.choice(
        ["3 3 3 ", "4 4 4 4, ", "2.2.2.", "11, ", "+12, ", "DE20 ", "1+", "id no 11, ", "(3) 3-4; "]
    )
    row = "".join(
        "".join(digits(int(piece)) if piece.isdecimal() else piece for piece in _pieces(notation))
        for _ in range(500)
    )
    return asking(text_prompt((row * (_MEBIBYTE // len(row) + 1))[: draw.randrange(_MEBIBYTE)]))


def _long(draw: random.Random) -> bytes:
    """A text of megabytes: one character, one word, noise, or what patterns begin with."""
    unit = draw.choice(
        ["1", "a", " ", "\n", "€", "a ", "word ", '"', "\\", "$x", "@", "- ", "def "]
    )
    if draw.random() < 0.2:  # noqa: PLR2004 - a fifth is noise
        unit = "".join(map(chr, draw.choices(range(32, 0x2FFF), k=4_096)))
    return asking(text_prompt(unit * (draw.randrange(1, 4 * _MEBIBYTE) // len(unit.encode()) + 1)))


def _nested(draw: random.Random) -> bytes:
    """Nested JSON in a schema, in arguments or in an extension."""
    depth = draw.choice([90, 200, 1_000, 20_000, 200_000])
    opening, closing = draw.choice([('{"a":', "}"), ("[", "]"), ('{"type":"object","x":', "}")])
    deep = opening * depth + "1" + closing * (depth if draw.random() < 0.7 else depth - 1)  # noqa: PLR2004 - some are cut
    return _with_json(draw, deep)


def _wide(draw: random.Random) -> bytes:
    """Much JSON of moderate depth in a schema, in arguments or in an extension."""
    unit = draw.choice(
        [
            '{"a":[1]}',
            '"["',
            '""',
            "1",
            "{}",
            "[" * 90 + "]" * 90,
            '{"a":{"type":"string"}}',
            '"\\""',
        ]
    )
    number = min(draw.randrange(500_000), 500_000 // len(unit))
    return _with_json(draw, f"[{','.join([unit] * (number + 1))}]")


def _with_json(draw: random.Random, json: str) -> bytes:
    prompt = text_prompt("hi")
    place = draw.randrange(4)
    if place == 0:
        prompt.response_format.json_schema.name = "s"
        prompt.response_format.json_schema.json_schema = f'{{"properties":{json}}}'
    elif place == 1:
        tool = prompt.tools.add()
        tool.function.name = "f"
        tool.function.parameters_json_schema = f'{{"properties":{json}}}'
    elif place == 2:  # noqa: PLR2004 - the third place
        extension = prompt.wire_extensions.add()
        extension.wire_format, extension.fields_json = "openai_chat", f'{{"metadata":{json}}}'
    else:
        message = prompt.messages.add(role="ROLE_ASSISTANT")
        call = message.parts.add().tool_call
        call.id, call.name, call.arguments_json = "c", "f", f'{{"x":{json}}}'
    return asking(prompt)


def _broken(draw: random.Random) -> bytes:
    """An ordinary request with changed, lost or doubled bytes."""
    raw = bytearray(asking(text_prompt("hello, " * draw.randrange(1, 2_000))))
    for _ in range(draw.randrange(1, 8)):
        place = draw.randrange(len(raw))
        if draw.random() < 0.5:  # noqa: PLR2004 - half of the changes
            raw[place] = draw.randrange(256)
        else:
            raw[place:place] = raw[place : place + draw.randrange(64)]
    return bytes(raw)


KINDS: Mapping[str, Callable[[random.Random], bytes]] = MappingProxyType(
    {
        "many small things": _many,
        "tables of numbers": _numbers,
        "long texts": _long,
        "nested JSON": _nested,
        "wide JSON": _wide,
        "broken messages": _broken,
    }
)


def generated(kind: str, seed: int) -> Iterator[bytes]:
    """Yield requests of a kind without end; the same seed gives the same ones."""
    draw = random.Random(f"{kind} {seed}")
    while True:
        yield KINDS[kind](draw)


def _pieces(notation: str) -> list[str]:
    pieces: list[str] = []
    for character in notation:
        if pieces and character.isdecimal() and pieces[-1].isdecimal():
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _field(number: int, value: bytes) -> bytes:
    size = len(value)
    varint = b""
    while size > 0x7F:  # noqa: PLR2004 - seven bits in each byte
        varint += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + varint + bytes([size]) + value
