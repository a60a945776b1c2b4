"""Cohere's errors: status, headers and body of each problem, and its words for wrong fields.

A body holds an id and a sentence, and a type for what the model refuses. There is no time
to wait anywhere; a trial key's limits stand in headers of every answer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson

from routersvc.simulator.formats.html_pages import gateway_page
from routersvc.simulator.formats.json_fields import JsonType, Place
from routersvc.simulator.formats.sse_frames import data_event, named_event
from routersvc.simulator.formats.wire_format import Complaint, HttpAnswer, RefusedError
from routersvc.simulator.words.effects import GATEWAY_PROBLEMS, Problem

# Stands where the answer's id goes; JSON escapes control characters, so it is unique.
ID = b"\x00"

_NO_CALLS_LEFT = (("x-trial-endpoint-call-remaining", "0"),)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Wording:
    status: int
    message: str
    type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


_WORDINGS: Mapping[Problem, _Wording] = MappingProxyType(
    {
        Problem.RATE_LIMIT: _Wording(
            status=429,
            message="You are using a Trial key, which is limited to 40 API calls / minute.",
            headers=_NO_CALLS_LEFT,
        ),
        Problem.REQUEST_TOO_LARGE: _Wording(
            status=429,
            message=(
                "trial token rate limit exceeded, limit is 100000 tokens per minute. Please reduce "
                "the size of your request."
            ),
        ),
        Problem.INSUFFICIENT_QUOTA: _Wording(
            status=429,
            message="You are using a Trial key, which is limited to 1000 API calls / month.",
        ),
        Problem.SPEND_LIMIT: _Wording(
            status=402,
            message=(
                "Please add or update your payment method at "
                "https://dashboard.cohere.com/billing?tab=payment to continue"
            ),
        ),
        Problem.AUTH: _Wording(
            status=401,
            message=(
                "Incorrect API key provided: ***********. You can find your API key at "
                "https://dashboard.cohere.com/api-keys."
            ),
        ),
        Problem.FORBIDDEN: _Wording(
            status=403, message="your api key does not have access to this resource"
        ),
        Problem.MODEL_NOT_FOUND: _Wording(
            status=404,
            message=(
                "model '{model}' was removed on September 15, 2025. See "
                "https://docs.cohere.com/docs/models for a list of models you can use instead."
            ),
        ),
        Problem.INVALID_REQUEST: _Wording(
            status=400,
            message="invalid request: all elements in the chat messages must have content",
        ),
        Problem.CONTEXT_LENGTH: _Wording(
            status=400,
            type="TOO_MANY_TOKENS",
            message=(
                "too many tokens: size limit exceeded by 25836 tokens. Try using shorter or fewer "
                "inputs. The limit for this model is 288000 tokens."
            ),
        ),
        Problem.CONTENT_POLICY: _Wording(
            status=400, message="blocked input: please adjust your prompt and try again"
        ),
        Problem.OVERLOADED: _Wording(
            status=503, message="the service is currently overloaded, please try again later"
        ),
        Problem.SLOW_DOWN: _Wording(
            status=429,
            message="You are past the per minute request limit, please wait and try again later.",
        ),
        Problem.SERVER_ERROR: _Wording(
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


def error_answer(complaint: Complaint) -> HttpAnswer:
    """Return the HTTP answer that says a problem."""
    if complaint.problem in GATEWAY_PROBLEMS:
        return gateway_page(complaint.status or GATEWAY_PROBLEMS[complaint.problem])
    wording = _WORDINGS[complaint.problem]
    headers = wording.headers
    if complaint.retry_after is not None:
        headers = (*headers, ("retry-after", f"{complaint.retry_after:g}"))
    return _answer(
        complaint.status or wording.status, _message(complaint, wording), wording.type, headers
    )


def error_event(complaint: Complaint) -> bytes:
    """Return what says a problem inside a stream: an end with the reason `ERROR`."""
    delta: dict[str, object] = {
        "finish_reason": "ERROR",
        "usage": {},
        "error": _message(complaint, _WORDINGS[complaint.problem]),
    }
    ended = orjson.dumps({"type": "message-end", "delta": delta})
    return named_event("message-end", ended) + data_event(b"[DONE]")


def refusal(message: str, *, status: int = 400, kind: str | None = None) -> RefusedError:
    """Return the exception that carries a refusal."""
    return RefusedError(_answer(status, message, kind))


def unauthorised(credential: str | None) -> HttpAnswer:
    """Return the answer to a missing or wrong API key."""
    if credential is None:
        return _answer(401, "no api key supplied")
    return _answer(401, _WORDINGS[Problem.AUTH].message)


def unknown_model(name: str) -> RefusedError:
    """Return the exception for a model that is not offered."""
    return refusal(
        f"model '{name}' not found, make sure the correct model ID was used and that you have "
        "access to the model.",
        status=404,
    )


def _answer(
    status: int,
    message: str,
    kind: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> HttpAnswer:
    said = orjson.dumps({"message": message} | ({} if kind is None else {"error_type": kind}))
    body = b'{"id":"%s",%s' % (ID, said[1:])
    return HttpAnswer(status=status, body=body, headers=headers, unsigned=True)


def _message(complaint: Complaint, wording: _Wording) -> str:
    return complaint.message or wording.message.replace("{model}", complaint.model)


def dotted(place: Place) -> str:
    """Write a place with dots: `messages.0.content`."""
    return ".".join(str(step) for step in place)


class CohereWording:
    """Cohere's words for fields that it does not take."""

    def not_json(self) -> RefusedError:
        """Return the refusal of a body that is no JSON object."""
        return refusal("failed to parse request body: invalid json syntax")

    def missing(self, place: Place) -> RefusedError:
        """Return the refusal of a body without a field that must be there."""
        return refusal(f"invalid request: missing required field: '{dotted(place)}'")

    def wrong_type(self, place: Place, wanted: JsonType, value: object) -> RefusedError:
        """Return the refusal of a field that has another type."""
        given = type(value).__name__.replace("str", "string")
        return refusal(
            f"invalid type: parameter {dotted(place)} is of type {given} but should be of type "
            f"{_TYPE_NAMES[wanted]}."
        )

    def out_of_bounds(self, place: Place, value: float, bound: float) -> RefusedError:
        """Return the refusal of a number beyond a bound."""
        side = "at least" if value < bound else "at most"
        return refusal(f"invalid request: {dotted(place)} must be {side} {bound:g} inclusive.")

    def not_one_of(self, place: Place, value: str, allowed: Sequence[str]) -> RefusedError:
        """Return the refusal of a text that is not one of the allowed."""
        return refusal(
            f"invalid request: {dotted(place)} '{value}' is not valid: must be one of "
            f"{', '.join(allowed)}"
        )

    def unknown(self, place: Place) -> RefusedError:
        """Return the refusal of a field that does not exist."""
        return refusal(
            f"unknown field: parameter '{dotted(place)}' is not a valid field", status=422
        )
