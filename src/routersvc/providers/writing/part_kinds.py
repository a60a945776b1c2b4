"""Names the parts of a message for people: what was refused, without what it says."""

from __future__ import annotations

from routersvc.domain.conversation.parts import Part


def kind_of(part: Part) -> str:
    """Return how a refusal names a part that has no place where it stands."""
    return f"a part of the kind `{type(part).__name__.removesuffix('Part')}`"
