"""Names that a vendor gives: of its model, its answer, its tool calls.

They travel to callers, reports and logs, and no answer is lost for one that cannot be read.
"""

from __future__ import annotations

LONGEST_LABEL = 256
"""Characters of the longest name that is kept; the longest known are Bedrock's, with 170."""

LONGEST_PHASE = 64
"""Characters of the longest phase that is kept: callers send it back within 256 bytes."""

LONGEST_CALL_ID = 16_384
"""Characters of the longest id of a tool call: gateways put signatures into them."""

LONGEST_STOP_SEQUENCE = 4_096
"""Characters of the longest stop sequence that is kept."""


def label_of(value: object, *, longest: int = LONGEST_LABEL) -> str:
    """Return a name on one line, cut to its limit; empty where a vendor wrote no name."""
    if type(value) is int:
        return str(value) if abs(value) < 1 << 64 else ""
    if not isinstance(value, str):
        return ""
    name = value[:longest]
    if name.isprintable():
        return name
    return "".join(character if character.isprintable() else "\ufffd" for character in name)
