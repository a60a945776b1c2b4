"""What a wire format does for the simulator: read requests, write answers and errors.

Everything else (timing, faults, logging, control) is the same for every vendor. A
format is pure: bytes in, bytes out, no sockets and no clocks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from routersvc.simulator.words.completions import Answer, CompletionRequest, SimulatedModel
from routersvc.simulator.words.effects import Effect, Problem


def _nothing() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RequestHead:
    """A request without its body.

    `segments` are the parts of the path between slashes, each decoded by itself: a name
    may hold an encoded slash. `headers` are found whatever the case of their names.
    """

    method: str
    path: str
    segments: tuple[str, ...] = ()
    query: Mapping[str, str] = dataclasses.field(default_factory=_nothing)
    headers: Mapping[str, str] = dataclasses.field(default_factory=_nothing)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ModelList:
    """The client asks which models there are."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ModelCard:
    """The client asks about one model."""

    model: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """The client asks for a completion.

    What some vendors say beside the body: of which model, whether as a stream, and by which
    version of the API.
    """

    model: str | None = None
    streaming: bool | None = None
    version: str | None = None


Operation = ModelList | ModelCard | Completion


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    """A whole HTTP answer; `unsigned` when what tells it from any other is still to be put in."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    unsigned: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """A problem with the particulars that its wording needs.

    `model` is what the client asked for, `retry_after` is in seconds. `status` and
    `message` replace the vendor's. `streaming` says what the client asked for.
    """

    problem: Problem
    model: str
    retry_after: float | None = None
    status: int | None = None
    message: str | None = None
    streaming: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Headroom:
    """What is left of the rate limits; `*_reset` is in seconds until all is back."""

    limit_requests: int
    limit_tokens: int
    remaining_requests: int
    remaining_tokens: int
    requests_reset: float
    tokens_reset: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What tells one answer from another: `serial` counts, `created` is in seconds since 1970."""

    serial: int
    created: int


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class StreamScript:
    """A streamed answer as the frames to send, in order, not yet signed.

    `contents` pairs each frame with the tokens in it. The `terminator` is the last that
    tells a client that the answer is whole. A keep-alive carries no content and may stand
    between any two frames; it is empty where the vendor has none.
    """

    opening: bytes
    contents: tuple[tuple[bytes, int], ...]
    closing: bytes
    terminator: bytes
    keep_alive: bytes


class RefusedError(Exception):
    """A request that the vendor itself would refuse; `answer` is what it would say."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def bearer_token(head: RequestHead) -> str | None:
    """Return the token of a request that authenticates itself with `Bearer`, if it does."""
    scheme, _, token = head.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


class WireFormat(Protocol):
    """One vendor's way to speak."""

    @property
    def base_path(self) -> str:
        """What stands behind the origin in the base URL that the vendor's clients are given."""
        ...

    @property
    def stream_content_type(self) -> str:
        """The content type of a streamed answer."""
        ...

    @property
    def unary_content_type(self) -> str:
        """The content type of a unary answer and of the model list."""
        ...

    @property
    def unary_keep_alive(self) -> bytes:
        """What may precede a unary body to show that the connection lives."""
        ...

    def operation(self, head: RequestHead) -> Operation:
        """Return what a request line asks for.

        Raises:
            RefusedError: nothing is there.
        """
        ...

    def credential(self, head: RequestHead) -> str | None:
        """Return the API key of a request, if it has one.

        Raises:
            RefusedError: there is something in its place that cannot be one.
        """
        ...

    def unauthorised(self, credential: str | None) -> HttpAnswer:
        """Return the answer to a missing or wrong API key."""
        ...

    def admit(self, head: RequestHead) -> None:
        """Check what else the vendor wants to see before it looks at a body.

        Raises:
            RefusedError: a header or a parameter of the query is missing or wrong.
        """
        ...

    def shows(self, effect: Effect, request: CompletionRequest) -> bool:
        """Whether a fault can be seen in the answer to this request."""
        ...

    def read(self, completion: Completion, body: bytes) -> CompletionRequest:
        """Return what a body asks for.

        Raises:
            RefusedError: the vendor would not accept it.
        """
        ...

    def models(self) -> bytes:
        """Return the body of the model list."""
        ...

    def model(self, name: str) -> bytes:
        """Return the body that describes one model.

        Raises:
            RefusedError: there is no such model.
        """
        ...

    def refuse_schema(self, request: CompletionRequest, problem: str) -> HttpAnswer:
        """Return the answer to a JSON schema that no instance can be made for."""
        ...

    def unary(self, answer: Answer, request: CompletionRequest) -> bytes:
        """Return the body of a unary answer, not yet signed."""
        ...

    def stream(
        self, answer: Answer, request: CompletionRequest, tokens_per_chunk: int
    ) -> StreamScript:
        """Return the frames of a streamed answer, not yet signed."""
        ...

    def sign(self, data: bytes, identity: Identity) -> bytes:
        """Put into whole frames, or a body, what tells this answer from any other."""
        ...

    def error(self, complaint: Complaint) -> HttpAnswer:
        """Return the answer that says a problem."""
        ...

    def error_event(self, complaint: Complaint) -> bytes:
        """Return the frame that says a problem inside a stream."""
        ...

    def broken(self, frame: bytes) -> bytes:
        """Return a content frame with its content cut, so that it can no longer be read."""
        ...

    def headers(
        self, identity: Identity, headroom: Headroom, processing: float, status: int
    ) -> tuple[tuple[str, str], ...]:
        """Return the headers of every answer with this status; `processing` is in seconds."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """The models of one provider, found by id or by version."""

    models: tuple[SimulatedModel, ...]
    by_name: Mapping[str, SimulatedModel]

    @classmethod
    def of(cls, models: tuple[SimulatedModel, ...]) -> Offer:
        """Return the offer of these models."""
        return cls(
            models=models,
            by_name={name: model for model in models for name in (model.id, model.reported_name)},
        )
