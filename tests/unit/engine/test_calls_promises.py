"""The design's promises, held against generated worlds in virtual time."""

from __future__ import annotations

import asyncio
import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.catalogue.modes import HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import HedgingRule, Priority, RetryRule, Timeouts
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.errors import CallFailedError, RouterError
from routersvc.domain.outcomes.failure_rules import RULES, BreakerEffect, FailoverRule, FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.race_results import BUDGET_SPENT
from routersvc.engine.call_events import CallEvent, Recovered, RecoveryKind, RouteSelected
from routersvc.testing.scripted import Emit, Fail, Hang, Move, Script, Wait, answer
from routersvc.testing.virtual_time import run_in_virtual_time
from routersvc.testing.worlds import World, scripted_policy, scripted_request

TIMEOUTS = Timeouts(connect=1.0, first_content=3.0, idle=2.0, attempt=8.0, useful=0.05)
NAMES = ("a", "b", "c")
HEDGING = [
    HedgingRule(mode=HedgingMode.OFF),
    HedgingRule(mode=HedgingMode.PARALLEL, max_parallel=3),
    HedgingRule(mode=HedgingMode.DELAYED, delay=0.4),
    HedgingRule(mode=HedgingMode.AUTO, delay=0.4, max_parallel=3),
]

delays = st.sampled_from([0.0, 0.01, 0.5, 1.0, 1.999, 2.0, 3.0, 5.0, 30.0])
failures = st.builds(
    Failure,
    failure_class=st.sampled_from(FailureClass),
    message=st.just("it failed"),
    retry_after=st.one_of(st.none(), st.sampled_from([0.0, 0.5, 4.0, 60.0])),
    connection_was_idle=st.booleans(),
)


@st.composite
def scripts(draw: st.DrawFn, name: str) -> Script:
    """A script that answers, fails, hangs or breaks, at any moment."""
    if draw(st.integers(0, 3)) == 0:
        return answer(f"{name}1", f"{name}2", first=draw(delays), gap=draw(delays))
    moves: list[Move] = []
    for place in range(draw(st.integers(0, 3))):
        moves.append(Wait(draw(delays)))
        events = (TextDelta(text=f"{name}{place}"),) if draw(st.booleans()) else ()
        moves.append(Emit(events))
    moves.append(Wait(draw(delays)))
    end: Move = draw(
        st.one_of(
            st.builds(Fail, failures),
            st.just(Hang()),
            st.just(Emit((TextDelta(text=f"{name}9"), Finished(reason=FinishReason.STOP)))),
        )
    )
    return [*moves, end]


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, list[Script]]:
    """One to three deployments with one or two scripts each."""
    names = NAMES[: draw(st.integers(1, 3))]
    return {name: draw(st.lists(scripts(name), min_size=1, max_size=2)) for name in names}


async def play(
    of_deployments: dict[str, list[Script]],
    *,
    streaming: bool,
    seconds: float,
    max_attempts: int,
    recovery: StreamRecoveryMode,
    side_effects: bool,
    seed: int,
    hedging: HedgingRule = HEDGING[0],
) -> tuple[World, list[CallEvent], RouterError | None, float]:
    """Make one call in a world; return all that came of it and the instant of its end."""
    world = World(
        of_deployments,
        policy=dataclasses.replace(
            scripted_policy(
                list(of_deployments),
                max_attempts=max_attempts,
                timeouts=TIMEOUTS,
                retries=RetryRule(max_retries=1),
                stream_recovery=recovery,
            ),
            hedging=hedging,
        ),
        seed=seed,
    )
    events: list[CallEvent] = []
    error: RouterError | None = None
    request = scripted_request(
        streaming=streaming,
        timeout=seconds,
        routing=Routing(has_side_effects=side_effects, priority=Priority.HIGH),
    )
    try:
        async with world.router.open(request) as call:
            while not (events and isinstance(events[-1], Finished)):
                events.extend(await call.receive())
    except CallFailedError as caught:
        error = caught
    ended_at = asyncio.get_running_loop().time()
    await asyncio.sleep(0)
    return world, events, error, ended_at


def text_of(events: list[CallEvent]) -> str:
    """Return what a client holds that obeys the events."""
    text = ""
    for event in events:
        if isinstance(event, Recovered):
            text = text[: event.kept_characters]
        elif isinstance(event, TextDelta):
            text += event.text
    return text


def failing_or_answering(failure_class: FailureClass | None) -> Script:
    """Return a script that fails at once, after its first content, or not at all."""
    if failure_class is None:
        return answer("whole")
    end = Fail(Failure(failure_class=failure_class, message="it failed", retry_after=0.5))
    begun = failure_class in {FailureClass.STALLED, FailureClass.TRUNCATED}
    return [Emit((TextDelta(text="half"),)), end] if begun else [end]


@given(
    of_deployments=worlds(),
    streaming=st.booleans(),
    timeout=st.sampled_from([0.04, 0.5, 2.0, 6.0, 30.0, 120.0]),
    max_attempts=st.integers(1, 4),
    recovery=st.sampled_from(StreamRecoveryMode),
    hedging=st.sampled_from(HEDGING),
    side_effects=st.booleans(),
    seed=st.integers(0, 3),
)
def test_promises_hold_in_every_world(
    of_deployments: dict[str, list[Script]],
    streaming: bool,  # noqa: FBT001 - drawn by hypothesis
    timeout: float,
    max_attempts: int,
    recovery: StreamRecoveryMode,
    hedging: HedgingRule,
    side_effects: bool,  # noqa: FBT001 - drawn by hypothesis
    seed: int,
) -> None:
    """Promises 1, 2, 4, 5, 7, 8 and 10."""

    async def one() -> tuple[World, list[CallEvent], RouterError | None, float]:
        return await play(
            of_deployments,
            streaming=streaming,
            seconds=timeout,
            max_attempts=max_attempts,
            recovery=recovery,
            side_effects=side_effects,
            seed=seed,
            hedging=hedging,
        )

    world, events, error, ended_at = run_in_virtual_time(one())
    again = run_in_virtual_time(one())

    # 1. Exactly one terminal outcome, told once.
    finished = [event for event in events if isinstance(event, Finished)]
    assert (len(finished) == 1) == (error is None)
    assert len(world.observer.ends) == 1
    report, told = world.observer.ends[0]
    assert told is error
    selections = [event for event in events if isinstance(event, RouteSelected)]
    assert len(selections) == (1 if events else 0)
    # 1 and 2. What the client holds is one attempt's answer, whole.
    text = text_of(events)
    resumed = [
        event
        for event in events
        if isinstance(event, Recovered) and event.kind is RecoveryKind.RESUMED
    ]
    assert len({letter for letter in text if letter.isalpha()}) <= 1 + len(resumed)
    served = [a for a in report.attempts if a.outcome is AttemptOutcome.SERVED]
    assert len(served) == (1 if error is None else 0)
    if error is None:
        assert isinstance(events[-1], Finished)
        assert resumed or text.startswith(served[0].deployment.name)
    # 4. The caller hears within its deadline; nothing starts too late to be useful.
    assert ended_at <= timeout + 1e-9
    first, *others = world.observer.attempts
    assert first.started_at == 0.0
    assert all(timeout - each.started_at >= TIMEOUTS.useful - 1e-9 for each in others)
    # 5. Nothing runs afterwards.
    assert world.leftovers() == {}
    # 7. Attempts are bounded; only a retry on a stale connection is free.
    free = [
        a
        for a in report.attempts
        if a.reason is AttemptReason.RETRY
        and (failure := report.attempts[a.caused_by - 1].failure) is not None
        and failure.connection_was_idle
        and failure.failure_class is FailureClass.RESET
    ]
    assert len(report.attempts) - len(free) <= max_attempts
    # 8. Only failures that say something of a deployment count against it.
    blamed = [
        a
        for a in report.attempts
        if a.failure is not None and a.failure.rule.breaker is not BreakerEffect.NOTHING
    ]
    # By the totals, because an outcome of half a minute ago has left the window.
    health = world.router.health()
    assert sum(each.served_total for each in health) == len(served)
    counted = [
        count
        for each in health
        for failure_class, count in each.failures_total.items()
        if RULES[failure_class].breaker is not BreakerEffect.NOTHING
    ]
    assert sum(counted) == len(blamed)
    # 10. The same world takes the same way.
    assert again[0].gateway.log == world.gateway.log
    assert again[1] == events


@given(of_deployments=worlds(), seed=st.integers(0, 3))
def test_request_with_side_effects_never_runs_twice(
    of_deployments: dict[str, list[Script]], seed: int
) -> None:
    """Another attempt follows only where no provider can have begun."""
    world, _, _, _ = run_in_virtual_time(
        play(
            of_deployments,
            streaming=True,
            seconds=60.0,
            max_attempts=4,
            recovery=StreamRecoveryMode.RESTART,
            side_effects=True,
            seed=seed,
        )
    )

    report, _ = world.observer.ends[0]
    harmless = {
        FailureClass.CONNECT,
        FailureClass.OVERLOADED,
        FailureClass.RATE_LIMITED,
        FailureClass.QUOTA_EXHAUSTED,
        FailureClass.AUTHENTICATION,
        FailureClass.PERMISSION,
        FailureClass.MODEL_NOT_FOUND,
        FailureClass.CAPABILITY_MISMATCH,
        FailureClass.CONTEXT_LENGTH,
        FailureClass.LOCAL_LIMIT,
    }
    for attempt in report.attempts[:-1]:
        assert attempt.failure is not None
        assert attempt.failure.failure_class in harmless
        assert attempt.time_to_first_content is None


def test_usage_event_is_not_content() -> None:
    """An attempt does not commit on a count of tokens."""
    counted = Emit((UsageCounted(usage=Usage(input_tokens=3)),))
    cut = Fail(Failure(failure_class=FailureClass.TRUNCATED, message="cut"))

    world, events, error, _ = run_in_virtual_time(
        play(
            {"a": [[counted, cut]], "b": [answer("b")]},
            streaming=True,
            seconds=10.0,
            max_attempts=2,
            recovery=StreamRecoveryMode.FAIL,
            side_effects=False,
            seed=0,
        )
    )

    assert error is None
    assert text_of(events) == "b"
    assert world.observer.ends[0][0].attempts[0].outcome is AttemptOutcome.FAILED


PASSING = [one for one in FailureClass if RULES[one].failover is FailoverRule.ANY]


@given(
    of_deployments=st.fixed_dictionaries(
        {
            name: st.lists(
                st.sampled_from([None, *PASSING]).map(failing_or_answering),
                min_size=1,
                max_size=12,
            )
            for name in NAMES
        }
    ),
    pauses=st.lists(st.sampled_from([0.0, 0.1, 1.5, 40.0]), min_size=1, max_size=25),
    max_attempts=st.integers(1, 4),
    recovery=st.sampled_from(StreamRecoveryMode),
    hedging=st.sampled_from(HEDGING),
    streaming=st.booleans(),
)
def test_no_call_fails_while_a_deployment_is_left(
    of_deployments: dict[str, list[Script]],
    pauses: list[float],
    max_attempts: int,
    recovery: StreamRecoveryMode,
    hedging: HedgingRule,
    streaming: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """Promise 13, with promise 7: the budget may refuse, and then the error says so."""

    async def play_all() -> None:
        policy = scripted_policy(
            NAMES, max_attempts=max_attempts, timeouts=TIMEOUTS, stream_recovery=recovery
        )
        world = World(of_deployments, policy=dataclasses.replace(policy, hedging=hedging))
        for pause in pauses:
            await asyncio.sleep(pause)
            try:
                async with world.router.open(scripted_request(streaming=streaming)) as call:
                    while not isinstance((await call.receive())[-1], Finished):
                        pass
            except CallFailedError as error:
                check(world, error)

    def check(world: World, error: CallFailedError) -> None:
        attempts = error.report.attempts
        is_over = attempts[-1].outcome is AttemptOutcome.BROKEN if attempts else False
        if is_over and recovery is StreamRecoveryMode.FAIL:
            return
        if len(attempts) >= max_attempts or BUDGET_SPENT in str(error):
            return
        tried = {attempt.deployment.name for attempt in attempts}
        left = [
            health.deployment.name
            for health in world.router.health()
            if health.deployment.name not in tried and not health.not_before_delay
        ]
        assert left == []

    run_in_virtual_time(play_all())
