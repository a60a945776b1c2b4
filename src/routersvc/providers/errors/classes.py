"""Says what a vendor's error means.

Vendors agree on little: a used-up quota comes as 400, 402, 403 or 429, an unknown model as 400,
404 or 410, an overload as 429, 498, 503 or 529. Asked in this order, the first answer counts: codes
that mean one thing only, phrases that mean one thing only (each with the statuses that have shown
it), codes that mean something broad, the status. Tested against recorded and documented errors.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.providers.errors.rate_limit_headers import headroom, retry_after
from routersvc.providers.errors.retry_hints import wait_in
from routersvc.providers.errors.tables import BROAD_CODES, PHRASES, SPECIFIC_CODES, STATUSES
from routersvc.providers.errors.words import ErrorWords, code_of_header, words_of, words_of_body
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.wire_format import ResponseHead

LONGEST_RATE_LIMIT_DELAY = 3_600.0
"""Seconds. Whoever says to come back later than this means a quota of a day or a month."""

_MAY_NAME_A_WAIT = frozenset(
    {FailureClass.OVERLOADED, FailureClass.QUOTA_EXHAUSTED, FailureClass.RATE_LIMITED}
)
"""Failures whose words are searched for a wait: those that pass by themselves."""

_DECIDED_BY_STATUS = frozenset({401, 402})
"""Statuses that no vendor uses for anything else."""

_SENTENCES: Mapping[FailureClass, str] = MappingProxyType(
    {
        FailureClass.SERVER_ERROR: "the provider failed",
        FailureClass.OVERLOADED: "the provider is overloaded",
        FailureClass.RATE_LIMITED: "the provider's rate limit is reached",
        FailureClass.QUOTA_EXHAUSTED: "the credential's quota or credit is used up",
        FailureClass.AUTHENTICATION: "the provider does not accept the credential",
        FailureClass.PERMISSION: "the credential may not do this",
        FailureClass.MODEL_NOT_FOUND: "the provider does not know the model",
        FailureClass.INVALID_REQUEST: "the provider finds the request wrong",
        FailureClass.CAPABILITY_MISMATCH: "the model cannot do what the request asks for",
        FailureClass.CONTEXT_LENGTH: "prompt and answer do not fit the model's context window",
        FailureClass.CONTENT_FILTERED: "the provider's content filter refused",
        FailureClass.BAD_ANSWER: "the model's answer does not keep the promised shape",
    }
)


def failure_of_response(head: ResponseHead, body: bytes) -> Failure:
    """Return what a response other than a success means."""
    words = words_of_body(body, is_page=_is_page(head, body))
    words = dataclasses.replace(words, codes=words.codes | code_of_header(head.headers))
    return _failure(words, head, status=head.status, where=f"HTTP {head.status}")


def failure_of_event(event: JsonObject, head: ResponseHead) -> Failure:
    """Return what an error inside a successful response means."""
    words = words_of(event)
    return _failure(words, head, status=words.status, where="an error inside the answer")


def classify(words: ErrorWords, status: int | None) -> FailureClass:
    """Return the class of an error; `status` is `None` where only the words tell."""
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
    if wait is None and failure_class in _MAY_NAME_A_WAIT:
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
