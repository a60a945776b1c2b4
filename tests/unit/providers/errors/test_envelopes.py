"""Errors that come with status 200, in the envelopes that vendors document."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from tests.unit.providers.conftest import MakeCall
from tests.unit.providers.formats.claude_bodies import head

from routersvc.app.wire_formats import adapter
from routersvc.domain.outcomes.failure_rules import Disables, FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Evidence, Failure
from routersvc.providers.errors.envelopes import is_failure_report

C = FailureClass
DELTA: dict[str, Any] = {
    "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]
}


def failure_of(make_call: MakeCall, dialect: str, *bodies: dict[str, Any]) -> Failure:
    """Return the failure that a whole body means, or several chunks of a stream."""
    first, *more = bodies
    streaming = bool(more)
    chunks = "".join(f"data: {json.dumps(body)}\n\n" for body in bodies)
    written = chunks if streaming else json.dumps(first)
    decoder = adapter("openai_chat", dialect).decoder(
        make_call(streaming=streaming),
        head("text/event-stream" if streaming else "application/json"),
    )
    decoder.feed(written.encode())
    with pytest.raises(AttemptFailedError) as caught:
        decoder.end()
    return caught.value.failure


def base_resp(code: int | str, message: str = "") -> dict[str, Any]:
    """Return an error of MiniMax's."""
    return {"choices": None, "base_resp": {"status_code": code, "status_msg": message}}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("dialect", "body", "expected"),
    [
        ("minimax", base_resp(1008, "insufficient balance"), C.QUOTA_EXHAUSTED),
        ("minimax", base_resp("1002", "rate limit"), C.RATE_LIMITED),
        ("minimax", base_resp(1004, "login fail"), C.AUTHENTICATION),
        ("minimax", base_resp(1027, "output new_sensitive"), C.CONTENT_FILTERED),
        ("minimax", base_resp(2013, "context window exceeds limit"), C.CONTEXT_LENGTH),
        ("minimax", base_resp(1000, "unknown error"), C.SERVER_ERROR),
        ("generic", base_resp(1008, "insufficient balance"), C.QUOTA_EXHAUSTED),
        ("generic", {"error_code": 110, "error_msg": "no"}, C.AUTHENTICATION),
        ("generic", {"error_code": 18, "error_msg": "qps request limit reached"}, C.RATE_LIMITED),
        ("generic", {"error_code": "336103", "error_msg": "too long"}, C.CONTEXT_LENGTH),
        ("generic", {"code": 20012, "message": "no", "data": None}, C.MODEL_NOT_FOUND),
        ("generic", {"code": 30001, "message": "no", "data": None}, C.QUOTA_EXHAUSTED),
        ("alibaba", {"code": "Throttling.RateQuota", "message": "no"}, C.RATE_LIMITED),
        ("zai", {"code": 500, "msg": "404 NOT_FOUND", "success": False}, C.SERVER_ERROR),
        (
            "generic",
            {"Response": {"Error": {"Code": "AuthFailure.InvalidSecretId", "Message": "no"}}},
            C.AUTHENTICATION,
        ),
        ("generic", {"detail": "Not authenticated"}, C.SERVER_ERROR),
        ("generic", {"errors": [{"message": "no"}]}, C.SERVER_ERROR),
    ],
)
def test_error_with_status_200_is_no_answer(
    make_call: MakeCall,
    dialect: str,
    body: dict[str, Any],
    expected: FailureClass,
    *,
    stream: bool,
) -> None:
    """In a whole body and in the middle of a stream."""
    bodies = (DELTA, body) if stream else (body,)

    assert failure_of(make_call, dialect, *bodies).failure_class is expected


@pytest.mark.parametrize(
    "body",
    [
        '{"choices": [{}], "base_resp": {"status_code": 0, "status_msg": ""}}',
        '{"choices": [{}], "code": 0, "message": "ok", "success": true}',
        '{"choices": [], "usage": {"prompt_tokens": 1}}',
        '{"choices": [], "id": "x", "object": "chat.completion.chunk", "code": null, "msg": ""}',
        '{"choices": [], "prompt_filter_results": []}',
        '{"choices": [{}], "code": "E1", "message": "fields of a caller beside an answer"}',
        "{}",
        "[]",
        '"error"',
    ],
)
def test_answers_are_no_errors(body: str) -> None:
    """Codes that mean success, and what stands beside an answer."""
    assert not is_failure_report(json.loads(body), "choices")


def test_number_of_one_vendor_proves_nothing_at_another(make_call: MakeCall) -> None:
    """At MiniMax the balance is gone; what the number is elsewhere is not known."""
    own = failure_of(make_call, "minimax", base_resp(1008, "insufficient balance"))
    other = failure_of(make_call, "generic", base_resp(1008, "insufficient balance"))

    assert (own.evidence, other.evidence) == (Evidence.VENDOR_CODE, Evidence.WORDS)


def test_free_tier_of_one_model_leaves_the_key(make_call: MakeCall) -> None:
    """Alibaba's key serves its other models."""
    error = {"error": {"code": "AllocationQuota.FreeTierOnly", "message": "no"}}

    assert failure_of(make_call, "alibaba", error).rule.disables is Disables.MODEL


def test_error_after_the_finish_reason_is_not_the_requests_fault(make_call: MakeCall) -> None:
    """The answer had ended: another provider may give a whole one."""
    ended: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
    error = {"error": {"code": 400, "message": "no tokens left"}}

    found = failure_of(make_call, "openrouter", DELTA, ended, error)

    assert found.failure_class is FailureClass.TRUNCATED


def test_page_of_a_gateway_that_sheds_is_an_overload() -> None:
    """Envoy's documented header, whatever the page says."""
    page = b"no healthy upstream"
    plain = dataclasses.replace(head("text/plain"), status=503)
    marked = dataclasses.replace(plain, headers={**plain.headers, "x-envoy-overloaded": "true"})
    wire_format = adapter("openai_chat", "vllm")

    found = wire_format.decode_failure(marked, page)
    unmarked = wire_format.decode_failure(plain, page)

    assert found.failure_class is FailureClass.OVERLOADED
    assert unmarked.failure_class is FailureClass.SERVER_ERROR
