"""The measured calls: directly to the gateway, and through the router."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import random as random_module
import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from bench.reliability.instant_gateway import TOKENS, InstantGateway
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import HedgingMode, OrderMode
from routersvc.domain.catalogue.policies import HedgingRule, Policy
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.explaining.remembered_decisions import DecisionRule
from routersvc.domain.fleet.fleet import Fleet
from routersvc.domain.fleet.state_changes import StateChange
from routersvc.domain.outcomes.attempt_reports import AttemptReason, AttemptReport
from routersvc.domain.outcomes.errors import RefusedError
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.planning.planner import Planner
from routersvc.domain.planning.plans import PlannedRequest, RefusedRequest
from routersvc.engine.ports import AttemptCall
from routersvc.engine.router import Router, RouterConfiguration
from routersvc.testing.worlds import TIMEOUTS, scripted_deployment, scripted_request

DEPLOYMENTS = ("first", "second", "third")

_PLANS = 64
"""Different orders of the same deployments, drawn as for calls."""

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """The kind of call; `tokens` is the length of a stream, or 0 for a unary call."""

    name: str
    tokens: int
    order: OrderMode
    hedging: HedgingMode

    @property
    def streaming(self) -> bool:
        """Whether the answer is streamed."""
        return self.tokens > 0


LAYERS = tuple(
    Layer(
        name=f"{kind}, {order.value} order, hedging {hedging.value}",
        tokens=tokens,
        order=order,
        hedging=hedging,
    )
    for kind, tokens in (("unary", 0), ("stream, 1 token", 1), (f"stream, {TOKENS} tokens", TOKENS))
    for order, hedging in (
        (OrderMode.FIXED, HedgingMode.OFF),
        (OrderMode.BALANCED, HedgingMode.OFF),
        (OrderMode.BALANCED, HedgingMode.DELAYED),
    )
)


class _Unobserved:
    """An attempt that is not observed."""

    headers = _NO_HEADERS

    def ended(self, attempt: AttemptReport) -> None:
        """Do nothing."""


class _SilentObserver:
    """An observer that does nothing: metrics and log lines are measured elsewhere."""

    def attempt_started(
        self, *, request: Request, deployment: Deployment, number: int, reason: AttemptReason
    ) -> _Unobserved:
        """Do nothing."""
        del request, deployment, number, reason
        return _Unobserved()

    def call_ended(
        self, *, request: Request, report: RouteReport, error: BaseException | None
    ) -> None:
        """Do nothing."""

    def call_refused(self, *, request: Request, error: RefusedError) -> None:
        """Do nothing."""

    def state_changed(self, change: StateChange) -> None:
        """Do nothing."""


def _catalogue() -> Catalogue:
    return Catalogue(deployments={name: scripted_deployment(name) for name in DEPLOYMENTS})


def _policy(layer: Layer) -> Policy:
    return Policy(
        name="measured",
        deployments=DEPLOYMENTS,
        order=layer.order,
        max_attempts=3,
        timeouts=TIMEOUTS,
        hedging=HedgingRule(mode=layer.hedging),
    )


def make_router(layer: Layer, *, decisions: DecisionRule | None = None) -> Router:
    """Return a router with three equal deployments that answer at once, for the running loop."""
    policy = _policy(layer)
    return Router(
        configuration=RouterConfiguration(
            catalogue=_catalogue(),
            policies={policy.name: policy},
            default_policy=policy.name,
            digest="bench",
            max_concurrent_calls=1000,
            decisions=decisions or DecisionRule(),
        ),
        gateway=InstantGateway(layer.tokens),
        observer=_SilentObserver(),
        clock=asyncio.get_running_loop().time,
        wall_clock=time.monotonic,
        random=random_module.Random(1),
    )


def routed(router: Router, layer: Layer) -> Callable[[], Awaitable[None]]:
    """Return a function that makes one call through the router."""
    request = scripted_request(streaming=layer.streaming)

    async def unary() -> None:
        async with router.open(request) as call:
            await call.complete()

    async def stream() -> None:
        async with router.open(request) as call:
            while not isinstance((await call.receive())[-1], Finished):
                pass

    return stream if layer.streaming else unary


class _Planned:
    """A planner whose plans were made in advance, in several orders."""

    def __init__(self, planner: Planner, fleet: Fleet, request: Request) -> None:
        self._planned = itertools.cycle(
            [
                planner.plan(request, fleet.planning_view(0.0), budget=None, at=0.0)
                for _ in range(_PLANS)
            ]
        )

    def plan(self, *_: object, **__: object) -> PlannedRequest | RefusedRequest:
        """Return the next plan."""
        return next(self._planned)


def make_planned_router(layer: Layer) -> Router:
    """Return a router with plans made in advance that records no decisions."""
    router = make_router(layer, decisions=DecisionRule(kept=0))
    policy = _policy(layer)
    catalogue = _catalogue()
    planner = Planner(
        catalogue=catalogue, policies={policy.name: policy}, default_policy=policy.name
    )
    fleet = Fleet(catalogue.deployments.values(), random=random_module.Random(1))
    request = scripted_request(streaming=layer.streaming)
    # The one way to leave out planning alone: its cost has benches of its own.
    vars(vars(router)["_current"])["planner"] = _Planned(planner, fleet, request)
    return router


def direct(layer: Layer) -> Callable[[], Awaitable[None]]:
    """Return a function that makes the same call directly to the gateway, in a task too."""
    gateway = InstantGateway(layer.tokens)
    request = scripted_request(streaming=layer.streaming)
    call = AttemptCall(
        deployment=scripted_deployment(DEPLOYMENTS[0]),
        prompt=request.prompt,
        streaming=layer.streaming,
        connect_timeout=TIMEOUTS.connect,
        timeout=TIMEOUTS.attempt,
    )

    async def ask() -> None:
        stream = gateway.open(call)
        try:
            while not isinstance((await stream.receive())[-1], Finished):
                pass
        finally:
            await stream.aclose()

    return ask
