"""When a running attempt times out, and with which failure; when it is late enough for a rescue.

A timeout ends the attempt. Patience does not: when it is over, a rescue starts beside the attempt,
and the attempt can still win. `idle` bounds the pause between two contents, the pace the time in
which contents have to add up: a provider that drips one token per quarter of a minute keeps every
pause and still never ends.
"""

from __future__ import annotations

from collections.abc import Callable

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.plans import Plan
from routersvc.domain.racing.attempts import Attempt

_PACE_SHARE = 0.4
"""The part of the time left that is a window where another attempt can be made: two fit in."""

_SHORTEST_PACE_WINDOW = 2.0
"""Seconds: a deadline that leaves less is no measure of the provider's speed."""

_PATIENCE_SHARE = 0.5
"""The part of the time left at the start of an attempt that it may be silent."""

_SILENT_AFTER = 5.0
"""Seconds without content that count against a deployment of which no latency is known."""

_SILENT_FACTOR = 3.0
"""Latencies of this many times the usual p95 count against a deployment."""


def due_at(
    attempt: Attempt, plan: Plan, deadline: float, is_replaceable: Callable[[float], bool]
) -> float:
    """Return the instant at which a running attempt times out.

    `is_replaceable` says whether another attempt could have taken over at an instant. It is asked
    only where so little time is left that such an attempt has to keep a faster pace.
    """
    timeouts = plan.timeouts
    whole = attempt.started_at + timeouts.attempt
    idle_since = attempt.idle_since
    if idle_since is not None:
        # Hot path: every token.
        idle = timeouts.idle
        window = _fast_pace_window(attempt, deadline)
        if window >= idle or not is_replaceable(idle_since):
            window = idle
        return min(whole, idle_since + idle, attempt.pace_since + window)
    if plan.reads_as_stream(attempt.deployment):
        return min(whole, attempt.started_at + plan.first_content_of(attempt.deployment))
    return whole


def timeout_failure(
    attempt: Attempt, plan: Plan, deadline: float, *, is_replaceable: bool = False
) -> Failure:
    """Return the failure of an attempt that timed out.

    `is_replaceable` says that another attempt could still take over.
    """
    timeouts = plan.timeouts
    whole = attempt.started_at + timeouts.attempt
    if attempt.idle_since is None:
        if plan.reads_as_stream(attempt.deployment):
            first_content = plan.first_content_of(attempt.deployment)
            if first_content <= timeouts.attempt:
                return Failure(
                    failure_class=FailureClass.FIRST_CONTENT_TIMEOUT,
                    message=f"no first content arrived within {first_content:g} s",
                )
    else:
        window = _pace_window(attempt, plan, deadline, is_replaceable=is_replaceable)
        idle_at = attempt.idle_since + timeouts.idle
        pace_at = attempt.pace_since + window
        if min(idle_at, pace_at) <= whole:
            return Failure(
                failure_class=FailureClass.STALLED,
                message=f"no further content arrived within {timeouts.idle:g} s"
                if idle_at <= pace_at
                else f"only {attempt.pace_contents} contents arrived within {window:.3g} s",
            )
    return Failure(
        failure_class=FailureClass.ATTEMPT_TIMEOUT,
        message=f"the attempt did not end within {timeouts.attempt:g} s",
    )


def _pace_window(attempt: Attempt, plan: Plan, deadline: float, *, is_replaceable: bool) -> float:
    """Return the seconds in which contents have to add up to the pace."""
    idle = plan.timeouts.idle
    return min(idle, _fast_pace_window(attempt, deadline)) if is_replaceable else idle


def _fast_pace_window(attempt: Attempt, deadline: float) -> float:
    return max(_PACE_SHARE * (deadline - attempt.pace_since), _SHORTEST_PACE_WINDOW)


def patience(plan: Plan, deployment: Deployment, time_left: float) -> float:
    """Return the seconds without content after which a rescue may start beside an attempt.

    `time_left` is seconds from the start of the attempt to the deadline. A provider that sends its
    whole answer at once has no first content before: half of the time left is the only measure.
    """
    half = _PATIENCE_SHARE * time_left
    if plan.reads_as_stream(deployment):
        return min(plan.first_content_of(deployment), half)
    return half


def is_silent(waited: float, *, usual: float | None) -> bool:
    """Whether a wait without content counts against a deployment, whatever the caller's deadline.

    `usual` is the usual p95 of its time to first content in seconds, `None` where it is not known.
    """
    longest = _SILENT_AFTER if usual is None else _SILENT_FACTOR * usual
    return waited >= longest
