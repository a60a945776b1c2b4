"""A real router in front of scripted deployments, and builders for what it needs."""

from __future__ import annotations

import asyncio
import dataclasses
import random as random_module
from collections.abc import Mapping, Sequence

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.modes import HedgingMode, OrderMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import HedgingRule, Policy, RetryRule, Timeouts
from routersvc.domain.catalogue.prices import Prices
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.explaining.remembered_decisions import DecisionRule
from routersvc.domain.fleet.reloading.fleet_rules import FleetRules
from routersvc.domain.fleet.state_changes import StateChange
from routersvc.domain.outcomes.attempt_reports import AttemptReason, AttemptReport
from routersvc.domain.outcomes.errors import RefusedError
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.profiling.profiles import Profiler
from routersvc.engine.ports import DecisionLog
from routersvc.engine.router import Router, RouterConfiguration
from routersvc.testing.scripted import Script, ScriptedGateway

PRICES = Prices(input=1.0, output=2.0)
TIMEOUTS = Timeouts(connect=2.0, first_content=20.0, idle=20.0, attempt=60.0, useful=0.05)
Ending = tuple[RouteReport, BaseException | None]
NO_HEDGING = HedgingRule(mode=HedgingMode.OFF)


def scripted_deployment(
    name: str,
    *,
    provider: str = "",
    credential: str = "",
    model: Model | None = None,
    cancel_stops_billing: bool = True,
) -> Deployment:
    """Return a deployment with all capabilities but reasoning, which has timeouts of its own.

    Unless named, its provider has the name of the deployment.
    """
    return Deployment(
        name=name,
        provider=Provider(
            name=provider or name,
            wire_format="scripted",
            cancel_stops_billing=cancel_stops_billing,
        ),
        model=model
        or Model(
            name="model",
            context_window=128_000,
            capabilities=frozenset(Capability) - {Capability.REASONING},
            prices=PRICES,
        ),
        wire_model="scripted-model",
        credential=credential or f"{name} key",
    )


def scripted_policy(
    deployments: Sequence[str],
    *,
    max_attempts: int = 3,
    timeouts: Timeouts = TIMEOUTS,
    retries: RetryRule | None = None,
    stream_recovery: StreamRecoveryMode = StreamRecoveryMode.FAIL,
    failover_on_refusal: bool = False,
    order: OrderMode = OrderMode.FIXED,
) -> Policy:
    """Return a policy over `deployments`, in this order, without hedging."""
    return Policy(
        name="drill",
        deployments=tuple(deployments),
        max_attempts=max_attempts,
        timeouts=timeouts,
        hedging=NO_HEDGING,
        order=order,
        retries=retries or RetryRule(),
        stream_recovery=stream_recovery,
        failover_on_refusal=failover_on_refusal,
    )


def scripted_request(
    *,
    text: str = "What is the time?",
    streaming: bool = True,
    timeout: float = 120.0,
    routing: Routing | None = None,
    tenant: str = "",
) -> Request:
    """Return a request with one user message."""
    message = Message(role=Role.USER, parts=(TextPart(text=text),))
    return Request(
        request_id="request",
        prompt=Prompt(messages=(message,)),
        routing=routing or Routing(),
        streaming=streaming,
        timeout=timeout,
        tenant=tenant,
    )


@dataclasses.dataclass(kw_only=True, slots=True)
class RecordedAttempt:
    """One attempt as the observer saw it; `ends` holds exactly one report once it has ended."""

    deployment: str
    number: int
    reason: AttemptReason
    started_at: float
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    ends: list[AttemptReport] = dataclasses.field(default_factory=list[AttemptReport])

    def ended(self, attempt: AttemptReport) -> None:
        """Record the end of the attempt."""
        self.ends.append(attempt)


@dataclasses.dataclass(kw_only=True, slots=True)
class RecordingObserver:
    """An observer that records every attempt, every end of a call and every refused call."""

    attempts: list[RecordedAttempt] = dataclasses.field(default_factory=list[RecordedAttempt])
    ends: list[Ending] = dataclasses.field(default_factory=list[Ending])
    refusals: list[RefusedError] = dataclasses.field(default_factory=list[RefusedError])
    changes: list[StateChange] = dataclasses.field(default_factory=list[StateChange])
    requests: list[Request] = dataclasses.field(default_factory=list[Request])

    def attempt_started(
        self, *, request: Request, deployment: Deployment, number: int, reason: AttemptReason
    ) -> RecordedAttempt:
        """Record the start of an attempt."""
        attempt = RecordedAttempt(
            deployment=deployment.name,
            number=number,
            reason=reason,
            started_at=asyncio.get_running_loop().time(),
            headers={"x-request": request.request_id},
        )
        self.attempts.append(attempt)
        return attempt

    def call_ended(
        self, *, request: Request, report: RouteReport, error: BaseException | None
    ) -> None:
        """Record the end of a call."""
        self.requests.append(request)
        self.ends.append((report, error))

    def call_refused(self, *, request: Request, error: RefusedError) -> None:
        """Record a refused call."""
        self.requests.append(request)
        self.refusals.append(error)

    def state_changed(self, change: StateChange) -> None:
        """Record a change of the fleet."""
        self.changes.append(change)


class World:
    """A real router, with `policy`, in front of scripted deployments.

    `scripts` and `checks` are those of `ScriptedGateway`; each name in `scripts` becomes a
    deployment, the one of `deployments` with this name or else a `scripted_deployment`. `policy`
    lists all of them in the order of `scripts` by default. Needs a running loop, whose clock the
    router takes. `gateway` and `observer` record what happened.
    """

    def __init__(  # noqa: PLR0913 - each is a thing that a drill or a test sets
        self,
        scripts: Mapping[str, Sequence[Script]],
        *,
        policy: Policy | None = None,
        deployments: Sequence[Deployment] = (),
        seed: int = 0,
        max_concurrent_calls: int = 1000,
        rules: FleetRules | None = None,
        checks: Mapping[str, Sequence[Failure | None]] | None = None,
        tenants: Sequence[Tenant] = (),
        decisions: DecisionRule | None = None,
        wall_clock: float = 0.0,
        profiler: Profiler | None = None,
        decision_log: DecisionLog | None = None,
    ) -> None:
        known = {deployment.name: deployment for deployment in deployments}
        self.gateway = ScriptedGateway(scripts, checks=checks)
        self.observer = RecordingObserver()
        self.router = Router(
            configuration=RouterConfiguration(
                catalogue=Catalogue(
                    deployments={
                        name: known.get(name) or scripted_deployment(name) for name in scripts
                    }
                ),
                policies={"drill": policy or scripted_policy(list(scripts))},
                default_policy="drill",
                digest="drill",
                max_concurrent_calls=max_concurrent_calls,
                rules=rules or FleetRules(),
                tenants={tenant.name: tenant for tenant in tenants},
                decisions=decisions or DecisionRule(),
                profiler=profiler or Profiler(),
            ),
            gateway=self.gateway,
            observer=self.observer,
            clock=asyncio.get_running_loop().time,
            wall_clock=lambda: wall_clock,
            random=random_module.Random(seed),
            decision_log=decision_log,
        )

    def leftovers(self) -> dict[str, int]:
        """Return the counts of what still runs or was not released; empty if nothing is left."""
        counts = {
            "active calls": self.router.active_calls,
            "running attempts": self.router.running_attempts,
            "waiting tickets": self.router.waiting_tickets,
            "running tasks": self.router.running_tasks,
            "running checks": self.router.running_checks,
            "open streams": self.gateway.open_streams,
            "reservations": self.router.reservations,
            "attempts without an end": sum(
                len(attempt.ends) != 1 for attempt in self.observer.attempts
            ),
        }
        return {name: count for name, count in counts.items() if count}
