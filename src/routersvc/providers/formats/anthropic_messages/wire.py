"""The Messages format of one dialect as a wire format."""

from __future__ import annotations

from urllib.parse import quote

import orjson

from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.domain.conversation.parts import (
    FilePart,
    ToolResult,
)
from routersvc.domain.conversation.prompts import (
    Prompt,
)
from routersvc.domain.outcomes.failures import (
    Failure,
)
from routersvc.engine.ports import AttemptCall
from routersvc.providers.credentials.authorisations import CredentialHeader
from routersvc.providers.errors.classes import failure_of_response
from routersvc.providers.formats.anthropic_messages.answers import AnswerReader
from routersvc.providers.formats.anthropic_messages.dialects import WIRE_FORMAT, AnthropicDialect
from routersvc.providers.formats.anthropic_messages.requests import encode_body
from routersvc.providers.formats.anthropic_messages.streams import EventReader
from routersvc.providers.reading.sse import SseDecoder
from routersvc.providers.reading.streams import StreamDecoder
from routersvc.providers.reading.whole_bodies import BodyDecoder, WrongTypeDecoder
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead, WireRequest

_JSON = (b"accept", b"application/json")
_STREAM = (b"accept", b"text/event-stream")
_CONTENT_TYPE = (b"content-type", b"application/json")
_FILES = (b"anthropic-beta", b"files-api-2025-04-14")
"""Documents by their id are behind this word."""


class AnthropicMessages:
    """Anthropic's Messages, as `dialect` says that a server speaks it."""

    def __init__(self, dialect: AnthropicDialect) -> None:
        self.dialect = dialect
        self._version: tuple[tuple[bytes, bytes], ...] = ()
        if not dialect.version_in_body:
            self._version = ((b"anthropic-version", dialect.version.encode("ascii")),)

    @property
    def name(self) -> str:
        """The format's name in the configuration."""
        return WIRE_FORMAT

    @property
    def expressible(self) -> frozenset[Capability]:
        """What a request can ask for."""
        return self.dialect.capabilities

    @property
    def credential_header(self) -> CredentialHeader:
        """What carries a key."""
        return self.dialect.credential_header

    def encode(self, call: AttemptCall) -> WireRequest:
        """Return the request for an attempt.

        Raises:
            AttemptFailedError: the prompt asks for what cannot be said.
        """
        path = self.dialect.stream_path if call.streaming else self.dialect.path
        headers = [_CONTENT_TYPE, _STREAM if call.streaming else _JSON, *self._version]
        if _names_files(call.prompt):
            headers.append(_FILES)
        return WireRequest(
            method="POST",
            path=path.replace("{model}", quote(call.deployment.wire_model, safe="@")),
            headers=tuple(headers),
            body=orjson.dumps(encode_body(call, self.dialect)),
        )

    def decoder(self, call: AttemptCall, head: ResponseHead) -> AnswerDecoder:
        """Return a reader for what came, which is not always what was asked for."""
        content_type = head.content_type
        if "html" in content_type:
            return WrongTypeDecoder()
        reader = AnswerReader(call.prompt, head)
        if content_type == "text/event-stream" or (call.streaming and "json" not in content_type):
            return StreamDecoder(SseDecoder(), EventReader(reader, head))
        return BodyDecoder(reader)

    def decode_failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Return what a response other than a success means."""
        return failure_of_response(head, body)

    def probe(self) -> WireRequest:
        """Return a request that is not billed: for one model of the list, or for the location."""
        return WireRequest(
            method="GET", path=self.dialect.probe_path, headers=(_JSON, *self._version)
        )


def _names_files(prompt: Prompt) -> bool:
    for message in prompt.messages:
        for part in message.parts:
            for piece in (part, *part.parts) if isinstance(part, ToolResult) else (part,):
                if isinstance(piece, FilePart) and piece.file_id is not None:
                    return True
    return False
