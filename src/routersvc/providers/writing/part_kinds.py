"""Names the parts of a message in error messages, without their content."""

from __future__ import annotations

from routersvc.domain.conversation.parts import Part


def kind_of(part: Part) -> str:
    """Return the name of a part's kind."""
    return f"a part of the kind `{type(part).__name__.removesuffix('Part')}`"
