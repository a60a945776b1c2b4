"""What is known of deployments at the moment of planning: the snapshot that a plan rests on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol

from routersvc.domain.catalogue.deployments import (
    Deployment,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class LiveStats:
    """What calls have lately shown of one deployment, for one class of request.

    `latency` is the median time to what the caller waits for: the first content of a stream, the
    end of a whole answer. `first_content` is the median time to first content, and one in twenty
    exceeds `late`. All are seconds, `None` where nothing is known.
    """

    latency: float | None = None
    first_content: float | None = None
    late: float | None = None
    success_rate: float | None = None


NOTHING_KNOWN = LiveStats()


class LiveView(Protocol):
    """What the fleet knows now."""

    def balanced(self, equals: Sequence[Deployment]) -> Sequence[Deployment]:
        """Return equal deployments in the order in which to try them."""
        ...

    def live_stats(self, deployment: Deployment, *, streaming: bool) -> LiveStats:
        """Return what calls have lately shown of a deployment."""
        ...


class BlankLiveView:
    """Knows nothing and leaves every order as it is."""

    def balanced(self, equals: Sequence[Deployment]) -> Sequence[Deployment]:
        """Leave them as they stand."""
        return equals

    def live_stats(self, deployment: Deployment, *, streaming: bool) -> LiveStats:
        """Know nothing."""
        del deployment, streaming
        return NOTHING_KNOWN


BLANK = BlankLiveView()
