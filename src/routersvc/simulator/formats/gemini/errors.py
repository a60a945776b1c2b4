"""Gemini's errors: status and body of each problem, and messages for invalid fields.

Google's error model: a code, a canonical status, a sentence, and typed details. The time
to wait stands in a detail and in the sentence, never in a header.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson

from routersvc.simulator.faults.effects import Problem
from routersvc.simulator.formats.json_fields import JsonType, Place
from routersvc.simulator.formats.replies import Complaint, HttpAnswer, RefusedError
from routersvc.simulator.formats.vendor_errors import VendorError, VendorErrors

CONTENT_TYPE = "application/json; charset=UTF-8"
STREAM_CONTENT_TYPE = "text/event-stream"

_TYPES = "type.googleapis.com/google.rpc."
_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_METRIC = "generativelanguage.googleapis.com/generate_content_paid_tier"
_DEFAULT_WAIT = 20.0
_KEY_INVALID = "API_KEY_INVALID"
_BAD_KEY = "API key not valid. Please pass a valid API key."


_TABLE: Mapping[Problem, VendorError] = MappingProxyType(
    {
        Problem.RATE_LIMIT: VendorError(
            status=429,
            type="RESOURCE_EXHAUSTED",
            message=f"{_QUOTA} Please retry in {{wait}}s.",
            retry_after=_DEFAULT_WAIT,
        ),
        Problem.REQUEST_TOO_LARGE: VendorError(
            status=429,
            type="RESOURCE_EXHAUSTED",
            message=_QUOTA,
        ),
        Problem.INSUFFICIENT_QUOTA: VendorError(
            status=429,
            type="RESOURCE_EXHAUSTED",
            message=_QUOTA,
        ),
        Problem.SPEND_LIMIT: VendorError(
            status=402, type="RESOURCE_EXHAUSTED", message="Prepayment credits exhausted."
        ),
        Problem.AUTH: VendorError(status=400, type="INVALID_ARGUMENT", message=_BAD_KEY),
        Problem.FORBIDDEN: VendorError(
            status=403,
            type="PERMISSION_DENIED",
            message=(
                "Generative Language API has not been used in project 12345678 before or it is "
                "disabled."
            ),
        ),
        Problem.MODEL_NOT_FOUND: VendorError(
            status=404,
            type="NOT_FOUND",
            message=(
                "models/{model} is not found for API version v1beta, or is not supported for "
                "generateContent. Call ListModels to see the list of available models and their "
                "supported methods."
            ),
        ),
        Problem.INVALID_REQUEST: VendorError(
            status=400,
            type="INVALID_ARGUMENT",
            message="Request contains an invalid argument.",
        ),
        Problem.CONTEXT_LENGTH: VendorError(
            status=400,
            type="INVALID_ARGUMENT",
            message=(
                "The input token count (1250074) exceeds the maximum number of tokens allowed "
                "(1048576)."
            ),
        ),
        Problem.OVERLOADED: VendorError(
            status=503,
            type="UNAVAILABLE",
            message="The model is overloaded. Please try again later.",
        ),
        Problem.SLOW_DOWN: VendorError(
            status=503,
            type="UNAVAILABLE",
            message=(
                "This model is currently experiencing high demand. Spikes in demand are usually "
                "temporary. Please try again later."
            ),
        ),
        Problem.SERVER_ERROR: VendorError(
            status=500,
            type="INTERNAL",
            message=(
                "An internal error has occurred. Please retry or report in "
                "https://developers.generativeai.google/guide/troubleshooting"
            ),
        ),
    }
)
# Metric and id of the quota that each problem reports as exceeded.
_QUOTAS: Mapping[Problem, tuple[str, str]] = MappingProxyType(
    {
        Problem.RATE_LIMIT: (
            f"{_METRIC}_requests",
            "GenerateRequestsPerMinutePerProjectPerModel-PaidTier",
        ),
        Problem.REQUEST_TOO_LARGE: (
            f"{_METRIC}_input_token_count",
            "GenerateContentPaidTierInputTokensPerModelPerMinute",
        ),
        Problem.INSUFFICIENT_QUOTA: (
            "generativelanguage.googleapis.com/generate_content_free_tier_requests",
            "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
        ),
    }
)
_REASONS: Mapping[Problem, str] = MappingProxyType(
    {Problem.AUTH: _KEY_INVALID, Problem.FORBIDDEN: "SERVICE_DISABLED"}
)
# The prompt was refused: with status 200, as every answer of the model.
_BLOCKED = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
_TYPE_NAMES: Mapping[JsonType, str] = MappingProxyType(
    {
        JsonType.TEXT: "TYPE_STRING",
        JsonType.INTEGER: "TYPE_INT32",
        JsonType.NUMBER: "TYPE_FLOAT",
        JsonType.SWITCH: "TYPE_BOOL",
        JsonType.OBJECT: "TYPE_MESSAGE",
        JsonType.LIST: "TYPE_MESSAGE",
    }
)


class GeminiErrors(VendorErrors):
    """Gemini's errors; `type` is the canonical status."""

    @property
    def table(self) -> Mapping[Problem, VendorError]:
        """The recorded errors."""
        return _TABLE

    def answer(self, error: VendorError) -> HttpAnswer:
        """Return an error as Google's error model."""
        return HttpAnswer(status=error.status, body=_body(error), content_type=CONTENT_TYPE)

    def answer_to(self, complaint: Complaint) -> HttpAnswer:
        """Return the answer for a problem; a blocked prompt is a status 200."""
        if complaint.problem is not Problem.CONTENT_POLICY:
            return super().answer_to(complaint)
        body = orjson.dumps(_BLOCKED)
        return HttpAnswer(
            status=complaint.status or 200,
            body=b"data: %s\r\n\r\n" % body if complaint.streaming else body,
            content_type=STREAM_CONTENT_TYPE if complaint.streaming else CONTENT_TYPE,
        )

    def event(self, error: VendorError) -> bytes:
        """Return an error as bare JSON, outside of any event."""
        return _body(error) + b"\n"

    def event_for(self, complaint: Complaint) -> bytes:
        """Return the frame for a problem; a blocked prompt is an ordinary event."""
        if complaint.problem is Problem.CONTENT_POLICY:
            return b"data: %s\r\n\r\n" % orjson.dumps(_BLOCKED)
        return super().event_for(complaint)

    def reported(self, complaint: Complaint) -> VendorError:
        """Return the error of a problem with its typed details."""
        error = super().reported(complaint)
        return dataclasses.replace(error, details=_details(complaint, error.retry_after))

    def unauthorised(self, credential: str | None) -> HttpAnswer:
        """Return the answer to a missing or wrong API key."""
        if credential is not None:
            return self.answer_to(Complaint(problem=Problem.AUTH, model=""))
        return refusal(
            "Method doesn't allow unregistered callers (callers without established identity). "
            "Please use API Key or other form of API consumer identity to call this API.",
            code=403,
            status="PERMISSION_DENIED",
        ).answer

    def unknown_model(self, name: str) -> RefusedError:
        """Return the refusal of a model that the provider does not offer."""
        return RefusedError(self.answer_to(Complaint(problem=Problem.MODEL_NOT_FOUND, model=name)))

    def unknown_path(self) -> RefusedError:
        """Return Google's 404."""
        return refusal("Method not found.", code=404, status="NOT_FOUND")

    def invalid_schema(self, place: str, problem: str) -> RefusedError:
        """Return the refusal of a JSON schema."""
        return refusal(f"* GenerateContentRequest.{place}: {problem}\n")


ERRORS = GeminiErrors()


def refusal(message: str, *, code: int = 400, status: str = "INVALID_ARGUMENT") -> RefusedError:
    """Return the exception that carries a refusal."""
    return RefusedError(ERRORS.answer(VendorError(status=code, message=message, type=status)))


def _body(error: VendorError) -> bytes:
    told: dict[str, object] = {
        "code": error.status,
        "message": error.message,
        "status": error.type,
    }
    if error.details:
        told["details"] = error.details
    return orjson.dumps({"error": told}, option=orjson.OPT_INDENT_2)


def _details(complaint: Complaint, wait: float | None) -> Sequence[Mapping[str, object]]:
    if complaint.problem in _REASONS:
        return _reason(_REASONS[complaint.problem])
    if complaint.problem not in _QUOTAS:
        return ()
    metric, quota = _QUOTAS[complaint.problem]
    details: list[Mapping[str, object]] = [
        {
            "@type": f"{_TYPES}QuotaFailure",
            "violations": [
                {
                    "quotaMetric": metric,
                    "quotaId": quota,
                    "quotaDimensions": {"location": "global", "model": complaint.model},
                }
            ],
        },
        {
            "@type": f"{_TYPES}Help",
            "links": [
                {
                    "description": "Learn more about Gemini API quotas",
                    "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
                }
            ],
        },
    ]
    if complaint.problem is Problem.RATE_LIMIT:
        details.append({"@type": f"{_TYPES}RetryInfo", "retryDelay": f"{wait:g}s"})
    return details


def _reason(reason: str) -> Sequence[Mapping[str, object]]:
    info: Mapping[str, object] = {
        "@type": f"{_TYPES}ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
    if reason != _KEY_INVALID:
        return [info]
    localized = {"@type": f"{_TYPES}LocalizedMessage", "locale": "en-US", "message": _BAD_KEY}
    return [info, localized]


def proto_path(place: Place) -> str:
    """Write a place as Google does: `generation_config.stop_sequences[0]`."""
    path = ""
    for step in place:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", step).lower()
            path += f".{name}" if path else name
    return path


class GeminiWording:
    """Google's messages for invalid fields."""

    def not_json(self) -> RefusedError:
        """Return the refusal of a body that is not a JSON object."""
        return refusal("Invalid JSON payload received. Unexpected token.")

    def missing(self, place: Place) -> RefusedError:
        """Return the refusal of a missing field."""
        path = proto_path(place)
        return refusal(f"* GenerateContentRequest.{path}: {path} is not specified\n")

    def wrong_type(self, place: Place, wanted: JsonType, value: object) -> RefusedError:
        """Return the refusal of a field with the wrong type."""
        shown = orjson.dumps(value).decode()[:80]
        return refusal(f"Invalid value at '{proto_path(place)}' ({_TYPE_NAMES[wanted]}), {shown}")

    def out_of_bounds(self, place: Place, value: float, bound: float) -> RefusedError:
        """Return the refusal of a number out of bounds."""
        side = "at least" if value < bound else "at most"
        path = proto_path(place)
        return refusal(f"* GenerateContentRequest.{path}: must be {side} {bound:g}\n")

    def not_one_of(self, place: Place, value: str, allowed: Sequence[str]) -> RefusedError:  # noqa: ARG002 - not reported
        """Return the refusal of a text that is not an allowed value."""
        return refusal(f"Invalid value at '{proto_path(place)}' (TYPE_ENUM), \"{value}\"")

    def unknown(self, place: Place) -> RefusedError:
        """Return the refusal of an unknown field."""
        owner = f" at '{proto_path(place[:-1])}'" if place[:-1] else ""
        return refusal(
            f'Invalid JSON payload received. Unknown name "{place[-1]}"{owner}: Cannot find field.'
        )
