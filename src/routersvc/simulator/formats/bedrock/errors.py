"""Bedrock's errors: status, exception and sentence of each problem; its words for wrong fields.

An error is a sentence in the body and the exception's name in a header; inside a stream
it is an exception frame. There is no time to wait anywhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson

from routersvc.simulator.formats import event_stream_frames
from routersvc.simulator.formats.html_pages import gateway_page
from routersvc.simulator.formats.json_fields import JsonType, Place
from routersvc.simulator.formats.wire_format import Complaint, HttpAnswer, RefusedError
from routersvc.simulator.words.effects import GATEWAY_PROBLEMS, Problem

_OF_BEDROCK = "http://internal.amazon.com/coral/com.amazon.bedrock/"
_OF_ALL = "http://internal.amazon.com/coral/com.amazon.coral.service/"
_NOT_BEDROCKS = (
    "IncompleteSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "UnknownOperationException",
    "UnrecognizedClientException",
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Wording:
    status: int
    exception: str
    message: str


_WORDINGS: Mapping[Problem, _Wording] = MappingProxyType(
    {
        Problem.RATE_LIMIT: _Wording(
            status=429,
            exception="ThrottlingException",
            message="Too many requests, please wait before trying again.",
        ),
        Problem.REQUEST_TOO_LARGE: _Wording(
            status=429,
            exception="ThrottlingException",
            message="Too many tokens, please wait before trying again.",
        ),
        Problem.INSUFFICIENT_QUOTA: _Wording(
            status=400,
            exception="ServiceQuotaExceededException",
            message="Your request exceeds the service quota for your account.",
        ),
        Problem.SPEND_LIMIT: _Wording(
            status=429,
            exception="ThrottlingException",
            message="Too many tokens per day, please wait before trying again.",
        ),
        Problem.AUTH: _Wording(
            status=403,
            exception="ExpiredTokenException",
            message="The security token included in the request is expired",
        ),
        Problem.FORBIDDEN: _Wording(
            status=403,
            exception="AccessDeniedException",
            message="You don't have access to the model with the specified model ID.",
        ),
        Problem.MODEL_NOT_FOUND: _Wording(
            status=404,
            exception="ResourceNotFoundException",
            message=(
                "This Model is marked by provider as Legacy and you have not been actively using "
                "the model in the last 15 days. Please upgrade to an active model on Amazon Bedrock"
            ),
        ),
        Problem.INVALID_REQUEST: _Wording(
            status=400,
            exception="ValidationException",
            message=(
                "Invocation of model ID {model} with on-demand throughput isn’t supported. Retry "
                "your request with the ID or ARN of an inference profile that contains this model."
            ),
        ),
        Problem.CONTEXT_LENGTH: _Wording(
            status=400,
            exception="ValidationException",
            message="Input is too long for requested model.",
        ),
        Problem.CONTENT_POLICY: _Wording(
            status=400,
            exception="ValidationException",
            message=(
                "The model returned the following errors: Output blocked by content filtering "
                "policy"
            ),
        ),
        Problem.OVERLOADED: _Wording(
            status=503,
            exception="ServiceUnavailableException",
            message="Bedrock is unable to process your request.",
        ),
        Problem.SLOW_DOWN: _Wording(
            status=429,
            exception="ModelNotReadyException",
            message="Model is not ready for inference. Wait and try your request again.",
        ),
        Problem.SERVER_ERROR: _Wording(
            status=500,
            exception="InternalServerException",
            message=(
                "The system encountered an unexpected error during processing. Try your request "
                "again."
            ),
        ),
    }
)
# Those that may end a stream, under the names that its frames have; others end it as the model's.
_STREAMED: Mapping[str, str] = MappingProxyType(
    {
        "InternalServerException": "internalServerException",
        "ServiceUnavailableException": "serviceUnavailableException",
        "ThrottlingException": "throttlingException",
        "ValidationException": "validationException",
    }
)
_MODEL_STREAM_ERROR = "modelStreamErrorException"


def error_answer(complaint: Complaint) -> HttpAnswer:
    """Return the HTTP answer that says a problem."""
    if complaint.problem in GATEWAY_PROBLEMS:
        return gateway_page(complaint.status or GATEWAY_PROBLEMS[complaint.problem])
    wording = _WORDINGS[complaint.problem]
    status = complaint.status or wording.status
    return _answer(status, wording.exception, _message(complaint, wording))


def error_event(complaint: Complaint) -> bytes:
    """Return the frame that says a problem inside a stream."""
    wording = _WORDINGS[complaint.problem]
    kind = _STREAMED.get(wording.exception, _MODEL_STREAM_ERROR)
    body: dict[str, object] = {"message": _message(complaint, wording)}
    if kind == _MODEL_STREAM_ERROR:
        body |= {"originalStatusCode": wording.status, "originalMessage": body["message"]}
    return event_stream_frames.exception(kind, orjson.dumps(body))


def refusal(
    message: str, *, status: int = 400, exception: str = "ValidationException"
) -> RefusedError:
    """Return the exception that carries a refusal."""
    return RefusedError(_answer(status, exception, message))


def unauthorised(credential: str | None) -> HttpAnswer:
    """Return the answer to a missing or unknown access key."""
    if credential is None:
        return _answer(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    return _answer(
        403,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )


def unknown_model() -> RefusedError:
    """Return the exception for a model that there never was."""
    return refusal("The provided model identifier is invalid.")


def _answer(status: int, exception: str, message: str) -> HttpAnswer:
    origin = _OF_ALL if exception in _NOT_BEDROCKS else _OF_BEDROCK
    return HttpAnswer(
        status=status,
        body=orjson.dumps({"message": message}),
        headers=(("x-amzn-errortype", f"{exception}:{origin}"),),
    )


def _message(complaint: Complaint, wording: _Wording) -> str:
    return complaint.message or wording.message.replace("{model}", complaint.model)


def spoken(place: Place) -> str:
    """Write a place as Bedrock does: `messages.1.member.content`."""
    written = [f"{step + 1}.member" if isinstance(step, int) else step for step in place]
    return ".".join(written)


class BedrockWording:
    """Bedrock's words for fields that it does not take."""

    def not_json(self) -> RefusedError:
        """Return the refusal of a body that is no JSON object."""
        return refusal("Unexpected end of input", exception="SerializationException")

    def missing(self, place: Place) -> RefusedError:
        """Return the refusal of a body without a field that must be there."""
        return refusal(
            f"1 validation error detected: Value at '{spoken(place)}' failed to satisfy "
            "constraint: Member must not be null"
        )

    def wrong_type(self, place: Place, wanted: JsonType, value: object) -> RefusedError:  # noqa: ARG002 - not told
        """Return the refusal of a field that has another type."""
        return refusal(
            f"'{spoken(place)}' can not be converted to {wanted.value.capitalize()}",
            exception="SerializationException",
        )

    def out_of_bounds(self, place: Place, value: float, bound: float) -> RefusedError:
        """Return the refusal of a number beyond a bound."""
        side = "greater" if value < bound else "less"
        return refusal(
            f"1 validation error detected: Value '{value}' at '{spoken(place)}' failed to satisfy "
            f"constraint: Member must have value {side} than or equal to {bound:g}"
        )

    def not_one_of(self, place: Place, value: str, allowed: Sequence[str]) -> RefusedError:
        """Return the refusal of a text that is not one of the allowed."""
        return refusal(
            f"1 validation error detected: Value '{value}' at '{spoken(place)}' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{', '.join(allowed)}]"
        )

    def unknown(self, place: Place) -> RefusedError:
        """Return the refusal of a field that does not exist."""
        return refusal(f"Malformed input request: extraneous key [{place[-1]}] is not permitted")
