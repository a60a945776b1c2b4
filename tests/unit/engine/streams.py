"""Streamed calls as the engine's tests make them."""

from __future__ import annotations

from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.testing.scripted import Emit, Fail
from routersvc.testing.worlds import World, scripted_request


def failing(failure_class: FailureClass, *, retry_after: float | None = None) -> Fail:
    """Return the move that fails in this way."""
    return Fail(Failure(failure_class=failure_class, message="it failed", retry_after=retry_after))


def token(text: str) -> Emit:
    """Return the move that says `text`."""
    return Emit((TextDelta(text=text),))


async def stream(world: World, request: Request | None = None) -> list[object]:
    """Return all events of one streamed call."""
    events: list[object] = []
    async with world.router.open(request or scripted_request()) as call:
        while not (events and isinstance(events[-1], Finished)):
            events.extend(await call.receive())
    return events
