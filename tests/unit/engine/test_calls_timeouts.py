"""Which of its times an answer has exceeded, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.outcomes.errors import StreamBrokenError
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.testing.scripted import Emit, Hang, Move, Wait
from routersvc.testing.worlds import World, scripted_request

TOKEN = Emit((TextDelta(text="x" * 40),))
DRIP = Emit((TextDelta(text="x"),))


async def call(world: World) -> None:
    """Make one call to its end."""
    async with world.router.open(scripted_request()) as running:
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
