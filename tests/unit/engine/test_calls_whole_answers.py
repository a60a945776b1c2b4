"""Whole answers that may be hedged are read as streams, in virtual time."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import HedgingRule
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.testing.scripted import answer
from routersvc.testing.worlds import World, scripted_deployment, scripted_policy, scripted_request

HEDGED = HedgingRule(mode=HedgingMode.DELAYED, delay=1.0)
OFF = HedgingRule(mode=HedgingMode.OFF)


def world_of(
    rule: HedgingRule, *, deployment: Deployment | None = None, first: float = 5.0
) -> World:
    """Return a world whose first deployment speaks after `first` and takes long to end."""
    slow = answer("a", "b", "c", "d", first=first, gap=1.0)
    return World(
        {"slow": [slow], "fast": [answer("x", "y", first=0.5, gap=0.5)]},
        deployments=[deployment] if deployment else [],
        policy=dataclasses.replace(scripted_policy(["slow", "fast"]), hedging=rule),
    )


async def completed(world: World) -> tuple[str, float, RouteReport]:
    """Make one unary call; return the text, when it came, and the report."""
    async with world.router.open(scripted_request(streaming=False)) as call:
        completion = await call.complete()
    text = "".join(part.text for part in completion.parts if isinstance(part, TextPart))
    return text, asyncio.get_running_loop().time(), call.report()


async def test_whole_answer_that_may_be_hedged_is_read_as_a_stream() -> None:
    """The caller gets the first complete answer."""
    world = world_of(HEDGED)

    text, at, report = await completed(world)

    assert (text, at) == ("xy", 2.0)
    assert [call.streaming for call in world.gateway.calls] == [True, True]
    assert [a.outcome for a in report.attempts] == [AttemptOutcome.LOST, AttemptOutcome.SERVED]
    assert world.leftovers() == {}


async def test_loser_costs_what_it_has_said() -> None:
    """It has spoken once when the hedge is done: one token, not the whole answer."""
    hedge_at_once = HedgingRule(mode=HedgingMode.PARALLEL)
    world = world_of(hedge_at_once, first=0.7)

    _, at, report = await completed(world)

    lost = report.attempts[0]
    assert at == 1.0
    assert lost.outcome is AttemptOutcome.LOST
    assert (lost.usage.output_tokens, lost.usage.estimated) == (1, True)


async def test_attempt_that_has_begun_to_answer_is_not_late() -> None:
    """Its first word came in time; the rest may take as long as it needs."""
    world = world_of(HEDGED, first=0.9)

    text, at, report = await completed(world)

    assert (text, at) == ("abcd", 3.9)
    assert len(report.attempts) == 1


NO_STREAMS = frozenset(Capability) - {Capability.STREAMING}


def without_streams() -> Deployment:
    """Return a deployment whose model cannot stream."""
    deployment = scripted_deployment("slow")
    model = dataclasses.replace(deployment.model, capabilities=NO_STREAMS)
    return dataclasses.replace(deployment, model=model)


@pytest.mark.parametrize(
    ("rule", "deployment", "streams"),
    [
        (OFF, None, True),
        (HEDGED, scripted_deployment("slow", cancel_stops_billing=False), True),
        (HEDGED, without_streams(), False),
    ],
    ids=["never hedged", "billed to the end anyway", "cannot stream"],
)
async def test_whole_answer_is_read_as_a_stream_where_that_is_possible(
    rule: HedgingRule, deployment: Deployment | None, *, streams: bool
) -> None:
    """Only a stream shows that the provider has begun and goes on."""
    world = world_of(rule, deployment=deployment, first=0.1)

    await completed(world)

    assert world.gateway.calls[0].streaming is streams
