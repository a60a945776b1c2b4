"""Work in steps: generators that yield where the event loop may serve others.

A step takes a few milliseconds at most. Work that nobody waits for any more ends when its
generator is closed.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Steps: TypeAlias = Generator[None, None, T]


def finished(work: Steps[T]) -> T:
    """Do all steps at once, and return the result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
