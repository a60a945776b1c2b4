"""Azure OpenAI's chat completions: OpenAI's format behind Microsoft's gateway.

Under `/openai/deployments/NAME/...?api-version=...` the deployment decides on the model,
whatever the body names; under `/openai/v1/...` the body names the deployment. Answers
carry the content filters' results, streams begin with those of the prompt; the
gateway's errors and headers are its own.
"""

from __future__ import annotations

import re
import uuid

import orjson

from routersvc.simulator.formats.azure.errors import (
    error_answer,
    error_event,
    not_found,
    unauthorised,
    unknown_deployment,
)
from routersvc.simulator.formats.openai.chat import OpenAIChatFormat
from routersvc.simulator.formats.openai.chunks import Marks
from routersvc.simulator.formats.openai.requests import read_request
from routersvc.simulator.formats.sse_frames import data_event
from routersvc.simulator.formats.wire_format import (
    Complaint,
    Completion,
    Headroom,
    HttpAnswer,
    Identity,
    ModelCard,
    ModelList,
    Offer,
    Operation,
    RequestHead,
    StreamScript,
    bearer_token,
)
from routersvc.simulator.words.completions import Answer, CompletionRequest, SimulatedModel
from routersvc.simulator.words.effects import Effect

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
_SAFE = {"filtered": False, "severity": "safe"}
_CATEGORIES = dict.fromkeys(("hate", "self_harm", "sexual", "violence"), _SAFE)
_PROMPT = [
    {
        "prompt_index": 0,
        "content_filter_results": {
            "hate": _SAFE,
            "jailbreak": {"filtered": False, "detected": False},
            "self_harm": _SAFE,
            "sexual": _SAFE,
            "violence": _SAFE,
        },
    }
]


def _results(results: object) -> bytes:
    return b'"content_filter_results":%s,' % orjson.dumps(results)


_MARKS = Marks(
    body=b'"prompt_filter_results":%s,' % orjson.dumps(_PROMPT),
    event=data_event(
        orjson.dumps(
            {
                "choices": [],
                "created": 0,
                "id": "",
                "model": "",
                "object": "",
                "prompt_filter_results": _PROMPT,
            }
        )
    ),
    content=_results(_CATEGORIES),
    bare=_results({}),
    filtered=_results({**_CATEGORIES, "violence": {"filtered": True, "severity": "medium"}}),
)
_REGION = "Sweden Central"


class AzureOpenAIFormat:
    """The format of one resource; its deployments are named as the models."""

    base_path = ""
    stream_content_type = "text/event-stream; charset=utf-8"
    unary_content_type = "application/json"
    unary_keep_alive = b"\n"

    def __init__(self, models: tuple[SimulatedModel, ...], seed: int) -> None:
        self._offer = Offer.of(models)
        self._model = OpenAIChatFormat(models, seed, _MARKS)
        self._space = uuid.uuid5(uuid.NAMESPACE_OID, f"azure {seed}")

    def operation(self, head: RequestHead) -> Operation:
        """Return what a request line asks for.

        Raises:
            RefusedError: nothing is there, with the gateway's 404.
        """
        match head.method, head.segments:
            case "POST", ("openai", "deployments", name, "chat", "completions"):
                return Completion(model=name)
            case "POST", ("openai", "v1", "chat", "completions"):
                return Completion()
            case "GET", ("openai", "models") | ("openai", "v1", "models"):
                return ModelList()
            case "GET", ("openai", "models", name) | ("openai", "v1", "models", name):
                return ModelCard(model=name)
            case _:
                raise not_found()

    def credential(self, head: RequestHead) -> str | None:
        """Return the API key, or the token of those who log in with Entra ID."""
        return head.headers.get("api-key") or bearer_token(head)

    def unauthorised(self, credential: str | None) -> HttpAnswer:  # noqa: ARG002 - said of neither
        """Return the gateway's 401."""
        return unauthorised()

    def admit(self, head: RequestHead) -> None:
        """Check the API version, which the paths before `v1` want.

        Raises:
            RefusedError: it is missing or none, with the gateway's 404.
        """
        version = head.query.get("api-version")
        if "v1" not in head.segments and not _VERSION.fullmatch(version or ""):
            raise not_found()

    def shows(self, effect: Effect, request: CompletionRequest) -> bool:
        """Return whether a fault can be seen in the answer."""
        return self._model.shows(effect, request)

    def read(self, completion: Completion, body: bytes) -> CompletionRequest:
        """Return what a body asks for.

        Raises:
            RefusedError: there is no such deployment, or its model would not accept it.
        """
        deployed = None
        if completion.model is not None:
            deployed = self._offer.by_name.get(completion.model)
            if deployed is None:
                raise unknown_deployment()
        return read_request(body, self._offer, deployed)

    def models(self) -> bytes:
        """Return the body of the model list."""
        return self._model.models()

    def model(self, name: str) -> bytes:
        """Return the body that describes one model.

        Raises:
            RefusedError: there is no such model.
        """
        return self._model.model(name)

    def refuse_schema(self, request: CompletionRequest, problem: str) -> HttpAnswer:
        """Return the answer to a schema that no instance can be made for."""
        return self._model.refuse_schema(request, problem)

    def unary(self, answer: Answer, request: CompletionRequest) -> bytes:
        """Return the unsigned body of a unary answer."""
        return self._model.unary(answer, request)

    def stream(
        self, answer: Answer, request: CompletionRequest, tokens_per_chunk: int
    ) -> StreamScript:
        """Return the unsigned frames of a streamed answer."""
        return self._model.stream(answer, request, tokens_per_chunk)

    def sign(self, data: bytes, identity: Identity) -> bytes:
        """Put id and creation time into an answer."""
        return self._model.sign(data, identity)

    def error(self, complaint: Complaint) -> HttpAnswer:
        """Return the answer that says a problem."""
        return error_answer(complaint)

    def error_event(self, complaint: Complaint) -> bytes:
        """Return the event that says a problem inside a stream."""
        return error_event(complaint)

    def broken(self, frame: bytes) -> bytes:
        """Return the first event of a frame, its JSON ending in the middle."""
        return self._model.broken(frame)

    def headers(
        self,
        identity: Identity,
        headroom: Headroom,
        processing: float,  # noqa: ARG002 - not told
        status: int,
    ) -> tuple[tuple[str, str], ...]:
        """Return the gateway's headers, and the model's where one answered."""
        request_id = str(uuid.uuid5(self._space, str(identity.serial)))
        headers = (("apim-request-id", request_id), ("x-ms-region", _REGION))
        if status != 200:  # noqa: PLR2004 - the one that means an answer
            return headers
        return (
            *headers,
            ("x-ms-rai-invoked", "true"),
            ("x-ratelimit-limit-requests", str(headroom.limit_requests)),
            ("x-ratelimit-limit-tokens", str(headroom.limit_tokens)),
            ("x-ratelimit-remaining-requests", str(headroom.remaining_requests)),
            ("x-ratelimit-remaining-tokens", str(headroom.remaining_tokens)),
            ("x-request-id", str(uuid.uuid5(self._space, f"model {identity.serial}"))),
        )
