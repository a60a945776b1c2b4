"""The right to start an attempt: what the fleet asks for it, and what it takes back."""

from __future__ import annotations

import dataclasses
import random

import pytest
from tests.unit.domain.plans import fleet_of, plan_over

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.fleet.active_checks import CheckResult
from routersvc.domain.fleet.attempt_budgets import BudgetRule
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.concurrency import ConcurrencyRule, TicketState
from routersvc.domain.fleet.disablements import RecheckRule
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.health import HealthState
from routersvc.domain.fleet.leases import Lease, LeaseRefusal, Obstacle
from routersvc.domain.fleet.reloading.fleet_rules import DeploymentRules, FleetRules
from routersvc.domain.fleet.state_changes import ChangeKind, StateChange
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.plans import Plan
from routersvc.testing.worlds import scripted_deployment

A = scripted_deployment("a")
B = scripted_deployment("b")
BAD_KEY = Failure(failure_class=FailureClass.AUTHENTICATION, message="status 401")
BROKEN = Failure(failure_class=FailureClass.SERVER_ERROR, message="status 503")
NOBODY = Failure(failure_class=FailureClass.CONNECT, message="refused")
NO_EXTRAS = BudgetRule(share=0.0, hedge_share=0.0, reserve=0, hedge_reserve=0)


def ask(
    fleet: Fleet, plan: Plan, now: float, *, reason: AttemptReason = AttemptReason.FIRST
) -> Lease | LeaseRefusal:
    """Ask for an attempt on the first deployment of a plan."""
    return fleet.start(plan.deployments[0], plan, reason=reason, now=now)


def start(fleet: Fleet, plan: Plan, now: float) -> Lease:
    """Start a first attempt that nothing keeps from starting."""
    lease = ask(fleet, plan, now)
    assert isinstance(lease, Lease)
    return lease


def refuse(fleet: Fleet, deployment: Deployment, failure: Failure, now: float) -> None:
    """Let two different requests be refused."""
    for _ in range(2):
        fleet.failed(start(fleet, plan_over(deployment), now), failure, now)


def test_disabled_deployment_says_when_it_is_checked() -> None:
    """A refusal names the seconds that are left, not an instant of the router's clock."""
    fleet, plan = fleet_of(A), plan_over(A)
    refuse(fleet, A, BAD_KEY, 6.0)

    refusal = ask(fleet, plan, 16.0)

    assert isinstance(refusal, LeaseRefusal)
    assert (refusal.deployment, refusal.obstacle, refusal.wait) == (
        A,
        Obstacle.CREDENTIAL_DISABLED,
        20.0,
    )
    assert isinstance(ask(fleet, plan, 36.0), Lease)


def test_call_that_checks_a_credential_puts_off_no_other_check() -> None:
    """It is the check of what it uses; what another deployment uses is still to be checked."""
    fleet = fleet_of(A, B)
    for deployment in (A, B):
        refuse(fleet, deployment, BAD_KEY, 0.0)

    first = ask(fleet, plan_over(A), 30.0)
    again = ask(fleet, plan_over(A), 30.0)
    other = ask(fleet, plan_over(B), 30.0)

    assert isinstance(first, Lease)
    assert isinstance(again, LeaseRefusal)
    assert isinstance(other, Lease)


def test_disablements_are_told() -> None:
    """To operators and as what keeps calls away: a credential's, and a model's."""
    fleet = fleet_of(A, B)
    missing = Failure(failure_class=FailureClass.MODEL_NOT_FOUND, message="status 404")
    refuse(fleet, A, BAD_KEY, 0.0)
    refuse(fleet, B, missing, 0.0)

    told = [fleet.health(deployment, 0.0).disabled_description for deployment in (A, B)]
    obstacles = fleet.obstacles((A, B), plan_over(A, B), 0.0)

    assert told == [f"status {code}; checked again in 30 s" for code in (401, 404)]
    assert [obstacles[name].obstacle for name in ("a", "b")] == [
        Obstacle.CREDENTIAL_DISABLED,
        Obstacle.MODEL_DISABLED,
    ]


def test_attempt_that_a_budget_refuses_leaves_no_trace() -> None:
    """Place, probe, load and what is left of the rate limits are as before."""
    rules = FleetRules(
        budgets=NO_EXTRAS,
        deployments=DeploymentRules(
            breaker=BreakerRule(consecutive_failures=1, open_time=1.0, open_jitter=0.0),
            concurrency=ConcurrencyRule(initial=1),
        ),
    )
    fleet, plan = fleet_of(A, rules=rules), plan_over(A, tokens=100)
    lease = start(fleet, plan, 0.0)
    left = RateLimitHeadroom(remaining_requests=1, remaining_tokens=100, requests_reset=60.0)
    fleet.record_headroom(lease, left, 0.0)
    fleet.failed(lease, BROKEN, 0.0)

    refused = [ask(fleet, plan, 1.0, reason=AttemptReason.HEDGE) for _ in range(3)]

    assert [isinstance(one, LeaseRefusal) and one.obstacle for one in refused] == [
        Obstacle.BUDGET_SPENT
    ] * 3
    assert fleet.running_attempts == 0
    assert fleet.health(A, 1.0).attempts_total == 1
    probe = start(fleet, plan, 1.0)
    fleet.record_first_content(probe, 1.5)
    assert fleet.health(A, 1.5).time_to_first_content is not None
    assert fleet.obstacles([A], plan, 1.5)[A.name].obstacle is Obstacle.NO_HEADROOM


def test_gauges_agree_with_the_health_view() -> None:
    """Both say the same of a paused, a disabled and an untouched deployment."""
    fleet = fleet_of(A, B)
    refuse(fleet, A, BAD_KEY, 0.0)
    pauses = Failure(failure_class=FailureClass.OVERLOADED, message="status 529", retry_after=60.0)
    fleet.failed(start(fleet, plan_over(B), 0.0), pauses, 0.0)

    gauges = [fleet.availability(deployment, 1.0) for deployment in (A, B)]
    health = [fleet.health(deployment, 1.0) for deployment in (A, B)]

    assert [each.state for each in gauges] == [HealthState.DISABLED, HealthState.UNAVAILABLE]
    assert [(one.state, one.queued, one.concurrency_limit, one.headroom) for one in gauges] == [
        (one.state, one.queued, one.concurrency_limit, one.headroom) for one in health
    ]
    assert gauges[1].pause == health[1].not_before_delay


def test_what_providers_say_is_left_is_heeded() -> None:
    """A call goes elsewhere before it is refused, and comes back when it would not be."""
    fleet, plan = fleet_of(A), plan_over(A)
    lease = start(fleet, plan, 0.0)

    fleet.record_headroom(lease, RateLimitHeadroom(remaining_requests=0, requests_reset=8.0), 1.0)

    refusal = ask(fleet, plan, 3.0)
    assert isinstance(refusal, LeaseRefusal)
    assert (refusal.obstacle, refusal.wait) == (Obstacle.NO_HEADROOM, 6.0)
    assert isinstance(ask(fleet, plan, 9.0), Lease)


class TestBalancedOrder:
    """What explanations show: where calls tend to go, without a draw."""

    def order(self, fleet: Fleet, now: float) -> list[str]:
        """Return the order of both, nothing drawn."""
        return [one.name for one in fleet.reading_view(now).balanced([A, B])]

    def test_the_busier_comes_last(self) -> None:
        """Both are as fast; one of them runs an attempt."""
        fleet = fleet_of(A, B)
        start(fleet, plan_over(A), 0.0)

        assert self.order(fleet, 0.0) == ["b", "a"]

    def test_equals_stay_in_order(self) -> None:
        """Where nothing tells them apart the operator's order stands."""
        assert self.order(fleet_of(A, B), 0.0) == ["a", "b"]

    def test_the_slower_comes_last_until_that_is_old(self) -> None:
        """By the latency of the last seconds, and not for ever."""
        fleet = fleet_of(A, B)
        for deployment, latency in ((A, 3.0), (B, 0.5)):
            lease = start(fleet, plan_over(deployment), 0.0)
            fleet.record_first_content(lease, latency)
            fleet.succeeded(lease, usage=None, now=latency)

        assert self.order(fleet, 3.0) == ["b", "a"]

    def test_one_that_is_not_called_comes_last_whatever_its_load(self) -> None:
        """Deployments with an open breaker or a failed health check take no traffic."""
        rules = FleetRules(deployments=DeploymentRules(breaker=BreakerRule(open_time=5.0)))
        for is_open in (True, False):
            fleet = fleet_of(A, B, rules=rules)
            if is_open:
                for _ in range(5):
                    fleet.failed(start(fleet, plan_over(A), 0.0), BROKEN, 0.0)
            else:
                fleet.checked(A, CheckResult(failure=NOBODY, duration=0.1), 1.0)
                fleet.released(start(fleet, plan_over(A), 1.0), 1.0)
            for _ in range(20):
                start(fleet, plan_over(B), 1.0)

            assert self.order(fleet, 1.0) == ["b", "a"]

    def test_one_that_awaits_its_probe_comes_first(self) -> None:
        """For a single call, or it would never be found well; not while it may not be called."""
        rules = FleetRules(
            deployments=DeploymentRules(breaker=BreakerRule(open_time=2.0, open_jitter=0.0))
        )
        fleet = fleet_of(A, B, rules=rules)
        for _ in range(5):
            fleet.failed(start(fleet, plan_over(B), 0.0), BROKEN, 0.0)

        before = self.order(fleet, 1.9)
        due = self.order(fleet, 2.0)
        start(fleet, plan_over(B), 2.0)

        assert before == ["a", "b"]
        assert due == ["b", "a"]
        assert self.order(fleet, 2.0) == ["a", "b"]

    def test_gated_deployment_is_not_sent_a_probe(self) -> None:
        """Its breaker would let one through; its provider asked for time."""
        rules = FleetRules(
            deployments=DeploymentRules(breaker=BreakerRule(open_time=2.0, open_jitter=0.0))
        )
        fleet = fleet_of(A, B, rules=rules)
        waits = Failure(
            failure_class=FailureClass.OVERLOADED, message="status 529", retry_after=60.0
        )
        leases = [start(fleet, plan_over(B), 0.0) for _ in range(6)]
        for lease in leases[:5]:
            fleet.failed(lease, BROKEN, 0.0)
        fleet.failed(leases[5], waits, 0.0)

        assert fleet.health(B, 2.0).breaker.state is BreakerState.HALF_OPEN
        assert self.order(fleet, 2.0) == ["a", "b"]


class TestBudgets:
    """Which budgets pay for an extra attempt."""

    rules = FleetRules(budgets=BudgetRule(share=0.5, hedge_share=0.5, reserve=1, hedge_reserve=1))

    def pays(self, fleet: Fleet, plan: Plan, deployment: Deployment) -> bool:
        """Whether a retry there is paid for."""
        answer = fleet.start(deployment, plan, reason=AttemptReason.RETRY, now=0.0)
        return isinstance(answer, Lease)

    def test_requests_pay_for_their_policy_and_their_providers(self) -> None:
        """Four at a share of one half pay for two, where both budgets have them."""
        fleet, plan = fleet_of(A, B, rules=self.rules), plan_over(A, B)
        for _ in range(4):
            fleet.request_started(plan, 0.0)

        paid = [self.pays(fleet, plan, A) for _ in range(4)]

        assert paid == [True, True, False, False]

    def test_providers_have_budgets_of_their_own(self) -> None:
        """One provider's trouble leaves another its reserve, under another policy."""
        fleet, plan = fleet_of(A, B, rules=self.rules), plan_over(A, B)
        other = dataclasses.replace(plan, policy=dataclasses.replace(plan.policy, name="other"))
        assert self.pays(fleet, plan, A)

        assert not self.pays(fleet, other, A), "the provider's is spent"
        assert not self.pays(fleet, plan, B), "the policy's is spent"
        assert self.pays(fleet, other, B)

    def test_hedges_ask_the_budget_of_their_policy(self) -> None:
        """One policy's hedges do not forbid another's."""
        fleet, plan = fleet_of(A, B, rules=self.rules), plan_over(A, B)
        other = dataclasses.replace(plan, policy=dataclasses.replace(plan.policy, name="other"))

        def hedges(one: Plan, deployment: Deployment) -> bool:
            answer = fleet.start(deployment, one, reason=AttemptReason.HEDGE, now=0.0)
            return isinstance(answer, Lease)

        assert [hedges(plan, B), hedges(plan, A), hedges(other, A)] == [True, False, True]

    def test_call_that_was_refused_before_has_the_last_hedge(self) -> None:
        """A call that is late by more needs it more."""
        rule = BudgetRule(share=1.0, hedge_share=1.0, reserve=0, hedge_reserve=0)
        fleet, plan = fleet_of(A, rules=FleetRules(budgets=rule)), plan_over(A)
        for _ in range(4):
            fleet.request_started(plan, 0.0)

        def hedges(*, asked_before: bool) -> int:
            answers = [
                fleet.start(
                    A,
                    plan,
                    reason=AttemptReason.HEDGE,
                    now=0.0,
                    asked_before=asked_before,
                )
                for _ in range(4)
            ]
            return sum(isinstance(answer, Lease) for answer in answers)

        assert hedges(asked_before=False) == 2
        assert hedges(asked_before=True) == 1

    def test_first_failover_is_free_unless_the_client_has_tried_before(self) -> None:
        """Attempts that a client says it has made count like the router's own."""
        fleet = fleet_of(A, rules=FleetRules(budgets=NO_EXTRAS))
        plan = plan_over(A)

        answers = [
            fleet.start(
                A,
                dataclasses.replace(plan, previous_attempts=earlier),
                reason=AttemptReason.FAILOVER,
                now=0.0,
            )
            for earlier in (0, 1)
        ]

        assert [isinstance(answer, Lease) for answer in answers] == [True, False]

    def test_first_failover_to_where_nothing_succeeds_is_charged(self) -> None:
        """It would be part of the outage, not a way out of it."""
        fleet, plan = fleet_of(A, rules=FleetRules(budgets=NO_EXTRAS)), plan_over(A)
        for _ in range(2):
            fleet.failed(start(fleet, plan, 0.0), BROKEN, 0.0)

        answer = fleet.start(A, plan, reason=AttemptReason.FAILOVER, now=0.0)

        assert isinstance(answer, LeaseRefusal)
        assert answer.obstacle is Obstacle.BUDGET_SPENT


@pytest.mark.parametrize("reason", [AttemptReason.FAILOVER, AttemptReason.RECOVERY])
def test_deployment_that_has_just_answered_is_the_way_out(reason: AttemptReason) -> None:
    """Whatever its past; a first content is enough, and a failure after it ends that."""
    fleet, plan = fleet_of(A, rules=FleetRules(budgets=NO_EXTRAS)), plan_over(A)
    for _ in range(3):
        fleet.failed(start(fleet, plan, 0.0), BROKEN, 0.0)
    fleet.record_first_content(start(fleet, plan, 0.0), 1.0)
    answered = ask(fleet, plan, 1.0, reason=reason)
    assert isinstance(answered, Lease)

    fleet.failed(answered, BROKEN, 2.0)

    assert isinstance(ask(fleet, plan, 2.0, reason=reason), LeaseRefusal)


def test_busy_deployment_that_dies_is_part_of_the_outage_at_once() -> None:
    """Its success rate falls slowly; its breaker opens after five failures."""
    breaker = BreakerRule(open_time=1.0, open_jitter=0.0)
    rules = FleetRules(budgets=NO_EXTRAS, deployments=DeploymentRules(breaker=breaker))
    fleet, plan = fleet_of(A, rules=rules), plan_over(A)
    for _ in range(95):
        fleet.succeeded(start(fleet, plan, 0.0), usage=None, now=0.0)
    for _ in range(5):
        fleet.failed(start(fleet, plan, 0.0), BROKEN, 0.0)

    refused = ask(fleet, plan, 1.0, reason=AttemptReason.FAILOVER)
    later = ask(fleet, plan, 100.0, reason=AttemptReason.FAILOVER)

    assert isinstance(refused, LeaseRefusal)
    assert refused.obstacle is Obstacle.BUDGET_SPENT
    assert isinstance(later, Lease), "nothing is known any more"


def test_live_stats_tell_what_calls_have_shown() -> None:
    """Of a stream the first content counts, of a whole answer its end."""
    fleet, plan = fleet_of(A), plan_over(A)
    whole = dataclasses.replace(plan, streaming=False)
    for one in (plan, whole):
        lease = start(fleet, one, 0.0)
        fleet.record_first_content(lease, 1.0)
        fleet.succeeded(lease, usage=None, now=4.0)
    fleet.failed(start(fleet, plan, 4.0), BROKEN, 4.0)
    view = fleet.reading_view(4.0)

    stream, answer = (view.live_stats(A, streaming=streaming) for streaming in (True, False))

    for live_stats in (stream, answer):
        assert live_stats.first_content == pytest.approx(1.0, rel=0.05)
        assert live_stats.late == pytest.approx(1.0, rel=0.05)
        assert live_stats.success_rate == 2 / 3
    assert stream.latency == stream.first_content
    assert answer.latency == pytest.approx(4.0, rel=0.05)
    nothing = fleet_of(A).reading_view(0.0).live_stats(A, streaming=True)
    assert (nothing.latency, nothing.first_content, nothing.late, nothing.success_rate) == (
        None,
        None,
        None,
        None,
    )


def test_model_that_is_missing_is_out_of_use_until_it_answers() -> None:
    """The credential is not; the first good answer takes the model back."""
    missing = Failure(failure_class=FailureClass.MODEL_NOT_FOUND, message="status 404")
    fleet, plan = fleet_of(A), plan_over(A)
    refuse(fleet, A, missing, 0.0)
    refused = ask(fleet, plan, 29.0)

    fleet.succeeded(start(fleet, plan, 30.0), usage=None, now=31.0)

    assert isinstance(refused, LeaseRefusal)
    assert refused.obstacle is Obstacle.MODEL_DISABLED
    assert fleet.health(A, 31.0).disabled_description == ""


def test_place_of_a_call_that_waited_stays_its_own_where_it_is_refused() -> None:
    """Its turn came, and meanwhile its provider asked for time; giving it back is the call's."""
    one_place = DeploymentRules(concurrency=ConcurrencyRule(initial=1, maximum=1))
    fleet, plan = fleet_of(A, rules=FleetRules(deployments=one_place)), plan_over(A)
    lease = start(fleet, plan, 0.0)
    calls = [
        fleet.enqueue([A], reason=AttemptReason.FIRST, caused_by=0, on_start=lambda: None, now=0.0)
        for _ in range(2)
    ]
    first, second = (call for call in calls if call is not None)
    waits = Failure(failure_class=FailureClass.OVERLOADED, message="529", retry_after=60.0)
    fleet.failed(lease, waits, 1.0)
    place = first.granted
    assert place is not None

    refusal = fleet.start(
        A,
        plan,
        reason=AttemptReason.FIRST,
        now=2.0,
        ticket=place.ticket,
    )

    assert isinstance(refusal, LeaseRefusal)
    assert refusal.obstacle is Obstacle.GATED
    assert second.granted is None
    first.leave(2.0)
    assert second.granted is not None
    assert second.granted.ticket.started_at == 2.0
    second.leave(3.0)
    assert (fleet.running_attempts, fleet.waiting_tickets) == (0, 0)


def test_call_that_checks_a_model_is_the_only_one() -> None:
    """The next waits for its turn, as for a credential."""
    missing = Failure(failure_class=FailureClass.MODEL_NOT_FOUND, message="status 404")
    fleet, plan = fleet_of(A), plan_over(A)
    refuse(fleet, A, missing, 0.0)

    first = ask(fleet, plan, 30.0)
    again = ask(fleet, plan, 30.0)

    assert isinstance(first, Lease)
    assert isinstance(again, LeaseRefusal)
    assert again.obstacle is Obstacle.MODEL_DISABLED


def test_rechecks_come_when_the_rule_says() -> None:
    """Operators are told in how many seconds."""
    fleet = fleet_of(A, rules=FleetRules(rechecks=RecheckRule(first=5.0)))
    refuse(fleet, A, BAD_KEY, 100.0)

    told = [fleet.health(A, now).disabled_description for now in (102.0, 105.0, 400.0)]

    assert told == [
        f"status 401; checked again {when}"
        for when in ("in 3 s", "with the next call", "with the next call")
    ]


def test_attempt_that_is_refused_pays_nothing() -> None:
    """Whatever the obstacle is: the budget is there for the attempt that starts."""
    rules = FleetRules(
        deployments=DeploymentRules(concurrency=ConcurrencyRule(initial=1, maximum=1)),
        budgets=BudgetRule(share=0.0, hedge_share=0.0, reserve=1, hedge_reserve=0),
    )
    fleet, plan = fleet_of(A, rules=rules), plan_over(A)
    lease = start(fleet, plan, 0.0)
    refused = [ask(fleet, plan, 0.0, reason=AttemptReason.RETRY) for _ in range(3)]
    fleet.released(lease, 1.0)

    paid = ask(fleet, plan, 1.0, reason=AttemptReason.RETRY)

    assert [isinstance(one, LeaseRefusal) and one.obstacle for one in refused] == [
        Obstacle.FULL
    ] * 3
    assert isinstance(paid, Lease)


def test_refused_attempt_leaves_the_granted_place_to_the_call() -> None:
    """The call may still force an attempt on it, or give it back."""
    rules = FleetRules(
        deployments=DeploymentRules(concurrency=ConcurrencyRule(initial=1, maximum=1)),
        budgets=NO_EXTRAS,
    )
    fleet, plan = fleet_of(A, rules=rules), plan_over(A)
    lease = start(fleet, plan, 0.0)
    calls = [
        fleet.enqueue([A], reason=AttemptReason.HEDGE, caused_by=1, on_start=lambda: None, now=0.0)
        for _ in range(2)
    ]
    first, second = (call for call in calls if call is not None)
    fleet.released(lease, 1.0)
    place = first.granted
    assert place is not None

    refusal = fleet.start(A, plan, reason=AttemptReason.HEDGE, now=2.0, ticket=place.ticket)

    assert isinstance(refusal, LeaseRefusal)
    assert refusal.obstacle is Obstacle.BUDGET_SPENT
    assert place.ticket.state is TicketState.RUNNING
    assert second.granted is None


class TestObstacles:
    """What keeps calls from starting, told without starting any."""

    def test_lack_of_tokens_is_told(self) -> None:
        """For a call of the plan's size."""
        fleet, plan = fleet_of(A), plan_over(A, tokens=100)
        few = RateLimitHeadroom(remaining_tokens=50, limit_tokens=1000, tokens_reset=60.0)
        fleet.record_headroom(start(fleet, plan, 0.0), few, 0.0)

        found = fleet.obstacles([A], plan, 0.0)

        assert found["a"].obstacle is Obstacle.NO_HEADROOM
        assert fleet.obstacles([A], plan_over(A, tokens=10), 0.0) == {}

    def test_call_with_side_effects_is_no_probe(self) -> None:
        """Others may find out whether the deployment is well again."""
        breaker = BreakerRule(consecutive_failures=1, open_time=1.0, open_jitter=0.0)
        fleet = fleet_of(A, rules=FleetRules(deployments=DeploymentRules(breaker=breaker)))
        plan = plan_over(A)
        fleet.failed(start(fleet, plan, 0.0), BROKEN, 0.0)
        effects = dataclasses.replace(plan, has_side_effects=True)

        assert fleet.obstacles([A], plan, 1.0) == {}
        assert fleet.obstacles([A], effects, 1.0)["a"].obstacle is Obstacle.BREAKER_OPEN

    def test_check_that_is_due_is_no_obstacle(self) -> None:
        """From its very instant on the next call makes it."""
        fleet, plan = fleet_of(A), plan_over(A)
        refuse(fleet, A, BAD_KEY, 0.0)

        assert "a" in fleet.obstacles([A], plan, 29.9)
        assert fleet.obstacles([A], plan, 30.0) == {}


def test_disabled_deployment_is_checked_at_its_own_intervals() -> None:
    """A deployment without traffic is not checked more often."""
    fleet = fleet_of(A, rules=FleetRules(rechecks=RecheckRule(first=100.0)))
    spent = Failure(failure_class=FailureClass.QUOTA_EXHAUSTED, message="status 429")
    refuse(fleet, A, spent, 0.0)

    assert fleet.take_due_checks(50.0) == []
    assert fleet.take_due_checks(100.0) == [A]


class TestDisabling:
    """One request disables nothing."""

    def is_disabled(self, fleet: Fleet, now: float = 0.0) -> bool:
        """Whether calls of `A` are refused for its credential."""
        refusal = fleet.obstacles([A], plan_over(A), now).get("a")
        return refusal is not None and refusal.obstacle is Obstacle.CREDENTIAL_DISABLED

    def test_attempts_of_one_request_are_one_piece_of_evidence(self) -> None:
        """However many deployments share the credential."""
        fleet, plan = fleet_of(A), plan_over(A)
        for _ in range(3):
            fleet.failed(start(fleet, plan, 0.0), BAD_KEY, 0.0)
        before = self.is_disabled(fleet)

        fleet.failed(start(fleet, plan_over(A), 0.0), BAD_KEY, 0.0)

        assert (before, self.is_disabled(fleet)) == (False, True)

    def test_retry_by_the_client_is_the_same_request(self) -> None:
        """It is sent again, not another one."""
        fleet = fleet_of(A)
        again = dataclasses.replace(plan_over(A), previous_attempts=1)
        for plan in (plan_over(A), again):
            fleet.failed(start(fleet, plan, 0.0), BAD_KEY, 0.0)

        assert not self.is_disabled(fleet)

    def test_success_between_shows_that_the_key_is_good(self) -> None:
        """Then the two refusals are about their requests."""
        fleet = fleet_of(A)
        fleet.failed(start(fleet, plan_over(A), 0.0), BAD_KEY, 0.0)
        fleet.succeeded(start(fleet, plan_over(A), 0.0), usage=None, now=0.0)

        fleet.failed(start(fleet, plan_over(A), 0.0), BAD_KEY, 0.0)

        assert not self.is_disabled(fleet)

    def test_key_that_a_free_check_can_clear_is_checked_every_interval(self) -> None:
        """It may be renewed at any moment, and the check costs nothing."""
        fleet = fleet_of(A)
        refuse(fleet, A, BAD_KEY, 0.0)

        due = [fleet.take_due_checks(now) for now in (1.0, 5.0, 11.0)]
        fleet.checked(A, CheckResult(failure=None, duration=0.1), 11.5)

        assert due == [[A], [], [A]]
        assert not self.is_disabled(fleet, 11.5)

    def test_free_check_that_was_wrong_is_not_believed_again(self) -> None:
        """The list of models may be open to anybody; one refusal is enough, a success is needed."""
        fleet = fleet_of(A)
        good = CheckResult(failure=None, duration=0.1)
        refuse(fleet, A, BAD_KEY, 0.0)
        fleet.checked(A, good, 10.0)
        fleet.failed(start(fleet, plan_over(A), 11.0), BAD_KEY, 11.0)
        again = self.is_disabled(fleet, 11.0)

        fleet.checked(A, good, 20.0)

        assert again
        assert self.is_disabled(fleet, 20.0)
        fleet.succeeded(start(fleet, plan_over(A), 41.0), usage=None, now=42.0)
        assert not self.is_disabled(fleet, 42.0)


class TestChanges:
    """What the fleet reports, once per change."""

    def fleet(self, rules: FleetRules | None = None) -> tuple[Fleet, list[StateChange]]:
        """Return a fleet and the list of what it reports."""
        changes: list[StateChange] = []
        fleet = Fleet((A, B), random=random.Random(0), rules=rules, on_change=changes.append)
        return fleet, changes

    def test_breaker(self) -> None:
        """It opens, is probed, opens again, is probed and closes."""
        breaker = BreakerRule(consecutive_failures=2, open_time=1.0, open_jitter=0.0)
        fleet, changes = self.fleet(FleetRules(deployments=DeploymentRules(breaker=breaker)))
        leases = [start(fleet, plan_over(A), 0.0) for _ in range(4)]
        for lease in leases:
            fleet.failed(lease, BROKEN, 0.0)
        fleet.failed(start(fleet, plan_over(A), 1.0), BROKEN, 1.0)
        for now in (3.0, 4.0, 5.0):
            fleet.succeeded(start(fleet, plan_over(A), now), usage=None, now=now)

        assert [change.kind for change in changes] == [
            ChangeKind.BREAKER_OPENED,
            ChangeKind.BREAKER_HALF_OPEN,
            ChangeKind.BREAKER_OPENED,
            ChangeKind.BREAKER_HALF_OPEN,
            ChangeKind.BREAKER_CLOSED,
        ]
        assert {(change.deployment, change.provider) for change in changes} == {("a", "a")}
        assert changes[0].reason == "status 503"
        assert [change.is_worse for change in changes] == [True, False, True, False, False]

    def test_credential(self) -> None:
        """By its name, with the failure."""
        fleet, changes = self.fleet()
        refuse(fleet, A, BAD_KEY, 0.0)
        fleet.checked(A, CheckResult(failure=None, duration=0.1), 1.0)

        assert [(change.kind, change.credential, change.reason) for change in changes] == [
            (ChangeKind.CREDENTIAL_DISABLED, A.credential, "status 401"),
            (ChangeKind.CREDENTIAL_ENABLED, A.credential, ""),
        ]

    def test_model(self) -> None:
        """By the name that the provider uses."""
        fleet, changes = self.fleet()
        missing = Failure(failure_class=FailureClass.MODEL_NOT_FOUND, message="status 404")
        refuse(fleet, A, missing, 0.0)
        fleet.succeeded(start(fleet, plan_over(A), 30.0), usage=None, now=31.0)

        assert [(change.kind, change.model) for change in changes] == [
            (ChangeKind.MODEL_DISABLED, A.wire_model),
            (ChangeKind.MODEL_ENABLED, A.wire_model),
        ]

    def test_check(self) -> None:
        """When it begins to fail and when it succeeds again."""
        fleet, changes = self.fleet()
        for failure in (None, NOBODY, NOBODY, None, None):
            fleet.checked(A, CheckResult(failure=failure, duration=0.1), 0.0)

        assert [(change.kind, change.reason) for change in changes] == [
            (ChangeKind.CHECK_FAILING, "refused"),
            (ChangeKind.CHECK_SUCCEEDING, ""),
        ]

    def test_pause(self) -> None:
        """A long one, until an answer comes; short ones are everyday throttling."""
        fleet, changes = self.fleet()
        for now, wait in ((0.0, 1.0), (10.0, 20.0)):
            paused = Failure(
                failure_class=FailureClass.RATE_LIMITED, message="429", retry_after=wait
            )
            fleet.failed(start(fleet, plan_over(A), now), paused, now)
        fleet.succeeded(start(fleet, plan_over(A), 30.0), usage=None, now=31.0)

        assert [(change.kind, change.reason) for change in changes] == [
            (ChangeKind.PAUSE_BEGAN, "for 20 s"),
            (ChangeKind.PAUSE_ENDED, ""),
        ]


def test_stale_connection_is_repeated_for_free_once() -> None:
    """By the request that it broke, whatever the budget; other retries are charged."""
    fleet, plan = fleet_of(A, rules=FleetRules(budgets=NO_EXTRAS)), plan_over(A)
    stale = Failure(failure_class=FailureClass.RESET, message="reset", connection_was_idle=True)
    fleet.failed(start(fleet, plan, 0.0), stale, 0.0)
    other = ask(fleet, plan_over(A), 0.0, reason=AttemptReason.RETRY)

    answers = [ask(fleet, plan, 0.0, reason=AttemptReason.RETRY) for _ in range(2)]

    assert isinstance(other, LeaseRefusal)
    assert [isinstance(answer, Lease) for answer in answers] == [True, False]
    assert isinstance(answers[0], Lease)
    fleet.failed(answers[0], stale, 0.0)
    assert fleet.health(A, 0.0).breaker.consecutive_failures == 1


def test_availability_is_told_for_gauges() -> None:
    """Without computing the rest of the health."""
    fleet = fleet_of(A)
    refuse(fleet, A, BAD_KEY, 0.0)
    fleet.checked(A, CheckResult(failure=NOBODY, duration=0.1), 0.0)

    told = fleet.availability(A, 0.0)

    assert (told.breaker, told.is_disabled, told.is_check_failing, told.pause) == (
        BreakerState.CLOSED,
        True,
        True,
        0.0,
    )
