"""OpenAI's Responses format: how requests are sent and which readers read the answer."""

from __future__ import annotations

from routersvc.providers.errors.classes import failure_beside
from routersvc.providers.formats.openai_responses.answers import AnswerReader
from routersvc.providers.formats.openai_responses.dialects import DIALECTS, ResponsesDialect
from routersvc.providers.formats.openai_responses.requests import encode_body
from routersvc.providers.json_wire_format import FormatEntry, JsonWireFormat
from routersvc.providers.reading.sse import SseDecoder
from routersvc.providers.reading.streams import StreamDecoder


def openai_responses(dialect: ResponsesDialect) -> JsonWireFormat:
    """Return the Responses format as `dialect` speaks it."""
    return JsonWireFormat(
        dialect=dialect,
        path=lambda _: dialect.path,
        proof_maker=lambda _: dialect.maker,
        plain_thoughts=lambda _: dialect.plain_thoughts,
        encode_body=lambda call: encode_body(call, dialect),
        efforts=lambda _: frozenset(dialect.efforts),
        body_reader=lambda call, head: AnswerReader(
            call.prompt, dialect, head, maker=call.deployment.maker
        ),
        stream_decoder=lambda call, head: StreamDecoder(
            SseDecoder(),
            AnswerReader(call.prompt, dialect, head, maker=call.deployment.maker),
            failure_in=lambda data: failure_beside(data, head, dialect.errors),
        ),
    )


FORMAT = FormatEntry(
    adapters={name: openai_responses(dialect) for name, dialect in DIALECTS.items()}
)
