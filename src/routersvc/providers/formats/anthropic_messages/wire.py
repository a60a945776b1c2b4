"""Anthropic's Messages format: how requests are sent and which readers read the answer."""

from __future__ import annotations

from urllib.parse import quote

from routersvc.domain.conversation.parts import FilePart, ToolResult
from routersvc.domain.conversation.prompts import Prompt
from routersvc.engine.ports import AttemptCall
from routersvc.providers.errors.classes import failure_beside
from routersvc.providers.formats.anthropic_messages.answers import AnswerReader
from routersvc.providers.formats.anthropic_messages.dialects import (
    DEFAULT_DIALECT,
    DIALECTS,
    AnthropicDialect,
)
from routersvc.providers.formats.anthropic_messages.requests import encode_body
from routersvc.providers.formats.anthropic_messages.streams import EventReader
from routersvc.providers.json_wire_format import FormatEntry, Headers, JsonWireFormat
from routersvc.providers.reading.text_runs.text_streams import TextStreamDecoder
from routersvc.providers.writing.claude_thinking import thinking_efforts, thinks_by_budget
from routersvc.providers.writing.proof_makers import claude_maker

_FILES = (b"anthropic-beta", b"files-api-2025-04-14")
"""The beta that documents by id belong to."""


def anthropic_messages(dialect: AnthropicDialect) -> JsonWireFormat:
    """Return the Messages format as `dialect` speaks it."""
    version: Headers = ()
    if not dialect.version_in_body:
        version = ((b"anthropic-version", dialect.version.encode("ascii")),)

    def path(call: AttemptCall) -> str:
        template = dialect.stream_path if call.streaming else dialect.path
        return template.replace("{model}", quote(call.deployment.wire_model, safe="@"))

    return JsonWireFormat(
        dialect=dialect,
        path=path,
        proof_maker=lambda model: "" if dialect.budgets_only else claude_maker(model),
        plain_thoughts=lambda _: dialect.unsigned_thoughts,
        headers=lambda call: (*version, _FILES) if _has_file_ids(call.prompt) else version,
        probe_headers=version,
        encode_body=lambda call: encode_body(call, dialect),
        efforts=lambda model: thinking_efforts(
            by_budget=dialect.budgets_only or thinks_by_budget(model)
        ),
        body_reader=lambda call, head: AnswerReader(call.prompt, head, maker=call.deployment.maker),
        stream_decoder=lambda call, head: TextStreamDecoder(
            EventReader(AnswerReader(call.prompt, head, maker=call.deployment.maker), head),
            failure_in=lambda data: failure_beside(data, head),
        ),
    )


def _has_file_ids(prompt: Prompt) -> bool:
    for message in prompt.messages:
        for part in message.parts:
            for piece in (part, *part.parts) if isinstance(part, ToolResult) else (part,):
                if isinstance(piece, FilePart) and piece.file_id is not None:
                    return True
    return False


FORMAT = FormatEntry(
    adapters={name: anthropic_messages(dialect) for name, dialect in DIALECTS.items()},
    default_dialect=DEFAULT_DIALECT,
)
