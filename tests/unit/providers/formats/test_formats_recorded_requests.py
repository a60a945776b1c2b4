"""Every recorded request: said in the contract's words and written again, it is the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from bench.wire import corpus
from bench.wire.outcomes import Outcome, Verdict
from bench.wire.requests import module_of
from bench.wire.round_trips import BEYOND, VALID, round_trips

from routersvc.app.replays.adapters import APIS


@pytest.fixture(scope="module")
def requests(shared: Path) -> Mapping[corpus.Row, Outcome]:
    """Return what came of every recorded request."""
    return round_trips(shared / "wire")


def test_recorded_requests_are_written_the_same_again(
    requests: Mapping[corpus.Row, Outcome],
) -> None:
    """What real programs ask for must not change on its way through the contract."""
    changed = {
        row.file: outcome.reason
        for row, outcome in requests.items()
        if outcome.verdict is Verdict.FAILED
    }

    assert changed == {}


def test_most_recorded_requests_can_be_said(requests: Mapping[corpus.Row, Outcome]) -> None:
    """A reader that gives up would make the comparison empty."""
    for api in APIS:
        found = [outcome.verdict for row, outcome in requests.items() if row.api == api]
        with_body = [verdict for verdict in found if verdict is not Verdict.NO_BODY]

        assert found.count(Verdict.PASSED) > len(with_body) * 0.8, api


def test_nearly_all_recorded_requests_can_be_said(
    requests: Mapping[corpus.Row, Outcome],
) -> None:
    """What cannot be said is what a vendor keeps, and what another line of the report names."""
    with_body = [one for one in requests.values() if one.verdict is not Verdict.NO_BODY]
    same = sum(one.verdict is Verdict.PASSED for one in with_body)

    assert same >= len(with_body) * 0.97
    assert all(one.reason for one in with_body if one.verdict is not Verdict.PASSED)


def test_judged_requests_are_valid(requests: Mapping[corpus.Row, Outcome]) -> None:
    """Beside being the same, they are what the vendor publishes; few are more than that."""
    judged = [one.judge for one in requests.values() if one.verdict is Verdict.PASSED]

    assert judged.count(VALID) >= 870
    assert judged.count(BEYOND) <= 4


@pytest.mark.parametrize("api", ["chat_completions", "responses"])
def test_comparison_of_requests_sees_a_difference(api: str) -> None:
    """What is taken out of both sides must not be what was asked for."""
    module = module_of(api)
    assert module is not None
    items = "messages" if api == "chat_completions" else "input"
    body = {"model": "m", items: [{"role": "user", "content": "Hi"}], "temperature": 0.5}

    same = module.plain({**body, items: [{"role": "user", "content": "Hi"}]}, "openai")

    assert module.plain(body, "openai") == same
    for change in (
        {"model": "n"},
        {"temperature": 0.6},
        {"stream": True},
        {"tools": [{"type": "function", "name": "f", "function": {"name": "f"}}]},
        {items: [{"role": "user", "content": "Ho"}]},
        {items: [{"role": "system", "content": "Hi"}]},
    ):
        assert module.plain({**body, **change}, "openai") != same, change
