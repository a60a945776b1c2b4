"""Which of its times an answer has exceeded, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

import pytest

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.modes import HedgingMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import HedgingRule
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.fleet.breaker_health import BreakerState
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.errors import AttemptsFailedError, StreamBrokenError
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.testing.scripted import Emit, Fail, Hang, Move, Wait, answer
from routersvc.testing.worlds import World, scripted_deployment, scripted_policy, scripted_request

TOKEN = Emit((TextDelta(text="x" * 40),))
DRIP = Emit((TextDelta(text="x"),))


def repeated(times: int, *moves: Move) -> list[Move]:
    """Return the moves as often as that."""
    return [*moves] * times


async def call(world: World, *, seconds: float = 120.0, streaming: bool = True) -> None:
    """Make one call to its end."""
    request = scripted_request(timeout=seconds, streaming=streaming)
    async with world.router.open(request) as running:
        while not isinstance((await running.receive())[-1], Finished):
            pass


@pytest.mark.parametrize(
    ("gaps", "failure_class"),
    [
        ((10.0,) * 5, FailureClass.ATTEMPT_TIMEOUT),
        ((15.0, 15.0, 10.0), FailureClass.STALLED),
        ((15.0, 15.0, 10.5), FailureClass.ATTEMPT_TIMEOUT),
    ],
)
async def test_broken_answer_is_told_by_what_came_first(
    gaps: tuple[float, ...], failure_class: FailureClass
) -> None:
    """The time of the whole attempt, or silence; where both end together it is silence."""
    script: list[Move] = []
    for gap in gaps:
        script += [Wait(gap), TOKEN]
    world = World({"a": [[*script, Hang()]]})

    with pytest.raises(StreamBrokenError) as caught:
        await call(world)

    assert caught.value.failure.failure_class is failure_class
    assert asyncio.get_running_loop().time() == 60.0


async def test_answer_that_drips_has_stalled() -> None:
    """Every pause is shorter than `idle`, and still the answer would never end."""
    world = World({"a": [[*repeated(3, Wait(15.0), DRIP), Hang()]]})

    with pytest.raises(StreamBrokenError) as caught:
        await call(world)

    assert caught.value.failure.failure_class is FailureClass.STALLED
    assert asyncio.get_running_loop().time() == 15.0 + 20.0


@pytest.mark.parametrize("contents", [Emit((TextDelta(text="x"),) * 4), TOKEN])
async def test_slow_answer_of_enough_contents_or_characters_goes_on(contents: Emit) -> None:
    """Four contents, or one of forty characters, within `idle`."""
    script: list[Move] = [Wait(19.0), contents] * 3
    world = World({"a": [[*script, Emit((Finished(reason=FinishReason.STOP),))]]})

    await call(world)

    assert asyncio.get_running_loop().time() == 57.0


async def test_pauses_of_the_caller_are_not_the_providers() -> None:
    """A caller that reads slowly does not make its provider stall."""
    script: list[Move] = [Wait(4.0), DRIP] * 3
    world = World({"a": [[*script, Emit((Finished(reason=FinishReason.STOP),))]]})

    async with world.router.open(scripted_request()) as running:
        for _ in range(4):
            await running.receive()
            await asyncio.sleep(9.0)

    assert world.observer.ends[0][1] is None


async def test_dripping_stream_leaves_time_for_its_recovery() -> None:
    """Where another attempt can take over, the pace is measured in a share of the time left."""
    policy = scripted_policy(["a", "b"], stream_recovery=StreamRecoveryMode.RESTART)
    world = World(
        {"a": [[*repeated(9, DRIP, Wait(3.0)), Hang()]], "b": [answer("b")]}, policy=policy
    )

    await call(world, seconds=12.0)

    assert asyncio.get_running_loop().time() == pytest.approx(0.4 * 12.0)


@pytest.mark.parametrize("streaming", [True, False])
async def test_silent_provider_leaves_half_of_the_deadline_to_another(*, streaming: bool) -> None:
    """By default, whether the answer is streamed to the caller or not."""
    policy = dataclasses.replace(
        scripted_policy(["a", "b"]), hedging=HedgingRule(mode=HedgingMode.AUTO)
    )
    world = World({"a": [[Hang()]], "b": [answer("b")]}, policy=policy)

    await call(world, seconds=12.0, streaming=streaming)

    report, error = world.observer.ends[0]
    assert error is None
    assert report.duration == 6.0
    assert [a.reason for a in report.attempts] == [AttemptReason.FIRST, AttemptReason.RESCUE]
    assert report.attempts[0].outcome is AttemptOutcome.LOST


@pytest.mark.parametrize(("seconds", "learned"), [(12.0, True), (2.0, False)])
async def test_silence_is_learned_of_unless_the_deadline_was_short(
    seconds: float, *, learned: bool
) -> None:
    """A loser that was silent for seconds is a slow call; a short deadline proves nothing."""
    policy = dataclasses.replace(
        scripted_policy(["a", "b"]), hedging=HedgingRule(mode=HedgingMode.AUTO)
    )
    world = World({"a": [[Hang()]], "b": [answer("b")]}, policy=policy)

    for _ in range(6):
        await call(world, seconds=seconds)

    first, _ = world.router.health()
    assert (first.breaker.state is not BreakerState.CLOSED) is learned


async def test_healthy_slow_answer_wins_against_a_dead_backup() -> None:
    """A rescue does not end the attempt beside which it starts."""
    policy = dataclasses.replace(
        scripted_policy(["a", "b"]), hedging=HedgingRule(mode=HedgingMode.AUTO)
    )
    dead = Fail(Failure(failure_class=FailureClass.CONNECT, message="refused"))
    world = World({"a": [answer("a", first=8.0)], "b": [[dead]]}, policy=policy)

    await call(world, seconds=12.0)

    report, error = world.observer.ends[0]
    assert error is None
    assert report.attempts[0].outcome is AttemptOutcome.SERVED


@pytest.mark.parametrize("streaming", [True, False])
async def test_endless_answer_ends_near_its_output_limit(*, streaming: bool) -> None:
    """The provider ignores the limit; the caller pays by the token."""
    world = World({"a": [[*repeated(900, Emit((TextDelta(text="word "),)), Wait(0.01)), Hang()]]})
    request = scripted_request(streaming=streaming)
    sampling = dataclasses.replace(request.prompt.sampling, max_output_tokens=50)
    limited = dataclasses.replace(
        request, prompt=dataclasses.replace(request.prompt, sampling=sampling)
    )

    async with world.router.open(limited) as running:
        events: list[object] = []
        while not (events and isinstance(events[-1], Finished)):
            events.extend(await running.receive())

    assert isinstance(events[-1], Finished)
    assert events[-1].reason is FinishReason.LENGTH
    assert sum(isinstance(event, TextDelta) for event in events) == (16 * 50 + 256) // 5 + 1
    assert world.leftovers() == {}


@pytest.mark.parametrize("reasons", [True, False])
async def test_models_that_reason_have_longer(*, reasons: bool) -> None:
    """Four times the timeout of others for their first content."""
    deployment = scripted_deployment("a")
    more = frozenset({Capability.REASONING} if reasons else ())
    capabilities = deployment.capabilities | more
    model = dataclasses.replace(deployment.model, capabilities=capabilities)
    world = World(
        {"a": [answer("a", first=50.0)]}, deployments=[dataclasses.replace(deployment, model=model)]
    )

    with contextlib.nullcontext() if reasons else pytest.raises(AttemptsFailedError):
        await call(world)
