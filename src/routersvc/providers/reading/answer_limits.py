"""Limits of what one answer may consist of: work in the event loop is bounded per answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure

Item = TypeVar("Item")

MOST_CALLS = 1_000
"""Tool calls of one answer; vendors allow 128."""

MOST_PARTS = 10_000
"""Parts of one message, or items of one answer, in one piece of its body."""


def require_few_calls(number: int) -> None:
    """Refuse an answer with more tool calls than any conversation can use.

    Raises:
        AttemptFailedError: it has more.
    """
    if number > MOST_CALLS:
        raise _too_many(f"the answer has more than {MOST_CALLS} tool calls")


def few(parts: Sequence[Item]) -> Sequence[Item]:
    """Return the parts of a message.

    Raises:
        AttemptFailedError: there are too many.
    """
    if len(parts) > MOST_PARTS:
        raise _too_many(f"the answer has more than {MOST_PARTS} parts")
    return parts


def _too_many(message: str) -> AttemptFailedError:
    return AttemptFailedError(Failure(failure_class=FailureClass.BAD_ANSWER, message=message))
