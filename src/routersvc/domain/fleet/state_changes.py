"""Changes of the state of deployments, credentials and models, for logs."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable


class ChangeKind(enum.Enum):
    """What has changed."""

    BREAKER_OPENED = "circuit breaker opened"
    BREAKER_HALF_OPEN = "circuit breaker half open"
    BREAKER_CLOSED = "circuit breaker closed"
    CREDENTIAL_DISABLED = "credential disabled"
    CREDENTIAL_ENABLED = "credential enabled"
    MODEL_DISABLED = "model disabled"
    MODEL_ENABLED = "model enabled"
    CHECK_FAILING = "health check failing"
    CHECK_SUCCEEDING = "health check succeeding"
    PAUSE_BEGAN = "provider asked for a pause"
    PAUSE_ENDED = "pause of a provider ended"


_WORSE = frozenset(
    {
        ChangeKind.BREAKER_OPENED,
        ChangeKind.CREDENTIAL_DISABLED,
        ChangeKind.MODEL_DISABLED,
        ChangeKind.CHECK_FAILING,
        ChangeKind.PAUSE_BEGAN,
    }
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class StateChange:
    """One change. `deployment`, `credential` and `model` are empty where they are not concerned.

    `reason` is the message of a failure or one of the router's own sentences; it quotes no body.
    """

    kind: ChangeKind
    provider: str
    deployment: str = ""
    credential: str = ""
    model: str = ""
    reason: str = ""

    @property
    def is_worse(self) -> bool:
        """Whether fewer calls can be served than before."""
        return self.kind in _WORSE


ChangeListener = Callable[[StateChange], None]
"""Takes each change at once; must not raise or block."""


def nobody_listens(change: StateChange) -> None:
    """Drop a change."""
    del change
