"""`python -m bench.simulations.llm_load`: an LLM-like load, with and without a brownout.

Three equal providers with heavy-tailed times to first token: half within 0.45 s, one in twenty
above 1.2 s, one in a hundred above 6 s, one in a thousand above 40 s. Calm weather measures what
hedging cuts off the tail and what it costs. The brownout makes one provider ten times as slow for a
minute. Each is run with several seeds: one call in a thousand decides the far quantiles.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Sequence

from bench.tables import RESULTS, milliseconds, percent, table, today
from routersvc.domain.catalogue.modes import HedgingMode, OrderMode
from routersvc.domain.catalogue.policies import HedgingRule, Policy, Timeouts
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.drills.figures.drill_figures import CallOutcome, quantile
from routersvc.drills.plans.distributions import Constant, LogNormal, PowerTail
from routersvc.drills.plans.drill_plans import (
    DrillPlan,
    PoissonArrivals,
    RequestMix,
    SimulatedDeployment,
)
from routersvc.drills.plans.faults import Fault, FaultKind
from routersvc.drills.simulation.simulation import run_drill

FIRST_TOKEN = PowerTail(
    points=((1.0, 0.15), (0.5, 0.45), (0.05, 1.2), (0.01, 6.0), (0.001, 40.0)), ceiling=100.0
)
PROVIDERS = ("first", "second", "third")
SLOW = PROVIDERS[0]
WORST_WINDOW = 10
QUANTILES = (0.5, 0.95, 0.99, 0.999)
CUT = 10.0
CALM_EXTRA = 0.051
WORST_EXTRA = 0.1
DEADLINES = (30.0, 5.0)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One drill, with `deadline` in seconds if there is one, and `slow` for the brownout."""

    seed: int
    calls: int
    rate: float
    hedged: bool
    order: OrderMode = OrderMode.BALANCED
    deadline: float | None = None
    slow: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The result of one drill; `quantiles` are those of the time to first token.

    `slowest` are the longest times, one call in a hundred, the longest first.
    """

    run: Run
    calls: int
    quantiles: Sequence[float]
    slowest: Sequence[float]
    missed: int
    hedges: int
    rescues: int
    failovers: int
    extra: float
    worst_extra: float
    share_of_slow: float
    violations: int


def main() -> None:
    """Run every drill and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulations.llm_load")
    parser.add_argument("--calls", type=int, default=40_000, help="calls in calm weather")
    parser.add_argument("--rate", type=float, default=20.0, help="calls per second")
    parser.add_argument("--seeds", type=int, default=5, help="how often each drill is run")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="write bench/results")
    options = parser.parse_args()
    began = time.perf_counter()
    calm, brownouts = _runs(options)
    outcomes = _outcomes([*calm, *brownouts], options.processes)
    command = (
        f"python -m bench.simulations.llm_load --calls {options.calls} --rate {options.rate:g} "
        f"--seeds {options.seeds}"
    )
    text = _page(
        f"`{command}`, {today()}: {time.perf_counter() - began:.0f} s on "
        f"{options.processes} processes.",
        outcomes[: len(calm)],
        outcomes[len(calm) :],
    )
    print(text)
    if options.write:
        (RESULTS / "llm_load.md").write_text(text, encoding="utf-8")


def _runs(options: argparse.Namespace) -> tuple[list[Run], list[Run]]:
    seeds = range(1, options.seeds + 1)
    calm = [
        Run(seed=seed, calls=options.calls, rate=options.rate, hedged=hedged)
        for seed in seeds
        for hedged in (False, True)
    ]
    brownouts = [
        Run(
            seed=seed,
            calls=options.calls,
            rate=options.rate,
            hedged=hedged,
            order=order,
            deadline=deadline,
            slow=slow,
        )
        for deadline in DEADLINES
        for slow, order, hedged in (
            (False, OrderMode.BALANCED, True),
            (True, OrderMode.FIXED, True),
            (True, OrderMode.BALANCED, False),
            (True, OrderMode.BALANCED, True),
        )
        for seed in seeds
    ]
    return calm, brownouts


def _outcomes(runs: Sequence[Run], processes: int) -> list[Outcome]:
    """Run all drills in parallel and return their results in order."""
    outcomes: list[Outcome] = []
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for outcome in pool.imap(_outcome, runs):
            outcomes.append(outcome)
            print(f"\r{len(outcomes)}/{len(runs)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return outcomes


def _outcome(run: Run) -> Outcome:
    result = run_drill(_plan(run), checked=run.deadline is not None)
    figures = result.figures
    return Outcome(
        run=run,
        calls=figures.calls,
        quantiles=[quantile(figures.first_contents, share) or 0.0 for share in QUANTILES],
        slowest=sorted(figures.first_contents, reverse=True)[: figures.calls // 100],
        missed=figures.outcomes[CallOutcome.DEADLINE],
        hedges=figures.reasons[AttemptReason.HEDGE],
        rescues=figures.reasons[AttemptReason.RESCUE],
        failovers=figures.reasons[AttemptReason.FAILOVER],
        extra=figures.extra_attempts / figures.calls,
        worst_extra=figures.worst_extra(window=WORST_WINDOW),
        share_of_slow=figures.attempts[SLOW] / figures.reasons.total(),
        violations=len(result.violations),
    )


def _plan(run: Run) -> DrillPlan:
    plan = DrillPlan(
        name="LLM load",
        seed=run.seed,
        deployments=tuple(
            SimulatedDeployment(
                name=name,
                first_content=FIRST_TOKEN,
                gap=LogNormal(median=0.02, p95=0.05),
                min_tokens=2,
                max_tokens=6,
            )
            for name in PROVIDERS
        ),
        policy=Policy(
            name="hedged",
            deployments=PROVIDERS,
            order=run.order,
            max_attempts=3,
            timeouts=Timeouts(
                connect=2.0, first_content=120.0, idle=20.0, attempt=120.0, useful=0.05
            ),
            hedging=HedgingRule(mode=HedgingMode.DELAYED if run.hedged else HedgingMode.OFF),
        ),
        arrivals=PoissonArrivals(rate=run.rate),
        duration=1e9,
        max_calls=run.calls,
    )
    if run.deadline is None:
        return plan
    fault = Fault(deployment=SLOW, kind=FaultKind.SLOW, start=60.0, end=120.0, factor=10.0)
    return dataclasses.replace(
        plan,
        duration=180.0,
        max_calls=None,
        mix=RequestMix(timeout=Constant(value=run.deadline)),
        faults=(fault,) if run.slow else (),
    )


def _page(head: str, calm: Sequence[Outcome], brownouts: Sequence[Outcome]) -> str:
    pairs = list(zip(calm[::2], calm[1::2], strict=True))
    cuts = [plain.quantiles[-1] / hedged.quantiles[-1] for plain, hedged in pairs]
    before, after = (_pooled_tail(group) for group in zip(*pairs, strict=True))
    extras = [hedged.extra for _, hedged in pairs]
    groups: dict[tuple[object, ...], list[Outcome]] = {}
    for each in brownouts:
        key = (each.run.deadline, each.run.slow, each.run.order, each.run.hedged)
        groups.setdefault(key, []).append(each)
    (judged,) = (
        group
        for (deadline, slow, order, hedged), group in groups.items()
        if slow and hedged and order is OrderMode.BALANCED and deadline == max(DEADLINES)
    )
    worst = max(each.worst_extra for each in judged)
    missed = sum(each.missed for each in judged)
    return (
        f"# An LLM-like load\n\n{head}\n\n"
        "Three equal providers, time to first token with P(T > 0.45 s) = 0.5, P(T > 1.2 s) = 0.05, "
        "P(T > 6 s) = 0.01, P(T > 40 s) = 0.001, power laws in between; default budgets and "
        "breakers; no timeout except the deadline, so that only hedging helps.\n\n"
        f"## Without faults, {pairs[0][0].calls:,} calls for each seed\n\n"
        f"The target: p99.9 cut at least {CUT:g} times with at most {percent(CALM_EXTRA)} extra "
        f"calls. Over the calls of all seeds together the cut is {before / after:.1f} times, from "
        f"{milliseconds(before)} to {milliseconds(after)} ({_verdict(before / after >= CUT)}), the "
        f"extra calls are {percent(max(extras))} at most ({_verdict(max(extras) <= CALM_EXTRA)}). "
        f"In single seeds it is {min(cuts):.1f} times at least and {statistics.median(cuts):.1f} "
        "times in the median: there p99.9 rests on few calls, and differs by as much without "
        "hedging.\n\n"
        f"{table(CALM_HEADS, [_calm_row(*pair) for pair in pairs])}\n\n"
        "## One provider ten times as slow for 60 s of 180 s\n\n"
        f"The target: at most {percent(WORST_EXTRA)} extra in the worst 10 s, and no deadline "
        f"missed that another provider could have kept. With a deadline of {max(DEADLINES):g} s, "
        f"the balanced order and hedging it is {percent(worst)} ({_verdict(worst <= WORST_EXTRA)}) "
        f"and {missed} missed ({_verdict(not missed)}). The other rows show the effect of each of "
        f"these, and of a deadline of {min(DEADLINES):g} s: one call in eighty takes longer even "
        "without faults, which exceeds the budget in a brownout. A deadline counts as missed "
        "whichever provider was called; the rows without a slow provider show how many deadlines "
        f"two attempts at healthy providers miss. Sums and worst values over "
        f"{len(pairs)} seeds. `checked` counts violations of the promises.\n\n"
        f"{table(BROWNOUT_HEADS, [_brownout_row(group) for group in groups.values()])}\n"
    )


def _pooled_tail(outcomes: Sequence[Outcome]) -> float:
    """Return the p99.9 of the time to first token over the calls of several drills, in seconds."""
    calls = sum(each.calls for each in outcomes)
    slowest = sorted((time for each in outcomes for time in each.slowest), reverse=True)
    return slowest[calls // 1000]


def _verdict(met: bool) -> str:  # noqa: FBT001 - it is the whole question
    return "met" if met else "**missed**"


CALM_HEADS: Sequence[str] = (
    "seed",
    *(f"p{share * 100:g}" for share in QUANTILES),
    "p99.9 hedged",
    "cut",
    "extra",
    "worst 10 s",
)


def _calm_row(plain: Outcome, hedged: Outcome) -> list[str]:
    cut = plain.quantiles[-1] / hedged.quantiles[-1]
    return [
        f"{plain.run.seed}",
        *(milliseconds(value) for value in plain.quantiles),
        milliseconds(hedged.quantiles[-1]),
        f"{cut:.1f}×",
        percent(hedged.extra),
        percent(hedged.worst_extra),
    ]


BROWNOUT_HEADS: Sequence[str] = (
    "run",
    "calls",
    "p95",
    "p99",
    "deadlines missed",
    "most of a seed",
    "hedges",
    "rescues",
    "failovers",
    "extra",
    "worst 10 s",
    "share of the slow",
    "checked",
)


def _brownout_row(group: Sequence[Outcome]) -> list[str]:
    run = group[0].run
    calls = sum(each.calls for each in group)
    name = (
        f"{'one slow' if run.slow else 'all well'}, deadline {run.deadline:g} s, "
        f"{run.order.value} order, {'hedged' if run.hedged else 'no hedging'}"
    )
    return [
        name,
        f"{calls:,}",
        *(milliseconds(statistics.median(each.quantiles[at] for each in group)) for at in (1, 2)),
        f"{sum(each.missed for each in group):,}",
        f"{max(each.missed for each in group):,}",
        f"{sum(each.hedges for each in group):,}",
        f"{sum(each.rescues for each in group):,}",
        f"{sum(each.failovers for each in group):,}",
        percent(sum(each.extra * each.calls for each in group) / calls),
        percent(max(each.worst_extra for each in group)),
        percent(statistics.median(each.share_of_slow for each in group)),
        f"{sum(each.violations for each in group)}",
    ]


if __name__ == "__main__":
    main()
