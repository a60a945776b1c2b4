"""Runs drills: the real router against simulated deployments in virtual time.

The same plan gives the same events at the same times. Hours pass in seconds.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random as random_module
from collections.abc import Callable, Mapping

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.fleet.health import DeploymentHealth
from routersvc.domain.fleet.state_changes import StateChange
from routersvc.domain.outcomes.attempt_reports import AttemptReason, AttemptReport
from routersvc.domain.outcomes.errors import RefusedError
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.drills.figures.drill_figures import DrillFigures
from routersvc.drills.plans.drill_plans import DrillPlan
from routersvc.drills.promises.promise_records import Violation
from routersvc.drills.promises.promises import PromiseKeeper
from routersvc.drills.promises.received_answers import ReceivedAnswer
from routersvc.drills.simulation.callers import Callers
from routersvc.drills.simulation.simulated_deployments import REQUEST_HEADER, SimulatedGateway
from routersvc.engine.router import Router, RouterConfiguration
from routersvc.testing.virtual_time import run_in_virtual_time
from routersvc.testing.worlds import scripted_deployment


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DrillResult:
    """The result of a drill.

    `health` is the health of each deployment at the end. `violations` is empty if the drill was not
    checked. `trace` has a line for every event if the plan is traced.
    """

    plan: DrillPlan
    figures: DrillFigures
    health: tuple[DeploymentHealth, ...]
    violations: tuple[Violation, ...]
    trace: tuple[str, ...]


Progress = Callable[[float], object]
"""Called at each arrival with the seconds of the drill that have passed."""


def run_drill(
    plan: DrillPlan, *, checked: bool = True, progress: Progress | None = None
) -> DrillResult:
    """Run a drill and return its result. Must not be called from a running loop.

    `checked` checks the promises after every event, which takes about a quarter longer.
    """
    return run_in_virtual_time(perform_drill(plan, checked=checked, progress=progress))


async def perform_drill(
    plan: DrillPlan, *, checked: bool = True, progress: Progress | None = None
) -> DrillResult:
    """Run a drill in the running loop, on its clock."""
    clock = asyncio.get_running_loop().time
    observer = _DrillObserver(plan, clock, progress)
    gateway = SimulatedGateway(plan, observer.speaks)
    router = Router(
        configuration=RouterConfiguration(
            catalogue=Catalogue(
                deployments={
                    one.name: scripted_deployment(one.name, provider=one.provider)
                    for one in plan.deployments
                }
            ),
            policies={plan.policy.name: plan.policy},
            default_policy=plan.policy.name,
            digest="drill",
            max_concurrent_calls=plan.max_concurrent_calls,
            rules=plan.rules,
        ),
        gateway=gateway,
        observer=observer,
        clock=clock,
        wall_clock=lambda: 0.0,
        random=random_module.Random(f"{plan.seed} router"),
    )
    if checked:
        observer.keeper = PromiseKeeper(
            plan,
            clock=clock,
            health=lambda name: router.health(deployments=(name,))[0],
            open_streams_of=gateway.open_streams_of,
        )
    router.start_checks()
    await Callers(plan, router, observer).come()
    # A stream that finished with its call is closed one step of the loop later.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await router.stop_checks()
    if observer.keeper is not None:
        observer.keeper.over(
            {
                "active calls": router.active_calls,
                "running attempts": router.running_attempts,
                "waiting tickets": router.waiting_tickets,
                "running tasks": router.running_tasks,
                "running checks": router.running_checks,
                "open streams": gateway.open_streams,
            }
        )
    return DrillResult(
        plan=plan,
        figures=observer.figures,
        health=router.health(),
        violations=() if observer.keeper is None else tuple(observer.keeper.violations),
        trace=tuple(observer.trace),
    )


class _AttemptWatch:
    """Observes one attempt."""

    __slots__ = ("_observer", "_request_id", "headers", "number")

    def __init__(self, observer: _DrillObserver, request_id: str, number: int) -> None:
        self._observer = observer
        self._request_id = request_id
        self.number = number
        self.headers: Mapping[str, str] = {REQUEST_HEADER: request_id}

    def ended(self, attempt: AttemptReport) -> None:
        """Report the end of the attempt."""
        self._observer.attempt_ended(self._request_id, self.number, attempt)


class _DrillObserver:
    """Passes events to the statistics, the checks and the trace."""

    def __init__(
        self, plan: DrillPlan, clock: Callable[[], float], progress: Progress | None
    ) -> None:
        self.figures = DrillFigures(kept_records=plan.kept_records)
        self.keeper: PromiseKeeper | None = None
        self.trace: list[str] = []
        self._traced = plan.traced
        self._clock = clock
        self._progress = progress

    def arrives(self, request: Request) -> None:
        """Report the arrival of a call."""
        if self._progress is not None:
            self._progress(self._clock())
        self.figures.arrived(self._clock())
        if self.keeper is not None:
            self.keeper.arrives(request)
        self._write(request.request_id, f"arrives for {request.timeout:.6f} s")

    def hears(self, request: Request, answer: ReceivedAnswer) -> None:
        """Trace that a caller received events."""
        self._write(request.request_id, "hears the end" if answer.finished else "hears")

    def speaks(self, request_id: str, deployment: str) -> None:
        """Report the first content of an attempt."""
        if self.keeper is not None:
            self.keeper.speaks(request_id, deployment)
        self._write(request_id, f"{deployment} speaks")

    def leaves(self, request: Request, answer: ReceivedAnswer, error: BaseException | None) -> None:
        """Report that a call has ended for its caller."""
        if self.keeper is not None:
            self.keeper.leaves(request, answer, error)
        self._write(request.request_id, f"leaves with {type(error).__name__}")

    def attempt_started(
        self, *, request: Request, deployment: Deployment, number: int, reason: AttemptReason
    ) -> _AttemptWatch:
        """Report the start of an attempt."""
        self.figures.started(deployment.name, reason, self._clock())
        if self.keeper is not None:
            number = self.keeper.started(request, deployment, reason)
        self._write(
            request.request_id, f"attempt {number} on {deployment.name} starts: {reason.value}"
        )
        return _AttemptWatch(self, request.request_id, number)

    def attempt_ended(self, request_id: str, number: int, report: AttemptReport) -> None:
        """Report the end of an attempt."""
        self.figures.attempt_ended(report, self._clock())
        if self.keeper is not None:
            self.keeper.ended(request_id, number, report)
        why = "" if report.failure is None else f" {report.failure.failure_class.value}"
        self._write(request_id, f"attempt {number} ends: {report.outcome.value}{why}")

    def call_ended(
        self, *, request: Request, report: RouteReport, error: BaseException | None
    ) -> None:
        """Report the end of a call."""
        self.figures.ended(request.request_id, report, error, self._clock())
        if self.keeper is not None:
            self.keeper.told(request, error)

    def call_refused(self, *, request: Request, error: RefusedError) -> None:
        """Report a refused call."""
        self.figures.refused(self._clock())
        if self.keeper is not None:
            self.keeper.refused(request)
        self._write(request.request_id, f"is refused: {type(error).__name__}")

    def state_changed(self, change: StateChange) -> None:
        """Write a change of the fleet into the trace."""
        subject = change.deployment or change.credential or change.model
        self._write("fleet", f"{change.kind.value}: {subject}")

    def _write(self, request_id: str, what: str) -> None:
        if self._traced:
            self.trace.append(f"{self._clock():.6f} {request_id} {what}")
