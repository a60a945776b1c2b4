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

from routersvc.simulator.answers.completions import CompletionRequest
from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.formats.azure.errors import ERRORS
from routersvc.simulator.formats.openai.chat import OpenAIChatFormat
from routersvc.simulator.formats.openai.chunks import Marks
from routersvc.simulator.formats.openai.requests import read_request
from routersvc.simulator.formats.operations import (
    Completion,
    ModelCard,
    ModelList,
    Operation,
    RequestHead,
    bearer_token,
)
from routersvc.simulator.formats.replies import Headers, Headroom, Identity
from routersvc.simulator.formats.sse_frames import data_event

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


class AzureOpenAIFormat(OpenAIChatFormat):
    """The format of one resource; its deployments are named as the models."""

    base_path = ""
    marks = _MARKS
    errors = ERRORS

    def __init__(self, models: tuple[SimulatedModel, ...], seed: int) -> None:
        super().__init__(models, seed)
        self._space = uuid.uuid5(uuid.NAMESPACE_OID, f"azure {seed}")

    def operation(self, head: RequestHead) -> Operation:
        """Return what a request line asks for.

        Raises:
            RefusedError: unknown path, reported as the gateway's 404.
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
                raise self.errors.unknown_path()

    def credential(self, head: RequestHead) -> str | None:
        """Return the API key, or the token of those who log in with Entra ID."""
        return head.headers.get("api-key") or bearer_token(head)

    def admit(self, head: RequestHead) -> None:
        """Check the API version, which the paths before `v1` want.

        Raises:
            RefusedError: it is missing or none, with the gateway's 404.
        """
        version = head.query.get("api-version")
        if "v1" not in head.segments and not _VERSION.fullmatch(version or ""):
            raise self.errors.unknown_path()

    def read(self, completion: Completion, body: bytes) -> CompletionRequest:
        """Return the parsed request body.

        Raises:
            RefusedError: there is no such deployment, or its model would not accept it.
        """
        deployed = None
        if completion.model is not None:
            deployed = self._offer.by_name.get(completion.model)
            if deployed is None:
                raise ERRORS.unknown_deployment()
        return read_request(body, self._offer, deployed)

    def headers(
        self,
        identity: Identity,
        headroom: Headroom,
        processing: float,  # noqa: ARG002 - not reported
        status: int,
    ) -> Headers:
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
