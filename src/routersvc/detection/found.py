"""Collects distinct identifiers by kind; only their fingerprints are kept."""

from __future__ import annotations

from routersvc.domain.profiling.identifiers import IdentifierFinding, IdentifierKind

ENOUGH = 100
"""Identifiers of one kind after which no more are looked for: the count then means that many, or
more."""


class Found:
    """Collects identifiers while texts are searched."""

    def __init__(self) -> None:
        self._seen: dict[IdentifierKind, set[int]] = {kind: set() for kind in IdentifierKind}

    def add(self, kind: IdentifierKind, identifier: str) -> None:
        """Count an identifier, in its compact form, unless it was counted before."""
        self._seen[kind].add(hash(identifier))

    def wants(self, kind: IdentifierKind) -> bool:
        """Whether more of a kind would change the findings."""
        return len(self._seen[kind]) < ENOUGH

    def findings(self) -> tuple[IdentifierFinding, ...]:
        """Return the number of identifiers of each kind that was found."""
        return tuple(
            IdentifierFinding(kind=kind, count=len(seen))
            for kind, seen in self._seen.items()
            if seen
        )
