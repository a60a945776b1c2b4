"""Google's finish reasons."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "STOP": FinishReason.STOP,
        "MAX_TOKENS": FinishReason.LENGTH,
        "SAFETY": FinishReason.CONTENT_FILTER,
        "RECITATION": FinishReason.CONTENT_FILTER,
        "BLOCKLIST": FinishReason.CONTENT_FILTER,
        "PROHIBITED_CONTENT": FinishReason.CONTENT_FILTER,
        "SPII": FinishReason.CONTENT_FILTER,
        "MODEL_ARMOR": FinishReason.CONTENT_FILTER,
        "IMAGE_SAFETY": FinishReason.CONTENT_FILTER,
        "IMAGE_PROHIBITED_CONTENT": FinishReason.CONTENT_FILTER,
        "IMAGE_RECITATION": FinishReason.CONTENT_FILTER,
    }
)
"""Any other value means `FinishReason.OTHER`."""

FAILED_REASONS: Mapping[str, tuple[FailureClass, str]] = MappingProxyType(
    {
        "MALFORMED_FUNCTION_CALL": (
            FailureClass.BAD_ANSWER,
            "the model wrote a tool call that cannot be read",
        ),
        "UNEXPECTED_TOOL_CALL": (
            FailureClass.BAD_ANSWER,
            "the model called a tool that it does not have",
        ),
        "TOO_MANY_TOOL_CALLS": (
            FailureClass.BAD_ANSWER,
            "the model called tools without an end",
        ),
        "MALFORMED_RESPONSE": (
            FailureClass.BAD_ANSWER,
            "the model wrote an answer that cannot be read",
        ),
        "CONTINUATION": (
            FailureClass.TRUNCATED,
            "the answer goes on in another response, which was not sent",
        ),
        "NO_IMAGE": (FailureClass.BAD_ANSWER, "the model made no picture"),
        "MISSING_THOUGHT_SIGNATURE": (
            FailureClass.INVALID_REQUEST,
            "the signature of an earlier tool call is missing from the conversation",
        ),
    }
)
"""Finish reasons without an answer, with their failure class and message."""

UNSPECIFIED = "FINISH_REASON_UNSPECIFIED"
"""The word of a server that does not tell why the answer ended."""

_NUMBERED = (
    UNSPECIFIED,
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
)
"""Finish reasons by number, for servers that encode enums as integers."""


def word_of(reason: object) -> str:
    """Return the finish reason as a name; some gateways send its number.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(reason, str):
        return reason.upper()
    if not isinstance(reason, int):
        raise TypeError("a finish reason is a name or a number")
    return _NUMBERED[reason] if 0 <= reason < len(_NUMBERED) else "OTHER"
