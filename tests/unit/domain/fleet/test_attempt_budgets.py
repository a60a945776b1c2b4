"""Extra attempts are bounded by the requests, and suffice where one provider dies."""

import copy
import dataclasses
import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.unit.domain.plans import plan_over

from routersvc.domain.fleet.attempt_budgets import (
    AttemptBudget,
    AttemptBudgets,
    BudgetRule,
    is_charged,
    withdraw,
)
from routersvc.domain.fleet.breakers import Breaker, BreakerLease, BreakerRule
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.outcomes.failure_rules import BreakerEffect
from routersvc.testing.worlds import scripted_deployment

RETRY = AttemptReason.RETRY
HEDGE = AttemptReason.HEDGE
FAILOVER = AttemptReason.FAILOVER


def spend(
    budget: AttemptBudget, reason: AttemptReason, now: float, *, asked_before: bool = False
) -> int:
    """Withdraw until nothing is left; return how often it went."""
    count = 0
    while withdraw((budget,), reason, now, asked_before=asked_before):
        count += 1
    return count


def left(budget: AttemptBudget, now: float, reason: AttemptReason = RETRY) -> int:
    """Return how many extra attempts could still be withdrawn, and withdraw none."""
    return spend(copy.deepcopy(budget), reason, now, asked_before=True)


def test_reserve_is_there_before_any_request() -> None:
    """The first call of the day may fail as well."""
    budget = AttemptBudget(BudgetRule(reserve=3, hedge_reserve=1))

    assert spend(budget, RETRY, 0.0) == 3


def test_ten_requests_pay_for_one_extra_attempt() -> None:
    """Not nine, and ten in spite of rounding."""
    budget = AttemptBudget(BudgetRule(reserve=0, hedge_reserve=0))
    for _ in range(9):
        budget.deposit(0.0)
    after_nine = budget.allows(RETRY, 0.0)

    budget.deposit(0.0)

    assert not after_nine
    assert spend(budget, RETRY, 0.0) == 1


def test_hedges_have_their_own_smaller_share() -> None:
    """What may succeed anyway must not eat what failures need."""
    budget = AttemptBudget(BudgetRule(reserve=0, hedge_reserve=0))
    for _ in range(200):
        budget.deposit(0.0)

    hedges = spend(budget, HEDGE, 0.0, asked_before=True)

    assert hedges == 7, "three quarters of a window are saved"
    assert left(budget, 0.0, HEDGE) == 0
    assert spend(budget, RETRY, 0.0) == 13


def test_last_third_of_the_saved_hedges_is_for_those_refused_before() -> None:
    """With few calls the reserve pays for a hedge that was not refused before."""
    saved = AttemptBudget(BudgetRule(share=1.0, hedge_share=1.0, reserve=0, hedge_reserve=0))
    for _ in range(12):
        saved.deposit(0.0)
    reserve = AttemptBudget(BudgetRule(reserve=3, hedge_reserve=3))

    assert spend(saved, HEDGE, 0.0) == 6
    assert spend(saved, HEDGE, 0.0, asked_before=True) == 3
    assert spend(reserve, HEDGE, 0.0) == 3


def test_hedges_need_the_whole_budget_as_well() -> None:
    """The provider feels them like any other attempt."""
    budget = AttemptBudget(BudgetRule(reserve=4, hedge_reserve=4))
    for _ in range(4):
        withdraw((budget,), RETRY, 0.0)

    assert not budget.allows(HEDGE, 0.0)
    assert not budget.allows(HEDGE, 0.0, asked_before=True)


def test_unused_deposits_expire() -> None:
    """A calm day does not pay for a storm; the reserve stays."""
    budget = AttemptBudget(BudgetRule(reserve=2, hedge_reserve=1))
    for _ in range(100):
        budget.deposit(0.5)

    counts = [left(budget, now) for now in (10.5, 10.7)]

    assert counts == [10, 2]
    assert left(budget, 10.7, HEDGE) == 1


def test_expired_deposits_pay_for_nothing() -> None:
    """Whatever is asked first after a pause."""
    allowed, hedges = (AttemptBudget(BudgetRule(reserve=0, hedge_reserve=0)) for _ in range(2))
    for budget in (allowed, hedges):
        for _ in range(40):
            budget.deposit(0.5)

    assert not allowed.allows(RETRY, 11.0)
    assert left(hedges, 11.0, HEDGE) == 0


def test_deposits_beyond_the_window_are_not_saved() -> None:
    """What is left never exceeds the share of the window's requests."""
    budget = AttemptBudget(BudgetRule(reserve=2, hedge_reserve=1))

    for second in range(60):
        for _ in range(10):
            budget.deposit(float(second))

    assert left(budget, 59.0) == 11


def test_spent_reserve_comes_back_from_deposits_only() -> None:
    """Time alone would feed a storm for as long as it lasts."""
    budget = AttemptBudget(BudgetRule(reserve=2, hedge_reserve=0))
    spend(budget, RETRY, 0.0)
    after_a_day = left(budget, 86_400.0)

    for second in range(400):
        budget.deposit(86_400.0 + second)

    assert after_a_day == 0
    assert left(budget, 86_800.0) == 2


def test_several_budgets_pay_together_or_not_at_all() -> None:
    """A policy must not be charged for what its provider's budget refuses."""
    policy = AttemptBudget(BudgetRule(reserve=2, hedge_reserve=1))
    provider = AttemptBudget(BudgetRule(reserve=1, hedge_reserve=1))

    taken = [withdraw((policy, provider), RETRY, 0.0) for _ in range(2)]
    reverse = withdraw((provider, policy), RETRY, 0.0)

    assert taken == [True, False]
    assert not reverse
    assert (left(policy, 0.0), left(provider, 0.0)) == (1, 0)


def test_hedge_that_one_ledger_refuses_is_charged_to_none() -> None:
    """The share of hedges of a provider may be spent while its whole budget is not."""
    policy = AttemptBudget(BudgetRule(reserve=5, hedge_reserve=5))
    provider = AttemptBudget(BudgetRule(reserve=5, hedge_reserve=0))

    assert not withdraw((policy, provider), HEDGE, 0.0)
    assert (left(policy, 0.0), left(policy, 0.0, HEDGE)) == (5, 5)


@pytest.mark.parametrize(
    ("reason", "previous_attempts", "is_part_of_outage", "charged"),
    [
        (AttemptReason.FIRST, 0, True, False),
        (AttemptReason.FIRST, 1, True, False),
        (FAILOVER, 0, False, False),
        (FAILOVER, 0, True, True),
        (FAILOVER, 1, False, True),
        (AttemptReason.RECOVERY, 0, False, False),
        (AttemptReason.RECOVERY, 0, True, True),
        (AttemptReason.RECOVERY, 1, False, True),
        (RETRY, 0, False, True),
        (HEDGE, 0, False, True),
        (AttemptReason.RESCUE, 0, False, True),
    ],
)
def test_traffic_that_moves_is_free(
    reason: AttemptReason, previous_attempts: int, *, is_part_of_outage: bool, charged: bool
) -> None:
    """To where calls are answered; everything else is traffic that grows."""
    assert (
        is_charged(reason, previous_attempts=previous_attempts, is_part_of_outage=is_part_of_outage)
        is charged
    )


@pytest.mark.parametrize(("rate", "commit"), [(200, 1.0), (200, 2.5), (20, 2.0), (2, 1.0)])
def test_budget_covers_a_provider_that_dies(rate: int, commit: float) -> None:
    """Every failover is paid for until the breaker opens, even if each is charged.

    `rate` calls per second go to three deployments in turn, each commits after `commit` seconds.
    At 30 s one is killed: what is under way on it fails, and so does what starts there.
    """
    budget = AttemptBudget(BudgetRule())
    breakers = [Breaker(BreakerRule(), random=random.Random(1)) for _ in range(3)]
    running: list[tuple[float, int, BreakerLease]] = []
    refused = 0
    wasted = 0

    for call in range(rate * 40):
        now = call / rate
        while running and running[0][0] <= now:
            ends_at, place, ended = running.pop(0)
            breakers[place].succeeded(ended, ends_at)
        budget.deposit(now)
        if now == 30.0:
            for _, place, broken in running:
                if place == 0:
                    breakers[0].failed(broken, now, BreakerEffect.FAILURE)
                    refused += not withdraw((budget,), FAILOVER, now)
            running = [entry for entry in running if entry[1] != 0]
        lease = breakers[call % 3].admit(now)
        if lease is None:
            continue
        if now >= 30.0 and call % 3 == 0:
            breakers[0].failed(lease, now, BreakerEffect.FAILURE)
            refused += not withdraw((budget,), FAILOVER, now)
            wasted += 1
        else:
            running.append((now + commit, call % 3, lease))

    assert refused == 0
    assert wasted <= 10


@pytest.mark.parametrize("rate", [200, 20, 2])
def test_total_outage_costs_a_tenth(rate: int) -> None:
    """Every attempt fails, up to three per call are wanted, and no breaker helps."""
    rule = BudgetRule()
    budget = AttemptBudget(rule)
    calls = rate * 600
    attempts = 0

    for call in range(calls):
        now = call / rate
        budget.deposit(now)
        attempts += 1
        for _ in range(2):
            charged = is_charged(FAILOVER, previous_attempts=0, is_part_of_outage=True)
            if charged and not withdraw((budget,), FAILOVER, now):
                break
            attempts += 1

    assert attempts <= 1.1 * calls + rule.reserve
    assert attempts >= 1.095 * calls, "what a window saves is not lost to the next"


def test_savings_make_no_burst() -> None:
    """Ten quiet seconds are worth twenty extra attempts, and the next ten as many again: not both.

    A window's extra attempts stay below a tenth of its own requests.
    """
    budget = AttemptBudget(BudgetRule())
    for call in range(200):
        budget.deposit(call / 20)
    saved = left(budget, 10.0)

    spent = 0
    for call in range(200):
        now = 10.0 + call / 20
        budget.deposit(now)
        spent += withdraw((budget,), RETRY, now)

    assert saved == 20
    assert spent == 20


def test_reserve_is_there_for_few_requests() -> None:
    """One call a second could otherwise afford a single extra attempt in ten seconds."""
    budget = AttemptBudget(BudgetRule())
    for call in range(10):
        budget.deposit(float(call))

    assert spend(budget, RETRY, 9.0) == 10


def test_hedges_stay_below_their_share() -> None:
    """Even where every single call is late."""
    rule = BudgetRule()
    budget = AttemptBudget(rule)
    hedges = 0

    for call in range(20_000):
        now = call / 50
        budget.deposit(now)
        hedges += withdraw((budget,), HEDGE, now, asked_before=True)

    assert 1000 <= hedges <= 1000 + rule.hedge_reserve


def test_hedges_of_a_window_leave_room_for_retries() -> None:
    """Saved ones and those of the window together, however late everybody suddenly is."""
    rule = BudgetRule()
    budget = AttemptBudget(rule)
    for call in range(1000):
        budget.deposit(call / 20)
    hedges = 0

    for call in range(1000, 1200):
        budget.deposit(call / 20)
        hedges += withdraw((budget,), HEDGE, call / 20, asked_before=True)

    assert hedges == pytest.approx(rule.hedge_reserve + 1.75 * 0.05 * 200, abs=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hedge_share", -0.1),
        ("hedge_share", 0.2),
        ("share", float("inf")),
        ("hedge_reserve", -1),
        ("hedge_reserve", 11),
        ("window", 0.0),
        ("window", float("inf")),
    ],
)
def test_impossible_rule_is_refused(field: str, value: float) -> None:
    """By its name, at the start."""
    with pytest.raises(ValueError, match=f"`{field}`"):
        BudgetRule(**{field: value})  # type: ignore[arg-type]


def test_budget_of_nothing_is_possible() -> None:
    """It turns every extra attempt off."""
    rule = BudgetRule(share=0.0, hedge_share=0.0, reserve=0, hedge_reserve=0, window=0.5)
    budget = AttemptBudget(rule)
    budget.deposit(0.0)

    assert not withdraw((budget,), RETRY, 0.0)


class BudgetMachine(RuleBasedStateMachine):
    """However it is used, no more is taken than was put in."""

    def __init__(self) -> None:
        super().__init__()
        self.rule = BudgetRule(share=0.25, hedge_share=0.125, reserve=2, hedge_reserve=1, window=8)
        self.budgets = [AttemptBudget(self.rule) for _ in range(2)]
        self.deposits = [0, 0]
        self.taken = [0, 0]
        self.hedged = [0, 0]
        self.now = 0.0

    @rule(seconds=st.integers(0, 5))
    def wait(self, seconds: int) -> None:
        """Time goes on."""
        self.now += seconds

    @rule(which=st.integers(0, 1), times=st.integers(1, 20))
    def deposit(self, which: int, times: int) -> None:
        """Requests arrive."""
        for _ in range(times):
            self.budgets[which].deposit(self.now)
        self.deposits[which] += times

    @rule(which=st.integers(0, 1), reason=st.sampled_from([RETRY, HEDGE]))
    def withdraw_one(self, which: int, reason: AttemptReason) -> None:
        """An extra attempt is wanted of one budget."""
        allowed = self.budgets[which].allows(reason, self.now)
        assert withdraw((self.budgets[which],), reason, self.now) is allowed
        if allowed:
            self._count(which, reason)

    @rule(reason=st.sampled_from([RETRY, HEDGE]))
    def withdraw_both(self, reason: AttemptReason) -> None:
        """An extra attempt is wanted of both."""
        allowed = all(budget.allows(reason, self.now) for budget in self.budgets)
        before = self._left()
        assert withdraw(self.budgets, reason, self.now) is allowed
        if allowed:
            self._count(0, reason)
            self._count(1, reason)
        else:
            assert self._left() == before

    @invariant()
    def not_overdrawn(self) -> None:
        """Neither in all nor in hedges."""
        for which, budget in enumerate(self.budgets):
            paid = self.rule.share * self.deposits[which]
            assert self.taken[which] <= self.rule.reserve + paid
            paid_hedges = self.rule.hedge_share * self.deposits[which]
            assert self.hedged[which] <= self.rule.hedge_reserve + paid_hedges
            assert left(budget, self.now) <= self.rule.reserve + paid - self.taken[which]
            assert left(budget, self.now, HEDGE) <= left(budget, self.now)

    def _left(self) -> list[int]:
        return [
            left(budget, self.now, reason) for budget in self.budgets for reason in (RETRY, HEDGE)
        ]

    def _count(self, which: int, reason: AttemptReason) -> None:
        self.taken[which] += 1
        self.hedged[which] += reason is HEDGE


TestBudgetMachine = BudgetMachine.TestCase
TestBudgetMachine.settings = settings(stateful_step_count=50)


def test_what_was_spent_leaves_the_window_once() -> None:
    """The next window allows as much as the last, whatever was saved meanwhile."""
    budget = AttemptBudget(BudgetRule(share=0.1, hedge_share=0.0, reserve=10, hedge_reserve=0))
    for _ in range(100):
        budget.deposit(0.0)
    assert spend(budget, RETRY, 0.0) == 10

    for _ in range(100):
        budget.deposit(20.0)

    assert spend(budget, RETRY, 20.0) == 10


def test_attempts_of_the_client_are_attempts() -> None:
    """A failover of a call that is itself a retry is not free."""
    rule = BudgetRule(share=0.0, hedge_share=0.0, reserve=0, hedge_reserve=0)
    deployment = scripted_deployment("a")

    paid = [
        AttemptBudgets(rule).pay(
            deployment,
            dataclasses.replace(plan_over(deployment), previous_attempts=earlier),
            reason=FAILOVER,
            is_part_of_outage=False,
            now=0.0,
            asked_before=False,
        )
        for earlier in (0, 1)
    ]

    assert paid == [True, False]
