"""Regulated data in prompts: the port for detectors of identifiers, and rules for data classes.

A detector only tightens: its findings add data classes, which constrain the request as if the
caller had stated them.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from typing import Protocol

from routersvc.domain.conversation.steps import Steps


class IdentifierKind(enum.Enum):
    """A kind of identifier of people, accounts or patients."""

    EMAIL = "email"
    PHONE_NUMBER = "phone_number"
    PAYMENT_CARD = "payment_card"
    IBAN = "iban"
    NATIONAL_ID = "national_id"
    PASSPORT = "passport"
    MEDICAL_RECORD = "medical_record"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class IdentifierFinding:
    """How many different identifiers of a kind were found; never the identifiers."""

    kind: IdentifierKind
    count: int


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DataClassRule:
    """The data class of prompts with at least `min_count` identifiers of these kinds in total."""

    data_class: str
    kinds: frozenset[IdentifierKind]
    min_count: int

    def __post_init__(self) -> None:
        if self.min_count < 1:
            raise ValueError("`min_count` is at least 1")


class IdentifierDetector(Protocol):
    """Finds identifiers of people, accounts and patients."""

    def detecting(self, texts: Iterable[str]) -> Steps[tuple[IdentifierFinding, ...]]:
        """Return the findings in all of these texts, by kind, in steps of a few milliseconds.

        Never raises, does no I/O.
        """
        ...


def data_classes_of(
    findings: Iterable[IdentifierFinding], rules: Iterable[DataClassRule]
) -> frozenset[str]:
    """Return the data classes that the findings imply."""
    counts = {finding.kind: finding.count for finding in findings}
    return frozenset(
        rule.data_class
        for rule in rules
        if sum(counts.get(kind, 0) for kind in rule.kinds) >= rule.min_count
    )
