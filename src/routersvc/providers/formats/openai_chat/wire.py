"""The chat completions format of one dialect as a wire format."""

from __future__ import annotations

import urllib.parse

import orjson

from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.domain.outcomes.failures import (
    Failure,
)
from routersvc.engine.ports import AttemptCall
from routersvc.providers.credentials.authorisations import CredentialHeader
from routersvc.providers.errors.classes import failure_of_response
from routersvc.providers.formats.openai_chat.answers import AnswerReader
from routersvc.providers.formats.openai_chat.decoders import ChunkReader
from routersvc.providers.formats.openai_chat.dialects import OpenAiDialect
from routersvc.providers.formats.openai_chat.requests import WIRE_FORMAT, encode_body
from routersvc.providers.reading.sse import SseDecoder
from routersvc.providers.reading.streams import StreamDecoder
from routersvc.providers.reading.whole_bodies import BodyDecoder, WrongTypeDecoder
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead, WireRequest

_JSON_HEADERS = (
    (b"content-type", b"application/json"),
    (b"accept", b"application/json"),
)
_STREAM_HEADERS = (
    (b"content-type", b"application/json"),
    (b"accept", b"text/event-stream"),
)
_PROBE_HEADERS = ((b"accept", b"application/json"),)


class OpenAiChat:
    """OpenAI's chat completions, as `dialect` says that a vendor speaks it."""

    def __init__(self, dialect: OpenAiDialect) -> None:
        self.dialect = dialect

    @property
    def name(self) -> str:
        """The format's name in the configuration."""
        return WIRE_FORMAT

    @property
    def expressible(self) -> frozenset[Capability]:
        """What a request can ask for at this vendor."""
        return self.dialect.capabilities

    @property
    def credential_header(self) -> CredentialHeader:
        """What carries a key to this vendor."""
        return self.dialect.credential_header

    def encode(self, call: AttemptCall) -> WireRequest:
        """Return the request for an attempt.

        Raises:
            AttemptFailedError: the prompt asks for what cannot be said.
        """
        return WireRequest(
            method="POST",
            path=self._path(call.deployment.wire_model),
            headers=_STREAM_HEADERS if call.streaming else _JSON_HEADERS,
            body=orjson.dumps(encode_body(call, self.dialect)),
        )

    def _path(self, model: str) -> str:
        return self.dialect.path.replace("{model}", urllib.parse.quote(model, safe=""))

    def decoder(self, call: AttemptCall, head: ResponseHead) -> AnswerDecoder:
        """Return a reader for what came, which is not always what was asked for.

        Some servers answer a request for a stream with one body, some the other way round.
        """
        content_type = head.content_type
        if "html" in content_type:
            return WrongTypeDecoder()
        reader = AnswerReader(call.prompt, self.dialect, head)
        if content_type == "text/event-stream" or (call.streaming and "json" not in content_type):
            return StreamDecoder(SseDecoder(), ChunkReader(reader, self.dialect, head))
        return BodyDecoder(reader)

    def decode_failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Return what a response other than a success means."""
        return failure_of_response(head, body)

    def probe(self) -> WireRequest:
        """Return a request for the list of models: it is not billed."""
        return WireRequest(method="GET", path=self.dialect.probe_path, headers=_PROBE_HEADERS)
