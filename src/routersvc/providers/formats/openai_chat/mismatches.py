"""Says that a request asks for what cannot be said in the chat completions format at a vendor."""

from __future__ import annotations

from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.domain.outcomes.failures import (
    AttemptFailedError,
)
from routersvc.providers.errors.mismatches import cannot_express
from routersvc.providers.formats.openai_chat.dialects import OpenAiDialect


def mismatch(dialect: OpenAiDialect, what: str) -> AttemptFailedError:
    """Return the error that says that `what` has no place in this dialect."""
    return cannot_express("openai_chat", what, dialect=dialect.name)


def require(dialect: OpenAiDialect, capability: Capability, what: str) -> None:
    """Refuse `what` where the dialect does not have the capability it needs.

    Raises:
        AttemptFailedError: it does not.
    """
    if capability not in dialect.capabilities:
        raise mismatch(dialect, what)
