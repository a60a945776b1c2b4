"""AWS Bedrock's Converse and ConverseStream, below a region's runtime address."""

from __future__ import annotations

from urllib.parse import quote

from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.engine.ports import AttemptCall
from routersvc.providers.dialects import ONLY_DIALECT
from routersvc.providers.formats.bedrock_converse.answers import AnswerReader
from routersvc.providers.formats.bedrock_converse.dialects import DIALECT
from routersvc.providers.formats.bedrock_converse.families import family_of
from routersvc.providers.formats.bedrock_converse.frames import FrameSplitter
from routersvc.providers.formats.bedrock_converse.requests import encode_body
from routersvc.providers.formats.bedrock_converse.streams import FrameReader
from routersvc.providers.json_wire_format import FormatEntry, JsonWireFormat
from routersvc.providers.reading.streams import StreamDecoder
from routersvc.providers.writing.claude_thinking import thinking_efforts, thinks_by_budget


def _path(call: AttemptCall) -> str:
    operation = "converse-stream" if call.streaming else "converse"
    return f"/model/{quote(call.deployment.wire_model, safe='')}/{operation}"


def _efforts(model: str) -> frozenset[ReasoningEffort]:
    family = family_of(model)
    if family.is_claude:
        return thinking_efforts(by_budget=thinks_by_budget(model))
    return family.all_efforts


def bedrock_converse() -> JsonWireFormat:
    """Return the Converse format. Most accounts sign requests instead of sending a key."""
    return JsonWireFormat(
        dialect=DIALECT,
        path=_path,
        encode_body=encode_body,
        efforts=_efforts,
        body_reader=lambda call, head: AnswerReader(call.prompt, head),
        stream_decoder=lambda call, head: StreamDecoder(
            FrameSplitter(), FrameReader(AnswerReader(call.prompt, head), head)
        ),
        stream_type="application/vnd.amazon.eventstream",
    )


FORMAT = FormatEntry(adapters={ONLY_DIALECT: bedrock_converse()}, default_dialect=ONLY_DIALECT)
