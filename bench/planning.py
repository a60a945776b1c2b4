"""`python -m bench.planning`: the cost of planning a request, by the number of deployments.

Planning is what happens between the profile of a request and its first attempt: choosing the
policy, merging limits, excluding deployments, ordering the others. The profile is given, because
its cost depends on the prompt, not on the deployments: `bench.profile` measures it.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import os
import pathlib
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator

from bench.tables import table
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.deployments import Compliance, Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.modes import HedgingMode, OrderMode
from routersvc.domain.catalogue.policies import HedgingRule, Policy, Timeouts
from routersvc.domain.catalogue.prices import Prices
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.catalogue.qualities import Quality
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.catalogue.weights import WeightWishes
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.steps import Steps
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.leases import Lease
from routersvc.domain.measures.cost_budgets import BudgetStanding, CostBudgetRule
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.planning.planner import Planner
from routersvc.domain.planning.plans import Plan, PlannedRequest, RefusedRequest
from routersvc.domain.profiling.profiles import Profile, Profiler

RESULTS = pathlib.Path(__file__).resolve().parent / "results/planning.md"
SIZES = (5, 10, 25, 50, 100)
TARGET = 100e-6
"""The limit for the median, in seconds, for `TARGET_SIZE` deployments."""

TARGET_SIZE = 50
EQUALS = 5
"""Deployments of one model."""

CALLS = 30
"""Calls that each deployment has served before, enough for all quantiles."""

PLAIN = Routing()
TIMEOUTS = Timeouts(connect=2.0, first_content=30.0, idle=20.0, attempt=120.0, useful=0.2)
PROMPT = Prompt(
    messages=(
        Message(role=Role.SYSTEM, parts=(TextPart(text="Be brief."),)),
        Message(role=Role.USER, parts=(TextPart(text="Mend this function, please."),)),
    )
)
LIMITS = Constraints(
    allowed_regions=frozenset({"eu-1", "eu-2", "eu-3"}),
    data_classes=frozenset({"pii"}),
    zero_data_retention=True,
    no_training=True,
    denied_providers=frozenset({"p4"}),
    max_cost_usd=5.0,
)
BUDGET = BudgetStanding(
    rule=CostBudgetRule(usd=100.0, window=86_400.0), spent_usd=20.0, reserved_usd=5.0
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Known(Profiler):
    """Knows the profile already."""

    known: Profile

    def profiling(self, request: Request, *, classifies: bool = True) -> Steps[Profile]:
        del request, classifies
        yield from ()
        return self.known


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    """One row: requests of one kind, in a world where each model has `equals` deployments."""

    name: str
    routing: Routing = PLAIN
    tenant: str = ""
    order: OrderMode = OrderMode.BALANCED
    equals: int = EQUALS
    is_new: bool = False


CASES = (
    _Case(name="fixed order", order=OrderMode.FIXED),
    _Case(name="**typical: balanced, five deployments a model**"),
    _Case(name="balanced, one model everywhere", equals=1_000),
    _Case(name="balanced, a model each", equals=1),
    _Case(name="with the limits and the budget of a tenant", tenant="strict"),
    _Case(name="with limits that no request had before", is_new=True),
    _Case(name="ranked", order=OrderMode.RANKED),
    _Case(
        name="ranked, with a tenant's limits and weights, a latency budget",
        order=OrderMode.RANKED,
        tenant="strict",
        routing=Routing(latency_budget=1.0, weights=WeightWishes(quality=2.0)),
    ),
    _Case(name="ranked, in a session", order=OrderMode.RANKED, routing=Routing(session_id="s")),
)


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.planning", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2_000, help="plans for each figure")
    parser.add_argument("--write", action="store_true", help="write bench/results/planning.md")
    options = parser.parse_args()
    text = _report(options.rounds)
    print(text)
    if options.write:
        RESULTS.write_text(f"{text}\n", encoding="utf-8")


def _report(rounds: int) -> str:
    rows = [[case.name, *(_figure(case, size, rounds) for size in SIZES)] for case in CASES]
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return "\n".join(
        (
            "# Cost of planning",
            "",
            (
                f"`python -m bench.planning --write` on {today}: CPython "
                f"{platform.python_version()}, {platform.machine()}, shared cores; CPU time of "
                f"the thread, the median of {rounds:,} plans for each figure; load average "
                f"{os.getloadavg()[0]:.1f} at the end, which raises it because caches are shared."
            ),
            "",
            (
                "Time from the profile of a request to its plan, by the number of deployments, "
                f"all of them in one policy and each after {CALLS} calls, at a thousand requests "
                f"per second. The limit is {TARGET * 1e6:.0f} µs for {TARGET_SIZE} deployments; "
                "figures above it are **bold**. The profile itself is not included: see "
                "[profile.md](profile.md)."
            ),
            "",
            table(["requests", *(f"{size} deployments" for size in SIZES)], rows),
        )
    )


def _figure(case: _Case, size: int, rounds: int) -> str:
    seconds = _median(_planning(case, size), rounds)
    text = f"{seconds * 1e6:,.0f} µs"
    return f"**{text}**" if size == TARGET_SIZE and seconds > TARGET else text


def _planning(case: _Case, size: int) -> Callable[[], float]:
    """Return a function that plans the next request and returns the seconds that took.

    The first choice then serves a call, so that its statistics change as in production.
    """
    catalogue = Catalogue(deployments={one.name: one for one in _deployments(size, case.equals)})
    policy = Policy(
        name="all",
        deployments=tuple(catalogue.deployments),
        max_attempts=3,
        timeouts=TIMEOUTS,
        hedging=HedgingRule(mode=HedgingMode.AUTO),
        order=case.order,
    )
    request = Request(
        request_id="r", prompt=PROMPT, routing=case.routing, timeout=30.0, tenant=case.tenant
    )
    planner = Planner(
        catalogue=catalogue,
        policies={"all": policy},
        default_policy="all",
        tenants={
            "": Tenant(name=""),
            "strict": Tenant(name="strict", constraints=LIMITS, weights=WeightWishes(latency=2.0)),
        },
        profiler=_Known(known=Profiler().profile(request)),
    )
    fleet = Fleet(catalogue.deployments.values(), random=random.Random(1))
    now = _warmed(
        fleet, _plan(planner.plan(request, fleet.planning_view(0.0), budget=None, at=0.0))
    )
    budget = BUDGET if case.tenant else None
    fresh = _fresh_requests(request)

    def work() -> float:
        nonlocal now
        now += 0.001
        asked = next(fresh) if case.is_new else request
        began = time.thread_time_ns()
        planned = planner.plan(asked, fleet.planning_view(now), budget=budget, at=now)
        took = time.thread_time_ns() - began
        made = _plan(planned)
        first = made.deployments[0]
        lease = fleet.start(first, made, reason=AttemptReason.FIRST, now=now)
        if isinstance(lease, Lease):
            fleet.record_first_content(lease, now + 0.0004)
            fleet.succeeded(lease, usage=None, now=now + 0.0008)
        return took / 1e9

    return work


def _plan(planned: PlannedRequest | RefusedRequest) -> Plan:
    """Return the plan that these requests always have."""
    if isinstance(planned, RefusedRequest):
        raise planned.error
    return planned.plan


def _fresh_requests(request: Request) -> Iterator[Request]:
    """Yield requests whose limits are all different, and leave all deployments in."""
    providers = [f"p{place}" for place in range(EQUALS)]
    number = 0
    while True:
        number += 1
        regions = frozenset({*(f"eu-{place}" for place in range(EQUALS)), f"r{number}"})
        constraints = Constraints(allowed_regions=regions, allowed_providers=frozenset(providers))
        yield dataclasses.replace(
            request, routing=dataclasses.replace(request.routing, constraints=constraints)
        )


def _deployments(size: int, equals: int) -> Iterator[Deployment]:
    providers = [Provider(name=f"p{place}", wire_format="openai_chat") for place in range(EQUALS)]
    for place in range(size):
        number = place // equals
        model = Model(
            name=f"m{number}",
            context_window=128_000 + 1_000 * number,
            max_output_tokens=16_384,
            capabilities=frozenset(Capability),
            prices=Prices(input=1.0 + number, output=4.0 + number),
            quality=Quality(general=0.5 + 0.4 / (1 + number)),
            token_ratio=1.0 + 0.01 * (number % 5),
        )
        yield Deployment(
            name=f"d{place}",
            provider=providers[place % EQUALS],
            model=model,
            wire_model=model.name,
            credential="default",
            compliance=Compliance(
                region=f"eu-{place % EQUALS}",
                zero_data_retention=True,
                no_training=True,
                data_classes=frozenset({"pii", "phi"}),
            ),
        )


def _warmed(fleet: Fleet, plan: Plan) -> float:
    """Let every deployment serve its calls; return the time after them."""
    now = 0.0
    chance = random.Random(2)
    for _ in range(CALLS):
        for deployment in plan.deployments:
            lease = fleet.start(deployment, plan, reason=AttemptReason.FIRST, now=now)
            now += 0.0001
            if isinstance(lease, Lease):
                fleet.record_first_content(lease, now + chance.uniform(0.1, 0.5))
                fleet.succeeded(lease, usage=None, now=now + chance.uniform(0.5, 1.0))
    return now + 1.0


def _median(work: Callable[[], float], rounds: int) -> float:
    for _ in range(min(rounds, 100)):
        work()
    return statistics.median(work() for _ in range(rounds))


if __name__ == "__main__":
    main()
