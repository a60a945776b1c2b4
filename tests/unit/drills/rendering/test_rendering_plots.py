"""What a drill shows over its time: columns, curves, the picture, and the same for programs."""

from __future__ import annotations

import array
import collections
import dataclasses
import json
from xml.etree import ElementTree as ET

import pytest

from routersvc.drills.figures.drill_columns import columns_of
from routersvc.drills.figures.drill_figures import CallOutcome, Second
from routersvc.drills.plans.drill_files import parse_drill
from routersvc.drills.rendering.braille_charts import BLANK, curve, merged
from routersvc.drills.rendering.drill_entries import entries_of
from routersvc.drills.rendering.svg_plots import svg_plot
from routersvc.drills.simulation.simulation import run_drill

SVG = "{http://www.w3.org/2000/svg}"

PLAN = parse_drill(
    """
name: an <outage> & more
duration: 20
deployments:
  - {name: a, first_content: {constant: 0.25}, gap: {constant: 0}, tokens: [1, 1]}
  - {name: b, first_content: {constant: 0.25}, gap: {constant: 0}, tokens: [1, 1]}
arrivals: {batch: 2, pause: 0.75}
faults: [{deployment: a, kind: kill, start: 5, end: 10}]
policy: {order: fixed}
""",
    "drill.yaml",
)


def test_columns_add_up_whole_seconds() -> None:
    """Counts are sums; a share is of those calls whose end the router had a say in."""
    seconds = [
        Second(
            arrived=2,
            extra=1,
            outcomes=collections.Counter({CallOutcome.COMPLETED: 1, CallOutcome.LEFT: 5}),
            attempts=collections.Counter(a=3),
            failures=collections.Counter(a=1),
            first_contents=array.array("d", [0.5]),
        ),
        Second(
            arrived=2,
            outcomes=collections.Counter({CallOutcome.FAILED: 1}),
            attempts=collections.Counter(b=1),
            first_contents=array.array("d", [0.25]),
        ),
        Second(),
    ]

    first, last = columns_of(seconds, most=2)

    assert (first.start, first.length, first.arrived, first.extra) == (0, 2, 4, 1)
    assert first.completed_share == 0.5
    assert first.extra_share == 0.25
    assert first.share_of("a") == 0.75
    assert first.failures == {"a": 1}
    assert (first.first_content_p50, first.first_content_p95) == (0.25, 0.5)
    assert last.start == 2
    assert last.completed_share is None
    assert last.extra_share is None
    assert last.share_of("a") is None
    assert last.first_content_p50 is None


def test_no_more_columns_than_wanted() -> None:
    """Also where the seconds do not divide evenly."""
    assert len(columns_of([Second()] * 121, most=60)) == 41
    assert len(columns_of([Second()] * 7, most=60)) == 7
    assert columns_of([], most=60) == ()


def test_columns_of_no_width_are_refused() -> None:
    """Rather than divided by."""
    with pytest.raises(ValueError, match="at least 1 column, not 0"):
        columns_of([Second()], most=0)


def test_curve_marks_values_on_a_logarithmic_axis() -> None:
    """The lowest value is the lowest dot, the middle of the decades the middle one."""
    assert curve([1.0, 10.0], low=1.0, high=100.0, height=1) == ("⡠",)
    assert curve([100.0, 100.0], low=1.0, high=100.0, height=2) == ("⠉", BLANK)


def test_curve_joins_neighbours_and_leaves_gaps() -> None:
    """A jump is a line in its column; where nothing is known there is no dot."""
    assert curve([1.0, 100.0, None, 1.0], low=1.0, high=100.0, height=2) == ("⢸⠀", "⡸⢀")


def test_curve_holds_what_leaves_the_axis_at_its_end() -> None:
    """Nothing is drawn outside of the chart."""
    assert curve([0.001, 1e9], low=1.0, high=10.0, height=1) == ("⡸",)


@pytest.mark.parametrize(("low", "high", "height"), [(0.0, 1.0, 1), (1.0, 1.0, 1), (1.0, 2.0, 0)])
def test_axis_that_is_none_is_refused(low: float, high: float, height: int) -> None:
    """A logarithmic axis needs a value above 0."""
    with pytest.raises(ValueError, match="`low` must be above 0"):
        curve([1.0], low=low, high=high, height=height)


def test_merged_has_the_dots_of_both() -> None:
    """Two curves share a character."""
    assert merged("⠉", "⣀") == "⣉"
    assert merged(BLANK, "⡇") == "⡇"


def test_picture_is_a_document_with_curves_and_faults() -> None:
    """Names are text in it, never markup."""
    document = ET.fromstring(svg_plot(run_drill(PLAN)))  # noqa: S314 - written by the code under test

    texts = [text.text for text in document.iter(f"{SVG}text")]
    assert "an <outage> & more, seed 0" in texts
    assert [title.text for title in document.iter(f"{SVG}title")] == ["a: kill"] * 3
    curves = [line.get("points", "").split() for line in document.iter(f"{SVG}polyline")]
    assert len(curves) == 5, "two quantiles, completed calls, two deployments"
    on_a, on_b = curves[-2:]
    assert len(on_a) == len(on_b) == 20
    # In the outage nothing new goes to the dead one: its curve lies on the axis at the bottom.
    assert on_a[7].split(",")[1] > on_b[7].split(",")[1]


def test_picture_of_two_drills_shows_both() -> None:
    """One below the other."""
    result = run_drill(PLAN)
    other = dataclasses.replace(result, plan=dataclasses.replace(PLAN, name="another"))

    document = ET.fromstring(svg_plot(result, other))  # noqa: S314 - written by the code under test

    places = {
        text.text: float(text.get("y", "0"))
        for text in document.iter(f"{SVG}text")
        if text.get("font-size") == "15"
    }
    assert places["another, seed 0"] > places["an <outage> & more, seed 0"] + 400


def test_entries_hold_what_the_table_shows() -> None:
    """For programs, as JSON."""
    result = run_drill(PLAN)

    entries = json.loads(json.dumps(entries_of(result)))

    assert entries["calls"] == 40
    assert entries["outcomes"]["completed"] == 40
    assert entries["outcomes"]["broken_off"] == 0
    assert entries["call_duration"] == {"p50": 0.25, "p95": 0.25, "p99": 0.25, "p999": 0.25}
    failed = entries["deployments"]["a"]["failures"]
    assert sum(failed.values()) == sum(
        entry["failures"].get("a", 0) for entry in entries["over_time"]
    )
    assert sum(failed.values()) > 0
    assert sum(entry["arrived"] for entry in entries["over_time"]) == 40
    assert entries["violations"] == []


def test_progress_is_told_at_each_arrival() -> None:
    """And does not change the drill."""
    told: list[float] = []
    traced = dataclasses.replace(PLAN, traced=True)

    watched = run_drill(traced, progress=told.append)

    assert told == [float(second) for second in range(20) for _ in range(2)]
    assert watched.trace == run_drill(traced).trace
