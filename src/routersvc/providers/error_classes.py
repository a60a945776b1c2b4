"""Says what a vendor's error means.

Vendors agree on little: a used-up quota comes as 400, 402, 403 or 429, an unknown model as 400,
404 or 410, an overload as 429, 498, 503 or 529. Asked in this order, the first answer counts: codes
that mean one thing only, phrases that mean one thing only (each with the statuses that have shown
it), codes that mean something broad, the status. Tested against recorded and documented errors.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.failures import Failure, FailureClass
from routersvc.providers.error_words import (
    ErrorWords,
    code_of_header,
    words_of,
    words_of_body,
)
from routersvc.providers.json_values import JsonObject
from routersvc.providers.rate_limit_headers import headroom, retry_after
from routersvc.providers.retry_hints import wait_in
from routersvc.providers.wire_format import ResponseHead

LONGEST_RATE_LIMIT_DELAY = 3_600.0
"""Seconds. Whoever says to come back later than this means a quota of a day or a month."""

_SPECIFIC_CODES: Mapping[FailureClass, frozenset[str]] = MappingProxyType(
    {
        FailureClass.QUOTA_EXHAUSTED: frozenset(
            {
                "billing_error",
                "insufficient_quota",
                "credit_balance_exhausted",
                "organization_spend_limit_exceeded",
                "project_spend_limit_exceeded",
                "billing_hard_limit_reached",
                "billing_not_active",
                "exceeded_current_quota_error",
                "insufficient_balance",
                "insufficient_credits",
                "payment_required",
                "quota_exceeded",
                "servicequotaexceededexception",
            }
        ),
        FailureClass.CONTENT_FILTERED: frozenset(
            {
                "content_filter",
                "content_policy_violation",
                "content_filter_error",
                "data_inspection_failed",
                "invalid_prompt",
                "moderation_blocked",
                "refusal",
                "responsibleaipolicyviolation",
            }
        ),
        FailureClass.CONTEXT_LENGTH: frozenset(
            {
                "context_length_exceeded",
                "context_window_exceeded",
                "exceed_context_size_error",
                "max_tokens_exceeded",
                "payload_too_large",
                "request_too_large",
                "string_too_long",
                "token_limit_exceeded",
            }
        ),
        FailureClass.MODEL_NOT_FOUND: frozenset(
            {
                "deploymentnotfound",
                "invalid_model",
                "model_decommissioned",
                "model_not_available",
                "model_not_found",
                "model_not_supported",
                "model_terms_required",
                "notfounderror",
                "unknown_model",
            }
        ),
        FailureClass.AUTHENTICATION: frozenset(
            {
                "access_token_expired",
                "api_key_invalid",
                "authentication",
                "authentication_error",
                "invalid_api_key",
                "expiredtokenexception",
                "incompletesignatureexception",
                "invalid_authentication_error",
                "invalidsignatureexception",
                "missingauthenticationtokenexception",
                "unauthenticated",
                "unrecognizedclientexception",
            }
        ),
        FailureClass.PERMISSION: frozenset(
            {
                "iam_permission_denied",
                "permission_denied",
                "permission_error",
                "privacy_restricted",
                "service_disabled",
                "unsupported_country_region_territory",
            }
        ),
        FailureClass.CAPABILITY_MISMATCH: frozenset(
            {"extra_forbidden", "unsupported_parameter", "unsupported_value"}
        ),
        FailureClass.BAD_ANSWER: frozenset(
            {
                "invalid_tool_generation",
                "json_validate_failed",
                "output_parse_failed",
                "tool_use_failed",
            }
        ),
        FailureClass.OVERLOADED: frozenset(
            {
                "capacity_exceeded",
                "engine_overloaded_error",
                "modelnotreadyexception",
                "overloaded_error",
                "provider_overloaded",
                "provider_unavailable",
                "server_is_overloaded",
                "service_tier_capacity_exceeded",
                "slow_down",
            }
        ),
    }
)

_BROAD_CODES: Mapping[FailureClass, frozenset[str]] = MappingProxyType(
    {
        FailureClass.RATE_LIMITED: frozenset(
            {
                "rate_limit_error",
                "rate_limit_exceeded",
                "rate_limited",
                "ratelimitexceeded",
                "ratelimitreached",
                "resource_exhausted",
                "throttlingexception",
            }
        ),
        FailureClass.OVERLOADED: frozenset(
            {"service_unavailable_error", "serviceunavailableexception", "unavailable"}
        ),
        FailureClass.MODEL_NOT_FOUND: frozenset({"not_found_error", "resourcenotfoundexception"}),
        FailureClass.PERMISSION: frozenset({"accessdeniedexception"}),
        FailureClass.SERVER_ERROR: frozenset(
            {
                "cancelled",
                "deadline_exceeded",
                "internal",
                "internal_server_error",
                "internalservererror",
                "server",
                "server_error",
                "timeout",
            }
        ),
        FailureClass.INVALID_REQUEST: frozenset(
            {
                "badrequesterror",
                "invalid_argument",
                "invalid_request",
                "invalid_request_error",
                "unprocessable",
                "validationexception",
            }
        ),
    }
)

_REFUSED = frozenset({400, 403, 404, 410, 422})
_NOT_ALLOWED = frozenset({400, 402, 403, 429})
_ANY_REFUSAL = _REFUSED | _NOT_ALLOWED | {413}
_ANY_TROUBLE = frozenset({429, 500, 502, 503, 504})


def _phrases(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


_PHRASES: tuple[tuple[FailureClass, frozenset[int], re.Pattern[str]], ...] = (
    (
        FailureClass.QUOTA_EXHAUSTED,
        _NOT_ALLOWED,
        _phrases(
            r"exceeded your current quota",
            r"insufficient (?:account )?(?:balance|credits?|funds|quota)",
            r"credit balance is too low",
            r"(?:used|exhausted) all [\w ]{0,40}?(?:credits|quota)",
            r"(?:spend|spending|monthly|billing|usage) (?:hard )?limit",
            r"calls ?(?:/|per) ?month",
            r"billing (?:is not active|details|account)",
            r"too many tokens per day",
        ),
    ),
    (
        FailureClass.CONTENT_FILTERED,
        _REFUSED | {498},
        _phrases(
            r"blocked (?:input|output|prompt)",
            r"content management policy",
            r"content[ _](?:policy|filter)",
            r"flagged (?:by|as|for)",
            r"input was flagged",
            r"request blocked",
            r"prompt injection",
            r"usage policy",
            r"violat\w+ (?:our|the) (?:\w+ )?polic",
        ),
    ),
    (
        FailureClass.CONTEXT_LENGTH,
        _ANY_REFUSAL | {500},
        _phrases(
            r"maximum context length",
            r"max context length",
            r"context length (?:is only|exceeded|of)",
            r"context[ _](?:window|size)",
            r"maximum (?:prompt|input|sequence) length",
            r"prompt (?:is )?too long",
            r"input (?:is )?too long",
            r"too large for model",
            # AWS goes on with `please wait`: those are too many in a minute.
            r"too many (?:input )?tokens(?!, please wait)",
            r"request too large",
            r"reduce (?:the length|your prompt|the number of (?:input )?tokens)",
            r"input tokens exceed",
            r"token count\b.{0,40}\bexceeds the maximum",
            r"`inputs` tokens \+ `max_new_tokens` must be",
        ),
    ),
    (
        FailureClass.AUTHENTICATION,
        _REFUSED,
        _phrases(
            r"(?:incorrect|invalid|expired|missing) (?:x-)?api[ -]key",
            r"api key (?:is )?(?:not valid|not found|invalid|expired|missing)",
            r"no (?:auth credentials|api key) (?:found|provided)",
            r"security token included in the request is (?:expired|invalid)",
        ),
    ),
    (
        FailureClass.PERMISSION,
        frozenset({400, 404}),
        _phrases(
            r"data policy",
            r"privacy (?:settings|policy)",
            r"(?:country|region|territory|location) (?:is )?not supported",
            r"not available in your (?:country|region|location)",
        ),
    ),
    (
        FailureClass.MODEL_NOT_FOUND,
        _REFUSED,
        # Google goes on with what reads like a lack: `or is not supported for generateContent`.
        _phrases(r"\bmodels?[/ ]\S+ (?:is|was) not found"),
    ),
    (
        FailureClass.CAPABILITY_MISMATCH,
        _REFUSED,
        _phrases(
            r"does(?: not|n't) support",
            r"(?:is|are) not supported (?:with|by|for|on|when)",
            r"\b(?:is|are) unsupported\b",
            r"(?:is|are) not enabled for (?:this model|models?\b)",
            r"only works in thinking mode",
            r"supports at most",
            r"no endpoints found that support",
            r"unsupported (?:parameter|value)",
            r"extra inputs are not permitted",
        ),
    ),
    (
        FailureClass.MODEL_NOT_FOUND,
        _REFUSED,
        _phrases(
            r"model\b.{0,120}?\b(?:does not exist|not found|not exist\b)",
            r"model\b.{0,120}?\bhas been (?:deprecated|removed)",
            r"decommissioned",
            r"\b(?:unknown|invalid) model\b",
            r"not a valid model",
            r"model identifier is invalid",
            r"have access to the model",
            r"unable to access model",
            r"no endpoints found for",
        ),
    ),
    (
        FailureClass.OVERLOADED,
        _ANY_TROUBLE,
        _phrases(
            r"overloaded",
            r"(?:server|service|engine) is (?:too )?busy",
            r"server busy",
            r"at capacity",
            r"capacity exceeded",
            r"request limit reached",
        ),
    ),
    (
        FailureClass.SERVER_ERROR,
        frozenset({503}),
        _phrases(r"upstream connect error", r"no healthy upstream", r"connection refused"),
    ),
)

_STATUSES: Mapping[int, FailureClass] = MappingProxyType(
    {
        401: FailureClass.AUTHENTICATION,
        402: FailureClass.QUOTA_EXHAUSTED,
        403: FailureClass.PERMISSION,
        404: FailureClass.MODEL_NOT_FOUND,
        408: FailureClass.SERVER_ERROR,
        409: FailureClass.SERVER_ERROR,
        410: FailureClass.MODEL_NOT_FOUND,
        413: FailureClass.CONTEXT_LENGTH,
        424: FailureClass.SERVER_ERROR,
        425: FailureClass.SERVER_ERROR,
        429: FailureClass.RATE_LIMITED,
        498: FailureClass.OVERLOADED,
        499: FailureClass.SERVER_ERROR,
        503: FailureClass.OVERLOADED,
        529: FailureClass.OVERLOADED,
    }
)
"""What a status means when nothing else is said; 498 is Groq's, 499 nginx's, 529 Anthropic's."""

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
        return _STATUSES[status]
    for failure_class, codes in _SPECIFIC_CODES.items():
        if words.codes & codes:
            return failure_class
    for failure_class, statuses, phrases in _PHRASES:
        if (status is None or status in statuses) and phrases.search(words.text):
            return failure_class
    if status is None or status == 429:  # noqa: PLR2004 - the rate limit's status
        for failure_class, codes in _BROAD_CODES.items():
            if words.codes & codes:
                return failure_class
    if status is None:
        return FailureClass.SERVER_ERROR
    known = _STATUSES.get(status)
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
