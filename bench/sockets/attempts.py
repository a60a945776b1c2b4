"""The attempts of calls as the router reported them, in times of the machine's clock."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Iterator

from bench.sockets.callers import CallResult
from llmrouter.v1 import report_pb2

FAILED = frozenset({report_pb2.ATTEMPT_OUTCOME_FAILED, report_pb2.ATTEMPT_OUTCOME_BROKEN})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MadeAttempt:
    """One attempt; times are seconds since 1970."""

    provider: str
    reason: str
    started_at: float
    ended_at: float
    failed: bool


def attempts_of(results: Iterable[CallResult]) -> Iterator[MadeAttempt]:
    """Yield the attempts of all calls with a report."""
    for one in results:
        if one.report is None:
            continue
        received_at = one.report.received_time.ToNanoseconds() / 1e9
        for attempt in one.report.attempts:
            started_at = received_at + attempt.start_delay.ToNanoseconds() / 1e9
            yield MadeAttempt(
                provider=attempt.deployment.provider,
                reason=report_pb2.AttemptReason.Name(attempt.reason)
                .removeprefix("ATTEMPT_REASON_")
                .lower(),
                started_at=started_at,
                ended_at=started_at + attempt.duration.ToNanoseconds() / 1e9,
                failed=attempt.outcome in FAILED,
            )


def share(attempts: Iterable[MadeAttempt], provider: str, start: float, end: float) -> float:
    """Return a provider's share of the attempts that started in a period."""
    counts = collections.Counter(
        attempt.provider for attempt in attempts if start <= attempt.started_at < end
    )
    return counts[provider] / counts.total() if counts else 0.0
