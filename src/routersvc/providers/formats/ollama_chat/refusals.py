"""Says that a request asks for what Ollama's chat has no words for."""

from __future__ import annotations

from routersvc.domain.outcomes.failures import (
    AttemptFailedError,
)
from routersvc.providers.errors.mismatches import cannot_express

WIRE_FORMAT = "ollama_chat"
"""The format's name in the configuration and in wire extensions."""


def refused(what: str) -> AttemptFailedError:
    """Return the error that says that `what` cannot be said."""
    return cannot_express(WIRE_FORMAT, what)
