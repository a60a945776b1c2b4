"""The wire format that posts a JSON body and reads a JSON body or a stream.

All formats are values of `JsonWireFormat`: a dialect, a path, and the format's functions that write
the body and read the answer. `FormatEntry` is what a format's folder offers to the application.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import orjson

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.conversation.steps import Steps, finished
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.engine.ports import AttemptCall
from routersvc.providers.credentials.authorisations import CredentialHeader
from routersvc.providers.dialects import DEFAULT_DIALECT, Dialect
from routersvc.providers.errors.classes import failure_of_response
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.reading.sniffing import SniffingDecoder
from routersvc.providers.reading.whole_bodies import BodyDecoder, BodyReader, WrongTypeDecoder
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead, WireRequest
from routersvc.providers.writing.hosted_parts import with_opaque_blocks
from routersvc.providers.writing.long_bodies import encoding, is_long

Headers = tuple[tuple[bytes, bytes], ...]

EVENT_STREAM = "text/event-stream"
"""The media type of server-sent events."""

ACCEPT_JSON = (b"accept", b"application/json")

_CONTENT_TYPE = (b"content-type", b"application/json")

_NOT_ENCODABLE = (RecursionError, ValueError, orjson.JSONEncodeError)
"""Raised for prompts that JSON cannot hold; orjson nests 254 levels."""


def no_headers(call: AttemptCall) -> Headers:  # noqa: ARG001 - the signature of `headers`
    """Return no headers: the format needs none of its own."""
    return ()


def no_maker(wire_model: str) -> str:  # noqa: ARG001 - the signature of `proof_maker`
    """Return no name: proofs are known by the provider that gave them."""
    return ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class JsonWireFormat:
    """One wire format as one vendor speaks it.

    `path` and `encode_body` write a request, `headers` adds to its headers; `efforts` are the
    reasoning efforts that it can ask for, by the model's name at the provider. An answer is read by
    `stream_decoder` where its media type contains `stream_type`, or where a stream was asked for
    and the media type is not JSON (`streams_as_json`: whatever the media type is); else by
    `body_reader`. `sends_accept`: requests name the media type that they ask for. `proof_maker`
    and `plain_thoughts` implement `maker` and `takes_plain_thoughts`.
    """

    dialect: Dialect
    path: Callable[[AttemptCall], str]
    encode_body: Callable[[AttemptCall], JsonObject]
    body_reader: Callable[[AttemptCall, ResponseHead], BodyReader]
    stream_decoder: Callable[[AttemptCall, ResponseHead], AnswerDecoder]
    efforts: Callable[[str], frozenset[ReasoningEffort]]
    headers: Callable[[AttemptCall], Headers] = no_headers
    probe_headers: Headers = ()
    stream_type: str = EVENT_STREAM
    streams_as_json: bool = False
    sends_accept: bool = True
    read_failure: Callable[[ResponseHead, bytes], Failure] | None = None
    proof_maker: Callable[[str], str] = no_maker
    plain_thoughts: Callable[[str], bool] = lambda _: True

    @property
    def name(self) -> str:
        """The format's name in the configuration."""
        return self.dialect.wire_format

    @property
    def expressible(self) -> frozenset[Capability]:
        """What a request can ask for."""
        return self.dialect.capabilities

    @property
    def credential_header(self) -> CredentialHeader:
        """The header that carries an API key."""
        return self.dialect.credential_header

    def maker(self, wire_model: str) -> str:
        """Return the name under which this model's proofs are known; empty: the provider's own."""
        return self.proof_maker(wire_model)

    def takes_plain_thoughts(self, wire_model: str) -> bool:
        """Return whether earlier thoughts may be sent to this model without a proof."""
        return self.plain_thoughts(wire_model)

    def refusal(self, deployment: Deployment, prompt: Prompt) -> str:
        """Return why this prompt cannot be written for a deployment; empty if it can be."""
        call = AttemptCall(
            deployment=deployment, prompt=prompt, streaming=False, connect_timeout=0.0, timeout=0.0
        )
        try:
            self.encode_body(with_opaque_blocks(call))
        except AttemptFailedError as error:
            return error.failure.message
        except _NOT_ENCODABLE:
            return "the request cannot be encoded as JSON"
        return ""

    def encoding(self, call: AttemptCall) -> Steps[WireRequest]:
        """Write the request for an attempt.

        Raises:
            AttemptFailedError: the prompt asks for what the dialect cannot express.
        """
        headers: Headers = (_CONTENT_TYPE,)
        if self.sends_accept:
            accept = (b"accept", self.stream_type.encode()) if call.streaming else ACCEPT_JSON
            headers = (_CONTENT_TYPE, accept)
        return WireRequest(
            method="POST",
            path=self.path(call),
            headers=headers + self.headers(call),
            body=(yield from self._encoding_body(call)),
        )

    def encode(self, call: AttemptCall) -> WireRequest:
        """Do what `encoding` does, at once."""
        return finished(self.encoding(call))

    def decoder(self, call: AttemptCall, head: ResponseHead) -> AnswerDecoder:
        """Return a reader for the body that came.

        Some servers answer a request for a stream with one body, some the other way round, and some
        announce a stream as JSON, or a body as a stream.
        """
        content_type = head.content_type
        if "html" in content_type:
            return WrongTypeDecoder()
        may_be_stream = self.streams_as_json or "json" not in content_type
        announces_stream = self.stream_type in content_type or (call.streaming and may_be_stream)
        if announces_stream and self.stream_type != EVENT_STREAM:
            return self.stream_decoder(call, head)
        return SniffingDecoder(
            stream=lambda: self.stream_decoder(call, head),
            body=lambda: BodyDecoder(self.body_reader(call, head)),
            announces_stream=announces_stream,
        )

    def _encoding_body(self, call: AttemptCall) -> Steps[bytes]:
        """Encode the body of a request; what JSON cannot hold is the request's own fault."""
        try:
            long = is_long(call.prompt)
            if long:
                yield
            body = self.encode_body(with_opaque_blocks(call))
            if not long:
                return orjson.dumps(body)
            yield
            return (yield from encoding(body))
        except _NOT_ENCODABLE as error:
            raise AttemptFailedError(
                Failure(
                    failure_class=FailureClass.INVALID_REQUEST,
                    message="the request cannot be encoded as JSON: "
                    "it is nested too deeply or holds a value without JSON form",
                )
            ) from error

    def decode_failure(self, head: ResponseHead, body: bytes) -> Failure:
        """Return the failure that a response without success means."""
        if self.read_failure is not None:
            return self.read_failure(head, body)
        return failure_of_response(head, body, self.dialect.errors)

    def probe(self) -> WireRequest:
        """Return a request that is not billed."""
        return WireRequest(
            method="GET",
            path=self.dialect.probe_path,
            headers=(ACCEPT_JSON, *self.probe_headers),
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FormatEntry:
    """A wire format: an adapter for each dialect, and the dialect used where none is named."""

    adapters: Mapping[str, JsonWireFormat]
    default_dialect: str = DEFAULT_DIALECT

    @property
    def name(self) -> str:
        """The format's name in the configuration."""
        return self.adapters[self.default_dialect].name
