"""Statistics of deployments at the moment of planning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.values import Value


class LiveStats(Value, frozen=True, kw_only=True):
    """Recent statistics of one deployment, for streamed or for whole answers.

    `latency` is the median time to what the caller waits for: the first content of a stream, the
    end of a whole answer. `first_content` is the median and `late` the 95th percentile of the time
    to first content. All are in seconds, `None` without measurements.
    """

    latency: float | None = None
    first_content: float | None = None
    late: float | None = None
    success_rate: float | None = None


NOTHING_KNOWN = LiveStats()


class LiveView(Protocol):
    """The state of the fleet at one moment."""

    def balanced(self, equals: Sequence[Deployment]) -> Sequence[Deployment]:
        """Return deployments of one model in the order in which to try them."""
        ...

    def is_ready(self, deployment: Deployment) -> bool:
        """Whether nothing that is known of a deployment keeps calls away from it now."""
        ...

    def live_stats(self, deployment: Deployment, *, streaming: bool) -> LiveStats:
        """Return recent statistics of a deployment."""
        ...
