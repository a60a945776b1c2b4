"""Ollama's own chat. The line with `done` completes a stream."""

from __future__ import annotations

from routersvc.engine.ports import AttemptCall
from routersvc.providers.dialects import ONLY_DIALECT
from routersvc.providers.formats.ollama_chat.answers import AnswerReader
from routersvc.providers.formats.ollama_chat.dialects import DIALECT
from routersvc.providers.formats.ollama_chat.requests import EFFORTS, encode_body
from routersvc.providers.json_wire_format import FormatEntry, JsonWireFormat
from routersvc.providers.reading.json_lines import LineSplitter
from routersvc.providers.reading.streams import StreamDecoder
from routersvc.providers.wire_format import ResponseHead


def _stream_decoder(call: AttemptCall, head: ResponseHead) -> StreamDecoder[bytes]:
    lines = LineSplitter()
    return StreamDecoder(lines, AnswerReader(call.prompt, head, lines))


def ollama_chat() -> JsonWireFormat:
    """Return Ollama's format. Only the hosted service asks for a key."""
    return JsonWireFormat(
        dialect=DIALECT,
        path=lambda _: "/api/chat",
        encode_body=encode_body,
        efforts=lambda _: EFFORTS,
        body_reader=lambda call, head: AnswerReader(call.prompt, head),
        stream_decoder=_stream_decoder,
        stream_type="ndjson",
        streams_as_json=True,
        sends_accept=False,
    )


FORMAT = FormatEntry(adapters={ONLY_DIALECT: ollama_chat()}, default_dialect=ONLY_DIALECT)
