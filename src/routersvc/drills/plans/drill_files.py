"""Reads a drill from a small YAML file. Unknown keys are errors; all times are seconds.

DrillFileError      the file is invalid; names line, key and problem
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError
from pydantic_core import ErrorDetails

from routersvc.domain.catalogue.modes import HedgingMode, OrderMode, StreamRecoveryMode
from routersvc.domain.catalogue.policies import HedgingRule, Policy, RetryRule, Timeouts
from routersvc.domain.fleet.attempt_budgets import BudgetRule
from routersvc.domain.fleet.fleet import FleetRules
from routersvc.drills.plans.distributions import (
    Constant,
    Distribution,
    LogNormal,
    PowerTail,
    Uniform,
)
from routersvc.drills.plans.drill_plans import (
    Arrivals,
    Batches,
    ClosedLoop,
    DrillPlan,
    PoissonArrivals,
    RequestMix,
    SimulatedDeployment,
)
from routersvc.drills.plans.faults import Fault, FaultKind

MAX_FILE_SIZE = 1 << 20
"""Bytes; a drill has a few hundred."""


class DrillFileError(Exception):
    """A drill file is invalid; `problems` name line and key."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class _Constant(_Section):
    constant: float

    def built(self) -> Distribution:
        return Constant(value=self.constant)


class _Uniform(_Section):
    low: float
    high: float

    def built(self) -> Distribution:
        return Uniform(low=self.low, high=self.high)


class _LogNormal(_Section):
    median: float
    p95: float

    def built(self) -> Distribution:
        return LogNormal(median=self.median, p95=self.p95)


class _PowerTail(_Section):
    points: list[Annotated[tuple[float, float], Field(strict=False)]]
    ceiling: float = math.inf

    def built(self) -> Distribution:
        return PowerTail(points=tuple(self.points), ceiling=self.ceiling)


def _shape(content: object) -> str | None:
    """Return which variant of a section is meant, by the keys that only one variant has."""
    if isinstance(content, BaseModel):
        return _TAGS[type(content)]
    if isinstance(content, dict):
        return next((tag for key, tag in _TAGS_BY_KEY.items() if key in content), None)
    return None


_Latency = Annotated[
    Annotated[_Constant, Tag("_constant")]
    | Annotated[_Uniform, Tag("_uniform")]
    | Annotated[_LogNormal, Tag("_lognormal")]
    | Annotated[_PowerTail, Tag("_tail")],
    Discriminator(
        _shape,
        custom_error_type="no_latency",
        custom_error_message="Give `constant`, `low` and `high`, `median` and `p95`, or `points`",
    ),
]


class _Deployment(_Section):
    name: str
    provider: str = ""
    first_content: _Latency = _LogNormal(median=0.4, p95=1.0)
    gap: _Latency = _Constant(constant=0.02)
    tokens: Annotated[tuple[int, int], Field(strict=False)] = (4, 12)

    def built(self) -> SimulatedDeployment:
        return SimulatedDeployment(
            name=self.name,
            provider=self.provider,
            first_content=self.first_content.built(),
            gap=self.gap.built(),
            min_tokens=self.tokens[0],
            max_tokens=self.tokens[1],
        )


class _Fault(_Section):
    deployment: str
    kind: Annotated[FaultKind, Field(strict=False)]
    start: float
    end: float = math.inf
    share: float = 1.0
    factor: float = 10.0
    retry_after: float | None = None
    tokens: int = 1
    interval: float = 3.0
    nth: int = 2
    period: float | None = None

    def built(self) -> Fault:
        return Fault(**{name: getattr(self, name) for name in type(self).model_fields})


class _Poisson(_Section):
    rate: float

    def built(self) -> Arrivals:
        return PoissonArrivals(rate=self.rate)


class _ClosedLoop(_Section):
    callers: int
    pause: float = 0.0

    def built(self) -> Arrivals:
        return ClosedLoop(callers=self.callers, pause=self.pause)


class _Batches(_Section):
    batch: int
    pause: float = 0.0

    def built(self) -> Arrivals:
        return Batches(size=self.batch, pause=self.pause)


_Arrivals = Annotated[
    Annotated[_Poisson, Tag("_poisson")]
    | Annotated[_ClosedLoop, Tag("_callers")]
    | Annotated[_Batches, Tag("_batch")],
    Discriminator(
        _shape,
        custom_error_type="no_arrivals",
        custom_error_message="Give `rate`, `callers` or `batch`",
    ),
]

_TAGS: dict[type[BaseModel], str] = {
    _Constant: "_constant",
    _Uniform: "_uniform",
    _LogNormal: "_lognormal",
    _PowerTail: "_tail",
    _Poisson: "_poisson",
    _ClosedLoop: "_callers",
    _Batches: "_batch",
}
_TAGS_BY_KEY = {
    "constant": "_constant",
    "low": "_uniform",
    "high": "_uniform",
    "median": "_lognormal",
    "p95": "_lognormal",
    "points": "_tail",
    "rate": "_poisson",
    "callers": "_callers",
    "batch": "_batch",
}


class _Requests(_Section):
    streaming_share: float = 1.0
    timeout: _Latency = _Constant(constant=120.0)
    cancelled_share: float = 0.0
    cancel_after: _Latency = _Constant(constant=1.0)

    def built(self) -> RequestMix:
        return RequestMix(
            streaming_share=self.streaming_share,
            timeout=self.timeout.built(),
            cancelled_share=self.cancelled_share,
            cancel_after=self.cancel_after.built(),
        )


class _Hedging(_Section):
    mode: Annotated[HedgingMode, Field(strict=False)] = HedgingMode.AUTO
    delay: float | None = None
    percentile: float = 0.95
    min_delay: float = 0.2
    max_delay: float = 20.0
    max_parallel: int | None = None


class _Timeouts(_Section):
    connect: float = 2.0
    first_content: float = 20.0
    idle: float = 20.0
    attempt: float = 60.0
    useful: float = 0.05


class _Policy(_Section):
    order: Annotated[OrderMode, Field(strict=False)] = OrderMode.BALANCED
    max_attempts: int = 3
    max_retries: int = 1
    stream_recovery: Annotated[StreamRecoveryMode, Field(strict=False)] = StreamRecoveryMode.FAIL
    hedging: _Hedging = _Hedging()
    timeouts: _Timeouts = _Timeouts()

    def built(self, deployments: tuple[str, ...]) -> Policy:
        return Policy(
            name="drill",
            deployments=deployments,
            order=self.order,
            max_attempts=self.max_attempts,
            timeouts=Timeouts(**self.timeouts.model_dump()),
            hedging=HedgingRule(**self.hedging.model_dump()),
            retries=RetryRule(max_retries=self.max_retries),
            stream_recovery=self.stream_recovery,
        )


class _Budgets(_Section):
    share: float = 0.1
    hedge_share: float = 0.05
    reserve: int = 10
    hedge_reserve: int = 2
    window: float = 10.0


class _Drill(_Section):
    name: str = "drill"
    seed: int = 0
    duration: float
    deployments: Annotated[list[_Deployment], Field(min_length=1)]
    arrivals: _Arrivals
    requests: _Requests = _Requests()
    faults: list[_Fault] = []
    policy: _Policy = _Policy()
    budgets: _Budgets = _Budgets()
    version: Literal[1] = 1

    def built(self) -> DrillPlan:
        deployments = tuple(deployment.built() for deployment in self.deployments)
        return DrillPlan(
            name=self.name,
            seed=self.seed,
            duration=self.duration,
            deployments=deployments,
            policy=self.policy.built(tuple(deployment.name for deployment in deployments)),
            arrivals=self.arrivals.built(),
            mix=self.requests.built(),
            faults=tuple(fault.built() for fault in self.faults),
            rules=FleetRules(budgets=BudgetRule(**self.budgets.model_dump())),
        )


def read_drill(path: Path, *, seed: int | None = None) -> DrillPlan:
    """Read a drill from a file; `seed` overrides the seed in the file.

    Raises:
        DrillFileError: the file cannot be read or is invalid.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_FILE_SIZE + 1)
        text = data.decode("utf-8")
    except OSError as error:
        reason = (error.strerror or "no usable file").lower()
        raise DrillFileError([f"{path}: cannot be read: {reason}"]) from error
    except UnicodeDecodeError as error:
        raise DrillFileError([f"{path}: is not UTF-8 text"]) from error
    if len(data) > MAX_FILE_SIZE:
        raise DrillFileError([f"{path}: is too large (allowed: {MAX_FILE_SIZE >> 20} MiB)"])
    plan = parse_drill(text, str(path))
    return plan if seed is None else dataclasses.replace(plan, seed=seed)


def parse_drill(text: str, file: str) -> DrillPlan:
    """Parse the text of a drill file; `file` is its name in problems.

    Raises:
        DrillFileError: the text is invalid.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        _reject_duplicate_keys(root, file)
        content: object = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f":{mark.line + 1}" if mark is not None else ""
        raise DrillFileError([f"{file}{line}: is not YAML: {error.problem}"]) from error
    except yaml.YAMLError as error:
        raise DrillFileError([f"{file}: is not YAML"]) from error
    try:
        return _Drill.model_validate(content).built()
    except ValidationError as error:
        raise DrillFileError([_problem_line(one, root, file) for one in error.errors()]) from error
    except ValueError as error:
        raise DrillFileError([f"{file}: {error}"]) from error


def _reject_duplicate_keys(node: yaml.Node | None, file: str) -> None:
    """Reject duplicate keys, of which YAML would silently keep the last."""
    left = [node]
    seen: set[int] = set()
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, yaml.SequenceNode):
            left.extend(one.value)
        if isinstance(one, yaml.MappingNode):
            keys: set[Hashable] = set()
            for key, value in one.value:
                if key.value in keys:
                    line = key.start_mark.line + 1
                    raise DrillFileError([f"{file}:{line}: {key.value}: stands here a second time"])
                keys.add(key.value)
                left.append(value)


def _problem_line(error: ErrorDetails, root: yaml.Node | None, file: str) -> str:
    """Return one problem as one line: file, line, key path, problem."""
    path: list[str] = []
    node = root
    line = 1 if root is None else root.start_mark.line + 1
    for step in error["loc"]:
        found = _below(node, step)
        if found is None:
            # The tag of a variant is no key of the file; a missing key is the last.
            if not str(step).startswith("_"):
                path.append(str(step))
            continue
        node = found
        line = node.start_mark.line + 1
        path.append(f"[{step}]" if isinstance(step, int) else str(step))
    where = ".".join(path).replace(".[", "[")
    return f"{file}:{line}: {where + ': ' if where else ''}{error['msg']}"


def _below(node: yaml.Node | None, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None
