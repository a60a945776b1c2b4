"""Bedrock's errors: status, exception and sentence of each problem; messages for invalid fields.

An error is a sentence in the body and the exception's name in a header; inside a stream
it is an exception frame. No time to wait is reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson

from routersvc.simulator.faults.effects import Problem
from routersvc.simulator.formats import event_stream_frames
from routersvc.simulator.formats.json_fields import JsonType, Place
from routersvc.simulator.formats.replies import HttpAnswer, RefusedError
from routersvc.simulator.formats.vendor_errors import VendorError, VendorErrors

_OF_BEDROCK = "http://internal.amazon.com/coral/com.amazon.bedrock/"
_OF_ALL = "http://internal.amazon.com/coral/com.amazon.coral.service/"
_NOT_BEDROCKS = (
    "IncompleteSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "UnknownOperationException",
    "UnrecognizedClientException",
)


_TABLE: Mapping[Problem, VendorError] = MappingProxyType(
    {
        Problem.RATE_LIMIT: VendorError(
            status=429,
            type="ThrottlingException",
            message="Too many requests, please wait before trying again.",
        ),
        Problem.REQUEST_TOO_LARGE: VendorError(
            status=429,
            type="ThrottlingException",
            message="Too many tokens, please wait before trying again.",
        ),
        Problem.INSUFFICIENT_QUOTA: VendorError(
            status=400,
            type="ServiceQuotaExceededException",
            message="Your request exceeds the service quota for your account.",
        ),
        Problem.SPEND_LIMIT: VendorError(
            status=429,
            type="ThrottlingException",
            message="Too many tokens per day, please wait before trying again.",
        ),
        Problem.AUTH: VendorError(
            status=403,
            type="ExpiredTokenException",
            message="The security token included in the request is expired",
        ),
        Problem.FORBIDDEN: VendorError(
            status=403,
            type="AccessDeniedException",
            message="You don't have access to the model with the specified model ID.",
        ),
        Problem.MODEL_NOT_FOUND: VendorError(
            status=404,
            type="ResourceNotFoundException",
            message=(
                "This Model is marked by provider as Legacy and you have not been actively using "
                "the model in the last 15 days. Please upgrade to an active model on Amazon Bedrock"
            ),
        ),
        Problem.INVALID_REQUEST: VendorError(
            status=400,
            type="ValidationException",
            message=(
                "Invocation of model ID {model} with on-demand throughput isn’t supported. Retry "
                "your request with the ID or ARN of an inference profile that contains this model."
            ),
        ),
        Problem.CONTEXT_LENGTH: VendorError(
            status=400,
            type="ValidationException",
            message="Input is too long for requested model.",
        ),
        Problem.CONTENT_POLICY: VendorError(
            status=400,
            type="ValidationException",
            message=(
                "The model returned the following errors: Output blocked by content filtering "
                "policy"
            ),
        ),
        Problem.OVERLOADED: VendorError(
            status=503,
            type="ServiceUnavailableException",
            message="Bedrock is unable to process your request.",
        ),
        Problem.SLOW_DOWN: VendorError(
            status=429,
            type="ModelNotReadyException",
            message="Model is not ready for inference. Wait and try your request again.",
        ),
        Problem.SERVER_ERROR: VendorError(
            status=500,
            type="InternalServerException",
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


class BedrockErrors(VendorErrors):
    """Bedrock's errors; `type` is the name of the exception."""

    @property
    def table(self) -> Mapping[Problem, VendorError]:
        """The recorded errors."""
        return _TABLE

    def answer(self, error: VendorError) -> HttpAnswer:
        """Return an error with its exception in a header."""
        origin = _OF_ALL if error.type in _NOT_BEDROCKS else _OF_BEDROCK
        return HttpAnswer(
            status=error.status,
            body=orjson.dumps({"message": error.message}),
            headers=(("x-amzn-errortype", f"{error.type}:{origin}"),),
        )

    def event(self, error: VendorError) -> bytes:
        """Return an error as an exception frame."""
        kind = _STREAMED.get(error.type or "", _MODEL_STREAM_ERROR)
        body: dict[str, object] = {"message": error.message}
        if kind == _MODEL_STREAM_ERROR:
            body |= {"originalStatusCode": error.status, "originalMessage": error.message}
        return event_stream_frames.exception(kind, orjson.dumps(body))

    def unauthorised(self, credential: str | None) -> HttpAnswer:
        """Return the answer to a missing or unknown access key."""
        message = "The security token included in the request is invalid."
        exception = "UnrecognizedClientException"
        if credential is None:
            message = "Missing Authentication Token"
            exception = "MissingAuthenticationTokenException"
        return refusal(message, status=403, exception=exception).answer

    def unknown_model(self, name: str) -> RefusedError:  # noqa: ARG002 - not named
        """Return the refusal of a model that never existed."""
        return refusal("The provided model identifier is invalid.")

    def unknown_path(self) -> RefusedError:
        """Return Amazon's 404."""
        return refusal("", status=404, exception="UnknownOperationException")

    def invalid_schema(self, place: str, problem: str) -> RefusedError:
        """Return the refusal of a JSON schema."""
        return refusal(f"The model returned the following errors: {place}: {problem}")


ERRORS = BedrockErrors()


def refusal(
    message: str, *, status: int = 400, exception: str = "ValidationException"
) -> RefusedError:
    """Return the exception that carries a refusal."""
    return RefusedError(ERRORS.answer(VendorError(status=status, message=message, type=exception)))


def spoken(place: Place) -> str:
    """Write a place as Bedrock does: `messages.1.member.content`."""
    written = [f"{step + 1}.member" if isinstance(step, int) else step for step in place]
    return ".".join(written)


class BedrockWording:
    """Bedrock's messages for invalid fields."""

    def not_json(self) -> RefusedError:
        """Return the refusal of a body that is not a JSON object."""
        return refusal("Unexpected end of input", exception="SerializationException")

    def missing(self, place: Place) -> RefusedError:
        """Return the refusal of a missing field."""
        return refusal(
            f"1 validation error detected: Value at '{spoken(place)}' failed to satisfy "
            "constraint: Member must not be null"
        )

    def wrong_type(self, place: Place, wanted: JsonType, value: object) -> RefusedError:  # noqa: ARG002 - not reported
        """Return the refusal of a field with the wrong type."""
        return refusal(
            f"'{spoken(place)}' can not be converted to {wanted.value.capitalize()}",
            exception="SerializationException",
        )

    def out_of_bounds(self, place: Place, value: float, bound: float) -> RefusedError:
        """Return the refusal of a number out of bounds."""
        side = "greater" if value < bound else "less"
        return refusal(
            f"1 validation error detected: Value '{value}' at '{spoken(place)}' failed to satisfy "
            f"constraint: Member must have value {side} than or equal to {bound:g}"
        )

    def not_one_of(self, place: Place, value: str, allowed: Sequence[str]) -> RefusedError:
        """Return the refusal of a text that is not an allowed value."""
        return refusal(
            f"1 validation error detected: Value '{value}' at '{spoken(place)}' failed to satisfy "
            f"constraint: Member must satisfy enum value set: [{', '.join(allowed)}]"
        )

    def unknown(self, place: Place) -> RefusedError:
        """Return the refusal of an unknown field."""
        return refusal(f"Malformed input request: extraneous key [{place[-1]}] is not permitted")
