"""Says that a request asks for what cannot be said in a wire format."""

from __future__ import annotations

from routersvc.domain.outcomes.failure_rules import (
    FailureClass,
)
from routersvc.domain.outcomes.failures import (
    AttemptFailedError,
    Failure,
)


def cannot_express(wire_format: str, what: str, *, dialect: str = "") -> AttemptFailedError:
    """Return the error that says that `what` has no place in a format, or in a dialect of it."""
    manner = f" ({dialect})" if dialect else ""
    return AttemptFailedError(
        Failure(
            failure_class=FailureClass.CAPABILITY_MISMATCH,
            message=f"the wire format `{wire_format}`{manner} cannot express {what}",
        )
    )
