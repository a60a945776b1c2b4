"""Joins the error facts of all vendors into the tables that `classes` asks, in order.

A vendor's own facts stand on its dialects in `providers.formats`. Here stand those that several
vendors share, and those of servers that have no dialect. Everything is in lower case, as it is
compared. Each entry was seen in a recorded or a documented error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.dialects import Dialect
from routersvc.providers.errors.vendor_errors import Codes, VendorErrors
from routersvc.providers.formats.anthropic_messages import dialects as anthropic_messages
from routersvc.providers.formats.bedrock_converse import dialects as bedrock_converse
from routersvc.providers.formats.cohere_chat import dialects as cohere_chat
from routersvc.providers.formats.gemini import dialects as gemini
from routersvc.providers.formats.ollama_chat import dialects as ollama_chat
from routersvc.providers.formats.openai_chat import vendors as openai_chat
from routersvc.providers.formats.openai_responses import dialects as openai_responses

SHARED = VendorErrors(
    codes={
        FailureClass.QUOTA_EXHAUSTED: frozenset(
            {
                # Z.ai, SiliconFlow, Baidu, Tencent, and the gateways One API and New API.
                "1113",
                "1309",
                "30001",
                "error_code:17",
                "error_code:19",
                "failedoperation.freeresourcepackexhausted",
                "failedoperation.resourcepackexhausted",
                "failedoperation.servicestop",
                "insufficient_balance",
                "insufficient_user_quota",
                "pre_consume_token_quota_failed",
                "quota_exceeded",
                "resourceinsufficient.chargeresourceexhausted",
                "token_quota_reached",
            }
        ),
        FailureClass.CONTENT_FILTERED: frozenset(
            {
                "1301",
                "336104",
                "censorship_blocked",
                "content_filter_error",
                "operationdenied.textillegaldetected",
                "prompt_blocked",
                "sensitive_words_detected",
            }
        ),
        FailureClass.CONTEXT_LENGTH: frozenset(
            {
                "1261",
                "336007",
                "336103",
                "characters_too_long",
                "exceed_context_size_error",
                "too_many_prompt_tokens",
                "tokens_too_long",
            }
        ),
        FailureClass.MODEL_NOT_FOUND: frozenset({"1211", "20012", "30003", "model_not_supported"}),
        FailureClass.AUTHENTICATION: frozenset(
            {"authfailure", "error_code:110", "error_code:111", "error_code:14", "invalidapikey"}
        ),
        FailureClass.PERMISSION: frozenset({"1112", "1121", "error_code:6"}),
        FailureClass.CAPABILITY_MISMATCH: frozenset({"extra_forbidden"}),
        FailureClass.OVERLOADED: frozenset(
            {
                "336100",
                "50505",
                "50603",
                "engine_overloaded",
                "engine_overloaded_error",
                "error_code:2",
                "failedoperation.engineserverlimitexceeded",
            }
        ),
        FailureClass.RATE_LIMITED: frozenset(
            {
                "336501",
                "336502",
                "336503",
                "336504",
                "336505",
                "error_code:18",
                "error_code:4",
                "limitexceeded",
                "request_limited",
                "requestlimitexceeded",
                "rpm_rate_limit_exceeded",
                "tpm_rate_limit_exceeded",
            }
        ),
    },
    decisive_codes=frozenset(
        {
            "insufficient_balance",
            "invalidapikey",
            "token_quota_reached",
        }
    ),
    broad_codes={
        FailureClass.INVALID_REQUEST: frozenset({"invalid_request"}),
        FailureClass.SERVER_ERROR: frozenset(
            {
                "bad_response",
                "bad_response_status_code",
                "do_request_failed",
                "empty_response",
                "get_channel_failed",
            }
        ),
    },
    phrases={
        FailureClass.QUOTA_EXHAUSTED: (
            r"exceeded your current quota",
            r"insufficient (?:account )?(?:balance|credits?|funds|quota)",
            r"\baccount balance is (?:insufficient|not enough|too low)",
            r"(?:used|exhausted) all [\w ]{0,40}?(?:credits|quota)",
            r"(?:spend|spending|monthly|billing|usage) (?:hard )?limit",
            r"^account suspended due to",
            r"^your credit balance",
            r"billing (?:is not active|details|account)",
        ),
        FailureClass.CONTENT_FILTERED: (
            r"blocked (?:input|output|prompt)",
            r"content[ _](?:policy|filter)",
            r"flagged (?:by|as|for)",
            r"input was flagged",
            r"^your request was rejected by our safety system",
            r"^the request was rejected because it was considered high risk",
            r"^(?:in|out)put data may contain inappropriate content",
        ),
        FailureClass.CONTEXT_LENGTH: (
            r"maximum context length",
            r"context[ _](?:window|size)",
            r"prompt (?:is )?too long",
            r"too many (?:input )?tokens(?!, please wait)",
            r"reduce (?:the length|your prompt|the number of (?:input )?tokens)",
            r"`inputs` tokens \+ `max_new_tokens` must be",
            # Text Generation Inference, LM Studio, Moonshot, Alibaba, Volcengine, MiniMax, watsonx.
            r"`inputs` must have less than \d+ tokens",
            r"^the number of tokens to keep from the initial prompt is greater than the context",
            r"^cannot truncate prompt with n_keep",
            r"\brequest exceeded model token limit: \d+",
            r"\brange of input length should be \[",
            r"^total tokens of image and text exceed max message tokens",
            r"\bthe number of input tokens \d+ cannot exceed the total tokens limit",
            r"^prompt exceeds max length",
            r"^prompt tokens too long",
            r"^input token length too long",
        ),
        FailureClass.AUTHENTICATION: (
            r"(?:incorrect|invalid|expired|missing) (?:x-)?api[ -]key",
            r"no (?:auth credentials|api key) (?:found|provided)",
        ),
        FailureClass.PERMISSION: (
            r"privacy (?:settings|policy)",
            r"(?:country|region|territory|location) (?:is )?not supported",
        ),
        FailureClass.CAPABILITY_MISMATCH: (
            r"does(?: not|n't) support",
            r"(?:is|are) not supported (?:with|by|for|on|when)",
            r"\b(?:is|are) unsupported\b",
            r"(?:is|are) not enabled for (?:this model|models?\b)",
            r"only works in thinking mode",
            r"extra inputs are not permitted",
        ),
        FailureClass.MODEL_NOT_FOUND: (
            r"model\b.{0,120}?\b(?:does not exist|not found|not exist\b)",
            r"model\b.{0,120}?\bhas been (?:deprecated|removed)",
            r"\b(?:unknown|invalid) model\b",
            r"have access to the model",
        ),
        FailureClass.OVERLOADED: (
            r"overloaded",
            r"at capacity",
            r"capacity exceeded",
            # Envoy's circuit breaker: too many connections or requests wait.
            r"reset reason: overflow",
        ),
        FailureClass.SERVER_ERROR: (
            r"upstream connect error(?!.{0,100}reset reason: overflow)",
            r"no healthy upstream",
            r"connection refused",
        ),
    },
    statuses={
        401: FailureClass.AUTHENTICATION,
        402: FailureClass.QUOTA_EXHAUSTED,
        403: FailureClass.PERMISSION,
        404: FailureClass.MODEL_NOT_FOUND,
        408: FailureClass.SERVER_ERROR,
        409: FailureClass.SERVER_ERROR,
        410: FailureClass.MODEL_NOT_FOUND,
        413: FailureClass.CONTEXT_LENGTH,
        425: FailureClass.SERVER_ERROR,
        429: FailureClass.RATE_LIMITED,
        451: FailureClass.CONTENT_FILTERED,
        499: FailureClass.SERVER_ERROR,
        503: FailureClass.OVERLOADED,
    },
    remaining_requests=("ratelimit-remaining",),
)
"""Facts of several vendors, and of servers without a dialect (Alibaba, Hugging Face, ...)."""

_FORMATS: tuple[Mapping[str, Dialect], ...] = (
    openai_chat.DIALECTS,
    openai_responses.DIALECTS,
    anthropic_messages.DIALECTS,
    bedrock_converse.DIALECTS,
    gemini.DIALECTS,
    cohere_chat.DIALECTS,
    ollama_chat.DIALECTS,
)

VENDORS: tuple[VendorErrors, ...] = (
    *(dialect.errors for dialects in _FORMATS for dialect in dialects.values()),
    SHARED,
)
"""The error facts of all dialects, and the shared ones."""

_CODE_ORDER = (
    FailureClass.QUOTA_EXHAUSTED,
    FailureClass.CONTENT_FILTERED,
    FailureClass.CONTEXT_LENGTH,
    FailureClass.MODEL_NOT_FOUND,
    FailureClass.AUTHENTICATION,
    FailureClass.PERMISSION,
    FailureClass.CAPABILITY_MISMATCH,
    FailureClass.BAD_ANSWER,
    FailureClass.OVERLOADED,
    FailureClass.RATE_LIMITED,
)
_BROAD_CODE_ORDER = (
    FailureClass.RATE_LIMITED,
    FailureClass.OVERLOADED,
    FailureClass.MODEL_NOT_FOUND,
    FailureClass.PERMISSION,
    FailureClass.SERVER_ERROR,
    FailureClass.INVALID_REQUEST,
)

_REFUSED = frozenset({400, 403, 404, 410, 422})
_NOT_ALLOWED = frozenset({400, 402, 403, 412, 429})

_STATUSES_OF_PHRASES: Mapping[FailureClass, frozenset[int]] = MappingProxyType(
    {
        FailureClass.QUOTA_EXHAUSTED: _NOT_ALLOWED,
        FailureClass.CONTENT_FILTERED: _REFUSED | {498},
        FailureClass.CONTEXT_LENGTH: _REFUSED | _NOT_ALLOWED | {413, 500},
        FailureClass.AUTHENTICATION: _REFUSED,
        FailureClass.PERMISSION: frozenset({400, 404}),
        FailureClass.CAPABILITY_MISMATCH: _REFUSED,
        FailureClass.MODEL_NOT_FOUND: _REFUSED,
        FailureClass.OVERLOADED: frozenset({429, 500, 502, 503, 504}),
        FailureClass.SERVER_ERROR: frozenset({503}),
    }
)
"""The classes that phrases can mean, in the order they are asked, with the statuses seen."""


def _codes(tables: Iterable[Codes], shared: Codes, order: Iterable[FailureClass]) -> Codes:
    """Join codes. A number means another thing at the next vendor: only shared ones are joined."""
    known = tuple(tables)
    return MappingProxyType(
        {
            failure_class: frozenset(
                code
                for table in known
                for code in table.get(failure_class, ())
                if not code.isdigit() or code in shared.get(failure_class, ())
            )
            for failure_class in order
        }
    )


def _phrases(
    failure_class: FailureClass, alternatives: Iterable[str]
) -> tuple[FailureClass, frozenset[int], re.Pattern[str]]:
    statuses = _STATUSES_OF_PHRASES[failure_class]
    return failure_class, statuses, re.compile("|".join(alternatives), re.MULTILINE)


def _all_phrases() -> Iterable[tuple[FailureClass, frozenset[int], re.Pattern[str]]]:
    for failure_class in _STATUSES_OF_PHRASES:
        if failure_class is FailureClass.CAPABILITY_MISMATCH:
            early = (it for vendor in VENDORS for it in vendor.early_model_phrases)
            yield _phrases(FailureClass.MODEL_NOT_FOUND, dict.fromkeys(early))
        phrases = (it for vendor in VENDORS for it in vendor.phrases.get(failure_class, ()))
        yield _phrases(failure_class, dict.fromkeys(phrases))


SPECIFIC_CODES = _codes((vendor.codes for vendor in VENDORS), SHARED.codes, _CODE_ORDER)
"""Codes that have one meaning, whatever the status is."""

BROAD_CODES = _codes(
    (vendor.broad_codes for vendor in VENDORS), SHARED.broad_codes, _BROAD_CODE_ORDER
)
"""Codes that have a broad meaning: they count where the status says no more."""

PHRASES = tuple(_all_phrases())
"""Phrases that have one meaning in the text of an error, each with the statuses it came with."""

STATUSES: Mapping[int, FailureClass] = MappingProxyType(
    {status: means for vendor in VENDORS for status, means in vendor.statuses.items()}
)
"""What a status means where neither code nor phrase decides."""

REMAINING_REQUESTS = tuple(
    dict.fromkeys(name for vendor in VENDORS for name in vendor.remaining_requests)
)
"""Names of headers with the requests left; the first that a response has counts."""

REMAINING_TOKENS = tuple(
    dict.fromkeys(name for vendor in VENDORS for name in vendor.remaining_tokens)
)
"""Names of headers with the tokens left; the first that a response has counts."""

DECISIVE_CODES = frozenset(
    code for vendor in VENDORS for code in vendor.decisive_codes if not code.isdigit()
)
"""Codes that prove a credential or a model out of use, at whichever vendor.

A number means another thing at the next vendor: it proves something at its own only.
"""

PROOF_CODES = frozenset[str]().union(*(vendor.proof_codes for vendor in VENDORS))
"""Codes that refuse a signature or an encrypted thought."""

PROOF_PHRASES = re.compile(
    "|".join(dict.fromkeys(it for vendor in VENDORS for it in vendor.proof_phrases)), re.MULTILINE
)
"""Phrases that refuse a signature or an encrypted thought, or miss one."""

REQUEST_PHRASES = re.compile(
    "|".join(dict.fromkeys(it for vendor in VENDORS for it in vendor.request_phrases)), re.MULTILINE
)
"""Phrases that blame the request itself. They can only keep something in use."""
