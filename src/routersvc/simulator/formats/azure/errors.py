"""Azure OpenAI's errors: the gateway's own codes, the model's in OpenAI's shape.

What the gateway refuses (keys, deployments, quota) has a code of its own and neither
type nor parameter; what the model refuses looks as at OpenAI. A prompt that the content
filter blocks is a 400 with the filter's results.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from types import MappingProxyType

import orjson

from routersvc.simulator.formats.openai import errors as openai_errors
from routersvc.simulator.formats.wire_format import Complaint, HttpAnswer, RefusedError
from routersvc.simulator.words.effects import Problem

_DEFAULT_WAIT = 9.0
_OPERATION = (
    "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21"
)
_BAD_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
    "valid key for an active subscription and use a correct regional API endpoint for your "
    "resource."
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Wording:
    status: int
    code: str
    message: str
    type: str | None = None
    retry_after: float | None = None


_WORDINGS: Mapping[Problem, _Wording] = MappingProxyType(
    {
        Problem.RATE_LIMIT: _Wording(
            status=429,
            code="429",
            message=(
                f"{_OPERATION} have exceeded token rate limit of your current OpenAI S0 pricing "
                "tier. Please retry after {wait} seconds."
            ),
            retry_after=_DEFAULT_WAIT,
        ),
        Problem.INSUFFICIENT_QUOTA: _Wording(
            status=429,
            code="429",
            message=(
                f"{_OPERATION} have exceeded token rate limit of your current AIServices S0 "
                "pricing tier. Please retry after {wait} seconds."
            ),
            retry_after=86_400.0,
        ),
        Problem.SLOW_DOWN: _Wording(
            status=429,
            code="RateLimitReached",
            message="Your requests to {model} for {model} in westeurope have exceeded rate limit.",
            retry_after=1.0,
        ),
        Problem.AUTH: _Wording(status=401, code="401", message=_BAD_KEY),
        Problem.FORBIDDEN: _Wording(
            status=403,
            code="403",
            message="Access denied due to Virtual Network/Firewall rules.",
        ),
        Problem.MODEL_NOT_FOUND: _Wording(
            status=404,
            type="invalid_request_error",
            code="DeploymentNotFound",
            message="The API deployment for this resource does not exist.",
        ),
        Problem.OVERLOADED: _Wording(
            status=503,
            code="ServiceUnavailable",
            message=(
                "The service is temporarily unable to process your request. Please try again later."
            ),
        ),
        Problem.SERVER_ERROR: _Wording(
            status=500,
            code="InternalServerError",
            message="The server had an error while processing your request. Sorry about that!",
        ),
    }
)
_FILTERED_PROMPT: Mapping[str, object] = MappingProxyType(
    {
        "message": (
            "The response was filtered due to the prompt triggering Azure OpenAI's content "
            "management policy. Please modify your prompt and retry."
        ),
        "type": None,
        "param": "prompt",
        "code": "content_filter",
        "status": 400,
        "innererror": {
            "code": "ResponsibleAIPolicyViolation",
            "content_filter_result": {
                "hate": {"filtered": False, "severity": "safe"},
                "jailbreak": {"filtered": True, "detected": True},
                "self_harm": {"filtered": False, "severity": "safe"},
                "sexual": {"filtered": False, "severity": "safe"},
                "violence": {"filtered": False, "severity": "safe"},
            },
        },
    }
)


def error_answer(complaint: Complaint) -> HttpAnswer:
    """Return the HTTP answer that says a problem."""
    if complaint.problem is Problem.CONTENT_POLICY:
        body = orjson.dumps({"error": dict(_FILTERED_PROMPT)})
        return HttpAnswer(status=complaint.status or 400, body=body)
    wording = _WORDINGS.get(complaint.problem)
    if wording is None:
        return openai_errors.error_answer(complaint)
    wait = _wait(complaint, wording)
    headers: tuple[tuple[str, str], ...] = ()
    if wait is not None:
        headers = (
            ("retry-after", str(math.ceil(wait))),
            ("retry-after-ms", str(round(wait * 1000))),
        )
    if complaint.problem is Problem.RATE_LIMIT and wait is not None:
        headers += (
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", str(math.ceil(wait))),
        )
    return HttpAnswer(
        status=complaint.status or wording.status,
        body=orjson.dumps({"error": _error(complaint, wording)}),
        headers=headers,
    )


def error_event(complaint: Complaint) -> bytes:
    """Return the event that says a problem inside a stream."""
    if complaint.problem is Problem.CONTENT_POLICY:
        return b"data: " + orjson.dumps({"error": dict(_FILTERED_PROMPT)}) + b"\n\n"
    wording = _WORDINGS.get(complaint.problem)
    if wording is None:
        return openai_errors.error_event(complaint)
    return b"data: " + orjson.dumps({"error": _error(complaint, wording)}) + b"\n\n"


def unauthorised() -> HttpAnswer:
    """Return the answer to a missing or wrong API key."""
    return error_answer(Complaint(problem=Problem.AUTH, model=""))


def unknown_deployment() -> RefusedError:
    """Return the exception for a deployment that is not there."""
    return RefusedError(error_answer(Complaint(problem=Problem.MODEL_NOT_FOUND, model="")))


def not_found() -> RefusedError:
    """Return the exception for a path, or an API version, that is not there."""
    body = orjson.dumps({"error": {"code": "404", "message": "Resource not found"}})
    return RefusedError(HttpAnswer(status=404, body=body))


def _error(complaint: Complaint, wording: _Wording) -> Mapping[str, object]:
    said = complaint.message or wording.message
    wait = _wait(complaint, wording) or 0.0
    message = said.replace("{model}", complaint.model).replace("{wait}", str(math.ceil(wait)))
    kind = {} if wording.type is None else {"type": wording.type}
    return {**kind, "code": wording.code, "message": message}


def _wait(complaint: Complaint, wording: _Wording) -> float | None:
    return wording.retry_after if complaint.retry_after is None else complaint.retry_after
