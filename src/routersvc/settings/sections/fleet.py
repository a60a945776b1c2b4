"""The `fleet` section: when deployments are called less, and how many extra attempts are made.

The defaults are those of the domain's own rules, where their reasons are.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from routersvc.domain.fleet.active_checks import (
    CheckMethod,
    CheckRule,
)
from routersvc.domain.fleet.attempt_budgets import (
    BudgetRule,
)
from routersvc.domain.fleet.breakers import (
    BreakerRule,
)
from routersvc.domain.fleet.concurrency import (
    ConcurrencyRule,
)
from routersvc.domain.fleet.disablements import (
    RecheckRule,
)
from routersvc.settings.types.fields import Duration, Pause, Ratio, Section

Share = Annotated[float, Field(gt=0, le=1)]
"""A share of a whole that is not nothing."""

Factor = Annotated[float, Field(ge=1, le=100)]
"""How many times longer something takes each time."""

_BREAKER = BreakerRule()
_CONCURRENCY = ConcurrencyRule()
_BUDGETS = BudgetRule()
_RECHECKS = RecheckRule()
_CHECKS = CheckRule()


class BreakerSection(Section):
    """When a deployment that fails is not called, one breaker for each."""

    consecutive_failures: int = Field(
        default=_BREAKER.consecutive_failures,
        ge=1,
        le=1_000,
        description="Failures in a row that open it.",
    )
    min_success_rate: Share = Field(
        default=_BREAKER.min_success_rate,
        description="It opens when a smaller share of the calls of the window succeeded.",
    )
    min_calls: int = Field(
        default=_BREAKER.min_calls,
        ge=1,
        le=1_000_000,
        description="Calls in the window before a rate counts.",
    )
    window: Duration = Field(
        default=_BREAKER.window, description="The time over which rates are counted."
    )
    slow_call_duration: Duration | None = Field(
        default=_BREAKER.slow_call_duration,
        description="A call that takes longer is slow. Left out: none is.",
    )
    max_slow_rate: Share = Field(
        default=_BREAKER.max_slow_rate,
        description="It opens when this share of the calls of the window was slow.",
    )
    open_time: Duration = Field(
        default=_BREAKER.open_time, description="How long it stays open the first time."
    )
    open_growth: Factor = Field(
        default=_BREAKER.open_growth, description="How many times longer at each further opening."
    )
    max_open_time: Duration = Field(
        default=_BREAKER.max_open_time, description="It never stays open longer."
    )
    open_jitter: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=_BREAKER.open_jitter,
        description="The share of the open time that is taken off at random at most, so that "
        "replicas do not probe in step.",
    )
    probe_successes: int = Field(
        default=_BREAKER.probe_successes,
        ge=1,
        le=100,
        description="Single calls that have to succeed before it closes.",
    )
    probe_timeout: Duration | None = Field(
        default=None,
        description="A single call that has not ended by then is not waited for. Left out: a "
        "quarter longer than the longest `attempt` of any policy.",
    )
    slow_start: Duration = Field(
        default=_BREAKER.slow_start,
        description="The time after closing in which its traffic grows to its full share.",
    )
    slow_start_share: Share = Field(
        default=_BREAKER.slow_start_share, description="The share of the traffic it starts with."
    )


class ConcurrencySection(Section):
    """How many attempts run at a deployment at once; the limit follows what the provider takes."""

    initial: int = Field(
        default=_CONCURRENCY.initial, ge=1, le=1_000_000, description="The limit at the start."
    )
    minimum: int = Field(
        default=_CONCURRENCY.minimum, ge=1, le=1_000_000, description="The limit is never lower."
    )
    maximum: int = Field(
        default=_CONCURRENCY.maximum, ge=1, le=1_000_000, description="The limit is never higher."
    )
    decrease: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=_CONCURRENCY.decrease,
        description="What the limit is multiplied by when the provider is overloaded or refuses.",
    )
    interval: Pause = Field(
        default=_CONCURRENCY.interval,
        description="The least time from one such decrease to the next.",
    )
    queue: int = Field(
        default=_CONCURRENCY.queue,
        ge=0,
        le=1_000_000,
        description="Calls that wait for a place, where every deployment they could use is full.",
    )
    max_wait: Duration = Field(
        default=_CONCURRENCY.max_wait, description="A call waits for a place no longer than this."
    )


class BudgetsSection(Section):
    """How many extra attempts are made: retries, hedges and failovers that lead nowhere.

    One budget for each policy and one for each provider, as shares of their requests.
    """

    share: Ratio = Field(
        default=_BUDGETS.share, description="Extra attempts, as a share of the requests."
    )
    hedge_share: Ratio = Field(
        default=_BUDGETS.hedge_share, description="Hedges among them, as a share of the requests."
    )
    reserve: int = Field(
        default=_BUDGETS.reserve,
        ge=0,
        le=1_000_000,
        description="Extra attempts that are there before any request was made.",
    )
    hedge_reserve: int = Field(
        default=_BUDGETS.hedge_reserve,
        ge=0,
        le=1_000_000,
        description="Hedges among them.",
    )
    window: Duration = Field(
        default=_BUDGETS.window, description="What is not used within this time expires."
    )


class RechecksSection(Section):
    """When a refused credential or a missing model is tried again."""

    first: Duration = Field(default=_RECHECKS.first, description="After the refusal.")
    growth: Factor = Field(
        default=_RECHECKS.growth, description="How many times longer after each further refusal."
    )
    longest: Duration = Field(default=_RECHECKS.longest, description="It is never waited longer.")


class ChecksSection(Section):
    """When a deployment of which no call tells is asked whether it lives."""

    method: CheckMethod = Field(
        default=_CHECKS.method,
        description="`free`: asks for the list of models, once for each credential. `completion`: "
        "asks each model for one token, which is billed. `off`: asks nothing.",
    )
    interval: Duration = Field(
        default=_CHECKS.interval, description="The time from one check to the next."
    )
    idle_after: Duration = Field(
        default=_CHECKS.idle_after,
        description="A deployment is asked when no call has told anything for this long; one whose "
        "breaker is open or whose credential is out of use is asked anyway.",
    )
    timeout: Duration = Field(
        default=_CHECKS.timeout, description="A check that takes longer has failed."
    )


class FleetSection(Section):
    """The rules that hold for every deployment, provider and policy."""

    breaker: BreakerSection = Field(
        default=BreakerSection(), description="When a deployment that fails is not called."
    )
    concurrency: ConcurrencySection = Field(
        default=ConcurrencySection(),
        description="How many attempts run at a deployment at once; the limit follows what the "
        "provider takes.",
    )
    budgets: BudgetsSection = Field(
        default=BudgetsSection(),
        description="How many extra attempts are made: retries, hedges and failovers that lead "
        "nowhere. One budget for each policy and one for each provider.",
    )
    rechecks: RechecksSection = Field(
        default=RechecksSection(),
        description="When a refused credential or a missing model is tried again.",
    )
    checks: ChecksSection = Field(
        default=ChecksSection(),
        description="When a deployment of which no call tells is asked whether it lives.",
    )
