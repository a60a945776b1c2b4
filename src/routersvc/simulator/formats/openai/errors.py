"""OpenAI's errors: status, headers and body of each problem.

The wording, types and codes are those of recorded or published answers of the chat
completions API; limits and names in them are placeholders.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

import orjson

from routersvc.simulator.formats.html_pages import gateway_page
from routersvc.simulator.formats.wire_format import Complaint, HttpAnswer, RefusedError
from routersvc.simulator.words.effects import GATEWAY_PROBLEMS, Problem

_DEFAULT_RETRY_AFTER = 20.0
_SHOWN_HEAD, _SHOWN_TAIL = 8, 4
_INVALID = "invalid_request_error"
_EDGE = "application/json; charset=utf-8"
_KEYS_PAGE = "https://platform.openai.com/account/api-keys"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Wording:
    status: int
    message: str
    type: str
    code: str | None = None
    param: str | None = None
    retry_after: float | None = None


# `{model}`, `{wait}` stand for the model asked for and the time to wait.
_WORDINGS: Mapping[Problem, _Wording] = MappingProxyType(
    {
        Problem.RATE_LIMIT: _Wording(
            status=429,
            message=(
                "Rate limit reached for {model} in organization org-simulated on requests per "
                "min (RPM): Limit 3, Used 3, Requested 1. Please try again in {wait}."
            ),
            type="requests",
            code="rate_limit_exceeded",
            retry_after=_DEFAULT_RETRY_AFTER,
        ),
        Problem.REQUEST_TOO_LARGE: _Wording(
            status=429,
            message=(
                "Request too large for {model} in organization org-simulated on tokens per min "
                "(TPM): Limit 30000, Requested 31538. The input or output tokens must be reduced "
                "in order to run successfully."
            ),
            type="tokens",
            code="rate_limit_exceeded",
        ),
        Problem.INSUFFICIENT_QUOTA: _Wording(
            status=429,
            message=(
                "You exceeded your current quota, please check your plan and billing details."
            ),
            type="insufficient_quota",
            code="insufficient_quota",
        ),
        Problem.SPEND_LIMIT: _Wording(
            status=429,
            message="Billing or usage limit reached.",
            type="insufficient_quota",
            code="organization_spend_limit_exceeded",
        ),
        Problem.AUTH: _Wording(
            status=401,
            message=(
                "Incorrect API key provided: sk-revok********ked0. "
                f"You can find your API key at {_KEYS_PAGE}."
            ),
            type=_INVALID,
            code="invalid_api_key",
        ),
        Problem.FORBIDDEN: _Wording(
            status=403,
            message="Country, region, or territory not supported",
            type="request_forbidden",
            code="unsupported_country_region_territory",
        ),
        Problem.MODEL_NOT_FOUND: _Wording(
            status=404,
            message="The model `{model}` does not exist or you do not have access to it.",
            type=_INVALID,
            code="model_not_found",
        ),
        Problem.INVALID_REQUEST: _Wording(
            status=400,
            message="Unsupported parameter: 'stop' is not supported with this model.",
            type=_INVALID,
            code="unsupported_parameter",
            param="stop",
        ),
        Problem.CONTEXT_LENGTH: _Wording(
            status=400,
            message=(
                "This model's maximum context length is 128000 tokens. However, your messages "
                "resulted in 204308 tokens. Please reduce the length of the messages."
            ),
            type=_INVALID,
            code="context_length_exceeded",
            param="messages",
        ),
        Problem.CONTENT_POLICY: _Wording(
            status=400,
            message=(
                "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
            ),
            type=_INVALID,
            code="invalid_prompt",
        ),
        Problem.OVERLOADED: _Wording(
            status=503,
            message="Our servers are currently overloaded. Please try again later.",
            type="service_unavailable_error",
            code="server_is_overloaded",
        ),
        Problem.SLOW_DOWN: _Wording(
            status=503, message="Slow down.", type="server_error", code="slow_down"
        ),
        Problem.SERVER_ERROR: _Wording(
            status=500,
            message="The server had an error while processing your request.",
            type="server_error",
        ),
    }
)


def refusal(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    content_type: str = "application/json",
) -> RefusedError:
    """Return the exception that carries an invalid-request answer."""
    body = error_body(message, _INVALID, param, code)
    return RefusedError(HttpAnswer(status=status, body=body, content_type=content_type))


def error_body(message: str, kind: str, param: str | None, code: str | None) -> bytes:
    """Return the body of every error, in the order of the recorded ones."""
    error = {"message": message, "type": kind, "param": param, "code": code}
    return orjson.dumps({"error": error}, option=orjson.OPT_INDENT_2)


def error_answer(complaint: Complaint) -> HttpAnswer:
    """Return the HTTP answer that says a problem."""
    if complaint.problem in GATEWAY_PROBLEMS:
        return gateway_page(complaint.status or GATEWAY_PROBLEMS[complaint.problem])
    wording = _WORDINGS[complaint.problem]
    wait = complaint.retry_after if complaint.retry_after is not None else wording.retry_after
    headers: tuple[tuple[str, str], ...] = ()
    if wait is not None:
        headers = (
            ("retry-after", f"{max(1, round(wait)) if wait else 0}"),
            ("retry-after-ms", f"{round(wait * 1000)}"),
        )
    if complaint.problem is Problem.RATE_LIMIT:
        headers += (
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", duration(wait or 0.0)),
            ("x-should-retry", "true"),
        )
    return HttpAnswer(
        status=complaint.status or wording.status,
        headers=headers,
        body=error_body(_message(complaint, wording), wording.type, wording.param, wording.code),
        content_type=_EDGE if wording.status in (401, 404) else "application/json",
    )


def error_event(complaint: Complaint) -> bytes:
    """Return the event that says a problem inside a stream."""
    return b"data: " + orjson.dumps({"error": error_parts(complaint)}) + b"\n\n"


def error_parts(complaint: Complaint) -> Mapping[str, object]:
    """Return what an error inside a stream says."""
    wording = _WORDINGS[complaint.problem]
    return {
        "message": _message(complaint, wording),
        "type": wording.type,
        "param": wording.param,
        "code": wording.code,
    }


def unauthorised(credential: str | None) -> HttpAnswer:
    """Return the answer to a missing or wrong API key; the key is shown masked."""
    if credential is None:
        message = (
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY), or as the password "
            "field (with blank username) if you're accessing the API from your browser and are "
            f"prompted for a username and password. You can obtain an API key from {_KEYS_PAGE}."
        )
        code = None
    else:
        message = (
            f"Incorrect API key provided: {_masked(credential)}. "
            f"You can find your API key at {_KEYS_PAGE}."
        )
        code = "invalid_api_key"
    return HttpAnswer(
        status=401, body=error_body(message, _INVALID, None, code), content_type=_EDGE
    )


def unknown_model(name: str) -> RefusedError:
    """Return the exception for a model that is not offered."""
    complaint = Complaint(problem=Problem.MODEL_NOT_FOUND, model=name)
    return RefusedError(error_answer(complaint))


def duration(seconds: float) -> str:
    """Write a time as the rate-limit headers do: `12ms`, `6.02s`, `1m30s`."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms" if seconds else "0s"
    minutes, rest = divmod(seconds, 60)
    shown = f"{rest:.3f}".rstrip("0").rstrip(".")
    return f"{int(minutes)}m{shown}s" if minutes else f"{shown}s"


def _message(complaint: Complaint, wording: _Wording) -> str:
    if complaint.message is not None:
        return complaint.message
    wait = complaint.retry_after if complaint.retry_after is not None else wording.retry_after
    return wording.message.replace("{model}", complaint.model).replace(
        "{wait}", duration(wait or 0.0)
    )


def _masked(credential: str) -> str:
    hidden = len(credential) - _SHOWN_HEAD - _SHOWN_TAIL
    if hidden <= 0:
        return credential
    return credential[:_SHOWN_HEAD] + "*" * hidden + credential[-_SHOWN_TAIL:]
