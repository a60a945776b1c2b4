"""Google's generateContent: how requests are sent and which readers read the answer."""

from __future__ import annotations

from urllib.parse import quote

from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.gemini.answers import AnswerReader
from routersvc.providers.formats.gemini.dialects import DEFAULT_DIALECT, DIALECTS, GeminiDialect
from routersvc.providers.formats.gemini.failures import failure_of_error
from routersvc.providers.formats.gemini.requests import encode_body
from routersvc.providers.formats.gemini.streams import ChunkReader
from routersvc.providers.formats.gemini.thinking import thinking_efforts
from routersvc.providers.json_wire_format import FormatEntry, Headers, JsonWireFormat
from routersvc.providers.reading.sse import SseDecoder
from routersvc.providers.reading.streams import StreamDecoder
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead


def gemini(dialect: GeminiDialect) -> JsonWireFormat:
    """Return the format as `dialect` speaks it. A JSON body may be the list of all chunks."""

    def path(call: AttemptCall) -> str:
        """Return the path of the call; a model named with a path keeps that path."""
        model = quote(call.deployment.wire_model, safe="/@")
        place = f"/{model}" if "/" in model else f"{dialect.models_path}{model}"
        operation = "streamGenerateContent?alt=sse" if call.streaming else "generateContent"
        return f"{place}:{operation}"

    def headers(call: AttemptCall) -> Headers:
        tier = call.prompt.service_tier
        if tier is None or dialect.tier_header is None:
            return ()
        word = dialect.service_tiers[tier]
        return ((dialect.tier_header, word.encode()),) if word else ()

    return JsonWireFormat(
        dialect=dialect,
        path=path,
        headers=headers,
        encode_body=lambda call: encode_body(call, dialect),
        efforts=lambda model: thinking_efforts(model, dialect),
        body_reader=lambda call, head: AnswerReader(call.prompt, head),
        stream_decoder=_stream_decoder,
        sends_accept=False,
        read_failure=failure_of_error,
    )


def _stream_decoder(call: AttemptCall, head: ResponseHead) -> AnswerDecoder:
    events = SseDecoder()
    return StreamDecoder(events, ChunkReader(AnswerReader(call.prompt, head), events, head))


FORMAT = FormatEntry(
    adapters={name: gemini(dialect) for name, dialect in DIALECTS.items()},
    default_dialect=DEFAULT_DIALECT,
)
