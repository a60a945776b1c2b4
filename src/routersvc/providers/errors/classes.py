"""Maps a vendor's error to a failure class.

Vendors agree on little: an exhausted quota comes as 400, 402, 403 or 429, an unknown model as 400,
404 or 410, an overload as 429, 498, 503 or 529. The first match decides, in this order: codes with
one meaning, phrases with one meaning (each with the statuses it came with), broad codes, the
status. Tested against recorded and documented errors.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.outcomes.failure_rules import RULES, FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.providers.errors.rate_limit_headers import headroom, retry_after
from routersvc.providers.errors.retry_hints import wait_in
from routersvc.providers.errors.tables import BROAD_CODES, PHRASES, SPECIFIC_CODES, STATUSES
from routersvc.providers.errors.words import ErrorWords, code_of_header, words_of, words_of_body
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.wire_format import ResponseHead

LONGEST_RATE_LIMIT_DELAY = 3_600.0
"""Seconds. A longer retry delay means a quota of a day or a month."""

_DECIDED_BY_STATUS = frozenset({401, 402})
"""Statuses that no vendor uses for anything else."""

_SENTENCES: Mapping[FailureClass, str] = MappingProxyType(
    {
        FailureClass.SERVER_ERROR: "the provider failed",
        FailureClass.OVERLOADED: "the provider is overloaded",
        FailureClass.RATE_LIMITED: "the provider's rate limit is reached",
        FailureClass.QUOTA_EXHAUSTED: "the credential's quota or credit is exhausted",
        FailureClass.AUTHENTICATION: "the provider refused the credential",
        FailureClass.PERMISSION: "the credential lacks the permission",
        FailureClass.MODEL_NOT_FOUND: "the provider does not offer the model",
        FailureClass.INVALID_REQUEST: "the provider refused the request as invalid",
        FailureClass.CAPABILITY_MISMATCH: "the model lacks a capability that the request needs",
        FailureClass.CONTEXT_LENGTH: "prompt and answer exceed the model's context window",
        FailureClass.CONTENT_FILTERED: "the provider's content filter refused the request",
        FailureClass.BAD_ANSWER: "the model's answer is not in the requested format",
    }
)


def failure_of_response(head: ResponseHead, body: bytes) -> Failure:
    """Return the failure that a response without success means."""
    words = words_of_body(body, is_page=_is_page(head, body))
    words = dataclasses.replace(words, codes=words.codes | code_of_header(head.headers))
    return _failure(words, head, status=head.status, where=f"HTTP {head.status}")


def failure_of_event(event: JsonObject, head: ResponseHead) -> Failure:
    """Return the failure that an error inside a successful response means."""
    words = words_of(event)
    return _failure(words, head, status=words.status, where="an error inside the answer")


def classify(words: ErrorWords, status: int | None) -> FailureClass:
    """Return the class of an error; `status` is `None` for errors without an HTTP status."""
    if status in _DECIDED_BY_STATUS:
        return STATUSES[status]
    for failure_class, codes in SPECIFIC_CODES.items():
        if words.codes & codes:
            return failure_class
    for failure_class, statuses, phrases in PHRASES:
        if (status is None or status in statuses) and phrases.search(words.text):
            return failure_class
    if status is None or status == 429:  # noqa: PLR2004 - the rate limit's status
        for failure_class, codes in BROAD_CODES.items():
            if words.codes & codes:
                return failure_class
    if status is None:
        return FailureClass.SERVER_ERROR
    known = STATUSES.get(status)
    if known is not None:
        return known
    is_refusal = 400 <= status < 500  # noqa: PLR2004 - HTTP's client errors
    return FailureClass.INVALID_REQUEST if is_refusal else FailureClass.SERVER_ERROR


def _failure(words: ErrorWords, head: ResponseHead, *, status: int | None, where: str) -> Failure:
    failure_class = classify(words, status)
    wait = retry_after(head.headers, now=head.received_at)
    if wait is None and RULES[failure_class].may_name_wait:
        wait = wait_in(words.text)
    if (
        failure_class is FailureClass.RATE_LIMITED
        and wait is not None
        and wait > LONGEST_RATE_LIMIT_DELAY
    ):
        failure_class = FailureClass.QUOTA_EXHAUSTED
    return Failure(
        failure_class=failure_class,
        message=f"{_SENTENCES[failure_class]} ({where})",
        http_status=head.status,
        retry_after=wait,
        headroom=headroom(head.headers, now=head.received_at),
    )


def _is_page(head: ResponseHead, body: bytes) -> bool:
    return "html" in head.content_type or body.lstrip()[:1] == b"<"
