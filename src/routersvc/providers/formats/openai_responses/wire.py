"""The Responses format of one dialect as a wire format."""

from __future__ import annotations

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
from routersvc.providers.formats.openai_responses.answers import AnswerReader
from routersvc.providers.formats.openai_responses.dialects import ResponsesDialect
from routersvc.providers.formats.openai_responses.requests import WIRE_FORMAT, encode_body
from routersvc.providers.reading.sse import SseDecoder
from routersvc.providers.reading.streams import StreamDecoder
from routersvc.providers.reading.whole_bodies import BodyDecoder, WrongTypeDecoder
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead, WireRequest

_JSON = (b"accept", b"application/json")
_CONTENT = (b"content-type", b"application/json")


class OpenAiResponses:
    """OpenAI's Responses, as `dialect` says that a vendor speaks it."""

    def __init__(self, dialect: ResponsesDialect) -> None:
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
        accept = (b"accept", b"text/event-stream") if call.streaming else _JSON
        return WireRequest(
            method="POST",
            path=self.dialect.path,
            headers=(_CONTENT, accept),
            body=orjson.dumps(encode_body(call, self.dialect)),
        )

    def decoder(self, call: AttemptCall, head: ResponseHead) -> AnswerDecoder:
        """Return a reader for what came, which is not always what was asked for."""
        content_type = head.content_type
        if "html" in content_type:
            return WrongTypeDecoder()
        reader = AnswerReader(call.prompt, self.dialect, head)
        if content_type == "text/event-stream":
            return StreamDecoder(SseDecoder(), reader)
        if call.streaming and "json" not in content_type:
            return StreamDecoder(SseDecoder(), reader)
        return BodyDecoder(reader)

    def decode_failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Return what a response other than a success means."""
        return failure_of_response(head, body)

    def probe(self) -> WireRequest:
        """Return a request for the list of models: it is not billed."""
        return WireRequest(method="GET", path=self.dialect.probe_path, headers=(_JSON,))
