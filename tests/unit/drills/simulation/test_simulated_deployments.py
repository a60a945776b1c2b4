"""What faults do to calls, with exact times."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from routersvc.domain.catalogue.modes import StreamRecoveryMode
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.drills.figures.drill_figures import CallOutcome, CallRecord
from routersvc.drills.plans.distributions import Constant
from routersvc.drills.plans.drill_plans import Batches, DrillPlan, RequestMix, SimulatedDeployment
from routersvc.drills.plans.faults import Fault, FaultKind
from routersvc.drills.simulation.simulated_deployments import SimulatedGateway
from routersvc.drills.simulation.simulation import run_drill
from routersvc.engine.ports import AttemptCall
from routersvc.testing.worlds import scripted_deployment, scripted_policy


def steady(name: str) -> SimulatedDeployment:
    """A deployment that answers four tokens: the first after 1 s, the others 0.5 s apart."""
    return SimulatedDeployment(
        name=name,
        first_content=Constant(value=1.0),
        gap=Constant(value=0.5),
        min_tokens=4,
        max_tokens=4,
    )


PLAN = DrillPlan(
    name="one call",
    deployments=(steady("a"), steady("b")),
    policy=scripted_policy(["a", "b"]),
    arrivals=Batches(size=1),
    duration=10.0,
    max_calls=1,
)


def _ignore(*_: object) -> None:
    """Record nothing of first tokens."""


def only_call(plan: DrillPlan) -> CallRecord:
    """Run a drill of one call, which keeps every promise."""
    result = run_drill(plan)

    assert result.violations == ()
    (record,) = result.figures.records
    return record


@pytest.mark.parametrize("streaming_share", [0.0, 1.0])
def test_healthy_deployment_answers_at_its_pace(streaming_share: float) -> None:
    """1 s to the first token and three gaps; unary answers are read as streams and take as long."""
    plan = dataclasses.replace(PLAN, mix=RequestMix(streaming_share=streaming_share))

    record = only_call(plan)

    assert record.outcome is CallOutcome.COMPLETED
    assert record.report.duration == 2.5
    assert record.report.time_to_first_content == 1.0


@pytest.mark.parametrize(
    ("kind", "failure_class"),
    [
        (FaultKind.KILL, FailureClass.CONNECT),
        (FaultKind.ERROR, FailureClass.SERVER_ERROR),
        (FaultKind.OVERLOAD, FailureClass.OVERLOADED),
        (FaultKind.RATE_LIMIT, FailureClass.RATE_LIMITED),
        (FaultKind.UNAUTHORIZED, FailureClass.AUTHENTICATION),
    ],
)
def test_refused_call_fails_over_at_once(kind: FaultKind, failure_class: FailureClass) -> None:
    """Each refusing fault is one failure class, and costs no time."""
    fault = Fault(deployment="a", kind=kind, start=0.0)

    record = only_call(dataclasses.replace(PLAN, faults=(fault,)))

    first, second = record.report.attempts
    assert first.failure is not None
    assert first.failure.failure_class is failure_class
    assert second.start_delay == 0.0
    assert record.report.duration == 2.5


def test_kill_breaks_what_waits_for_its_first_token() -> None:
    """At the instant of the kill, as a reset."""
    fault = Fault(deployment="a", kind=FaultKind.KILL, start=0.25)

    record = only_call(dataclasses.replace(PLAN, faults=(fault,)))

    first, second = record.report.attempts
    assert first.failure is not None
    assert first.failure.failure_class is FailureClass.RESET
    assert second.start_delay == 0.25


def test_kill_truncates_a_stream_under_way() -> None:
    """The caller hears that the answer broke."""
    fault = Fault(deployment="a", kind=FaultKind.KILL, start=1.75)

    record = only_call(dataclasses.replace(PLAN, faults=(fault,)))

    assert record.outcome is CallOutcome.BROKEN
    assert record.report.duration == 1.75


def test_cut_answer_is_recovered() -> None:
    """Two tokens come, then another deployment starts over."""
    fault = Fault(deployment="a", kind=FaultKind.CUT, start=0.0, tokens=2)
    policy = scripted_policy(["a", "b"], stream_recovery=StreamRecoveryMode.RESTART)

    record = only_call(dataclasses.replace(PLAN, faults=(fault,), policy=policy))

    broken, recovery = record.report.attempts
    assert broken.outcome is AttemptOutcome.BROKEN
    assert recovery.reason is AttemptReason.RECOVERY
    assert recovery.start_delay == 1.5
    assert record.report.duration == 4.0


def test_stalled_answer_is_given_up_when_its_pace_is_too_slow() -> None:
    """Two tokens and silence, within the 20 s after the first one."""
    fault = Fault(deployment="a", kind=FaultKind.STALL, start=0.0, tokens=2)

    record = only_call(dataclasses.replace(PLAN, faults=(fault,)))

    assert record.outcome is CallOutcome.BROKEN
    assert record.report.duration == 21.0


def test_hang_delays_what_is_under_way_until_it_is_over() -> None:
    """A token that is due during the hang comes when it ends."""
    fault = Fault(deployment="a", kind=FaultKind.HANG, start=1.25, end=5.0)

    record = only_call(dataclasses.replace(PLAN, faults=(fault,)))

    assert record.outcome is CallOutcome.COMPLETED
    assert record.report.duration == 6.0


def test_call_that_began_in_a_hang_hears_nothing() -> None:
    """It is given up after the timeout for its first content, though the hang is over by then."""
    fault = Fault(deployment="a", kind=FaultKind.HANG, start=0.0, end=5.0)

    record = only_call(dataclasses.replace(PLAN, faults=(fault,)))

    assert record.report.attempts[1].start_delay == 20.0


def test_slow_deployment_takes_its_factor() -> None:
    """Three times everything."""
    fault = Fault(deployment="a", kind=FaultKind.SLOW, start=0.0, factor=3.0)

    record = only_call(dataclasses.replace(PLAN, faults=(fault,)))

    assert record.report.duration == 7.5


def test_share_of_the_calls_is_hit() -> None:
    """An error rate of one half."""
    fault = Fault(deployment="a", kind=FaultKind.RATE_LIMIT, start=0.0, share=0.5)
    plan = dataclasses.replace(
        PLAN, faults=(fault,), arrivals=Batches(size=1, pause=5.0), duration=1e6, max_calls=400
    )

    result = run_drill(plan)

    (of_a, _) = result.health
    assert of_a.attempts_total == 400 or of_a.breaker.opened_total
    refused = of_a.failures_total[FailureClass.RATE_LIMITED]
    assert 0.4 < refused / of_a.attempts_total < 0.6


def test_silence_is_given_up_after_the_timeout_for_first_content() -> None:
    """The call is accepted, and nothing comes."""
    fault = Fault(deployment="a", kind=FaultKind.SILENCE, start=0.0)

    record = only_call(dataclasses.replace(PLAN, faults=(fault,)))

    assert record.report.attempts[1].start_delay == 20.0


@pytest.mark.parametrize("streaming_share", [0.0, 1.0])
def test_drip_sets_the_least_time_between_tokens(streaming_share: float) -> None:
    """1 s to the first token and three gaps of 3 s."""
    fault = Fault(deployment="a", kind=FaultKind.DRIP, start=0.0, interval=3.0)
    mix = RequestMix(streaming_share=streaming_share)

    record = only_call(dataclasses.replace(PLAN, faults=(fault,), mix=mix))

    assert record.report.duration == 10.0


def test_unfinished_answer_is_truncated() -> None:
    """All four tokens came, and no finish reason."""
    fault = Fault(deployment="a", kind=FaultKind.UNFINISHED, start=0.0)

    record = only_call(dataclasses.replace(PLAN, faults=(fault,)))

    assert record.outcome is CallOutcome.BROKEN
    assert record.report.duration == 2.5


def test_answer_that_is_left_open_stalls() -> None:
    """All four tokens came, then nothing for 20 s."""
    fault = Fault(deployment="a", kind=FaultKind.LEFT_OPEN, start=0.0)

    record = only_call(dataclasses.replace(PLAN, faults=(fault,)))

    assert record.outcome is CallOutcome.BROKEN
    assert record.report.duration == 22.5


def test_cut_breaks_all_running_answers_at_one_instant() -> None:
    """Calls that begin later are answered."""
    fault = Fault(deployment="a", kind=FaultKind.CUT_ALL, start=1.75)
    plan = dataclasses.replace(
        PLAN, faults=(fault,), arrivals=Batches(size=3, pause=0.0), max_calls=6
    )

    result = run_drill(plan)

    assert result.violations == ()
    outcomes = [(record.outcome, record.report.duration) for record in result.figures.records]
    assert outcomes == [*[(CallOutcome.BROKEN, 1.75)] * 3, *[(CallOutcome.COMPLETED, 2.5)] * 3]


def test_one_call_at_a_time_is_answered() -> None:
    """The others fail over."""
    fault = Fault(deployment="a", kind=FaultKind.ONE_AT_A_TIME, start=0.0)
    plan = dataclasses.replace(PLAN, faults=(fault,), arrivals=Batches(size=3), max_calls=3)

    records = run_drill(plan).figures.records

    assert [record.outcome for record in records] == [CallOutcome.COMPLETED] * 3
    assert sorted(len(record.report.attempts) for record in records) == [1, 2, 2]


def test_every_nth_call_is_answered() -> None:
    """One in three."""
    fault = Fault(deployment="a", kind=FaultKind.EVERY_NTH, start=0.0, nth=3)
    plan = dataclasses.replace(
        PLAN, faults=(fault,), arrivals=Batches(size=1, pause=60.0), duration=1e6, max_calls=6
    )

    records = run_drill(plan).figures.records

    assert [len(record.report.attempts) for record in records] == [2, 2, 1, 2, 2, 1]


def test_fault_with_a_period_comes_and_goes() -> None:
    """It is active in the first half of each period, also at its start."""
    fault = Fault(deployment="a", kind=FaultKind.ERROR, start=1.0, end=12.0, period=6.0)

    active = [at for at in range(14) if fault.active(float(at))]

    assert active == [1, 2, 3, 7, 8, 9]


@pytest.mark.parametrize("ends_with", [Role.USER, Role.ASSISTANT])
async def test_prefill_is_refused(ends_with: Role) -> None:
    """As a request that is invalid; other prompts are answered."""
    fault = Fault(deployment="a", kind=FaultKind.REFUSED_PREFILL, start=0.0)
    gateway = SimulatedGateway(dataclasses.replace(PLAN, faults=(fault,)), _ignore)
    stream = gateway.open(
        AttemptCall(
            deployment=scripted_deployment("a"),
            prompt=Prompt(messages=(Message(role=ends_with, parts=(TextPart(text="One,"),)),)),
            streaming=True,
            connect_timeout=1.0,
            timeout=60.0,
        )
    )

    if ends_with is Role.USER:
        assert await stream.receive()
    else:
        with pytest.raises(AttemptFailedError) as failed:
            await stream.receive()
        assert failed.value.failure.failure_class is FailureClass.INVALID_REQUEST
        assert failed.value.failure.http_status == 400
    await stream.aclose()


async def test_checks_fail_while_calls_are_answered() -> None:
    """One kind answers with an error, the other never."""
    gateway = SimulatedGateway(
        dataclasses.replace(
            PLAN,
            faults=(
                Fault(deployment="a", kind=FaultKind.CHECK_ERROR, start=0.0),
                Fault(deployment="b", kind=FaultKind.CHECK_HANG, start=0.0),
            ),
        ),
        _ignore,
    )

    with pytest.raises(AttemptFailedError) as failed:
        await gateway.probe(scripted_deployment("a"), connect_timeout=1.0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await gateway.probe(scripted_deployment("b"), connect_timeout=1.0)

    assert failed.value.failure.failure_class is FailureClass.SERVER_ERROR


def test_leaving_caller_ends_everything_at_once() -> None:
    """The stream is closed at the instant of the cancellation."""
    plan = dataclasses.replace(
        PLAN, mix=RequestMix(cancelled_share=1.0, cancel_after=Constant(value=1.2))
    )

    record = only_call(plan)

    assert record.outcome is CallOutcome.LEFT
    assert record.report.duration == 1.2
    assert record.report.attempts[0].outcome is AttemptOutcome.CANCELLED


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": FaultKind.KILL, "start": 2.0, "end": 1.0},
        {"kind": FaultKind.KILL, "start": 0.0, "share": 0.5},
        {"kind": FaultKind.ERROR, "start": 0.0, "share": 0.0},
        {"kind": FaultKind.ERROR, "start": 0.0, "retry_after": 1.0},
        {"kind": FaultKind.SLOW, "start": 0.0, "factor": 0.0},
        {"kind": FaultKind.CUT, "start": 0.0, "tokens": -1},
        {"kind": FaultKind.DRIP, "start": 0.0, "interval": 0.0},
        {"kind": FaultKind.EVERY_NTH, "start": 0.0, "nth": 1},
        {"kind": FaultKind.CUT_ALL, "start": 0.0, "share": 0.5},
        {"kind": FaultKind.KILL, "start": 0.0, "period": 6.0},
        {"kind": FaultKind.ERROR, "start": 0.0, "period": 0.0},
    ],
)
def test_fault_refuses_what_has_no_meaning(fault: dict[str, object]) -> None:
    """A drill that does something else than it says would mislead."""
    with pytest.raises(ValueError, match="`"):
        Fault(deployment="a", **fault)  # type: ignore[arg-type]  # wrong on purpose
