"""Converse as a wire format."""

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
from routersvc.providers.credentials.authorisations import BEARER, CredentialHeader
from routersvc.providers.errors.classes import failure_of_response
from routersvc.providers.formats.bedrock_converse.answers import AnswerReader
from routersvc.providers.formats.bedrock_converse.facts import CAPABILITIES, WIRE_FORMAT
from routersvc.providers.formats.bedrock_converse.frames import FrameSplitter
from routersvc.providers.formats.bedrock_converse.requests import encode_body
from routersvc.providers.formats.bedrock_converse.streams import FrameReader
from routersvc.providers.reading.streams import StreamDecoder
from routersvc.providers.reading.whole_bodies import BodyDecoder, WrongTypeDecoder
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead, WireRequest

_CONTENT_TYPE = (b"content-type", b"application/json")
_JSON = (b"accept", b"application/json")
_EVENT_STREAM = "application/vnd.amazon.eventstream"
_STREAM = (b"accept", _EVENT_STREAM.encode())


class BedrockConverse:
    """AWS Bedrock's Converse and ConverseStream. Below a region's runtime address."""

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
        """What carries a Bedrock API key; most accounts sign requests instead."""
        return BEARER

    def encode(self, call: AttemptCall) -> WireRequest:
        """Return the request for an attempt.

        Raises:
            AttemptFailedError: the prompt asks for what cannot be said.
        """
        operation = "converse-stream" if call.streaming else "converse"
        return WireRequest(
            method="POST",
            path=f"/model/{quote(call.deployment.wire_model, safe='')}/{operation}",
            headers=(_CONTENT_TYPE, _STREAM if call.streaming else _JSON),
            body=orjson.dumps(encode_body(call)),
        )

    def decoder(self, call: AttemptCall, head: ResponseHead) -> AnswerDecoder:
        """Return a reader for what came."""
        content_type = head.content_type
        if "html" in content_type:
            return WrongTypeDecoder()
        reader = AnswerReader(call.prompt, head)
        if content_type == _EVENT_STREAM or (call.streaming and "json" not in content_type):
            return StreamDecoder(FrameSplitter(), FrameReader(reader, head))
        return BodyDecoder(reader)

    def decode_failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Return what a response other than a success means."""
        return failure_of_response(head, body)

    def probe(self) -> WireRequest:
        """Return a request for the list of asynchronous calls: the runtime's one free list.

        The credential needs the permission `bedrock:ListAsyncInvokes` for it.
        """
        return WireRequest(method="GET", path="/async-invoke?maxResults=1", headers=(_JSON,))
