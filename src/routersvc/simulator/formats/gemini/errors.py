"""Gemini's errors: status and body of each problem, and its words for wrong fields.

Google's error model: a code, a canonical status, a sentence, and typed details. The time
to wait stands in a detail and in the sentence, never in a header.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson

from routersvc.simulator.formats.html_pages import gateway_page
from routersvc.simulator.formats.json_fields import JsonType, Place
from routersvc.simulator.formats.wire_format import Complaint, HttpAnswer, RefusedError
from routersvc.simulator.words.effects import GATEWAY_PROBLEMS, Problem

CONTENT_TYPE = "application/json; charset=UTF-8"

_TYPES = "type.googleapis.com/google.rpc."
_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_METRIC = "generativelanguage.googleapis.com/generate_content_paid_tier"
_DEFAULT_WAIT = 20.0
_KEY_INVALID = "API_KEY_INVALID"
_BAD_KEY = "API key not valid. Please pass a valid API key."


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Wording:
    code: int
    status: str
    message: str
    quota: tuple[str, str] | None = None
    reason: str | None = None


_WORDINGS: Mapping[Problem, _Wording] = MappingProxyType(
    {
        Problem.RATE_LIMIT: _Wording(
            code=429,
            status="RESOURCE_EXHAUSTED",
            message=f"{_QUOTA} Please retry in {{wait}}s.",
            quota=(f"{_METRIC}_requests", "GenerateRequestsPerMinutePerProjectPerModel-PaidTier"),
        ),
        Problem.REQUEST_TOO_LARGE: _Wording(
            code=429,
            status="RESOURCE_EXHAUSTED",
            message=_QUOTA,
            quota=(
                f"{_METRIC}_input_token_count",
                "GenerateContentPaidTierInputTokensPerModelPerMinute",
            ),
        ),
        Problem.INSUFFICIENT_QUOTA: _Wording(
            code=429,
            status="RESOURCE_EXHAUSTED",
            message=_QUOTA,
            quota=(
                "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
            ),
        ),
        Problem.SPEND_LIMIT: _Wording(
            code=402, status="RESOURCE_EXHAUSTED", message="Prepayment credits exhausted."
        ),
        Problem.AUTH: _Wording(
            code=400, status="INVALID_ARGUMENT", message=_BAD_KEY, reason=_KEY_INVALID
        ),
        Problem.FORBIDDEN: _Wording(
            code=403,
            status="PERMISSION_DENIED",
            message=(
                "Generative Language API has not been used in project 12345678 before or it is "
                "disabled."
            ),
            reason="SERVICE_DISABLED",
        ),
        Problem.MODEL_NOT_FOUND: _Wording(
            code=404,
            status="NOT_FOUND",
            message=(
                "models/{model} is not found for API version v1beta, or is not supported for "
                "generateContent. Call ListModels to see the list of available models and their "
                "supported methods."
            ),
        ),
        Problem.INVALID_REQUEST: _Wording(
            code=400,
            status="INVALID_ARGUMENT",
            message="Request contains an invalid argument.",
        ),
        Problem.CONTEXT_LENGTH: _Wording(
            code=400,
            status="INVALID_ARGUMENT",
            message=(
                "The input token count (1250074) exceeds the maximum number of tokens allowed "
                "(1048576)."
            ),
        ),
        Problem.OVERLOADED: _Wording(
            code=503,
            status="UNAVAILABLE",
            message="The model is overloaded. Please try again later.",
        ),
        Problem.SLOW_DOWN: _Wording(
            code=503,
            status="UNAVAILABLE",
            message=(
                "This model is currently experiencing high demand. Spikes in demand are usually "
                "temporary. Please try again later."
            ),
        ),
        Problem.SERVER_ERROR: _Wording(
            code=500,
            status="INTERNAL",
            message=(
                "An internal error has occurred. Please retry or report in "
                "https://developers.generativeai.google/guide/troubleshooting"
            ),
        ),
    }
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


def error_answer(complaint: Complaint, stream_content_type: str) -> HttpAnswer:
    """Return the HTTP answer that says a problem."""
    if complaint.problem in GATEWAY_PROBLEMS:
        return gateway_page(complaint.status or GATEWAY_PROBLEMS[complaint.problem])
    if complaint.problem is Problem.CONTENT_POLICY:
        body = orjson.dumps(_BLOCKED)
        return HttpAnswer(
            status=complaint.status or 200,
            body=b"data: %s\r\n\r\n" % body if complaint.streaming else body,
            content_type=stream_content_type if complaint.streaming else CONTENT_TYPE,
        )
    wording = _WORDINGS[complaint.problem]
    code = complaint.status or wording.code
    return _answer(code, wording.status, _message(complaint, wording), _details(complaint, wording))


def error_event(complaint: Complaint) -> bytes:
    """Return what says a problem inside a stream: bare JSON, no event."""
    if complaint.problem is Problem.CONTENT_POLICY:
        return b"data: %s\r\n\r\n" % orjson.dumps(_BLOCKED)
    wording = _WORDINGS[complaint.problem]
    message = _message(complaint, wording)
    return _body(wording.code, wording.status, message, _details(complaint, wording)) + b"\n"


def refusal(message: str, *, code: int = 400, status: str = "INVALID_ARGUMENT") -> RefusedError:
    """Return the exception that carries a refusal."""
    return RefusedError(_answer(code, status, message))


def unauthorised(credential: str | None) -> HttpAnswer:
    """Return the answer to a missing or wrong API key."""
    if credential is None:
        return _answer(
            403,
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers (callers without established identity). "
            "Please use API Key or other form of API consumer identity to call this API.",
        )
    return _answer(400, "INVALID_ARGUMENT", _BAD_KEY, _reason(_KEY_INVALID))


def unknown_model(name: str) -> RefusedError:
    """Return the exception for a model that is not offered."""
    complaint = Complaint(problem=Problem.MODEL_NOT_FOUND, model=name)
    return RefusedError(error_answer(complaint, CONTENT_TYPE))


def _answer(
    code: int, status: str, message: str, details: Sequence[Mapping[str, object]] = ()
) -> HttpAnswer:
    return HttpAnswer(
        status=code, body=_body(code, status, message, details), content_type=CONTENT_TYPE
    )


def _body(code: int, status: str, message: str, details: Sequence[Mapping[str, object]]) -> bytes:
    error: dict[str, object] = {"code": code, "message": message, "status": status}
    if details:
        error["details"] = details
    return orjson.dumps({"error": error}, option=orjson.OPT_INDENT_2)


def _details(complaint: Complaint, wording: _Wording) -> Sequence[Mapping[str, object]]:
    if wording.reason is not None:
        return _reason(wording.reason)
    if wording.quota is None:
        return ()
    metric, quota = wording.quota
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
        details.append({"@type": f"{_TYPES}RetryInfo", "retryDelay": f"{_wait(complaint):g}s"})
    return details


def _reason(reason: str) -> Sequence[Mapping[str, object]]:
    told: Mapping[str, object] = {
        "@type": f"{_TYPES}ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"},
    }
    if reason != _KEY_INVALID:
        return [told]
    said = {"@type": f"{_TYPES}LocalizedMessage", "locale": "en-US", "message": _BAD_KEY}
    return [told, said]


def _wait(complaint: Complaint) -> float:
    return _DEFAULT_WAIT if complaint.retry_after is None else complaint.retry_after


def _message(complaint: Complaint, wording: _Wording) -> str:
    said = complaint.message or wording.message
    return said.replace("{model}", complaint.model).replace("{wait}", f"{_wait(complaint):g}")


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
    """Google's words for fields that it does not take."""

    def not_json(self) -> RefusedError:
        """Return the refusal of a body that is no JSON object."""
        return refusal("Invalid JSON payload received. Unexpected token.")

    def missing(self, place: Place) -> RefusedError:
        """Return the refusal of a body without a field that must be there."""
        path = proto_path(place)
        return refusal(f"* GenerateContentRequest.{path}: {path} is not specified\n")

    def wrong_type(self, place: Place, wanted: JsonType, value: object) -> RefusedError:
        """Return the refusal of a field that has another type."""
        shown = orjson.dumps(value).decode()[:80]
        return refusal(f"Invalid value at '{proto_path(place)}' ({_TYPE_NAMES[wanted]}), {shown}")

    def out_of_bounds(self, place: Place, value: float, bound: float) -> RefusedError:
        """Return the refusal of a number beyond a bound."""
        side = "at least" if value < bound else "at most"
        path = proto_path(place)
        return refusal(f"* GenerateContentRequest.{path}: must be {side} {bound:g}\n")

    def not_one_of(self, place: Place, value: str, allowed: Sequence[str]) -> RefusedError:  # noqa: ARG002 - not told
        """Return the refusal of a text that is not one of the allowed."""
        return refusal(f"Invalid value at '{proto_path(place)}' (TYPE_ENUM), \"{value}\"")

    def unknown(self, place: Place) -> RefusedError:
        """Return the refusal of a field that does not exist."""
        owner = f" at '{proto_path(place[:-1])}'" if place[:-1] else ""
        return refusal(
            f'Invalid JSON payload received. Unknown name "{place[-1]}"{owner}: Cannot find field.'
        )
