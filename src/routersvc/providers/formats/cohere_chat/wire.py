"""Cohere's chat, version 2. The event `message-end` completes a stream."""

from __future__ import annotations

from routersvc.providers.dialects import ONLY_DIALECT
from routersvc.providers.formats.cohere_chat.answers import AnswerReader
from routersvc.providers.formats.cohere_chat.dialects import DIALECT
from routersvc.providers.formats.cohere_chat.requests import EFFORTS, encode_body
from routersvc.providers.json_wire_format import FormatEntry, JsonWireFormat
from routersvc.providers.reading.sse import SseDecoder
from routersvc.providers.reading.streams import StreamDecoder


def cohere_chat() -> JsonWireFormat:
    """Return Cohere's format."""
    return JsonWireFormat(
        dialect=DIALECT,
        path=lambda _: "/v2/chat",
        encode_body=encode_body,
        efforts=lambda _: EFFORTS,
        body_reader=lambda call, head: AnswerReader(call.prompt, head),
        stream_decoder=lambda call, head: StreamDecoder(
            SseDecoder(), AnswerReader(call.prompt, head)
        ),
        sends_accept=False,
    )


FORMAT = FormatEntry(adapters={ONLY_DIALECT: cohere_chat()}, default_dialect=ONLY_DIALECT)
