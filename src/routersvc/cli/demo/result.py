"""The result of the demo as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from routersvc.cli.demo.outcomes import Tally
from routersvc.cli.demo.scenario import Scenario
from routersvc.cli.demo.views import DIRECT, ROUTED


def result_entries(tallies: Mapping[str, Tally], plot: Scenario) -> dict[str, object]:
    """Return the results of all calls as a JSON object; times are in seconds."""
    return {
        "duration": plot.duration,
        "killed_at": plot.killed_at,
        "revived_at": plot.revived_at,
        "routed": _entries(tallies[ROUTED]),
        "direct": _entries(tallies[DIRECT]),
    }


def _entries(tally: Tally) -> dict[str, object]:
    return {
        "calls": len(tally.outcomes),
        "failed": tally.failed,
        "failures": tally.failures(),
        "rerouted": tally.rerouted,
        "failovers": tally.failovers,
        "streams_recovered": tally.recovered,
        "streams_asked_again": tally.asked_again,
        "hedges": tally.hedges,
        "hedges_won": tally.hedges_won,
        "hedged_cost_usd": tally.hedged_cost,
        "served_cost_usd": tally.served_cost,
        "answered_by": tally.answered_by(),
        "lost_attempts": tally.lost_attempts(),
        "latency": {
            f"{kind}_{state}": dataclasses.asdict(
                tally.times(streaming=streaming, primary_dead=dead)
            )
            for streaming, kind in ((False, "whole_answer"), (True, "first_words"))
            for dead, state in ((False, "primary_alive"), (True, "primary_dead"))
        },
        "first_words_parts": {
            state: {
                part: dataclasses.asdict(times)
                for part, times in tally.first_content_parts(primary_dead=dead).items()
            }
            for dead, state in ((False, "primary_alive"), (True, "primary_dead"))
        },
    }
