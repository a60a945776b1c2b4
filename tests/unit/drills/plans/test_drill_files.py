"""Drills are read from small files, strictly."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from routersvc.domain.catalogue.modes import HedgingMode, StreamRecoveryMode
from routersvc.drills.plans.distributions import Constant, LogNormal, PowerTail, Uniform
from routersvc.drills.plans.drill_files import DrillFileError, parse_drill, read_drill
from routersvc.drills.plans.drill_plans import Batches, ClosedLoop, PoissonArrivals
from routersvc.drills.plans.faults import Fault, FaultKind
from routersvc.drills.simulation.simulation import run_drill

WHOLE = """
name: the first provider dies
seed: 7
duration: 120
deployments:
  - name: first
    provider: vendor
    first_content: {points: [[1, 0.2], [0.05, 1.5]], ceiling: 60}
    gap: {low: 0.01, high: 0.02}
    tokens: [2, 3]
  - name: second
    first_content: {median: 0.5, p95: 1.5}
arrivals: {rate: 30}
requests: {streaming_share: 0.5, timeout: {constant: 30}, cancelled_share: 0.05}
faults:
  - {deployment: first, kind: rate_limit, start: 30, end: 60, share: 0.5, retry_after: 20}
policy:
  max_attempts: 2
  stream_recovery: restart
  hedging: {mode: delayed, delay: 0.5}
  timeouts: {first_content: 10}
budgets: {share: 0.2}
"""
LEAST = """
duration: 10
deployments: [{name: only}]
arrivals: {rate: 1}
"""


def test_file_says_the_whole_plan() -> None:
    """Every section reaches the plan."""
    plan = parse_drill(WHOLE, "drill.yaml")

    first, second = plan.deployments
    assert (plan.name, plan.seed, plan.duration) == ("the first provider dies", 7, 120.0)
    assert first.provider == "vendor"
    assert first.first_content == PowerTail(points=((1.0, 0.2), (0.05, 1.5)), ceiling=60.0)
    assert first.gap == Uniform(low=0.01, high=0.02)
    assert (first.min_tokens, first.max_tokens) == (2, 3)
    assert second.first_content == LogNormal(median=0.5, p95=1.5)
    assert plan.arrivals == PoissonArrivals(rate=30.0)
    assert plan.mix.streaming_share == 0.5
    assert plan.mix.timeout == Constant(value=30.0)
    assert plan.faults == (
        Fault(
            deployment="first",
            kind=FaultKind.RATE_LIMIT,
            start=30.0,
            end=60.0,
            share=0.5,
            retry_after=20.0,
        ),
    )
    assert plan.policy.deployments == ("first", "second")
    assert plan.policy.max_attempts == 2
    assert plan.policy.stream_recovery is StreamRecoveryMode.RESTART
    assert plan.policy.hedging.mode is HedgingMode.DELAYED
    assert plan.policy.hedging.delay == 0.5
    assert plan.policy.timeouts.first_content == 10.0
    assert plan.rules.budgets.share == 0.2


def test_least_file_is_enough() -> None:
    """Duration, deployments and load are required; all else has a default."""
    plan = parse_drill(LEAST, "drill.yaml")

    assert [deployment.name for deployment in plan.deployments] == ["only"]
    assert plan.faults == ()


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        ("{callers: 3, pause: 0.5}", ClosedLoop(callers=3, pause=0.5)),
        ("{batch: 5, pause: 1}", Batches(size=5, pause=1.0)),
    ],
)
def test_arrivals_are_told_apart_by_their_keys(
    arrivals: str, expected: ClosedLoop | Batches
) -> None:
    """No word for the kind is needed."""
    plan = parse_drill(LEAST.replace("{rate: 1}", arrivals), "drill.yaml")

    assert plan.arrivals == expected


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("duration: 10", "durtion: 10", "d.yaml:2: durtion: Extra inputs are not permitted"),
        ("duration: 10", "", "d.yaml:3: duration: Field required"),
        ("duration: 10", "duration: ten", "d.yaml:2: duration: Input should be a valid number"),
        ("duration: 10", "duration: 10\nduration: 9", "d.yaml:3: duration: stands here a second"),
        ("{rate: 1}", "{speed: 1}", "d.yaml:4: arrivals: Give `rate`, `callers` or `batch`"),
        ("{rate: 1}", "{rate: 0}", "d.yaml: `rate` must be above 0 calls per second, not 0.0"),
        ("{name: only}", "{name: only, gap: {}}", "d.yaml:3: deployments[0].gap: Give `constant`"),
        (
            "{name: only}",
            "{name: only, gap: {median: 1}}",
            "d.yaml:3: deployments[0].gap.p95: Field required",
        ),
        (
            "arrivals:",
            "faults: [{deployment: none, kind: kill, start: 1}]\narrivals:",
            "d.yaml: no deployment is named `none`; there are only",
        ),
        (
            "arrivals:",
            "faults: [{deployment: only, kind: kil, start: 1}]\narrivals:",
            "d.yaml:4: faults[0].kind: Input should be 'kill', 'hang'",
        ),
        ("duration: 10", "duration: [10", "d.yaml:3: is not YAML"),
    ],
)
def test_mistake_is_named_with_its_place(before: str, after: str, problem: str) -> None:
    """File, line, key, and what is right."""
    with pytest.raises(DrillFileError) as caught:
        parse_drill(LEAST.replace(before, after), "d.yaml")

    assert any(line.startswith(problem) for line in caught.value.problems), caught.value.problems


def test_empty_file_is_no_drill() -> None:
    """Said instead of a traceback."""
    with pytest.raises(DrillFileError, match=r"d\.yaml:1: Input should be a valid dictionary"):
        parse_drill("", "d.yaml")


def test_file_is_read_and_its_seed_replaced(tmp_path: Path) -> None:
    """An operator tries the same drill with other luck."""
    path = tmp_path / "drill.yaml"
    path.write_text(WHOLE, encoding="utf-8")

    assert read_drill(path).seed == 7
    assert read_drill(path, seed=8).seed == 8


def test_missing_file_is_said(tmp_path: Path) -> None:
    """With the reason of the system."""
    with pytest.raises(DrillFileError, match="cannot be read: no such file or directory"):
        read_drill(tmp_path / "drill.yaml")


def test_binary_file_is_said(tmp_path: Path) -> None:
    """Without its content."""
    path = tmp_path / "drill.yaml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(DrillFileError, match="is not UTF-8 text"):
        read_drill(path)


def test_example_of_the_guide_works(*, thorough: bool) -> None:
    """Its first third is enough to see that the guide is up to date."""
    guide = Path(__file__).parents[4] / "docs" / "drills.md"
    example = guide.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]

    plan = parse_drill(example, "docs/drills.md")
    if not thorough:
        plan = dataclasses.replace(plan, duration=40.0)
    result = run_drill(plan)

    assert result.violations == ()
    assert result.figures.calls > 1000
