"""Runs generated worlds in virtual time and checks that the router keeps their constraints.

Checked are the explanation of every request, all its attempts including failovers, hedges, retries
and recoveries, and whether a request was refused although it could have been served.
"""

from __future__ import annotations

import asyncio
import collections
import dataclasses
from collections.abc import Iterator

from bench.simulations.generated_routes import GeneratedRoute
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.messages import Role
from routersvc.domain.outcomes.errors import CallFailedError, RefusedError
from routersvc.domain.planning.candidates import Candidate
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.domain.planning.planning_errors import NoEligibleDeploymentError
from routersvc.testing.virtual_time import run_in_virtual_time
from routersvc.testing.worlds import World

_OF_FIRST_CHOICE = frozenset({ExclusionReason.NOT_EQUIVALENT, ExclusionReason.LOWER_TIER})

_REAPING = 0.001
"""Seconds in which cancelled attempts end."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RouteFindings:
    """The results of one world: counts, and every constraint that was broken."""

    counts: collections.Counter[str]
    complaints: tuple[str, ...]


def check_route(route: GeneratedRoute, *, seed: int = 0) -> RouteFindings:
    """Run a world with `seed` for the router and return the findings."""
    return run_in_virtual_time(_checked(route, seed))


async def _checked(route: GeneratedRoute, seed: int) -> RouteFindings:
    world = World(
        route.scripts,
        deployments=route.deployments,
        policy=route.policy,
        tenants=(route.tenant,),
        seed=seed,
    )
    complaints: list[str] = []
    counts: collections.Counter[str] = collections.Counter()
    for request in route.requests:
        explained = world.router.explain(request).candidates
        complaints.extend(_wrong_explanations(route, request, explained))
        for candidate in explained:
            counts.update(f"excluded for {each.reason.value}" for each in candidate.exclusions)
        calls_before = len(world.gateway.calls)
        refusal = await perform(world, request)
        calls = world.gateway.calls[calls_before:]
        may_serve = route.may_serve(request)
        if isinstance(refusal, NoEligibleDeploymentError) == bool(may_serve):
            complaints.append(
                f"{request.request_id}: {refusal!r}, though {sorted(may_serve)} may serve"
            )
        complaints.extend(_wrong_attempts(route, request, {one.deployment.name for one in calls}))
        for call in calls:
            last = call.prompt.messages[-1].role
            if last is Role.ASSISTANT:
                counts["attempts with a prefill"] += 1
                if Capability.PREFILL not in call.deployment.capabilities:
                    complaints.append(f"{call.deployment.name} got a prefill that it cannot take")
        counts["requests"] += 1
        counts["requests refused"] += refusal is not None
        counts["attempts"] += len(calls)
    await asyncio.sleep(_REAPING)
    for attempt in world.observer.attempts:
        counts[f"attempts for {attempt.reason.value}"] += 1
    if world.leftovers():
        complaints.append(f"left over: {world.leftovers()}")
    return RouteFindings(counts=counts, complaints=tuple(complaints))


def _wrong_explanations(
    route: GeneratedRoute, request: Request, explained: tuple[Candidate, ...]
) -> Iterator[str]:
    """Yield where the explanation disagrees with what may serve."""
    known = {one.name: one for one in route.deployments}
    if sorted(each.deployment.name for each in explained) != sorted(known):
        yield f"{request.request_id}: not every deployment is explained once"
    eligible = [each.deployment for each in explained if each.eligible]
    for candidate in explained:
        name = candidate.deployment.name
        found = frozenset(each.reason for each in candidate.exclusions)
        expected = route.reasons(candidate.deployment, request)
        if expected and found != expected:
            yield f"{request.request_id}: {name} is out for {found}, not for {expected}"
        if not expected and not found <= _OF_FIRST_CHOICE:
            yield f"{request.request_id}: {name} is out for {found}, though it may serve"
        if not expected and found and route.stand_in(eligible[0], candidate.deployment, request):
            yield f"{request.request_id}: {name} is set aside, though it may stand in"
        if not all(each.description and each.eligible_if for each in candidate.exclusions):
            yield f"{request.request_id}: {name} is out without a word"
    if eligible and not all(route.stand_in(eligible[0], one, request) for one in eligible):
        yield f"{request.request_id}: the plan holds what may not stand in for its first choice"


def _wrong_attempts(route: GeneratedRoute, request: Request, attempted: set[str]) -> Iterator[str]:
    """Yield where attempts broke a constraint."""
    broken = attempted - route.may_serve(request)
    if broken:
        yield f"{request.request_id}: attempts on {sorted(broken)}, which may not serve"
    called = [one for one in route.deployments if one.name in attempted]
    possible = [one for one in route.deployments if one.name in route.may_serve(request)]
    if called and not any(
        all(route.stand_in(first, one, request) for one in called) for first in possible
    ):
        yield f"{request.request_id}: attempts on {sorted(attempted)}, which may not stand in"


async def perform(world: World, request: Request) -> RefusedError | None:
    """Make one call and ignore its failure; return the error if it was refused."""
    try:
        async with world.router.open(request) as call:
            if not request.streaming:
                await call.complete()
                return None
            ended = False
            while not ended:
                ended = isinstance((await call.receive())[-1], Finished)
    except CallFailedError:
        pass
    except RefusedError as error:
        return error
    return None
