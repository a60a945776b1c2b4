"""Attempts over time, drawn in characters."""

from __future__ import annotations

from rich.text import Text

from routersvc.cli.views.timelines import LEGEND, plan_timeline, report_timeline
from routersvc.grpc_api.client.messages import Explanation, RouteReport, read_message

ALPHA = {"deployment": "alpha", "provider": "a", "model": "large"}
BETA = {"deployment": "beta", "provider": "b", "model": "large"}
GAMMA = {"deployment": "gamma", "provider": "c", "model": "mini"}
LIMITS = {"max_attempts": 3, "timeout": "20s", "first_content_timeout": "8s"}


def planned(width: int = 60, **plan: object) -> list[str]:
    """Return the lines of the picture of a plan."""
    explanation = read_message(Explanation, {"plan": {**LIMITS, **plan}})
    return plain(plan_timeline(explanation, width))


def steps(*deployments: object) -> list[dict[str, object]]:
    """Return the steps of a plan without anything in their way."""
    return [{"deployment": deployment} for deployment in deployments]


def ran(width: int, **report: object) -> list[str]:
    """Return the lines of the picture of what became of a request, without the legend."""
    *lines, legend = plain(report_timeline(read_message(RouteReport, report), width))
    assert legend == LEGEND
    return lines


def attempt(name: str, outcome: str, start: str, **fields: object) -> dict[str, object]:
    """Return an attempt that was made first."""
    return {
        "deployment": {"deployment": name},
        "reason": "ATTEMPT_REASON_FIRST",
        "outcome": f"ATTEMPT_OUTCOME_{outcome}",
        "start_delay": start,
        **fields,
    }


def plain(lines: list[Text]) -> list[str]:
    """Return the characters alone."""
    return [line.plain for line in lines]


def test_a_plan_shows_what_starts_when() -> None:
    """The first at once, a hedge after its delay, each until its first words are overdue."""
    assert planned(steps=steps(ALPHA, BETA, GAMMA), hedge_delay="2s") == [
        "          0         5 s       10 s",
        "alpha     ━━━━━━━━━━━━━━━━┫           first",
        "beta          ━━━━━━━━━━━━━━━━┫       hedge after 2 s",
        "gamma     ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  when those before fail",
        "deadline                           →  20 s",
    ]


def test_a_plan_shows_its_limits() -> None:
    """A near deadline is on the scale; attempts above the limit are never called."""
    assert planned(steps=steps(ALPHA, BETA, GAMMA), max_attempts=2, timeout="9s") == [
        "          0             5 s",
        "alpha     ━━━━━━━━━━━━━━━━━━━━━━┫     first",
        "beta      ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  when those before fail",
        "gamma                                 beyond 2 attempts",
        "deadline                           ┃  9 s",
    ]


def test_a_plan_shows_who_cannot_be_called_now() -> None:
    """The next one is called in its place; it may be called when its wait is over."""
    resting = {"deployment": ALPHA, "not_before_delay": "4s"}

    assert planned(steps=[resting, *steps(BETA)]) == [
        "          0                 5 s",
        "alpha                   ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  not for 4 s",
        "beta      ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┫         first",
        "deadline                                      →  20 s",
    ]
    assert planned(steps=[resting]) == [
        "          0             2 s            4 s",
        "alpha                                  ┄┄┄┄┄┄┄┄  not for 4 s",
        "deadline                                      →  20 s",
    ]


def test_an_obstacle_without_an_end_is_shown_by_its_reason() -> None:
    """The instant at which a place becomes free is unknown."""
    full = {"deployment": ALPHA, "obstacle": {"reason": "OBSTACLE_REASON_FULL"}}
    explanation = read_message(
        Explanation, {"plan": {**LIMITS, "steps": steps(ALPHA, BETA)}, "candidates": [full]}
    )

    assert plain(plan_timeline(explanation, 60)) == [
        "          0               5 s",
        "alpha     ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  not now (full)",
        "beta      ━━━━━━━━━━━━━━━━━━━━━━━━━━┫         first",
        "deadline                                   →  20 s",
    ]


def test_a_past_decision_shows_its_attempts_as_they_ran() -> None:
    """When each began, when its words came, when and how it ended."""
    failed = attempt(
        "alpha", "FAILED", "0s", duration="0.5s", failure_class="FAILURE_CLASS_CONNECT"
    )
    served = attempt(
        "beta",
        "SERVED",
        "0.5s",
        duration="1.5s",
        time_to_first_content="0.5s",
        reason="ATTEMPT_REASON_FAILOVER",
    )
    lost = attempt("gamma", "LOST", "0.8s", duration="0.2s", reason="ATTEMPT_REASON_HEDGE")

    assert ran(60, duration="2s", attempts=[failed, served, lost]) == [
        "       0             1 s",
        "alpha  ░░░░░░░✗                      first: failed (connect)",
        "beta          ░░░░░░░█████████████✓  failover: served",
        "gamma             ░░░│               hedge: lost",
    ]


def test_an_attempt_that_runs_has_no_end() -> None:
    """It is drawn as far as is known."""
    running = attempt("alpha", "UNSPECIFIED", "0s", time_to_first_content="1s")

    assert ran(60, attempts=[running]) == [
        "       0               500 ms",
        "alpha  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░█  first: still runs",
    ]


def test_the_shortest_attempt_is_seen() -> None:
    """The scale is that of what happened, be it a tenth of a millisecond."""
    refused = attempt("alpha", "FAILED", "0s", duration="0.0001s")

    assert ran(60, duration="0.0001s", attempts=[refused]) == [
        "       0                 0.1 ms",
        "alpha  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░✗  first: failed",
    ]


def test_long_names_leave_room_for_the_picture() -> None:
    """A terminal of 80 cells is wide enough for any."""
    broken = attempt(
        "a-deployment-with-a-very-long-name",
        "BROKEN",
        "0s",
        duration="2s",
        time_to_first_content="1s",
        failure_class="FAILURE_CLASS_FIRST_CONTENT_TIMEOUT",
    )

    assert ran(80, duration="2s", attempts=[broken]) == [
        "                          0",
        "a-deployment-with-a-ver…  ░░░░░░░███████✗  first: broken (first content timeout)",
    ]


def test_what_has_nothing_to_show_has_no_picture() -> None:
    """Nothing was tried, or nothing may be."""
    assert plain(report_timeline(read_message(RouteReport, {}), 60)) == []
    assert planned() == []
    assert planned(steps=steps(ALPHA), timeout="0s") == []
