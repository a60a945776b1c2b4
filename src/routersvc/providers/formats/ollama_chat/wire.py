"""Ollama's own chat as a wire format."""

from __future__ import annotations

import orjson

from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.domain.outcomes.failures import (
    Failure,
)
from routersvc.engine.ports import AttemptCall
from routersvc.providers.credentials.authorisations import BEARER, CredentialHeader
from routersvc.providers.errors.classes import failure_of_response
from routersvc.providers.formats.ollama_chat.answers import AnswerReader
from routersvc.providers.formats.ollama_chat.refusals import WIRE_FORMAT
from routersvc.providers.formats.ollama_chat.requests import CAPABILITIES, encode_body
from routersvc.providers.reading.json_lines import LineSplitter
from routersvc.providers.reading.streams import StreamDecoder
from routersvc.providers.reading.whole_bodies import BodyDecoder, WrongTypeDecoder
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead, WireRequest

_CONTENT_TYPE = (b"content-type", b"application/json")


class OllamaChat:
    """Ollama's own chat. A stream is complete with the line that says `done`."""

    @property
    def name(self) -> str:
        """The format's name in the configuration."""
        return WIRE_FORMAT

    @property
    def expressible(self) -> frozenset[Capability]:
        """What a request can ask for."""
        return CAPABILITIES

    @property
    def credential_header(self) -> CredentialHeader:
        """What carries a key; only the hosted service asks for one."""
        return BEARER

    def encode(self, call: AttemptCall) -> WireRequest:
        """Return the request for an attempt.

        Raises:
            AttemptFailedError: the prompt asks for what cannot be said.
        """
        return WireRequest(
            method="POST",
            path="/api/chat",
            headers=(_CONTENT_TYPE,),
            body=orjson.dumps(encode_body(call)),
        )

    def decoder(self, call: AttemptCall, head: ResponseHead) -> AnswerDecoder:
        """Return a reader for lines, where the head says so or a stream was asked for."""
        content_type = head.content_type
        if "html" in content_type:
            return WrongTypeDecoder()
        reader = AnswerReader(call.prompt, head)
        if call.streaming or "ndjson" in content_type:
            return StreamDecoder(LineSplitter(), reader)
        return BodyDecoder(reader)

    def decode_failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Return what a response other than a success means."""
        return failure_of_response(head, body)

    def probe(self) -> WireRequest:
        """Return a request for the list of models: it loads none."""
        return WireRequest(
            method="GET", path="/api/tags", headers=((b"accept", b"application/json"),)
        )
