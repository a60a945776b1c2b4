"""Anthropic's errors: status, headers and body of each problem, and messages for invalid fields.

From recorded answers, the vendor's error page and its SDK's tests; limits in them are
placeholders. `request_id` in a body is the one of the header `request-id`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson

from routersvc.simulator.faults.effects import Problem
from routersvc.simulator.formats.json_fields import JsonType, Place, dotted
from routersvc.simulator.formats.replies import HttpAnswer, RefusedError
from routersvc.simulator.formats.sse_frames import named_event
from routersvc.simulator.formats.vendor_errors import VendorError, VendorErrors

# Placeholder of the id of the request; JSON escapes control characters, so it is unique.
REQUEST_ID = b"\x02"

_INVALID = "invalid_request_error"


_TABLE: Mapping[Problem, VendorError] = MappingProxyType(
    {
        Problem.RATE_LIMIT: VendorError(
            status=429,
            type="rate_limit_error",
            message="This request would exceed your account's rate limit. Please try again later.",
            retry_after=30.0,
            headers=(("anthropic-ratelimit-requests-remaining", "0"),),
        ),
        Problem.REQUEST_TOO_LARGE: VendorError(
            status=429,
            type="rate_limit_error",
            message=(
                "This request would exceed the rate limit for your organization of 30,000 input "
                "tokens per minute. Please reduce the prompt length or the maximum tokens "
                "requested."
            ),
        ),
        Problem.INSUFFICIENT_QUOTA: VendorError(
            status=400,
            type=_INVALID,
            message=(
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & "
                "Billing to upgrade or purchase credits."
            ),
        ),
        Problem.SPEND_LIMIT: VendorError(
            status=400,
            type=_INVALID,
            message=(
                "You have reached your specified API usage limits. You will regain access on "
                "2026-12-01 at 00:00 UTC."
            ),
        ),
        Problem.AUTH: VendorError(
            status=401, type="authentication_error", message="invalid x-api-key"
        ),
        Problem.FORBIDDEN: VendorError(
            status=403,
            type="permission_error",
            message="Your API key does not have permission to use the specified resource.",
        ),
        Problem.MODEL_NOT_FOUND: VendorError(
            status=404, type="not_found_error", message="model: {model}"
        ),
        Problem.INVALID_REQUEST: VendorError(
            status=400,
            type=_INVALID,
            message="messages: text content blocks must be non-empty",
        ),
        Problem.CONTEXT_LENGTH: VendorError(
            status=400,
            type=_INVALID,
            message="prompt is too long: 204308 tokens > 200000 maximum",
        ),
        Problem.CONTENT_POLICY: VendorError(
            status=400, type=_INVALID, message="Output blocked by content filtering policy"
        ),
        Problem.OVERLOADED: VendorError(status=529, type="overloaded_error", message="Overloaded"),
        Problem.SLOW_DOWN: VendorError(
            status=429,
            type="rate_limit_error",
            message=(
                "This request would exceed your organization's maximum usage increase rate for "
                "input tokens per minute. Please scale up your input tokens usage more gradually "
                "to stay within the acceleration limit."
            ),
        ),
        Problem.SERVER_ERROR: VendorError(
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


class AnthropicErrors(VendorErrors):
    """Anthropic's errors."""

    @property
    def table(self) -> Mapping[Problem, VendorError]:
        """The recorded errors."""
        return _TABLE

    def answer(self, error: VendorError) -> HttpAnswer:
        """Return an error with the id of the request, unsigned."""
        headers = [("x-should-retry", "true" if error.status in _TRY_AGAIN else "false")]
        if error.retry_after is not None:
            headers.append(("retry-after", str(math.ceil(error.retry_after))))
        body = b'{"type":"error","error":%s,"request_id":"%s"}' % (
            orjson.dumps({"type": error.type, "message": error.message}),
            REQUEST_ID,
        )
        return HttpAnswer(
            status=error.status, body=body, headers=(*headers, *error.headers), unsigned=True
        )

    def event(self, error: VendorError) -> bytes:
        """Return an error as an `error` event."""
        told = {"details": None, "type": error.type, "message": error.message}
        return named_event("error", orjson.dumps({"type": "error", "error": told}))

    def unauthorised(self, credential: str | None) -> HttpAnswer:
        """Return the answer to a missing or wrong API key."""
        message = "x-api-key header is required" if credential is None else "invalid x-api-key"
        return refusal(message, status=401, kind="authentication_error").answer

    def unknown_model(self, name: str) -> RefusedError:
        """Return the refusal of a model that the provider does not offer."""
        return refusal(f"model: {name}", status=404, kind="not_found_error")

    def unknown_path(self) -> RefusedError:
        """Return Anthropic's 404."""
        return refusal("Not found", status=404, kind="not_found_error")

    def invalid_schema(self, place: str, problem: str) -> RefusedError:
        """Return the refusal of a JSON schema."""
        return refusal(f"{place}: {problem}")


ERRORS = AnthropicErrors()


def refusal(message: str, *, status: int = 400, kind: str = _INVALID) -> RefusedError:
    """Return the exception that carries a refusal."""
    return RefusedError(ERRORS.answer(VendorError(status=status, message=message, type=kind)))


class AnthropicWording:
    """Anthropic's messages for invalid fields."""

    def not_json(self) -> RefusedError:
        """Return the refusal of a body that is not a JSON object."""
        return refusal("The request body is not valid JSON.")

    def missing(self, place: Place) -> RefusedError:
        """Return the refusal of a missing field."""
        return refusal(f"{dotted(place)}: Field required")

    def wrong_type(self, place: Place, wanted: JsonType, value: object) -> RefusedError:  # noqa: ARG002 - not reported
        """Return the refusal of a field with the wrong type."""
        return refusal(f"{dotted(place)}: Input should be a valid {_TYPE_NAMES[wanted]}")

    def out_of_bounds(self, place: Place, value: float, bound: float) -> RefusedError:
        """Return the refusal of a number out of bounds."""
        side = "greater" if value < bound else "less"
        return refusal(f"{dotted(place)}: Input should be {side} than or equal to {bound:g}")

    def not_one_of(self, place: Place, value: str, allowed: Sequence[str]) -> RefusedError:
        """Return the refusal of a text that is not an allowed value."""
        quoted = [f"'{entry}'" for entry in allowed]
        if place[-1] == "type":
            return refusal(
                f"{dotted(place[:-1])}: Input tag '{value}' found using 'type' does not match any "
                f"of the expected tags: {', '.join(quoted)}"
            )
        listed = " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
        return refusal(f"{dotted(place)}: Input should be {listed}")

    def unknown(self, place: Place) -> RefusedError:
        """Return the refusal of an unknown field."""
        return refusal(f"{dotted(place)}: Extra inputs are not permitted")
