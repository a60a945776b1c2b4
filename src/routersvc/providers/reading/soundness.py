"""Refuses answers that are empty or not in the requested format."""

from __future__ import annotations

from typing import cast

import orjson

from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.response_formats import (
    JsonObjectFormat,
    ResponseFormat,
)
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.reading.json_promises.schemas import violates
from routersvc.providers.reading.json_values import json_object

INTERRUPTED = frozenset({FinishReason.LENGTH, FinishReason.CONTENT_FILTER})
"""Finish reasons of a truncated answer, whose format is not checked."""


MAX_CHECKED_CHARACTERS = 1_000_000
"""The longest answer whose schema is checked."""


def require_content(reason: FinishReason, *, continues: bool) -> None:
    """Refuse an answer without content, unless its finish reason explains that.

    An answer that `continues` a text may have nothing to add: the text was complete.

    Raises:
        AttemptFailedError: nothing explains it, or the provider's filter removed the content.
    """
    if reason is FinishReason.CONTENT_FILTER:
        raise _failed(
            FailureClass.CONTENT_FILTERED, "the provider's content filter removed the answer"
        )
    if reason not in {FinishReason.LENGTH, FinishReason.REFUSAL} and not continues:
        raise _failed(FailureClass.BAD_ANSWER, "the answer is empty")


def require_arguments(*, are_json: bool) -> None:
    """Refuse tool calls whose arguments are not JSON.

    Raises:
        AttemptFailedError: they are not JSON.
    """
    if not are_json:
        raise _failed(FailureClass.BAD_ANSWER, "the arguments of a tool call are not JSON")


def require_format(text: str, wanted: ResponseFormat) -> None:
    """Refuse a complete text that is not in the requested format.

    A schema is not checked where the caller said that it is not strict, nor in an answer beyond
    `MAX_CHECKED_CHARACTERS`: that would hold up the others.

    Raises:
        AttemptFailedError: it is not.
    """
    try:
        value = cast("object", orjson.loads(text))
    except orjson.JSONDecodeError:
        raise _failed(FailureClass.BAD_ANSWER, "the answer is not JSON") from None
    if isinstance(wanted, JsonObjectFormat):
        if not isinstance(value, dict):
            raise _failed(FailureClass.BAD_ANSWER, "the answer is not a JSON object")
    elif (
        wanted.strict is not False
        and len(text) <= MAX_CHECKED_CHARACTERS
        and violates(value, json_object(wanted.json_schema))
    ):
        raise _failed(FailureClass.BAD_ANSWER, "the answer violates the requested JSON schema")


def _failed(failure_class: FailureClass, message: str) -> AttemptFailedError:
    return AttemptFailedError(Failure(failure_class=failure_class, message=message))
