"""Small drills generated from a seed, which combine all rules, faults and kinds of requests.

The ranges are chosen so that limits are reached within a minute of virtual time: few calls, short
timeouts, small budgets, breakers that open after two failures.
"""

from __future__ import annotations

import random as random_module

from routersvc.domain.catalogue.modes import HedgingMode, OrderMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import HedgingRule, Policy, Priority, RetryRule, Timeouts
from routersvc.domain.fleet.active_checks import CheckMethod, CheckRule
from routersvc.domain.fleet.attempt_budgets import BudgetRule
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.disablements import RecheckRule
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules, FleetRules
from routersvc.drills.plans.distributions import (
    Constant,
    Distribution,
    LogNormal,
    PowerTail,
    Uniform,
)
from routersvc.drills.plans.drill_plans import (
    Arrivals,
    Batches,
    ClosedLoop,
    DrillPlan,
    PoissonArrivals,
    RequestMix,
    SimulatedDeployment,
)
from routersvc.drills.plans.faults import HITS_EVERY_CALL, Fault, FaultKind

_NAMES = ("a", "b", "c", "d")
_USEFUL = 0.05
_ALTERNATING_SHARE = 0.15
_DAY = 86_400.0


def plan_of_seed(seed: int, *, traced: bool = False) -> DrillPlan:
    """Return the drill generated from `seed`."""
    random = random_module.Random(f"plan {seed}")
    names = _NAMES[: random.choice([1, 2, 2, 3, 3, 4])]
    duration = random.choice([3.0, 10.0, 40.0])
    return DrillPlan(
        name=f"seed {seed}",
        seed=seed,
        deployments=tuple(_deployment(random, name) for name in names),
        policy=_policy(random, names),
        arrivals=_arrivals(random, duration),
        duration=duration,
        mix=_mix(random),
        faults=_faults(random, names, duration),
        rules=_rules(random),
        max_concurrent_calls=random.choice([3, 1000, 1000, 1000]),
        max_calls=random.choice([10, 40, 80]),
        traced=traced,
    )


def _deployment(random: random_module.Random, name: str) -> SimulatedDeployment:
    gaps: list[Distribution] = [
        Constant(value=0.0),
        Constant(value=0.1),
        LogNormal(median=0.1, p95=1.0),
    ]
    return SimulatedDeployment(
        name=name,
        provider=random.choice(["", "", "shared"]),
        first_content=_latency(random),
        gap=random.choice(gaps),
        max_tokens=random.choice([4, 8]),
        min_tokens=random.choice([1, 4]),
    )


def _latency(random: random_module.Random) -> Distribution:
    latencies: list[Distribution] = [
        Constant(value=0.0),
        Constant(value=0.5),
        Uniform(low=0.0, high=4.0),
        LogNormal(median=0.4, p95=2.0),
        PowerTail(points=((1.0, 0.1), (0.2, 0.5), (0.01, 30.0))),
    ]
    return random.choice(latencies)


def _policy(random: random_module.Random, names: tuple[str, ...]) -> Policy:
    return Policy(
        name="drill",
        deployments=tuple(random.sample(names, len(names))),
        order=random.choice(list(OrderMode)),
        max_attempts=random.randint(1, 4),
        timeouts=Timeouts(
            connect=1.0,
            first_content=random.choice([1.0, 3.0, 20.0]),
            idle=random.choice([0.5, 2.0]),
            attempt=random.choice([4.0, 60.0]),
            useful=_USEFUL,
        ),
        hedging=HedgingRule(
            mode=random.choice(list(HedgingMode)),
            min_samples=random.choice([5, 100]),
            max_delay=random.choice([0.5, 20.0]),
            delay=random.choice([None, 0.0001, 0.5, 1.0]),
            max_parallel=random.choice([1, 2, 2, 3]),
        ),
        retries=RetryRule(
            max_retries=random.randint(0, 2),
            only_without_alternative=random.random() < 0.5,  # noqa: PLR2004 - a coin
        ),
        stream_recovery=random.choice(list(StreamRecoveryMode)),
    )


def _arrivals(random: random_module.Random, duration: float) -> Arrivals:
    arrivals: list[Arrivals] = [
        PoissonArrivals(rate=60 / duration),
        PoissonArrivals(rate=20.0),
        ClosedLoop(callers=random.randint(1, 12), pause=random.choice([0.0, 0.5])),
        Batches(size=random.randint(1, 20), pause=1.0),
    ]
    return random.choice(arrivals)


def _mix(random: random_module.Random) -> RequestMix:
    timeouts: list[Distribution] = [
        Constant(value=120.0),
        Constant(value=120.0),
        Uniform(low=_USEFUL, high=5.0),
        Uniform(low=_USEFUL, high=0.6),
    ]
    patiences: list[Distribution] = [Uniform(low=0.0, high=2.0), Constant(value=0.5)]
    return RequestMix(
        streaming_share=random.choice([0.0, 0.5, 1.0]),
        timeout=random.choice(timeouts),
        cancelled_share=random.choice([0.0, 0.2, 0.7]),
        cancel_after=random.choice(patiences),
        retried_share=random.choice([0.0, 0.2]),
        side_effect_share=random.choice([0.0, 0.2]),
        denying_share=random.choice([0.0, 0.0, 0.3]),
        priority=random.choice(list(Priority)),
    )


def _faults(
    random: random_module.Random, names: tuple[str, ...], duration: float
) -> tuple[Fault, ...]:
    faults = [_fault(random, names, duration) for _ in range(random.randint(0, 6))]
    if len(names) > 1 and random.random() < _ALTERNATING_SHARE:
        faults += _alternating(random, names)
    return tuple(faults)


def _alternating(random: random_module.Random, names: tuple[str, ...]) -> list[Fault]:
    """Return the outages of two deployments of which one is up at every instant."""
    period = random.choice([1.0, 6.0])
    kind = random.choice([FaultKind.ERROR, FaultKind.OVERLOAD, FaultKind.STALE_CONNECTION])
    return [
        Fault(deployment=name, kind=kind, start=start, period=period)
        for name, start in zip(random.sample(names, 2), (0.0, period / 2), strict=True)
    ]


def _fault(random: random_module.Random, names: tuple[str, ...], duration: float) -> Fault:
    kind = random.choice(list(FaultKind))
    start = random.choice([0.0, random.uniform(0.0, duration)])
    asks = kind in {FaultKind.OVERLOAD, FaultKind.RATE_LIMIT}
    return Fault(
        deployment=random.choice(names),
        kind=kind,
        start=start,
        end=start + random.choice([0.5, 5.0, duration]),
        share=1.0 if kind in HITS_EVERY_CALL else random.choice([0.2, 0.7, 1.0]),
        factor=random.choice([0.5, 5.0, 10.0]),
        retry_after=random.choice([None, 0.0, 0.5, 20.0, _DAY]) if asks else None,
        tokens=random.randint(0, 4),
        interval=random.choice([0.3, 3.0, 15.0]),
        nth=random.choice([2, 3, 5]),
    )


def _rules(random: random_module.Random) -> FleetRules:
    return FleetRules(
        deployments=DeploymentRules(
            breaker=BreakerRule(
                consecutive_failures=random.choice([2, 5]),
                min_calls=random.choice([3, 10]),
                probe_successes=random.randint(1, 3),
                open_time=random.choice([0.2, 1.0]),
                max_open_time=random.choice([2.0, 60.0]),
            ),
            concurrency=ConcurrencyRule(
                initial=random.choice([1, 3, 100, 100]),
                queue=random.choice([0, 10]),
                max_wait=random.choice([0.5, 10.0]),
            ),
        ),
        budgets=BudgetRule(
            share=random.choice([0.0, 0.1, 0.5]),
            hedge_share=0.0,
            reserve=random.choice([0, 2, 10]),
            hedge_reserve=0,
        )
        if random.random() < 0.2  # noqa: PLR2004 - one in five never hedges
        else BudgetRule(
            share=random.choice([0.1, 0.5]),
            hedge_share=random.choice([0.05, 0.1]),
            reserve=random.choice([2, 10]),
            hedge_reserve=random.choice([0, 2]),
            window=random.choice([1.0, 10.0]),
        ),
        rechecks=RecheckRule(),
        checks=CheckRule(
            method=random.choice([CheckMethod.FREE, CheckMethod.FREE, CheckMethod.OFF]),
            interval=random.choice([1.0, 10.0]),
            idle_after=random.choice([2.0, 30.0]),
            timeout=0.9,
        ),
    )
