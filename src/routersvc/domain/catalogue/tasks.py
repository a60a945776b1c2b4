"""The kinds of task that requests are classified into; the proto describes each."""

from __future__ import annotations

import enum


class Task(enum.Enum):
    """A kind of task, in the order of the contract."""

    __hash__ = object.__hash__  # `Enum` hashes the name in Python, dozens of times in a call.

    CHAT = "chat"
    CODE = "code"
    REASONING = "reasoning"
    MATHS = "maths"
    EXTRACTION = "extraction"
    SUMMARISATION = "summarisation"
    CREATIVE = "creative"
    TRANSLATION = "translation"
    VISION = "vision"
    AUDIO = "audio"
    LONG_DOCUMENT = "long_document"
    TOOL_USE = "tool_use"
