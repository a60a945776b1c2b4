"""Mistral's errors: the gateway's own bodies, the API's, and messages for invalid fields.

From recorded answers and the vendor's documentation; limits and names are placeholders.
No time to wait is reported.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson

from routersvc.simulator.faults.effects import Problem
from routersvc.simulator.formats.json_fields import JsonType, Place
from routersvc.simulator.formats.replies import Complaint, HttpAnswer, RefusedError
from routersvc.simulator.formats.sse_frames import data_event
from routersvc.simulator.formats.vendor_errors import VendorError, VendorErrors

_INVALID = "invalid_request_error"


_TABLE: Mapping[Problem, VendorError] = MappingProxyType(
    {
        Problem.RATE_LIMIT: VendorError(
            status=429, message="Rate limit exceeded", type="rate_limited", code="1300"
        ),
        Problem.REQUEST_TOO_LARGE: VendorError(
            status=429, message="Rate limit exceeded", type="rate_limited", code="1300"
        ),
        Problem.INSUFFICIENT_QUOTA: VendorError(
            status=402,
            message="You have exceeded your monthly quota, please upgrade your plan.",
            type="payment_required",
        ),
        Problem.SPEND_LIMIT: VendorError(
            status=402,
            message="Your workspace has reached its spending limit.",
            type="payment_required",
        ),
        Problem.AUTH: VendorError(status=401, message="Invalid API Key", type="unauthorized"),
        Problem.FORBIDDEN: VendorError(
            status=403,
            message="You do not have access to this resource.",
            type="forbidden",
        ),
        Problem.MODEL_NOT_FOUND: VendorError(
            status=400, message="Invalid model: {model}", type="invalid_model", code="1500"
        ),
        Problem.INVALID_REQUEST: VendorError(
            status=400,
            message="Expected last role User or Tool (or Assistant with prefix True) for serving "
            "but got assistant",
            type="invalid_request_message_order",
            code="3230",
        ),
        Problem.CONTEXT_LENGTH: VendorError(
            status=400,
            message=(
                "Prompt contains 65673 tokens, too large for model with 32768 maximum context "
                "length"
            ),
            type=_INVALID,
        ),
        Problem.CONTENT_POLICY: VendorError(
            status=403, message="The content was flagged by moderation.", type="moderation_error"
        ),
        Problem.OVERLOADED: VendorError(
            status=429,
            message="Service tier capacity exceeded for this model.",
            type="service_tier_capacity_exceeded",
            code="3505",
        ),
        Problem.SLOW_DOWN: VendorError(
            status=429,
            message="Service tier capacity exceeded for this model.",
            type="service_tier_capacity_exceeded",
            code="3505",
        ),
        Problem.SERVER_ERROR: VendorError(
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


class MistralErrors(VendorErrors):
    """Mistral's errors; the gateway refuses API keys in a body of its own."""

    @property
    def table(self) -> Mapping[Problem, VendorError]:
        """The recorded errors."""
        return _TABLE

    def answer(self, error: VendorError) -> HttpAnswer:
        """Return an error as an object in the body."""
        return HttpAnswer(status=error.status, body=orjson.dumps(_body(error, error.message)))

    def answer_to(self, complaint: Complaint) -> HttpAnswer:
        """Return the answer for a problem; a refused API key is the gateway's."""
        if complaint.problem is Problem.AUTH:
            refused = self.unauthorised(None)
            return dataclasses.replace(refused, status=complaint.status or refused.status)
        return super().answer_to(complaint)

    def event(self, error: VendorError) -> bytes:
        """Return an error as a `data:` event."""
        return data_event(orjson.dumps(_body(error, error.message)))

    def unauthorised(self, credential: str | None) -> HttpAnswer:  # noqa: ARG002 - the same for both
        """Return the gateway's 401."""
        return HttpAnswer(status=401, body=orjson.dumps({"detail": "Invalid API Key"}))

    def unknown_model(self, name: str) -> RefusedError:
        """Return the refusal of a model that the provider does not offer."""
        return refusal(f"Invalid model: {name}", kind="invalid_model", code="1500")

    def unknown_path(self) -> RefusedError:
        """Return the gateway's 404."""
        return refusal("no Route matched with those values", status=404)

    def invalid_schema(self, place: str, problem: str) -> RefusedError:
        """Return the refusal of a JSON schema."""
        return refusal(f"Invalid schema in {place}: {problem}")


ERRORS = MistralErrors()


def refusal(
    message: object, *, status: int = 400, kind: str = _INVALID, code: str | None = None
) -> RefusedError:
    """Return the exception that carries a refusal; the message may be a list of details."""
    error = VendorError(status=status, message="", type=kind, code=code)
    return RefusedError(HttpAnswer(status=status, body=orjson.dumps(_body(error, message))))


def _body(error: VendorError, message: object) -> Mapping[str, object]:
    return {
        "object": "error",
        "message": message,
        "type": error.type,
        "param": error.param,
        "code": error.code,
    }


class MistralWording:
    """Mistral's words for fields that it does not take: those of its validator, in a list."""

    def not_json(self) -> RefusedError:
        """Return the refusal of a body that is not a JSON object."""
        return _invalid("json_invalid", (), "JSON decode error", {})

    def missing(self, place: Place) -> RefusedError:
        """Return the refusal of a missing field."""
        return _invalid("missing", place, "Field required", None)

    def wrong_type(self, place: Place, wanted: JsonType, value: object) -> RefusedError:
        """Return the refusal of a field with the wrong type."""
        kind, name = _EXPECTED[wanted]
        return _invalid(kind, place, f"Input should be a valid {name}", value)

    def out_of_bounds(self, place: Place, value: float, bound: float) -> RefusedError:
        """Return the refusal of a number out of bounds."""
        low = value < bound
        kind, side = ("greater_than_equal", "greater") if low else ("less_than_equal", "less")
        return _invalid(kind, place, f"Input should be {side} than or equal to {bound:g}", value)

    def not_one_of(self, place: Place, value: str, allowed: Sequence[str]) -> RefusedError:
        """Return the refusal of a text that is not an allowed value."""
        quoted = ", ".join(f"'{entry}'" for entry in allowed)
        return _invalid("literal_error", place, f"Input should be one of {quoted}", value)

    def unknown(self, place: Place) -> RefusedError:
        """Return the refusal of an unknown field."""
        return _invalid("extra_forbidden", place, "Extra inputs are not permitted", None)


def _invalid(kind: str, place: Place, message: str, value: object) -> RefusedError:
    detail = {"type": kind, "loc": ["body", *place], "msg": message, "input": value}
    return refusal({"detail": [detail]}, status=422)
