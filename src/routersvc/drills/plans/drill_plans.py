"""The plan of a drill: deployments, load, faults, and the policy under test.

All times are seconds of virtual time since the start of the drill.
"""

from __future__ import annotations

import dataclasses
import math

from routersvc.domain.catalogue.policies import Policy, Priority
from routersvc.domain.fleet.reloading.fleet_rules import FleetRules
from routersvc.drills.plans.distributions import Constant, Distribution, LogNormal
from routersvc.drills.plans.faults import Fault

_FIRST_CONTENT = LogNormal(median=0.4, p95=1.0)
_GAP = Constant(value=0.02)
_TIMEOUT = Constant(value=120.0)
_PATIENCE = Constant(value=1.0)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedDeployment:
    """How a deployment behaves without faults.

    `first_content` is the time to the first token, `gap` the time between tokens. An answer has
    `min_tokens` to `max_tokens` tokens. `provider` is the name of the deployment unless set.
    """

    name: str
    provider: str = ""
    first_content: Distribution = _FIRST_CONTENT
    gap: Distribution = _GAP
    min_tokens: int = 4
    max_tokens: int = 12

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a deployment has a name")
        if not 1 <= self.min_tokens <= self.max_tokens:
            raise ValueError("`min_tokens` is at least 1 and at most `max_tokens`")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PoissonArrivals:
    """Poisson arrivals: `rate` calls per second, independent of each other and of the answers."""

    rate: float

    def __post_init__(self) -> None:
        if not 0 < self.rate < math.inf:
            raise ValueError(f"`rate` must be above 0 calls per second, not {self.rate}")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ClosedLoop:
    """A closed loop: `callers` make one call at a time each, with a `pause` after it."""

    callers: int
    pause: float = 0.0

    def __post_init__(self) -> None:
        if self.callers < 1:
            raise ValueError("`callers` must be at least 1")
        if not 0 <= self.pause < math.inf:
            raise ValueError("`pause` must be at least 0 seconds")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Batches:
    """Batches of `size` calls at once; the next starts `pause` after all of them have ended."""

    size: int
    pause: float = 0.0

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError("`size` must be at least 1")
        if not 0 <= self.pause < math.inf:
            raise ValueError("`pause` must be at least 0 seconds")


Arrivals = PoissonArrivals | ClosedLoop | Batches


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RequestMix:
    """The mix of requests. Shares are fractions of 1.

    `cancelled_share` are cancelled after `cancel_after`. `retried_share` are retries by the client,
    `side_effect_share` have side effects and must not run twice, `denying_share` deny one of the
    providers, drawn uniformly.
    """

    streaming_share: float = 1.0
    timeout: Distribution = _TIMEOUT
    cancelled_share: float = 0.0
    cancel_after: Distribution = _PATIENCE
    retried_share: float = 0.0
    side_effect_share: float = 0.0
    denying_share: float = 0.0
    priority: Priority = Priority.NORMAL

    def __post_init__(self) -> None:
        for name in (
            "streaming_share",
            "cancelled_share",
            "retried_share",
            "side_effect_share",
            "denying_share",
        ):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"`{name}` must be at least 0 and at most 1, not {getattr(self, name)}"
                )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DrillPlan:
    """One drill. Calls arrive for `duration` or up to `max_calls`; it ends with the last call.

    `policy` lists the deployments. `kept_records` is how many of the last calls are recorded.
    """

    name: str
    deployments: tuple[SimulatedDeployment, ...]
    policy: Policy
    arrivals: Arrivals
    duration: float
    seed: int = 0
    mix: RequestMix = RequestMix()
    faults: tuple[Fault, ...] = ()
    rules: FleetRules = dataclasses.field(default_factory=FleetRules)
    max_concurrent_calls: int = 10_000
    max_calls: int | None = None
    kept_records: int = 1_000
    traced: bool = False

    def __post_init__(self) -> None:
        names = [deployment.name for deployment in self.deployments]
        if not names:
            raise ValueError("a drill has at least one deployment")
        if len(set(names)) < len(names):
            raise ValueError("two deployments have the same name")
        for name in (*self.policy.deployments, *(fault.deployment for fault in self.faults)):
            if name not in names:
                raise ValueError(f"no deployment is named `{name}`; there are {', '.join(names)}")
        if not 0 < self.duration < math.inf:
            raise ValueError(f"`duration` must be above 0 seconds, not {self.duration}")
        if self.max_calls is not None and self.max_calls < 1:
            raise ValueError("`max_calls` must be at least 1")
        if self.kept_records < 0:
            raise ValueError("`kept_records` must be at least 0")
