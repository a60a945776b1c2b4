"""What vendors' codes, phrases and statuses mean: the tables by which errors are told apart.

Everything is in lower case, as it is compared. Each entry has been seen in a recorded or a
documented error of a vendor; `error_classes` says in which order the tables are asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.outcomes.failure_rules import (
    FailureClass,
)

SPECIFIC_CODES: Mapping[FailureClass, frozenset[str]] = MappingProxyType(
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
"""Codes that mean one thing only, whatever the status."""

BROAD_CODES: Mapping[FailureClass, frozenset[str]] = MappingProxyType(
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
"""Codes that mean something broad: they count where the status tells no more."""

_REFUSED = frozenset({400, 403, 404, 410, 422})
_NOT_ALLOWED = frozenset({400, 402, 403, 429})
_ANY_REFUSAL = _REFUSED | _NOT_ALLOWED | {413}
_ANY_TROUBLE = frozenset({429, 500, 502, 503, 504})


def _phrases(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


PHRASES: tuple[tuple[FailureClass, frozenset[int], re.Pattern[str]], ...] = (
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
"""What mean one thing only in the text of an error, each with the statuses that have shown it."""

STATUSES: Mapping[int, FailureClass] = MappingProxyType(
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
