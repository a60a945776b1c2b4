"""Work in steps: generators that yield where the event loop may serve others.

A step takes a few milliseconds at most. What takes longer, once, is yielded as a function: it runs
in a thread before the next step. Work that nobody waits for any more ends when its generator is
closed.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Blocking: TypeAlias = Callable[[], None]
"""Blocks for long; may be called in any thread."""

# Yields `Blocking | None`, for which mypy refuses a bare `yield`.
Steps: TypeAlias = Generator[Any, None, T]


def finished(work: Steps[T]) -> T:
    """Do all steps at once, and return the result."""
    while True:
        try:
            blocking: Blocking | None = next(work)
        except StopIteration as end:
            result: T = end.value
            return result
        if blocking is not None:
            blocking()
