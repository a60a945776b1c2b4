"""What errors mean that the recordings do not hold, and what is passed on of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wording import Wording

from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.providers.errors.classes import LONGEST_RATE_LIMIT_DELAY
from routersvc.providers.formats.openai_chat.vendors import DIALECTS
from routersvc.providers.formats.openai_chat.wire import openai_chat
from routersvc.providers.wire_format import ResponseHead

WIRE_FORMAT = openai_chat(DIALECTS["generic"])
KEYS = st.sampled_from(["error", "code", "type", "message", "detail", "metadata", "raw", "status"])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def failure(status: int, body: object = None, **headers: str) -> Failure:
    """Return what a response means."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    head = ResponseHead(
        status=status,
        headers={
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        received_at=1_790_000_000.0,
    )
    return WIRE_FORMAT.decode_failure(head, raw)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, FailureClass.SERVER_ERROR),
        (302, FailureClass.SERVER_ERROR),
        (400, FailureClass.INVALID_REQUEST),
        (401, FailureClass.AUTHENTICATION),
        (402, FailureClass.QUOTA_EXHAUSTED),
        (403, FailureClass.PERMISSION),
        (404, FailureClass.MODEL_NOT_FOUND),
        (405, FailureClass.INVALID_REQUEST),
        (408, FailureClass.SERVER_ERROR),
        (410, FailureClass.MODEL_NOT_FOUND),
        (413, FailureClass.CONTEXT_LENGTH),
        (422, FailureClass.INVALID_REQUEST),
        (424, FailureClass.SERVER_ERROR),
        (429, FailureClass.RATE_LIMITED),
        (498, FailureClass.OVERLOADED),
        (499, FailureClass.SERVER_ERROR),
        (500, FailureClass.SERVER_ERROR),
        (502, FailureClass.SERVER_ERROR),
        (503, FailureClass.OVERLOADED),
        (504, FailureClass.SERVER_ERROR),
        *((status, FailureClass.SERVER_ERROR) for status in range(520, 528)),
        (529, FailureClass.OVERLOADED),
        (599, FailureClass.SERVER_ERROR),
    ],
)
def test_status_alone_has_a_meaning(status: int, expected: FailureClass) -> None:
    """Gateways and content networks answer without a word."""
    assert failure(status).failure_class is expected
    assert failure(status, b"<html>x</html>", content_type="text/html").failure_class is expected


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (400, "Incorrect API key provided: xai-***", FailureClass.AUTHENTICATION),
        (403, "No API key provided", FailureClass.AUTHENTICATION),
        (400, "This model's maximum prompt length is 131072 but the request contains 200000 tokens",
         FailureClass.CONTEXT_LENGTH),
        (400, "`inputs` tokens + `max_new_tokens` must be <= 8193", FailureClass.CONTEXT_LENGTH),
        (500, "the request exceeds the available context size", FailureClass.CONTEXT_LENGTH),
        (422, "Input is too long for this model", FailureClass.CONTEXT_LENGTH),
        (403, "Your team has used all available credits or reached its monthly limit",
         FailureClass.QUOTA_EXHAUSTED),
        (429, "You exceeded your current quota, please check your plan and billing details.",
         FailureClass.QUOTA_EXHAUSTED),
        (400, "Your credit balance is too low to access the API", FailureClass.QUOTA_EXHAUSTED),
        (429, "Rate limit reached for requests", FailureClass.RATE_LIMITED),
        (429, "The engine is currently overloaded, please try again later",
         FailureClass.OVERLOADED),
        (500, "Server busy, please try again.", FailureClass.OVERLOADED),
        (503, "upstream connect error or disconnect/reset before headers",
         FailureClass.SERVER_ERROR),
        (503, "no healthy upstream", FailureClass.SERVER_ERROR),
        (400, "The model `x` has been decommissioned", FailureClass.MODEL_NOT_FOUND),
        (400, "Model Not Exist", FailureClass.MODEL_NOT_FOUND),
        (400, "x/y is not a valid model ID", FailureClass.MODEL_NOT_FOUND),
        (404, "No endpoints found for x/y.", FailureClass.MODEL_NOT_FOUND),
        (404, "No endpoints found that support tool use.", FailureClass.CAPABILITY_MISMATCH),
        (404, "No endpoints found matching your data policy", FailureClass.PERMISSION),
        (400, "Audio input is not supported for this model", FailureClass.CAPABILITY_MISMATCH),
        (400, "The response was filtered due to our content management policy",
         FailureClass.CONTENT_FILTERED),
        (400, "messages.0.content: Field required", FailureClass.INVALID_REQUEST),
    ],
)  # fmt: skip
def test_phrases_of_vendors_mean_what_they_say(
    status: int, message: str, expected: FailureClass
) -> None:
    """Many errors have no code, or one that means everything."""
    assert failure(status, {"error": {"message": message}}).failure_class is expected
    assert failure(status, {"detail": message}).failure_class is expected
    assert failure(status, message.encode(), content_type="text/plain").failure_class is expected


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "insufficient_quota"}},
        {"error": {"type": "insufficient_quota", "code": None}},
        {"code": "INSUFFICIENT_QUOTA"},
        {"error": {"metadata": {"error_type": "payment_required"}}},
        {"error": {"metadata": {"raw": '{"error": {"code": "insufficient_quota"}}'}}},
        {"error": {"innererror": {"code": "billing_not_active"}}},
        {"detail": [{"type": "quota_exceeded", "msg": "x"}]},
    ],
)
def test_code_is_found_wherever_it_stands(body: dict[str, Any]) -> None:
    """Gateways wrap the errors of others."""
    assert failure(429, body).failure_class is FailureClass.QUOTA_EXHAUSTED


def test_wait_of_hours_is_a_used_up_quota() -> None:
    """A deployment that is gated for a day is no deployment that is merely busy."""
    short = failure(429, retry_after=f"{LONGEST_RATE_LIMIT_DELAY:g}")
    long = failure(429, retry_after="86400")

    assert (short.failure_class, short.retry_after) == (FailureClass.RATE_LIMITED, 3600.0)
    assert (long.failure_class, long.retry_after) == (FailureClass.QUOTA_EXHAUSTED, 86_400.0)


def test_refusal_tells_when_to_come_back_and_what_is_left() -> None:
    """The gate and the concurrency limit are set from it."""
    refused = failure(
        429,
        {"error": {"code": "rate_limit_exceeded"}},
        retry_after="20",
        x_ratelimit_remaining_requests="0",
        x_ratelimit_limit_requests="100",
    )

    assert refused == Failure(
        failure_class=FailureClass.RATE_LIMITED,
        message="the provider's rate limit is reached (HTTP 429)",
        http_status=429,
        retry_after=20.0,
        headroom=RateLimitHeadroom(remaining_requests=0, limit_requests=100),
    )


def test_web_page_is_not_read() -> None:
    """A page about billing on a gateway that failed means that the gateway failed."""
    page = b"<html><body>insufficient quota, maximum context length</body></html>"

    assert failure(502, page, content_type="text/html").failure_class is FailureClass.SERVER_ERROR
    assert failure(502, page).failure_class is FailureClass.SERVER_ERROR


def test_sentence_quotes_nothing(wording: Wording) -> None:
    """What a provider says may hold the prompt or the credential."""
    refused = failure(400, {"error": {"message": "Invalid prompt: my diagnosis", "code": "secret"}})

    assert "diagnosis" not in refused.message
    assert "secret" not in refused.message
    wording(refused.message)


@given(status=st.integers(min_value=300, max_value=599), body=JSON_VALUES)
def test_no_body_breaks_the_reading(status: int, body: object) -> None:
    """An error is a stranger's text; whatever it holds, a class comes out."""
    assert isinstance(failure(status, body).failure_class, FailureClass)


@given(status=st.integers(min_value=300, max_value=599), body=st.binary(max_size=200))
def test_no_bytes_break_the_reading(status: int, body: bytes) -> None:
    """Nor do bytes that are no JSON."""
    assert isinstance(failure(status, body).failure_class, FailureClass)


def test_deep_and_wide_errors_are_read_in_bounded_time() -> None:
    """A hostile body must not keep the loop busy or exhaust the stack."""
    deep: Any = "x"
    for _ in range(500):
        deep = {"error": deep}
    wide = {"error": [{"message": "x" * 1_000}] * 10_000}

    assert failure(400, deep).failure_class is FailureClass.INVALID_REQUEST
    assert failure(400, wide).failure_class is FailureClass.INVALID_REQUEST
