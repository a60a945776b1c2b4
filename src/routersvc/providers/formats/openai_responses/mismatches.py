"""Says that a request asks for what cannot be said in the Responses format at a vendor."""

from __future__ import annotations

from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.domain.outcomes.failures import (
    AttemptFailedError,
)
from routersvc.providers.errors.mismatches import cannot_express
from routersvc.providers.formats.openai_responses.dialects import ResponsesDialect


def mismatch(dialect: ResponsesDialect, what: str) -> AttemptFailedError:
    """Return the error that says that `what` has no place in this dialect."""
    return cannot_express("openai_responses", what, dialect=dialect.name)


def require(dialect: ResponsesDialect, capability: Capability, what: str) -> None:
    """Refuse `what` where the dialect does not have the capability it needs.

    Raises:
        AttemptFailedError: it does not.
    """
    if capability not in dialect.capabilities:
        raise mismatch(dialect, what)
