"""When to come back, as errors say it in words."""

from __future__ import annotations

import json

import pytest

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.errors.classes import failure_of_event, failure_of_response
from routersvc.providers.errors.retry_hints import wait_in
from routersvc.providers.wire_format import ResponseHead


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("limit reached. please try again in 2.4s. visit", 2.4),
        ("please try again in 20ms.", 0.02),
        ("please try again in 7m12s", 432.0),
        ("please try again in 1h2m3.5s.", 3723.5),
        ("please retry after 9 seconds.", 9.0),
        ("please retry after 1 second", 1.0),
        ("retry in 34.5s", 34.5),
        ("try again in 6 minutes", 360.0),
        ("wait for about 2 hours", 7200.0),
        ("wait 100 milliseconds", 0.1),
        ("try again in 0s", None),
        ("try again in 0 seconds", None),
        ("try again later", None),
        ("try again in a while", None),
        ("retry 3 times", None),
        ("please wait before trying again", None),
        ("try again in 5sheep", None),
        ("try again in 99999999999s", None),
        ("", None),
    ],
)
def test_wait_is_found_in_words(text: str, expected: float | None) -> None:
    """Vendors write it in many ways."""
    assert wait_in(text) == (None if expected is None else pytest.approx(expected))


def test_headers_go_before_words() -> None:
    """They are meant for programs."""
    body = json.dumps({"error": {"message": "Please try again in 20s"}}).encode()
    quiet = ResponseHead(status=429, headers={}, received_at=0.0)
    outspoken = ResponseHead(status=429, headers={"retry-after": "3"}, received_at=0.0)

    assert failure_of_response(quiet, body).retry_after == 20.0
    assert failure_of_response(outspoken, body).retry_after == 3.0


def test_words_inside_an_answer_are_all_there_is() -> None:
    """The headers of a successful response say nothing of the failure that follows."""
    error = {"error": {"code": "rate_limit_exceeded", "message": "Please try again in 2.4s."}}

    failure = failure_of_event(error, ResponseHead(status=200, headers={}, received_at=0.0))

    assert failure.failure_class is FailureClass.RATE_LIMITED
    assert failure.retry_after == 2.4


def test_long_wait_in_words_is_told() -> None:
    """A limit per day of one model leaves the credential in use for the others."""
    body = json.dumps({"error": {"message": "Please retry after 86400 seconds."}}).encode()

    failure = failure_of_response(ResponseHead(status=429, headers={}, received_at=0.0), body)

    assert (failure.failure_class, failure.retry_after) == (FailureClass.RATE_LIMITED, 86_400.0)


def test_words_of_other_failures_name_no_wait() -> None:
    """A refused request does not pass by waiting."""
    body = json.dumps({"error": {"message": "Fix it and retry in 5 seconds"}}).encode()

    failure = failure_of_response(ResponseHead(status=400, headers={}, received_at=0.0), body)

    assert failure.retry_after is None
