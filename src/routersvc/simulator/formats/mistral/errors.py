"""Mistral's errors: the gateway's own bodies, the API's, and its words for wrong fields.

From recorded answers and the vendor's documentation; limits and names are placeholders.
There is no time to wait anywhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson

from routersvc.simulator.formats.html_pages import gateway_page
from routersvc.simulator.formats.json_fields import JsonType, Place
from routersvc.simulator.formats.sse_frames import data_event
from routersvc.simulator.formats.wire_format import Complaint, HttpAnswer, RefusedError
from routersvc.simulator.words.effects import GATEWAY_PROBLEMS, Problem

_INVALID = "invalid_request_error"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Wording:
    status: int
    message: str
    type: str
    code: str | None = None


_WORDINGS: Mapping[Problem, _Wording] = MappingProxyType(
    {
        Problem.RATE_LIMIT: _Wording(
            status=429, message="Rate limit exceeded", type="rate_limited", code="1300"
        ),
        Problem.REQUEST_TOO_LARGE: _Wording(
            status=429, message="Rate limit exceeded", type="rate_limited", code="1300"
        ),
        Problem.INSUFFICIENT_QUOTA: _Wording(
            status=402,
            message="You have exceeded your monthly quota, please upgrade your plan.",
            type="payment_required",
        ),
        Problem.SPEND_LIMIT: _Wording(
            status=402,
            message="Your workspace has reached its spending limit.",
            type="payment_required",
        ),
        Problem.AUTH: _Wording(status=401, message="Invalid API Key", type="unauthorized"),
        Problem.FORBIDDEN: _Wording(
            status=403,
            message="You do not have access to this resource.",
            type="forbidden",
        ),
        Problem.MODEL_NOT_FOUND: _Wording(
            status=400, message="Invalid model: {model}", type="invalid_model", code="1500"
        ),
        Problem.INVALID_REQUEST: _Wording(
            status=400,
            message="Expected last role User or Tool (or Assistant with prefix True) for serving "
            "but got assistant",
            type="invalid_request_message_order",
            code="3230",
        ),
        Problem.CONTEXT_LENGTH: _Wording(
            status=400,
            message=(
                "Prompt contains 65673 tokens, too large for model with 32768 maximum context "
                "length"
            ),
            type=_INVALID,
        ),
        Problem.CONTENT_POLICY: _Wording(
            status=403, message="The content was flagged by moderation.", type="moderation_error"
        ),
        Problem.OVERLOADED: _Wording(
            status=429,
            message="Service tier capacity exceeded for this model.",
            type="service_tier_capacity_exceeded",
            code="3505",
        ),
        Problem.SLOW_DOWN: _Wording(
            status=429,
            message="Service tier capacity exceeded for this model.",
            type="service_tier_capacity_exceeded",
            code="3505",
        ),
        Problem.SERVER_ERROR: _Wording(
            status=500,
            message="Service unavailable.",
            type="internal_server_error",
            code="1000",
        ),
    }
)
_EXPECTED: Mapping[JsonType, tuple[str, str]] = MappingProxyType(
    {
        JsonType.TEXT: ("string_type", "string"),
        JsonType.INTEGER: ("int_type", "integer"),
        JsonType.NUMBER: ("float_type", "number"),
        JsonType.SWITCH: ("bool_type", "boolean"),
        JsonType.OBJECT: ("dict_type", "dictionary"),
        JsonType.LIST: ("list_type", "list"),
    }
)


def error_answer(complaint: Complaint) -> HttpAnswer:
    """Return the HTTP answer that says a problem."""
    if complaint.problem in GATEWAY_PROBLEMS:
        return gateway_page(complaint.status or GATEWAY_PROBLEMS[complaint.problem])
    wording = _WORDINGS[complaint.problem]
    status = complaint.status or wording.status
    if complaint.problem is Problem.AUTH:
        return dataclasses.replace(unauthorised(), status=status)
    return HttpAnswer(status=status, body=orjson.dumps(_error(complaint, wording)))


def error_event(complaint: Complaint) -> bytes:
    """Return the event that says a problem inside a stream."""
    wording = _WORDINGS[complaint.problem]
    return data_event(orjson.dumps(_error(complaint, wording)))


def refusal(
    message: object, *, status: int = 400, kind: str = _INVALID, code: str | None = None
) -> RefusedError:
    """Return the exception that carries a refusal; a list of details may be the message."""
    error = {"object": "error", "message": message, "type": kind, "param": None, "code": code}
    return RefusedError(HttpAnswer(status=status, body=orjson.dumps(error)))


def unauthorised() -> HttpAnswer:
    """Return the gateway's answer to a missing or wrong API key."""
    return HttpAnswer(status=401, body=orjson.dumps({"detail": "Invalid API Key"}))


def unknown_model(name: str) -> RefusedError:
    """Return the exception for a model that is not offered."""
    return refusal(f"Invalid model: {name}", kind="invalid_model", code="1500")


def _error(complaint: Complaint, wording: _Wording) -> Mapping[str, object]:
    said = complaint.message or wording.message.replace("{model}", complaint.model)
    return {
        "object": "error",
        "message": said,
        "type": wording.type,
        "param": None,
        "code": wording.code,
    }


class MistralWording:
    """Mistral's words for fields that it does not take: those of its validator, in a list."""

    def not_json(self) -> RefusedError:
        """Return the refusal of a body that is no JSON object."""
        return _invalid("json_invalid", (), "JSON decode error", {})

    def missing(self, place: Place) -> RefusedError:
        """Return the refusal of a body without a field that must be there."""
        return _invalid("missing", place, "Field required", None)

    def wrong_type(self, place: Place, wanted: JsonType, value: object) -> RefusedError:
        """Return the refusal of a field that has another type."""
        kind, name = _EXPECTED[wanted]
        return _invalid(kind, place, f"Input should be a valid {name}", value)

    def out_of_bounds(self, place: Place, value: float, bound: float) -> RefusedError:
        """Return the refusal of a number beyond a bound."""
        low = value < bound
        kind, side = ("greater_than_equal", "greater") if low else ("less_than_equal", "less")
        return _invalid(kind, place, f"Input should be {side} than or equal to {bound:g}", value)

    def not_one_of(self, place: Place, value: str, allowed: Sequence[str]) -> RefusedError:
        """Return the refusal of a text that is not one of the allowed."""
        quoted = ", ".join(f"'{entry}'" for entry in allowed)
        return _invalid("literal_error", place, f"Input should be one of {quoted}", value)

    def unknown(self, place: Place) -> RefusedError:
        """Return the refusal of a field that does not exist."""
        return _invalid("extra_forbidden", place, "Extra inputs are not permitted", None)


def _invalid(kind: str, place: Place, message: str, value: object) -> RefusedError:
    detail = {"type": kind, "loc": ["body", *place], "msg": message, "input": value}
    return refusal({"detail": [detail]}, status=422)
