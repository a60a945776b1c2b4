"""What errors mean that the recordings do not hold, and what is passed on of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wording import Wording

from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.outcomes.failure_rules import (
    BreakerEffect,
    Disables,
    FailoverRule,
    FailureClass,
)
from routersvc.domain.outcomes.failures import Failure
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
    """A vendor's error may say nothing that is known."""
    assert failure(status, {"error": {"message": "?"}}).failure_class is expected
    assert failure(status, {}).failure_class is expected


PAGES: list[tuple[bytes, dict[str, str]]] = [
    (b"", {}),
    (b"<html>insufficient_quota, invalid api key</html>", {"content_type": "text/html"}),
    (b"<!doctype html><title>model not found</title>", {}),
    (b"\n\tIncorrect API key provided", {"content_type": "text/plain"}),
    (b"insufficient credits: maximum context length", {"content_type": "text/plain"}),
    (b'"Unauthorized"', {}),
    (b"[nginx] model does not exist", {"content_type": "text/plain"}),
]


@pytest.mark.parametrize(("page", "headers"), PAGES)
@pytest.mark.parametrize("status", [307, *range(400, 432), 451, 499, *range(500, 512), 529])
def test_page_says_nothing_about_credential_model_or_request(
    status: int, page: bytes, headers: dict[str, str]
) -> None:
    """A gateway sent it: the vendor has not seen the request."""
    expected = {
        429: FailureClass.RATE_LIMITED,
        503: FailureClass.OVERLOADED,
        529: FailureClass.OVERLOADED,
    }.get(status, FailureClass.SERVER_ERROR)

    refused = failure(status, page, **headers)

    assert refused.failure_class is expected
    assert refused.rule.disables is Disables.NOTHING
    assert refused.rule.failover is FailoverRule.ANY


def test_page_about_a_request_counts_in_the_failure_rate_only() -> None:
    """A caller whose requests a firewall refuses must not open the breaker for the others."""
    assert failure(403, b"Forbidden").rule.breaker is BreakerEffect.RATE_ONLY
    assert failure(502, b"Bad Gateway").rule.breaker is BreakerEffect.FAILURE
    assert failure(408, {"error": {"message": "?"}}).rule.breaker is BreakerEffect.FAILURE


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"code": "invalid_api_key", "mess',
        b'data: {"error": {"code": "invalid_api_key"}}\n\n',
        b'event: error\ndata: {"error": {"code": "invalid_api_key"}}\n\n',
        b'[{"error": {"code": "invalid_api_key"}}]',
    ],
    ids=["cut", "event", "named event", "list"],
)
def test_error_of_a_vendor_is_no_page(body: bytes) -> None:
    """However it is framed."""
    assert failure(401, body).failure_class is FailureClass.AUTHENTICATION


def test_code_in_a_header_makes_an_empty_body_the_vendors() -> None:
    """AWS sends it there."""
    refused = failure(404, b"", x_amzn_errortype="ResourceNotFoundException:http://x/")

    assert refused.failure_class is FailureClass.MODEL_NOT_FOUND
    assert "code `resourcenotfoundexception`" in refused.message


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (503, "upstream connect error or disconnect/reset before headers",
         FailureClass.SERVER_ERROR),
        (503, "no healthy upstream", FailureClass.SERVER_ERROR),
        (500, "Server busy, please try again.", FailureClass.OVERLOADED),
        (429, "The engine is currently overloaded", FailureClass.OVERLOADED),
    ],
)  # fmt: skip
def test_phrases_of_gateways_mean_what_they_say(
    status: int, message: str, expected: FailureClass
) -> None:
    """They tell a server that failed from one that is overloaded."""
    assert failure(status, message.encode(), content_type="text/plain").failure_class is expected


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


@pytest.mark.parametrize("wait", ["7200", "86400"])
def test_wait_of_hours_is_told(wait: str) -> None:
    """A limit per day of one model says nothing about the credential's other models."""
    limited = failure(
        429, {"error": {"code": "rate_limit_exceeded", "type": "tokens"}}, retry_after=wait
    )

    assert (limited.failure_class, limited.retry_after) == (FailureClass.RATE_LIMITED, float(wait))


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
        message="the provider's rate limit is reached (HTTP 429, code `rate_limit_exceeded`)",
        http_status=429,
        retry_after=20.0,
        headroom=RateLimitHeadroom(remaining_requests=0, limit_requests=100),
    )


def test_web_page_is_not_read() -> None:
    """A page about billing on a gateway that failed means that the gateway failed."""
    page = b"<html><body>insufficient quota, maximum context length</body></html>"

    assert failure(502, page, content_type="text/html").failure_class is FailureClass.SERVER_ERROR
    assert failure(502, page).failure_class is FailureClass.SERVER_ERROR


def test_sentence_quotes_nothing_but_code_and_parameter(wording: Wording) -> None:
    """What a provider says may hold the prompt or the credential."""
    error = {
        "message": "Invalid prompt: my diagnosis",
        "code": "invalid_value",
        "param": "messages[3].content",
        "inner": {"code": "tumour", "param": "tumour"},
    }

    refused = failure(400, {"error": error})

    assert "diagnosis" not in refused.message
    assert "tumour" not in refused.message
    assert "(HTTP 400, code `invalid_value`, parameter `messages[3].content`)" in refused.message
    wording(refused.message)


@pytest.mark.parametrize(
    ("body", "end"),
    [
        ({"error": {"code": None, "type": "bad_thing", "param": None}}, "code `bad_thing`)"),
        ({"object": "error", "type": "bad_thing", "code": "3051"}, "code `3051`)"),
        ({"type": "error", "error": {"type": "bad_thing"}}, "code `bad_thing`)"),
        ([{"error": {"code": 400, "status": "BAD_THING"}}], "code `BAD_THING`)"),
        ({"error": {"code": "my diagnosis is bad"}}, "(HTTP 400)"),
        ({"error": {"code": "x" * 65}}, "(HTTP 400)"),
        ({"error": {"code": True, "param": ["x"]}}, "(HTTP 400)"),
        ({"error": "bad_thing"}, "(HTTP 400)"),
        ({"message": "bad_thing"}, "(HTTP 400)"),
    ],
)
def test_code_is_quoted_from_the_vendors_own_place(body: object, end: str) -> None:
    """Elsewhere, or in another form, it may be a caller's words."""
    assert failure(400, body).message.endswith(end)


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
