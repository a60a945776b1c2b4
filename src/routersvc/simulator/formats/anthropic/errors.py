"""Anthropic's errors: status, headers and body of each problem, and its words for wrong fields.

From recorded answers, the vendor's error page and its SDK's tests; limits in them are
placeholders. `request_id` in a body is the one of the header `request-id`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson

from routersvc.simulator.formats.html_pages import gateway_page
from routersvc.simulator.formats.json_fields import JsonType, Place
from routersvc.simulator.formats.sse_frames import named_event
from routersvc.simulator.formats.wire_format import Complaint, HttpAnswer, RefusedError
from routersvc.simulator.words.effects import GATEWAY_PROBLEMS, Problem

# Stands where the id of the request goes; JSON escapes control characters, so it is unique.
REQUEST_ID = b"\x02"

_INVALID = "invalid_request_error"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Wording:
    status: int
    type: str
    message: str
    retry_after: float | None = None


_WORDINGS: Mapping[Problem, _Wording] = MappingProxyType(
    {
        Problem.RATE_LIMIT: _Wording(
            status=429,
            type="rate_limit_error",
            message="This request would exceed your account's rate limit. Please try again later.",
            retry_after=30.0,
        ),
        Problem.REQUEST_TOO_LARGE: _Wording(
            status=429,
            type="rate_limit_error",
            message=(
                "This request would exceed the rate limit for your organization of 30,000 input "
                "tokens per minute. Please reduce the prompt length or the maximum tokens "
                "requested."
            ),
        ),
        Problem.INSUFFICIENT_QUOTA: _Wording(
            status=400,
            type=_INVALID,
            message=(
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & "
                "Billing to upgrade or purchase credits."
            ),
        ),
        Problem.SPEND_LIMIT: _Wording(
            status=400,
            type=_INVALID,
            message=(
                "You have reached your specified API usage limits. You will regain access on "
                "2026-12-01 at 00:00 UTC."
            ),
        ),
        Problem.AUTH: _Wording(
            status=401, type="authentication_error", message="invalid x-api-key"
        ),
        Problem.FORBIDDEN: _Wording(
            status=403,
            type="permission_error",
            message="Your API key does not have permission to use the specified resource.",
        ),
        Problem.MODEL_NOT_FOUND: _Wording(
            status=404, type="not_found_error", message="model: {model}"
        ),
        Problem.INVALID_REQUEST: _Wording(
            status=400,
            type=_INVALID,
            message="messages: text content blocks must be non-empty",
        ),
        Problem.CONTEXT_LENGTH: _Wording(
            status=400,
            type=_INVALID,
            message="prompt is too long: 204308 tokens > 200000 maximum",
        ),
        Problem.CONTENT_POLICY: _Wording(
            status=400, type=_INVALID, message="Output blocked by content filtering policy"
        ),
        Problem.OVERLOADED: _Wording(status=529, type="overloaded_error", message="Overloaded"),
        Problem.SLOW_DOWN: _Wording(
            status=429,
            type="rate_limit_error",
            message=(
                "This request would exceed your organization's maximum usage increase rate for "
                "input tokens per minute. Please scale up your input tokens usage more gradually "
                "to stay within the acceleration limit."
            ),
        ),
        Problem.SERVER_ERROR: _Wording(
            status=500, type="api_error", message="Internal server error"
        ),
    }
)
_TRY_AGAIN = (429, 500, 529)
_TYPE_NAMES: Mapping[JsonType, str] = MappingProxyType(
    {
        JsonType.TEXT: "string",
        JsonType.INTEGER: "integer",
        JsonType.NUMBER: "number",
        JsonType.SWITCH: "boolean",
        JsonType.OBJECT: "dictionary",
        JsonType.LIST: "list",
    }
)


def error_answer(complaint: Complaint) -> HttpAnswer:
    """Return the HTTP answer that says a problem."""
    if complaint.problem in GATEWAY_PROBLEMS:
        return gateway_page(complaint.status or GATEWAY_PROBLEMS[complaint.problem])
    wording = _WORDINGS[complaint.problem]
    wait = complaint.retry_after if complaint.retry_after is not None else wording.retry_after
    headers: tuple[tuple[str, str], ...] = ()
    if wait is not None:
        headers = (("retry-after", str(math.ceil(wait))),)
    if complaint.problem is Problem.RATE_LIMIT:
        headers += (("anthropic-ratelimit-requests-remaining", "0"),)
    return _answer(
        complaint.status or wording.status, wording.type, _message(complaint, wording), headers
    )


def error_event(complaint: Complaint) -> bytes:
    """Return the event that says a problem inside a stream."""
    wording = _WORDINGS[complaint.problem]
    error = {"details": None, "type": wording.type, "message": _message(complaint, wording)}
    return named_event("error", orjson.dumps({"type": "error", "error": error}))


def refusal(message: str, *, status: int = 400, kind: str = _INVALID) -> RefusedError:
    """Return the exception that carries a refusal."""
    return RefusedError(_answer(status, kind, message))


def unauthorised(credential: str | None) -> HttpAnswer:
    """Return the answer to a missing or wrong API key."""
    message = "x-api-key header is required" if credential is None else "invalid x-api-key"
    return _answer(401, "authentication_error", message)


def unknown_model(name: str) -> RefusedError:
    """Return the exception for a model that is not offered."""
    return refusal(f"model: {name}", status=404, kind="not_found_error")


def _answer(
    status: int, kind: str, message: str, headers: tuple[tuple[str, str], ...] = ()
) -> HttpAnswer:
    body = b'{"type":"error","error":%s,"request_id":"%s"}' % (
        orjson.dumps({"type": kind, "message": message}),
        REQUEST_ID,
    )
    again = "true" if status in _TRY_AGAIN else "false"
    return HttpAnswer(
        status=status, body=body, headers=(("x-should-retry", again), *headers), unsigned=True
    )


def _message(complaint: Complaint, wording: _Wording) -> str:
    return complaint.message or wording.message.replace("{model}", complaint.model)


def dotted(place: Place) -> str:
    """Write a place as Anthropic does: `messages.0.content`."""
    return ".".join(str(step) for step in place)


class AnthropicWording:
    """Anthropic's words for fields that it does not take."""

    def not_json(self) -> RefusedError:
        """Return the refusal of a body that is no JSON object."""
        return refusal("The request body is not valid JSON.")

    def missing(self, place: Place) -> RefusedError:
        """Return the refusal of a body without a field that must be there."""
        return refusal(f"{dotted(place)}: Field required")

    def wrong_type(self, place: Place, wanted: JsonType, value: object) -> RefusedError:  # noqa: ARG002 - not told
        """Return the refusal of a field that has another type."""
        return refusal(f"{dotted(place)}: Input should be a valid {_TYPE_NAMES[wanted]}")

    def out_of_bounds(self, place: Place, value: float, bound: float) -> RefusedError:
        """Return the refusal of a number beyond a bound."""
        side = "greater" if value < bound else "less"
        return refusal(f"{dotted(place)}: Input should be {side} than or equal to {bound:g}")

    def not_one_of(self, place: Place, value: str, allowed: Sequence[str]) -> RefusedError:
        """Return the refusal of a text that is not one of the allowed."""
        quoted = [f"'{entry}'" for entry in allowed]
        if place[-1] == "type":
            return refusal(
                f"{dotted(place[:-1])}: Input tag '{value}' found using 'type' does not match any "
                f"of the expected tags: {', '.join(quoted)}"
            )
        listed = " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
        return refusal(f"{dotted(place)}: Input should be {listed}")

    def unknown(self, place: Place) -> RefusedError:
        """Return the refusal of a field that does not exist."""
        return refusal(f"{dotted(place)}: Extra inputs are not permitted")
