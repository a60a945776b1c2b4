"""Google's generateContent at one of its doors as a wire format."""

from __future__ import annotations

from urllib.parse import quote

import orjson

from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.domain.outcomes.failures import (
    Failure,
)
from routersvc.engine.ports import AttemptCall
from routersvc.providers.credentials.authorisations import CredentialHeader
from routersvc.providers.formats.gemini.answers import AnswerReader
from routersvc.providers.formats.gemini.dialects import WIRE_FORMAT, GeminiDialect
from routersvc.providers.formats.gemini.failures import failure_of_error
from routersvc.providers.formats.gemini.requests import encode_body
from routersvc.providers.formats.gemini.streams import ChunkReader
from routersvc.providers.reading.sse import SseDecoder
from routersvc.providers.reading.streams import StreamDecoder
from routersvc.providers.reading.whole_bodies import BodyDecoder, WrongTypeDecoder
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead, WireRequest

_CONTENT_TYPE = (b"content-type", b"application/json")
_KEY_HEADER = CredentialHeader(name="x-goog-api-key", scheme="")


class Gemini:
    """Google's generateContent, as `dialect` says that it is spoken at one door."""

    def __init__(self, dialect: GeminiDialect) -> None:
        self.dialect = dialect

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
        """What carries a key; tokens for Vertex AI have the usual header."""
        return _KEY_HEADER

    def encode(self, call: AttemptCall) -> WireRequest:
        """Return the request for an attempt.

        Raises:
            AttemptFailedError: the prompt asks for what cannot be said.
        """
        headers: list[tuple[bytes, bytes]] = [_CONTENT_TYPE]
        tier = call.prompt.service_tier
        if tier is not None and self.dialect.tier_header is not None:
            word = self.dialect.service_tiers[tier]
            if word:
                headers.append((self.dialect.tier_header, word.encode()))
        return WireRequest(
            method="POST",
            path=self._path(call),
            headers=tuple(headers),
            body=orjson.dumps(encode_body(call, self.dialect)),
        )

    def decoder(self, call: AttemptCall, head: ResponseHead) -> AnswerDecoder:
        """Return a reader for what came: a stream of events, a body, or a list of all chunks."""
        content_type = head.content_type
        if "html" in content_type:
            return WrongTypeDecoder()
        reader = AnswerReader(call.prompt, head)
        if content_type == "text/event-stream" or (call.streaming and "json" not in content_type):
            events = SseDecoder()
            return StreamDecoder(events, ChunkReader(reader, events, head))
        return BodyDecoder(reader)

    def decode_failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Return what a response other than a success means."""
        return failure_of_error(head, body)

    def probe(self) -> WireRequest:
        """Return a request that is not billed: for the models, or for the location itself."""
        return WireRequest(
            method="GET",
            path=self.dialect.probe_path,
            headers=((b"accept", b"application/json"),),
        )

    def _path(self, call: AttemptCall) -> str:
        """Return where the model answers; one that is named with a path keeps it."""
        model = quote(call.deployment.wire_model, safe="/@")
        place = f"/{model}" if "/" in model else f"{self.dialect.models_path}{model}"
        return (
            f"{place}:streamGenerateContent?alt=sse"
            if call.streaming
            else (f"{place}:generateContent")
        )
