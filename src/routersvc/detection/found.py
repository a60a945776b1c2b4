"""Collects distinct identifiers by kind; only their fingerprints are kept."""

from __future__ import annotations

from collections.abc import Callable

from routersvc.domain.profiling.identifiers import IdentifierFinding, IdentifierKind

ENOUGH = 100
"""Identifiers of one kind after which no more are looked for: the count then means that many, or
more."""

MOST_VALIDATED = 2_000
"""Candidates of one prompt whose check digits are computed, about 20 ms. What is beyond counts by
its form alone, because a detector may only err towards more protection."""

MOST_CANDIDATES = 50_000
"""Numbers of one prompt that are looked at, about 0.3 s. A prompt with more counts as one that
contains every kind."""


class Found:
    """Collects identifiers while texts are searched."""

    def __init__(self) -> None:
        self._seen: dict[IdentifierKind, set[int]] = {kind: set() for kind in IdentifierKind}
        self._validated = 0
        self._candidates = 0

    def add(self, kind: IdentifierKind, identifier: str) -> None:
        """Count an identifier, in its compact form, unless it was counted before."""
        self._seen[kind].add(hash(identifier))

    def wants(self, kind: IdentifierKind) -> bool:
        """Whether more of a kind would change the findings."""
        return len(self._seen[kind]) < ENOUGH

    def look_at(self, candidates: int) -> None:
        """Count numbers that are looked at."""
        self._candidates += candidates

    @property
    def is_complete(self) -> bool:
        """Whether nothing more is looked for in this prompt."""
        return self._candidates > MOST_CANDIDATES or all(
            len(seen) >= ENOUGH for seen in self._seen.values()
        )

    def validate(self, is_valid: Callable[[str], bool], number: str) -> bool:
        """Whether a candidate passes a validator. What a validator fails to read is not valid."""
        if self._validated >= MOST_VALIDATED:
            return True
        self._validated += 1
        try:
            return is_valid(number)
        except Exception:  # noqa: BLE001 - a validator of a library never fails a request
            return False

    def findings(self) -> tuple[IdentifierFinding, ...]:
        """Return the number of identifiers of each kind that was found."""
        if self._candidates > MOST_CANDIDATES:
            return tuple(IdentifierFinding(kind=kind, count=ENOUGH) for kind in IdentifierKind)
        return tuple(
            IdentifierFinding(kind=kind, count=len(seen))
            for kind, seen in self._seen.items()
            if seen
        )
