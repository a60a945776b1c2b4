"""OpenAI's errors: status, headers and body of each problem.

The wording, types and codes are those of recorded or published answers of the chat
completions API; limits and names in them are placeholders.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import orjson

from routersvc.simulator.faults.effects import Problem
from routersvc.simulator.formats.replies import Complaint, Headers, HttpAnswer, RefusedError
from routersvc.simulator.formats.sse_frames import data_event
from routersvc.simulator.formats.vendor_errors import VendorError, VendorErrors

_DEFAULT_RETRY_AFTER = 20.0
_SHOWN_HEAD, _SHOWN_TAIL = 8, 4
_INVALID = "invalid_request_error"
_EDGE = "application/json; charset=utf-8"
_KEYS_PAGE = "https://platform.openai.com/account/api-keys"
_NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization "
    "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password "
    "field (with blank username) if you're accessing the API from your browser and are "
    f"prompted for a username and password. You can obtain an API key from {_KEYS_PAGE}."
)


_TABLE: Mapping[Problem, VendorError] = MappingProxyType(
    {
        Problem.RATE_LIMIT: VendorError(
            status=429,
            message=(
                "Rate limit reached for {model} in organization org-simulated on requests per "
                "min (RPM): Limit 3, Used 3, Requested 1. Please try again in {wait}."
            ),
            type="requests",
            code="rate_limit_exceeded",
            retry_after=_DEFAULT_RETRY_AFTER,
            headers=(
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "{wait}"),
                ("x-should-retry", "true"),
            ),
        ),
        Problem.REQUEST_TOO_LARGE: VendorError(
            status=429,
            message=(
                "Request too large for {model} in organization org-simulated on tokens per min "
                "(TPM): Limit 30000, Requested 31538. The input or output tokens must be reduced "
                "in order to run successfully."
            ),
            type="tokens",
            code="rate_limit_exceeded",
        ),
        Problem.INSUFFICIENT_QUOTA: VendorError(
            status=429,
            message=(
                "You exceeded your current quota, please check your plan and billing details."
            ),
            type="insufficient_quota",
            code="insufficient_quota",
        ),
        Problem.SPEND_LIMIT: VendorError(
            status=429,
            message="Billing or usage limit reached.",
            type="insufficient_quota",
            code="organization_spend_limit_exceeded",
        ),
        Problem.AUTH: VendorError(
            status=401,
            message=(
                "Incorrect API key provided: sk-revok********ked0. "
                f"You can find your API key at {_KEYS_PAGE}."
            ),
            type=_INVALID,
            code="invalid_api_key",
            content_type=_EDGE,
        ),
        Problem.FORBIDDEN: VendorError(
            status=403,
            message="Country, region, or territory not supported",
            type="request_forbidden",
            code="unsupported_country_region_territory",
        ),
        Problem.MODEL_NOT_FOUND: VendorError(
            status=404,
            message="The model `{model}` does not exist or you do not have access to it.",
            type=_INVALID,
            code="model_not_found",
            content_type=_EDGE,
        ),
        Problem.INVALID_REQUEST: VendorError(
            status=400,
            message="Unsupported parameter: 'stop' is not supported with this model.",
            type=_INVALID,
            code="unsupported_parameter",
            param="stop",
        ),
        Problem.CONTEXT_LENGTH: VendorError(
            status=400,
            message=(
                "This model's maximum context length is 128000 tokens. However, your messages "
                "resulted in 204308 tokens. Please reduce the length of the messages."
            ),
            type=_INVALID,
            code="context_length_exceeded",
            param="messages",
        ),
        Problem.CONTENT_POLICY: VendorError(
            status=400,
            message=(
                "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
            ),
            type=_INVALID,
            code="invalid_prompt",
        ),
        Problem.OVERLOADED: VendorError(
            status=503,
            message="Our servers are currently overloaded. Please try again later.",
            type="service_unavailable_error",
            code="server_is_overloaded",
        ),
        Problem.SLOW_DOWN: VendorError(
            status=503, message="Slow down.", type="server_error", code="slow_down"
        ),
        Problem.SERVER_ERROR: VendorError(
            status=500,
            message="The server had an error while processing your request.",
            type="server_error",
        ),
    }
)


class OpenAIErrors(VendorErrors):
    """OpenAI's errors."""

    @property
    def table(self) -> Mapping[Problem, VendorError]:
        """The recorded errors."""
        return _TABLE

    def answer(self, error: VendorError) -> HttpAnswer:
        """Return an error with the headers that say when to try again."""
        headers: Headers = ()
        wait = error.retry_after
        if wait is not None:
            headers = (
                ("retry-after", f"{max(1, round(wait)) if wait else 0}"),
                ("retry-after-ms", f"{round(wait * 1000)}"),
            )
        return HttpAnswer(
            status=error.status,
            headers=headers + error.headers,
            body=orjson.dumps({"error": error_object(error)}, option=orjson.OPT_INDENT_2),
            content_type=error.content_type,
        )

    def event(self, error: VendorError) -> bytes:
        """Return an error as a `data:` event."""
        return data_event(orjson.dumps({"error": error_object(error)}))

    def unauthorised(self, credential: str | None) -> HttpAnswer:
        """Return the answer to a missing or wrong API key; the key is masked."""
        if credential is None:
            return refusal(401, _NO_KEY, content_type=_EDGE).answer
        message = (
            f"Incorrect API key provided: {_masked(credential)}. "
            f"You can find your API key at {_KEYS_PAGE}."
        )
        return refusal(401, message, code="invalid_api_key", content_type=_EDGE).answer

    def unknown_model(self, name: str) -> RefusedError:
        """Return the refusal of a model that the provider does not offer."""
        return RefusedError(self.answer_to(Complaint(problem=Problem.MODEL_NOT_FOUND, model=name)))

    def unknown_path(self) -> RefusedError:
        """Return OpenAI's 404 without the URL."""
        return refusal(404, "Invalid URL")

    def invalid_schema(self, place: str, problem: str) -> RefusedError:
        """Return the refusal of a JSON schema."""
        return refusal(400, f"Invalid schema for {place}: {problem}", param=place)

    def wait_text(self, seconds: float) -> str:
        """Return a time as the rate-limit headers write it."""
        return duration(seconds)


ERRORS = OpenAIErrors()


def refusal(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    content_type: str = "application/json",
) -> RefusedError:
    """Return the exception that carries an invalid-request answer."""
    error = VendorError(
        status=status,
        message=message,
        type=_INVALID,
        param=param,
        code=code,
        content_type=content_type,
    )
    return RefusedError(ERRORS.answer(error))


def error_object(error: VendorError) -> Mapping[str, object]:
    """Return an error as the JSON object of every body and event."""
    return {
        "message": error.message,
        "type": error.type,
        "param": error.param,
        "code": error.code,
    }


def duration(seconds: float) -> str:
    """Write a time as the rate-limit headers do: `12ms`, `6.02s`, `1m30s`."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms" if seconds else "0s"
    minutes, rest = divmod(seconds, 60)
    shown = f"{rest:.3f}".rstrip("0").rstrip(".")
    return f"{int(minutes)}m{shown}s" if minutes else f"{shown}s"


def _masked(credential: str) -> str:
    hidden = len(credential) - _SHOWN_HEAD - _SHOWN_TAIL
    if hidden <= 0:
        return credential
    return credential[:_SHOWN_HEAD] + "*" * hidden + credential[-_SHOWN_TAIL:]
