"""Refines the failure class of Google's errors by their `google.rpc` details.

Daily and per-minute quotas come with the same code and the same text: the name of the limit tells
them apart. A daily limit of one model is that model's rate limit: the credential serves others.
`RetryInfo` holds the retry delay, in the body instead of a header. A 403 about a file or cached
prompt that the request named is the request's fault: otherwise one caller could take a credential
out of service for all.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

import orjson

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.providers.errors.classes import failure_of_event, failure_of_response
from routersvc.providers.errors.rate_limit_headers import seconds_until
from routersvc.providers.errors.words import words_of
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.wire_format import ResponseHead

_REFUSED_FOR_LIMITS = frozenset({FailureClass.RATE_LIMITED, FailureClass.QUOTA_EXHAUSTED})
_TOO_MANY = 429
_EXHAUSTED = "resource_exhausted"
_FIRST_ERROR = 300
_MAX_DETAILS = 20
_LONG_SPAN = re.compile(r"per(?:day|month)")
_ANY_SPAN = re.compile(r"per(?:second|minute|hour|day|month)")
_NAMED_BY_REQUESTS = ("cachedcontent", "cached content", "access the file")


def failure_of_error(head: ResponseHead, body: bytes) -> Failure:
    """Return the failure that a response without success means."""
    failure = failure_of_response(head, body)
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return failure
    return _judged(failure, value, head)


def failure_inside_answer(chunk: JsonObject, head: ResponseHead) -> Failure:
    """Return the failure that an error inside a successful response means."""
    return _judged(failure_of_event(chunk, head), chunk, head)


def _judged(failure: Failure, body: object, head: ResponseHead) -> Failure:
    words = words_of(body)
    if failure.failure_class is FailureClass.PERMISSION:
        if any(named in words.text for named in _NAMED_BY_REQUESTS):
            return _taken_for(
                failure,
                FailureClass.INVALID_REQUEST,
                "the provider does not find a file or cached prompt that the request names",
            )
        return failure
    details = tuple(_details(body))
    wait = _retry_delay(details, head)
    if wait is not None and failure.retry_after is None:
        failure = dataclasses.replace(failure, retry_after=wait)
    status = head.status if head.status >= _FIRST_ERROR else words.status
    is_limit = status == _TOO_MANY or (status is None and _EXHAUSTED in words.codes)
    if failure.failure_class in _REFUSED_FOR_LIMITS and is_limit:
        return _of_limit(failure, tuple(_limits(details)))
    return failure


def _of_limit(failure: Failure, limits: Sequence[str]) -> Failure:
    if any(_LONG_SPAN.search(limit) and "permodel" not in limit for limit in limits):
        failure_class = FailureClass.QUOTA_EXHAUSTED
    elif any(map(_ANY_SPAN.search, limits)) or failure.retry_after is not None:
        failure_class = FailureClass.RATE_LIMITED
    else:
        return failure
    if failure_class is failure.failure_class:
        return failure
    sentence = (
        "the credential's quota for the day is exhausted"
        if failure_class is FailureClass.QUOTA_EXHAUSTED
        else "the provider's rate limit is reached"
    )
    return _taken_for(failure, failure_class, sentence)


def _taken_for(failure: Failure, failure_class: FailureClass, sentence: str) -> Failure:
    status = failure.http_status or 0
    where = f"HTTP {status}" if status >= _FIRST_ERROR else "an error inside the answer"
    return dataclasses.replace(
        failure, failure_class=failure_class, message=f"{sentence} ({where})"
    )


def _details(body: object) -> Iterator[JsonObject]:
    """Yield the details of an error; streams wrap theirs in a list."""
    if isinstance(body, list):
        for item in cast("list[object]", body)[:_MAX_DETAILS]:
            yield from _details(item)
    elif isinstance(body, dict):
        error: object = cast("JsonObject", body).get("error")
        details: object = cast("JsonObject", error).get("details") if _is_object(error) else None
        if isinstance(details, list):
            for detail in cast("list[object]", details)[:_MAX_DETAILS]:
                if _is_object(detail):
                    yield cast("JsonObject", detail)


def _retry_delay(details: tuple[JsonObject, ...], head: ResponseHead) -> float | None:
    for detail in details:
        delay: Any = detail.get("retryDelay")
        if isinstance(delay, str):
            return seconds_until(delay, now=head.received_at)
    return None


def _limits(details: tuple[JsonObject, ...]) -> Iterator[str]:
    """Yield the names of the limits that were reached, in lower case."""
    for detail in details:
        metadata: object = detail.get("metadata")
        if _is_object(metadata):
            yield str(cast("JsonObject", metadata).get("quota_limit") or "").lower()
        violations: object = detail.get("violations")
        if isinstance(violations, list):
            for violation in cast("list[object]", violations)[:_MAX_DETAILS]:
                if _is_object(violation):
                    yield str(cast("JsonObject", violation).get("quotaId") or "").lower()


def _is_object(value: object) -> bool:
    return isinstance(value, dict)
