"""Refuses answers that are empty or do not keep the shape that was promised."""

from __future__ import annotations

import orjson

from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.response_formats import JsonObjectFormat, ResponseFormat
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure

INTERRUPTED = frozenset({FinishReason.LENGTH, FinishReason.CONTENT_FILTER})
"""Ends that leave what came before them cut off, so that no shape can be demanded of it."""


def require_content(reason: FinishReason) -> None:
    """Refuse an answer without any content, where its end does not explain that.

    Raises:
        AttemptFailedError: nothing explains it, or the provider's filter does.
    """
    if reason is FinishReason.CONTENT_FILTER:
        raise _failed(FailureClass.CONTENT_FILTERED, "the provider's filter left no answer")
    if reason not in {FinishReason.LENGTH, FinishReason.REFUSAL}:
        raise _failed(FailureClass.BAD_ANSWER, "the answer is empty")


def require_arguments(*, are_json: bool) -> None:
    """Refuse tool calls whose arguments nobody could parse.

    Raises:
        AttemptFailedError: they are not JSON.
    """
    if not are_json:
        raise _failed(FailureClass.BAD_ANSWER, "the arguments of a tool call are not JSON")


def require_format(text: str, wanted: ResponseFormat) -> None:
    """Refuse a complete text that is not of the format that was asked for.

    Whether JSON obeys its schema is not checked here.

    Raises:
        AttemptFailedError: it is not.
    """
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _failed(FailureClass.BAD_ANSWER, "the answer is not JSON") from None
    if isinstance(wanted, JsonObjectFormat) and not isinstance(value, dict):
        raise _failed(FailureClass.BAD_ANSWER, "the answer is not a JSON object")


def _failed(failure_class: FailureClass, message: str) -> AttemptFailedError:
    return AttemptFailedError(Failure(failure_class=failure_class, message=message))
