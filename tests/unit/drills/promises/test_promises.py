"""Generated drills keep every promise, and a router that breaks one is caught.

Each sabotage turns one rule of the router off; the keeper, which knows the rules only by what can
be seen from outside, has to notice within a few seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.fleet import attempt_budgets as budget_book
from routersvc.domain.fleet.breakers import Breaker, BreakerLease
from routersvc.domain.fleet.deployment_states import DeploymentState
from routersvc.domain.fleet.rate_limits import RateLimitGate
from routersvc.domain.outcomes.failure_rules import BreakerEffect
from routersvc.domain.planning import eligibility
from routersvc.domain.racing.race_attempts import RaceStep
from routersvc.domain.racing.races import Race
from routersvc.drills.plans.generated_plans import plan_of_seed
from routersvc.drills.promises.promise_records import Promise, Violation
from routersvc.drills.promises.promises import PromiseKeeper
from routersvc.drills.promises.received_answers import ReceivedAnswer
from routersvc.drills.simulation.simulated_deployments import SimulatedStream
from routersvc.drills.simulation.simulation import run_drill

SEEDS = 150
Sabotage = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("first", range(0, SEEDS, 25))
def test_generated_drills_keep_every_promise(first: int) -> None:
    """Nothing is violated; a violation names the seed that replays it."""
    violations = {
        seed: result.violations
        for seed in range(first, first + 25)
        if (result := run_drill(plan_of_seed(seed))).violations
    }

    assert violations == {}


@pytest.mark.parametrize("seed", [1, 5, 27])
def test_same_seed_gives_the_same_trace(seed: int) -> None:
    """Every event at the same instant in the same order, or a finding could not be replayed."""
    first = run_drill(plan_of_seed(seed, traced=True))
    second = run_drill(plan_of_seed(seed, traced=True))

    assert len(first.trace) > 20
    assert first.trace == second.trace
    assert list(first.figures.durations) == list(second.figures.durations)


def test_another_seed_gives_another_trace() -> None:
    """The trace tells what happened."""
    first = run_drill(plan_of_seed(1, traced=True))
    second = run_drill(plan_of_seed(2, traced=True))

    assert first.trace != second.trace


def test_checking_changes_nothing() -> None:
    """The checks must not change what they check."""
    checked = run_drill(plan_of_seed(5, traced=True))
    unchecked = run_drill(plan_of_seed(5, traced=True), checked=False)

    assert checked.trace == unchecked.trace


def _budgets_ignored(patch: pytest.MonkeyPatch) -> None:
    def paid(*_: object, **__: object) -> bool:
        return True

    patch.setattr(budget_book, "withdraw", paid)


def _gates_ignored(patch: pytest.MonkeyPatch) -> None:
    def open_now(*_: object) -> float:
        return 0.0

    patch.setattr(RateLimitGate, "closed_for", open_now)


def _many_probes(patch: pytest.MonkeyPatch) -> None:
    def admits(breaker: Breaker, now: float) -> bool:
        return breaker.next_probe_at(now) in {None, now}

    patch.setattr(Breaker, "admits", admits)


def _open_breakers_called(patch: pytest.MonkeyPatch) -> None:
    def admits(_: Breaker, __: float) -> bool:
        return True

    patch.setattr(Breaker, "admits", admits)


def _losers_counted(patch: pytest.MonkeyPatch) -> None:
    def released(breaker: Breaker, lease: BreakerLease) -> None:
        breaker.failed(lease, 0.0, BreakerEffect.FAILURE)

    patch.setattr(Breaker, "released", released)


def _leases_lost(patch: pytest.MonkeyPatch) -> None:
    def released(*_: object) -> None:
        return

    patch.setattr(DeploymentState, "released", released)


def _attempts_unlimited(patch: pytest.MonkeyPatch) -> None:
    def may(race: Race, now: float) -> bool:
        return race.deadline - now >= race.plan.timeouts.useful

    patch.setattr(Race, "_may_start_another", may)


def _failovers_refused(patch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> bool:
        return False

    patch.setattr(Race, "_may_start_another", never)


def _usefulness_ignored(patch: pytest.MonkeyPatch) -> None:
    def is_useful(_: Race, __: float) -> bool:
        return True

    patch.setattr(Race, "_is_useful", is_useful)


def _truncation_hidden(patch: pytest.MonkeyPatch) -> None:
    genuine = SimulatedStream.receive

    async def receive(stream: SimulatedStream) -> Sequence[AnswerEvent]:
        events = await genuine(stream)
        return () if isinstance(events[0], TextDelta) else events

    patch.setattr(SimulatedStream, "receive", receive)


def _callers_hear_late(patch: pytest.MonkeyPatch) -> None:
    genuine = Race.begin

    def begin(race: Race, now: float) -> list[RaceStep]:
        race.deadline += 0.5
        return genuine(race, now)

    patch.setattr(Race, "begin", begin)


def _ends_told_twice(patch: pytest.MonkeyPatch) -> None:
    genuine = PromiseKeeper.told

    def told(keeper: PromiseKeeper, request: Request, error: BaseException | None) -> None:
        genuine(keeper, request, error)
        genuine(keeper, request, error)

    patch.setattr(PromiseKeeper, "told", told)


def _streams_left_open(patch: pytest.MonkeyPatch) -> None:
    async def aclose(_: SimulatedStream) -> None:
        return

    patch.setattr(SimulatedStream, "aclose", aclose)


def _denied_providers_called(patch: pytest.MonkeyPatch) -> None:
    def never_excluded(*_: object) -> bool:
        return False

    patch.setattr(eligibility, "is_excluded", never_excluded)


@pytest.mark.parametrize(
    ("sabotage", "promise"),
    [
        (_budgets_ignored, Promise.BOUNDED),
        (_attempts_unlimited, Promise.BOUNDED),
        (_failovers_refused, Promise.UNTRIED),
        (_gates_ignored, Promise.GATES),
        (_many_probes, Promise.PROBES),
        (_open_breakers_called, Promise.PROBES),
        (_losers_counted, Promise.LOSERS),
        (_leases_lost, Promise.NOTHING_LEFT),
        (_usefulness_ignored, Promise.DEADLINE),
        (_callers_hear_late, Promise.DEADLINE),
        (_truncation_hidden, Promise.NOT_TRUNCATED),
        (_ends_told_twice, Promise.ONE_OUTCOME),
        (_streams_left_open, Promise.CANCELLATION),
        (_denied_providers_called, Promise.CONSTRAINTS),
    ],
)
def test_broken_promise_is_noticed(
    sabotage: Sabotage, promise: Promise, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that cannot fail proves nothing."""
    sabotage(monkeypatch)

    found: list[Violation] = []
    for seed in range(200):
        found = [v for v in run_drill(plan_of_seed(seed)).violations if v.promise is promise]
        if found:
            break

    assert found


def test_mixed_tokens_are_noticed() -> None:
    """Two attempts' tokens in one answer, without a word between them."""
    answer = ReceivedAnswer()

    answer.take([TextDelta(text="1.0/2 "), TextDelta(text="2.1/2 ")])

    assert "tokens of two attempts are mixed" in answer.complaints
