"""The `fleet` section: breakers, concurrency limits, attempt budgets and health checks.

The defaults are those of the domain's rules, which explain them.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from routersvc.domain.fleet.active_checks import CheckMethod, CheckRule
from routersvc.domain.fleet.attempt_budgets import BudgetRule
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.disablements import RecheckRule
from routersvc.settings.types.fields import Duration, Pause, Ratio, Section

Share = Annotated[float, Field(gt=0, le=1)]
"""A number above 0 and up to 1."""

Factor = Annotated[float, Field(ge=1, le=100)]
"""A growth factor."""

_BREAKER = BreakerRule()
_CONCURRENCY = ConcurrencyRule()
_BUDGETS = BudgetRule()
_RECHECKS = RecheckRule()
_CHECKS = CheckRule()


class BreakerSection(Section):
    """The circuit breaker of a deployment."""

    consecutive_failures: int = Field(
        default=_BREAKER.consecutive_failures,
        ge=1,
        le=1_000,
        description="The number of consecutive failures that opens the breaker.",
    )
    min_success_rate: Share = Field(
        default=_BREAKER.min_success_rate,
        description="The breaker opens when the success rate over the window is below this.",
    )
    min_calls: int = Field(
        default=_BREAKER.min_calls,
        ge=1,
        le=1_000_000,
        description="The number of calls in the window below which rates are ignored.",
    )
    window: Duration = Field(
        default=_BREAKER.window,
        description="The length of the sliding window over which rates are computed.",
    )
    slow_call_duration: Duration | None = Field(
        default=_BREAKER.slow_call_duration,
        description="A call that takes longer than this is slow. If unset, no call is.",
    )
    max_slow_rate: Share = Field(
        default=_BREAKER.max_slow_rate,
        description="The breaker opens when the share of slow calls in the window reaches this.",
    )
    open_time: Duration = Field(
        default=_BREAKER.open_time, description="How long the breaker stays open the first time."
    )
    open_growth: Factor = Field(
        default=_BREAKER.open_growth,
        description="The factor by which the open time grows each time the breaker opens again.",
    )
    max_open_time: Duration = Field(
        default=_BREAKER.max_open_time, description="The longest open time."
    )
    open_jitter: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=_BREAKER.open_jitter,
        description="The largest share of the open time that is subtracted at random, so that "
        "replicas do not probe at the same time.",
    )
    probe_successes: int = Field(
        default=_BREAKER.probe_successes,
        ge=1,
        le=100,
        description="The number of successful probes, sent one at a time, that closes the breaker.",
    )
    probe_timeout: Duration | None = Field(
        default=None,
        description="A probe that has not ended after this time is abandoned. If unset, 1.25 "
        "times the longest `attempt` timeout of all policies.",
    )
    slow_start: Duration = Field(
        default=_BREAKER.slow_start,
        description="How long the traffic of the deployment ramps up after the breaker closes.",
    )
    slow_start_share: Share = Field(
        default=_BREAKER.slow_start_share,
        description="The share of the traffic at which the ramp starts.",
    )


class ConcurrencySection(Section):
    """The adaptive limit of concurrent attempts at a deployment (AIMD)."""

    initial: int = Field(
        default=_CONCURRENCY.initial, ge=1, le=1_000_000, description="The limit at startup."
    )
    minimum: int = Field(
        default=_CONCURRENCY.minimum, ge=1, le=1_000_000, description="The lowest limit."
    )
    maximum: int = Field(
        default=_CONCURRENCY.maximum, ge=1, le=1_000_000, description="The highest limit."
    )
    decrease: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=_CONCURRENCY.decrease,
        description="The factor by which the limit is multiplied when the provider is overloaded "
        "or answers 429.",
    )
    interval: Pause = Field(
        default=_CONCURRENCY.interval,
        description="The shortest time between two decreases.",
    )
    queue: int = Field(
        default=_CONCURRENCY.queue,
        ge=0,
        le=1_000_000,
        description="The number of calls that may wait while all of their deployments are at the "
        "limit.",
    )
    max_wait: Duration = Field(
        default=_CONCURRENCY.max_wait,
        description="The longest time that a call waits in the queue.",
    )


class BudgetsSection(Section):
    """Limits of extra attempts: retries, hedges, and failovers that did not lead to an answer.

    One budget per policy and one per provider, as shares of their requests.
    """

    share: Ratio = Field(
        default=_BUDGETS.share,
        description="The largest number of extra attempts, as a share of the requests.",
    )
    hedge_share: Ratio = Field(
        default=_BUDGETS.hedge_share,
        description="The largest number of hedges among them, as a share of the requests.",
    )
    reserve: int = Field(
        default=_BUDGETS.reserve,
        ge=0,
        le=1_000_000,
        description="The number of extra attempts that are available before any request was made.",
    )
    hedge_reserve: int = Field(
        default=_BUDGETS.hedge_reserve,
        ge=0,
        le=1_000_000,
        description="The number of hedges among them.",
    )
    window: Duration = Field(
        default=_BUDGETS.window, description="Unused budget expires after this time."
    )


class RechecksSection(Section):
    """When a disabled credential or a missing model is tried again."""

    first: Duration = Field(
        default=_RECHECKS.first, description="The time from the failure to the first retry."
    )
    growth: Factor = Field(
        default=_RECHECKS.growth,
        description="The factor by which that time grows with each further failure.",
    )
    longest: Duration = Field(
        default=_RECHECKS.longest, description="The longest time between two retries."
    )


class ChecksSection(Section):
    """Active health checks of deployments without recent traffic."""

    method: CheckMethod = Field(
        default=_CHECKS.method,
        description="`free`: lists the provider's models, once per credential. `completion`: asks "
        "each model for one token, which is billed. `off`: no health checks.",
    )
    interval: Duration = Field(
        default=_CHECKS.interval, description="The time between two health checks."
    )
    idle_after: Duration = Field(
        default=_CHECKS.idle_after,
        description="A deployment is checked when it has had no traffic for this long. "
        "Deployments with an open breaker or a disabled credential are always "
        "checked.",
    )
    timeout: Duration = Field(
        default=_CHECKS.timeout,
        description="A health check that takes longer than this has failed.",
    )


class FleetSection(Section):
    """Rules for all deployments, providers and policies."""

    breaker: BreakerSection = Field(
        default=BreakerSection(),
        description="Circuit breakers, one per deployment: when a failing deployment is not "
        "called.",
    )
    concurrency: ConcurrencySection = Field(
        default=ConcurrencySection(),
        description="Adaptive limits of concurrent attempts, one per deployment (AIMD).",
    )
    budgets: BudgetsSection = Field(
        default=BudgetsSection(),
        description="Limits of extra attempts: retries, hedges, and failovers that did not lead "
        "to an answer. One budget per policy and one per provider.",
    )
    rechecks: RechecksSection = Field(
        default=RechecksSection(),
        description="When a disabled credential or a missing model is tried again.",
    )
    checks: ChecksSection = Field(
        default=ChecksSection(),
        description="Active health checks of deployments without recent traffic.",
    )
