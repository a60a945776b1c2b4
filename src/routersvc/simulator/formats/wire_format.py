"""The interface of a vendor's wire format, with defaults for what most vendors do.

A wire format reads requests and writes answers and errors. It is pure: bytes in, bytes out, no
sockets and no clocks. Timing, faults, logging and control are the same for every vendor.
"""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar

import orjson

from routersvc.simulator.answers.completions import Answer, CompletionRequest
from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.faults.effects import Effect
from routersvc.simulator.formats.offers import Offer
from routersvc.simulator.formats.operations import (
    Completion,
    ModelCard,
    ModelList,
    Operation,
    RequestHead,
    bearer_token,
)
from routersvc.simulator.formats.replies import (
    Complaint,
    Headers,
    Headroom,
    HttpAnswer,
    Identity,
    StreamScript,
)
from routersvc.simulator.formats.sse_frames import broken_event
from routersvc.simulator.formats.vendor_errors import VendorErrors

Json = dict[str, object]


class WireFormat(abc.ABC):
    """The wire format of one provider.

    `base_path` follows the origin in the base URL of the vendor's clients. `unary_keep_alive` may
    precede a unary body to show that the connection is alive. `completion_path` is empty where one
    path is not enough. `schema_places` names the fields that hold the schema of the answer and
    the schemas of tools.
    """

    base_path: ClassVar[str] = ""
    stream_content_type: ClassVar[str] = "text/event-stream; charset=utf-8"
    unary_content_type: ClassVar[str] = "application/json"
    unary_keep_alive: ClassVar[bytes] = b"\n"
    completion_path: ClassVar[tuple[str, ...]] = ()
    models_path: ClassVar[tuple[str, ...]] = ("v1", "models")
    schema_places: ClassVar[tuple[str, str]] = ("response_format", "tools")
    errors: ClassVar[VendorErrors]

    def __init__(self, models: tuple[SimulatedModel, ...]) -> None:
        self._offer = Offer.of(models)

    def operation(self, head: RequestHead) -> Operation:
        """Return what a request line asks for.

        Raises:
            RefusedError: the path does not exist, or not for this method.
        """
        if head.method == "POST" and head.segments == self.completion_path:
            return Completion()
        if head.method == "GET" and head.segments == self.models_path:
            return ModelList()
        if head.method == "GET" and head.segments[:-1] == self.models_path:
            return ModelCard(model=head.segments[-1])
        raise self.errors.unknown_path()

    def credential(self, head: RequestHead) -> str | None:
        """Return the API key of a request, if it has one: by default the bearer token.

        Raises:
            RefusedError: the credential is malformed.
        """
        return bearer_token(head)

    def unauthorised(self, credential: str | None) -> HttpAnswer:
        """Return the answer to a missing or wrong API key."""
        return self.errors.unauthorised(credential)

    def admit(self, head: RequestHead) -> None:  # noqa: B027 - most vendors check nothing else
        """Check the other headers and query parameters that the vendor requires.

        Raises:
            RefusedError: one is missing or wrong.
        """

    def shows(self, effect: Effect, request: CompletionRequest) -> bool:  # noqa: ARG002 - overridden
        """Return whether a fault would be visible in the answer to this request."""
        return True

    @abc.abstractmethod
    def read(self, completion: Completion, body: bytes) -> CompletionRequest:
        """Return the parsed request body.

        Raises:
            RefusedError: the vendor would not accept it.
        """

    def models(self) -> bytes:
        """Return the body of the model list."""
        return self._encoded(self._listed([self._card(model) for model in self._offer.models]))

    def model(self, name: str) -> bytes:
        """Return the body that describes one model.

        Raises:
            RefusedError: there is no such model.
        """
        return self._encoded(self._card(self._offer.model(name, self.errors.unknown_model)))

    def refuse_schema(self, request: CompletionRequest, problem: str) -> HttpAnswer:
        """Return the answer to a JSON schema that no instance can be made for."""
        of_answer, of_tools = self.schema_places
        place = of_tools if request.json_schema is None else of_answer
        return self.errors.invalid_schema(place, problem).answer

    @abc.abstractmethod
    def unary(self, answer: Answer, request: CompletionRequest) -> bytes:
        """Return the body of a unary answer, not yet signed."""

    @abc.abstractmethod
    def stream(
        self, answer: Answer, request: CompletionRequest, tokens_per_chunk: int
    ) -> StreamScript:
        """Return the frames of a streamed answer, not yet signed."""

    @abc.abstractmethod
    def sign(self, data: bytes, identity: Identity) -> bytes:
        """Return whole frames, or a body, with the ids and times of this answer filled in."""

    def error(self, complaint: Complaint) -> HttpAnswer:
        """Return the HTTP answer for a problem."""
        return self.errors.answer_to(complaint)

    def error_event(self, complaint: Complaint) -> bytes:
        """Return the frame for a problem inside a stream."""
        return self.errors.event_for(complaint)

    def broken(self, frame: bytes) -> bytes:
        """Return a content frame that cannot be parsed: its JSON ends in the middle."""
        return broken_event(frame)

    @abc.abstractmethod
    def headers(
        self, identity: Identity, headroom: Headroom, processing: float, status: int
    ) -> Headers:
        """Return the headers of every answer with this status; `processing` is in seconds."""

    @abc.abstractmethod
    def _card(self, model: SimulatedModel) -> Json:
        """Return the description of one model."""

    @abc.abstractmethod
    def _listed(self, cards: Sequence[Json]) -> Json:
        """Return the model list with these descriptions."""

    def _encoded(self, value: Json) -> bytes:
        """Return the description or the list of models as JSON."""
        return orjson.dumps(value)
