"""The port of whatever finds regulated data in a prompt.

A detector only tightens: its findings add data classes, and constraints then hold for them as if
the caller had stated them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Protocol


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """How many different identifiers of a kind were found; never the identifiers."""

    kind: str
    count: int


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """What was found, by kind, and the classes of data that it makes."""

    data_classes: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()


class Detector(Protocol):
    """Finds identifiers of people, accounts and patients."""

    def detect(self, texts: Iterable[str]) -> Detection:
        """Return what is found in all of these texts. Never raises, does no I/O."""
        ...
