"""Cohere's errors: status, headers and body of each problem, and messages for invalid fields.

A body holds an id and a sentence, and a type for what the model refuses. No time to wait is
reported; a trial key's limits stand in headers of every answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson

from routersvc.simulator.faults.effects import Problem
from routersvc.simulator.formats.json_fields import JsonType, Place, dotted
from routersvc.simulator.formats.replies import HttpAnswer, RefusedError
from routersvc.simulator.formats.sse_frames import data_event, named_event
from routersvc.simulator.formats.vendor_errors import VendorError, VendorErrors

# Placeholder of the answer's id; JSON escapes control characters, so it is unique.
ID = b"\x00"

_NO_CALLS_LEFT = (("x-trial-endpoint-call-remaining", "0"),)


_TABLE: Mapping[Problem, VendorError] = MappingProxyType(
    {
        Problem.RATE_LIMIT: VendorError(
            status=429,
            message="You are using a Trial key, which is limited to 40 API calls / minute.",
            headers=_NO_CALLS_LEFT,
        ),
        Problem.REQUEST_TOO_LARGE: VendorError(
            status=429,
            message=(
                "trial token rate limit exceeded, limit is 100000 tokens per minute. Please reduce "
                "the size of your request."
            ),
        ),
        Problem.INSUFFICIENT_QUOTA: VendorError(
            status=429,
            message="You are using a Trial key, which is limited to 1000 API calls / month.",
        ),
        Problem.SPEND_LIMIT: VendorError(
            status=402,
            message=(
                "Please add or update your payment method at "
                "https://dashboard.cohere.com/billing?tab=payment to continue"
            ),
        ),
        Problem.AUTH: VendorError(
            status=401,
            message=(
                "Incorrect API key provided: ***********. You can find your API key at "
                "https://dashboard.cohere.com/api-keys."
            ),
        ),
        Problem.FORBIDDEN: VendorError(
            status=403, message="your api key does not have access to this resource"
        ),
        Problem.MODEL_NOT_FOUND: VendorError(
            status=404,
            message=(
                "model '{model}' was removed on September 15, 2025. See "
                "https://docs.cohere.com/docs/models for a list of models you can use instead."
            ),
        ),
        Problem.INVALID_REQUEST: VendorError(
            status=400,
            message="invalid request: all elements in the chat messages must have content",
        ),
        Problem.CONTEXT_LENGTH: VendorError(
            status=400,
            type="TOO_MANY_TOKENS",
            message=(
                "too many tokens: size limit exceeded by 25836 tokens. Try using shorter or fewer "
                "inputs. The limit for this model is 288000 tokens."
            ),
        ),
        Problem.CONTENT_POLICY: VendorError(
            status=400, message="blocked input: please adjust your prompt and try again"
        ),
        Problem.OVERLOADED: VendorError(
            status=503, message="the service is currently overloaded, please try again later"
        ),
        Problem.SLOW_DOWN: VendorError(
            status=429,
            message="You are past the per minute request limit, please wait and try again later.",
        ),
        Problem.SERVER_ERROR: VendorError(
            status=500,
            message="internal server error, this has been reported to our developers.",
        ),
    }
)
_TYPE_NAMES: Mapping[JsonType, str] = MappingProxyType(
    {
        JsonType.TEXT: "string",
        JsonType.INTEGER: "int",
        JsonType.NUMBER: "float32",
        JsonType.SWITCH: "bool",
        JsonType.OBJECT: "object",
        JsonType.LIST: "array",
    }
)


class CohereErrors(VendorErrors):
    """Cohere's errors."""

    @property
    def table(self) -> Mapping[Problem, VendorError]:
        """The recorded errors."""
        return _TABLE

    def answer(self, error: VendorError) -> HttpAnswer:
        """Return an error with the id of the answer, unsigned."""
        headers = error.headers
        if error.retry_after is not None:
            headers = (*headers, ("retry-after", f"{error.retry_after:g}"))
        told = {"message": error.message}
        if error.type is not None:
            told["error_type"] = error.type
        body = b'{"id":"%s",%s' % (ID, orjson.dumps(told)[1:])
        return HttpAnswer(status=error.status, body=body, headers=headers, unsigned=True)

    def event(self, error: VendorError) -> bytes:
        """Return an error as the end of the stream, with the finish reason `ERROR`."""
        delta: dict[str, object] = {
            "finish_reason": "ERROR",
            "usage": {},
            "error": error.message,
        }
        ended = orjson.dumps({"type": "message-end", "delta": delta})
        return named_event("message-end", ended) + data_event(b"[DONE]")

    def unauthorised(self, credential: str | None) -> HttpAnswer:
        """Return the answer to a missing or wrong API key."""
        if credential is None:
            return refusal("no api key supplied", status=401).answer
        return self.answer(_TABLE[Problem.AUTH])

    def unknown_model(self, name: str) -> RefusedError:
        """Return the refusal of a model that the provider does not offer."""
        return refusal(
            f"model '{name}' not found, make sure the correct model ID was used and that you have "
            "access to the model.",
            status=404,
        )

    def unknown_path(self) -> RefusedError:
        """Return Cohere's 404."""
        return refusal("resource not found", status=404)

    def invalid_schema(self, place: str, problem: str) -> RefusedError:
        """Return the refusal of a JSON schema."""
        return refusal(f"invalid request: {place}: invalid schema: {problem}")


ERRORS = CohereErrors()


def refusal(message: str, *, status: int = 400, kind: str | None = None) -> RefusedError:
    """Return the exception that carries a refusal."""
    return RefusedError(ERRORS.answer(VendorError(status=status, message=message, type=kind)))


class CohereWording:
    """Cohere's messages for invalid fields."""

    def not_json(self) -> RefusedError:
        """Return the refusal of a body that is not a JSON object."""
        return refusal("failed to parse request body: invalid json syntax")

    def missing(self, place: Place) -> RefusedError:
        """Return the refusal of a missing field."""
        return refusal(f"invalid request: missing required field: '{dotted(place)}'")

    def wrong_type(self, place: Place, wanted: JsonType, value: object) -> RefusedError:
        """Return the refusal of a field with the wrong type."""
        given = type(value).__name__.replace("str", "string")
        return refusal(
            f"invalid type: parameter {dotted(place)} is of type {given} but should be of type "
            f"{_TYPE_NAMES[wanted]}."
        )

    def out_of_bounds(self, place: Place, value: float, bound: float) -> RefusedError:
        """Return the refusal of a number out of bounds."""
        side = "at least" if value < bound else "at most"
        return refusal(f"invalid request: {dotted(place)} must be {side} {bound:g} inclusive.")

    def not_one_of(self, place: Place, value: str, allowed: Sequence[str]) -> RefusedError:
        """Return the refusal of a text that is not an allowed value."""
        return refusal(
            f"invalid request: {dotted(place)} '{value}' is not valid: must be one of "
            f"{', '.join(allowed)}"
        )

    def unknown(self, place: Place) -> RefusedError:
        """Return the refusal of an unknown field."""
        return refusal(
            f"unknown field: parameter '{dotted(place)}' is not a valid field", status=422
        )
