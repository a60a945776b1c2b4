"""Azure OpenAI's errors: the gateway's own codes, the model's in OpenAI's shape.

What the gateway refuses (keys, deployments, quota) has a code of its own and neither
type nor parameter; what the model refuses looks as at OpenAI. A prompt that the content
filter blocks is a 400 with the filter's results.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import orjson

from routersvc.simulator.faults.effects import Problem
from routersvc.simulator.formats.openai import errors as openai_errors
from routersvc.simulator.formats.replies import Complaint, HttpAnswer, RefusedError
from routersvc.simulator.formats.sse_frames import data_event
from routersvc.simulator.formats.vendor_errors import VendorError, VendorErrors

_DEFAULT_WAIT = 9.0
_OPERATION = (
    "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21"
)
_BAD_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
    "valid key for an active subscription and use a correct regional API endpoint for your "
    "resource."
)


_TABLE: Mapping[Problem, VendorError] = MappingProxyType(
    {
        Problem.RATE_LIMIT: VendorError(
            status=429,
            code="429",
            message=(
                f"{_OPERATION} have exceeded token rate limit of your current OpenAI S0 pricing "
                "tier. Please retry after {wait} seconds."
            ),
            retry_after=_DEFAULT_WAIT,
            headers=(
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "{wait}"),
            ),
        ),
        Problem.INSUFFICIENT_QUOTA: VendorError(
            status=429,
            code="429",
            message=(
                f"{_OPERATION} have exceeded token rate limit of your current AIServices S0 "
                "pricing tier. Please retry after {wait} seconds."
            ),
            retry_after=86_400.0,
        ),
        Problem.SLOW_DOWN: VendorError(
            status=429,
            code="RateLimitReached",
            message="Your requests to {model} for {model} in westeurope have exceeded rate limit.",
            retry_after=1.0,
        ),
        Problem.AUTH: VendorError(status=401, code="401", message=_BAD_KEY),
        Problem.FORBIDDEN: VendorError(
            status=403,
            code="403",
            message="Access denied due to Virtual Network/Firewall rules.",
        ),
        Problem.MODEL_NOT_FOUND: VendorError(
            status=404,
            type="invalid_request_error",
            code="DeploymentNotFound",
            message="The API deployment for this resource does not exist.",
        ),
        Problem.OVERLOADED: VendorError(
            status=503,
            code="ServiceUnavailable",
            message=(
                "The service is temporarily unable to process your request. Please try again later."
            ),
        ),
        Problem.SERVER_ERROR: VendorError(
            status=500,
            code="InternalServerError",
            message="The server had an error while processing your request. Sorry about that!",
        ),
    }
)
_FILTERED = {
    "error": {
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
}


class AzureErrors(VendorErrors):
    """The errors of Azure's gateway; what the gateway does not report, the model does."""

    @property
    def table(self) -> Mapping[Problem, VendorError]:
        """The recorded errors."""
        return _TABLE

    def answer(self, error: VendorError) -> HttpAnswer:
        """Return an error of the gateway with the headers that say when to try again."""
        headers = error.headers
        wait = error.retry_after
        if wait is not None:
            milliseconds = str(round(wait * 1000))
            headers = (
                ("retry-after", self.wait_text(wait)),
                ("retry-after-ms", milliseconds),
                *headers,
            )
        body = orjson.dumps({"error": _error(error)})
        return HttpAnswer(status=error.status, body=body, headers=headers)

    def answer_to(self, complaint: Complaint) -> HttpAnswer:
        """Return the answer of the gateway, of the content filter, or of the model."""
        if complaint.problem is Problem.CONTENT_POLICY:
            return HttpAnswer(status=complaint.status or 400, body=orjson.dumps(_FILTERED))
        if complaint.problem in _TABLE:
            return super().answer_to(complaint)
        return openai_errors.ERRORS.answer_to(complaint)

    def event(self, error: VendorError) -> bytes:
        """Return an error of the gateway as a `data:` event."""
        return data_event(orjson.dumps({"error": _error(error)}))

    def event_for(self, complaint: Complaint) -> bytes:
        """Return the event of the gateway, of the content filter, or of the model."""
        if complaint.problem is Problem.CONTENT_POLICY:
            return data_event(orjson.dumps(_FILTERED))
        if complaint.problem in _TABLE:
            return super().event_for(complaint)
        return openai_errors.ERRORS.event_for(complaint)

    def unauthorised(self, credential: str | None) -> HttpAnswer:  # noqa: ARG002 - the same for both
        """Return the gateway's 401."""
        return self.answer(_TABLE[Problem.AUTH])

    def unknown_model(self, name: str) -> RefusedError:
        """Return the model's refusal of a model that the resource does not offer."""
        return openai_errors.ERRORS.unknown_model(name)

    def unknown_deployment(self) -> RefusedError:
        """Return the gateway's refusal of a deployment that does not exist."""
        return RefusedError(self.answer(_TABLE[Problem.MODEL_NOT_FOUND]))

    def unknown_path(self) -> RefusedError:
        """Return the gateway's 404 for a path or an API version that does not exist."""
        return RefusedError(
            self.answer(VendorError(status=404, code="404", message="Resource not found"))
        )

    def invalid_schema(self, place: str, problem: str) -> RefusedError:
        """Return the model's refusal of a JSON schema."""
        return openai_errors.ERRORS.invalid_schema(place, problem)

    def wait_text(self, seconds: float) -> str:
        """Return a time to wait in whole seconds."""
        return str(math.ceil(seconds))


ERRORS = AzureErrors()


def _error(error: VendorError) -> Mapping[str, object]:
    kind = {} if error.type is None else {"type": error.type}
    return {**kind, "code": error.code, "message": error.message}
