"""Makes the records of the decision log, long after the calls: in the thread that writes it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.conversation.usage import Usage
from routersvc.domain.explaining.explanations import Explanation
from routersvc.domain.explaining.recorded_decisions import (
    DecisionRecord,
    RecordedAttempt,
    RecordedCandidate,
    RecordedDeployment,
    RecordedMessage,
    RecordedObstacle,
    RecordedPlan,
    RecordedRequest,
)
from routersvc.domain.fleet.leases import LeaseRefusal
from routersvc.domain.outcomes.attempt_reports import AttemptReport
from routersvc.domain.planning.candidates import Candidate
from routersvc.domain.planning.effective_constraints import effective_constraints
from routersvc.domain.planning.limits import Limits
from routersvc.domain.planning.live_stats import LiveStats
from routersvc.domain.planning.plans import Plan, RefusedRequest
from routersvc.domain.profiling.profiles import evidence_of
from routersvc.domain.values import Value


class ExplainableDecision(Protocol):
    """A decision whose explanation is made when it is asked for."""

    @property
    def limits(self) -> Limits:
        """The limits of the request, without its prompt."""
        ...

    @property
    def live_stats(self) -> Mapping[str, LiveStats]:
        """The statistics of deployments that planning used, by name."""
        ...

    def explain(self, *, only_listed: bool = False) -> Explanation:
        """Return the explanation."""
        ...


class EndedDecision(Value, frozen=True, kw_only=True):
    """A decision that has ended, with what its explanation does not hold."""

    decision: ExplainableDecision
    request_id: str
    trace_id: str
    outcome: str
    error: str
    previous_attempts: int = 0


def record_of(
    ended: EndedDecision, prompt: tuple[RecordedMessage, ...] | None = None
) -> DecisionRecord:
    """Return the record of a decision, with the prompt that the operator wants in it."""
    limits = ended.decision.limits
    explanation = ended.decision.explain(only_listed=True)
    report = explanation.report
    plan = explanation.plan
    request = limits.request
    served = None if report is None else report.served
    return DecisionRecord(
        decision_id="" if report is None else report.decision_id,
        request_id=ended.request_id,
        trace_id=ended.trace_id,
        tenant=request.tenant,
        received_time=dt.datetime.fromtimestamp(explanation.snapshot_at, dt.UTC),
        outcome=ended.outcome,
        error=ended.error,
        configuration_digest=explanation.configuration_digest,
        policy=explanation.policy.name,
        policy_choice=explanation.policy_choice,
        rule=limits.rule,
        request=RecordedRequest(
            routing=request.routing,
            streaming=request.streaming,
            timeout_seconds=request.timeout,
            previous_attempts=ended.previous_attempts,
            max_output_tokens=request.prompt.sampling.max_output_tokens,
            reasoning_effort=limits.fixed.effort,
            wire_formats=tuple(sorted(limits.fixed.wire_formats)),
            budget=limits.budget,
            live_stats=ended.decision.live_stats,
        ),
        # Its signals are in the evidence.
        profile=dataclasses.replace(explanation.profile, classification=None),
        constraints=explanation.constraints,
        candidates=tuple(_candidates(explanation.candidates, explanation.obstacles)),
        plan=None if plan is None else _plan(plan),
        attempts=() if report is None else tuple(map(_attempt, report.attempts)),
        served_by=None if served is None else _names(served.deployment),
        model_version="" if served is None else served.model_version,
        provider_response_id="" if served is None else served.response_id,
        hedged=report is not None and report.hedged,
        recovered=report is not None and report.recovered,
        degradation=limits.degradation if report is None else report.degradation,
        usage=Usage() if report is None else report.total_usage,
        cost=None if report is None else report.total_cost,
        planning_seconds=0.0 if report is None else report.planning_duration,
        time_to_first_content_seconds=None if report is None else report.time_to_first_content,
        duration_seconds=None if report is None else report.duration,
        prompt=prompt,
    )


class RefusedDecision:
    """A request that no deployment may serve. Holds no prompt."""

    __slots__ = ("_candidates", "_digest", "_taken_at", "limits")

    def __init__(
        self, refused: RefusedRequest, *, taken_at: float, configuration_digest: str
    ) -> None:
        request = refused.limits.request
        self.limits = dataclasses.replace(
            refused.limits,
            request=dataclasses.replace(
                request,
                prompt=Prompt(
                    messages=(),
                    sampling=Sampling(max_output_tokens=request.prompt.sampling.max_output_tokens),
                ),
                trace_headers={},
            ),
        )
        self._candidates = refused.error.candidates
        self._taken_at = taken_at
        self._digest = configuration_digest

    @property
    def live_stats(self) -> Mapping[str, LiveStats]:
        """Nothing: an order was not made."""
        return {}

    def explain(self, *, only_listed: bool = False) -> Explanation:
        """Return why nothing may serve: only listed deployments are looked at."""
        del only_listed
        limits = self.limits
        return Explanation(
            profile=dataclasses.replace(
                limits.profile, evidence=evidence_of(limits.profile, limits.request)
            ),
            policy=limits.policy,
            policy_choice=limits.policy_choice,
            constraints=effective_constraints(limits),
            candidates=self._candidates,
            plan=None,
            obstacles={},
            snapshot_at=self._taken_at,
            configuration_digest=self._digest,
        )


def _names(deployment: Deployment) -> RecordedDeployment:
    return RecordedDeployment(
        deployment=deployment.name,
        provider=deployment.provider.name,
        model=deployment.model.name,
        region=deployment.compliance.region or "",
    )


def _candidates(
    candidates: Iterable[Candidate], obstacles: Mapping[str, LeaseRefusal]
) -> Iterator[RecordedCandidate]:
    """Yield the candidates; the eligible ones come first, with ranks starting at 1."""
    for place, candidate in enumerate(candidates, start=1):
        obstacle = obstacles.get(candidate.deployment.name)
        yield RecordedCandidate(
            deployment=_names(candidate.deployment),
            rank=place if candidate.eligible else 0,
            score=candidate.score,
            score_parts=candidate.score_parts,
            exclusions=candidate.exclusions,
            expected_cost_usd=candidate.expected_cost_usd,
            expected_time_to_first_content_seconds=candidate.expected_first_content,
            obstacle=None
            if obstacle is None
            else RecordedObstacle(
                reason=obstacle.obstacle,
                description=f"it {obstacle.description}",
                wait_seconds=obstacle.wait,
            ),
        )


def _plan(plan: Plan) -> RecordedPlan:
    return RecordedPlan(
        deployments=tuple(deployment.name for deployment in plan.deployments),
        max_attempts=plan.max_attempts,
        timeout_seconds=plan.timeout,
        first_content_timeout_seconds=plan.timeouts.first_content,
        idle_timeout_seconds=plan.timeouts.idle,
        hedging_mode=plan.hedging.mode,
        hedge_delay_seconds=plan.hedging.delay,
        hedging_description=plan.hedging.description,
        stream_recovery=plan.stream_recovery,
        consistency=plan.consistency,
    )


def _attempt(attempt: AttemptReport) -> RecordedAttempt:
    failure = attempt.failure
    return RecordedAttempt(
        number=attempt.number,
        deployment=_names(attempt.deployment),
        reason=attempt.reason,
        outcome=attempt.outcome,
        caused_by=attempt.caused_by,
        start_seconds=attempt.start_delay,
        time_to_first_content_seconds=attempt.time_to_first_content,
        duration_seconds=attempt.duration,
        failure_class=None if failure is None else failure.failure_class,
        failure_message="" if failure is None else failure.message,
        http_status=None if failure is None else failure.http_status,
        usage=attempt.usage,
        cost=attempt.cost,
    )
