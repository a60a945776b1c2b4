"""OpenAI's chat completions format: how requests are sent and which readers read the answer."""

from __future__ import annotations

from urllib.parse import quote

from routersvc.providers.errors.classes import failure_beside
from routersvc.providers.formats.openai_chat.answers import AnswerReader
from routersvc.providers.formats.openai_chat.decoders import ChunkReader
from routersvc.providers.formats.openai_chat.dialects import OpenAiDialect, ThoughtForm
from routersvc.providers.formats.openai_chat.requests import encode_body
from routersvc.providers.formats.openai_chat.vendors import DIALECTS
from routersvc.providers.json_wire_format import FormatEntry, JsonWireFormat
from routersvc.providers.reading.text_runs.text_streams import TextStreamDecoder
from routersvc.providers.writing.proof_makers import reseller_maker


def openai_chat(dialect: OpenAiDialect) -> JsonWireFormat:
    """Return the chat completions format as `dialect` speaks it."""
    return JsonWireFormat(
        efforts=lambda _: dialect.all_efforts,
        dialect=dialect,
        path=lambda call: dialect.path.replace(
            "{model}", quote(call.deployment.wire_model, safe="")
        ),
        proof_maker=lambda model: reseller_maker(dialect.name, model) if dialect.resells else "",
        plain_thoughts=lambda _: dialect.thought_form is not ThoughtForm.NONE,
        encode_body=lambda call: encode_body(call, dialect),
        body_reader=lambda call, head: AnswerReader(
            call.prompt, dialect, head, maker=call.deployment.maker
        ),
        stream_decoder=lambda call, head: TextStreamDecoder(
            ChunkReader(
                AnswerReader(call.prompt, dialect, head, maker=call.deployment.maker), head
            ),
            failure_in=lambda data: failure_beside(data, head, dialect.errors),
        ),
    )


FORMAT = FormatEntry(adapters={name: openai_chat(dialect) for name, dialect in DIALECTS.items()})
