"""What a tool of a provider did crosses the contract in both directions."""

from __future__ import annotations

import dataclasses

import pytest

from llmrouter.v1 import prompt_pb2
from routersvc.domain.conversation.deltas import HostedDelta
from routersvc.domain.conversation.hosted_activities import (
    HostedActivity,
    HostedSource,
    HostedStatus,
)
from routersvc.grpc_api.inbound.hosted_activities import activity_of
from routersvc.grpc_api.inbound.violations import Violations
from routersvc.grpc_api.outbound.answers import stream_responses
from routersvc.grpc_api.outbound.hosted_activities import write_activity

ACTIVITY = HostedActivity(
    tool="web_search",
    activity_id="1",
    name="search",
    server="docs",
    input_json='{"query":"rain"}',
    queries=("rain", "sun"),
    code="print(1)",
    output="It rains",
    error="none",
    sources=(HostedSource(url="u", title="t", text="x", source_id="s"), HostedSource(url="v")),
    proof=b"{}",
    maker="anthropic",
)


@pytest.mark.parametrize("status", [None, *HostedStatus])
def test_activity_comes_back_as_it_was_sent(status: HostedStatus | None) -> None:
    """A caller sends it back unchanged."""
    activity = dataclasses.replace(ACTIVITY, status=status)
    written = prompt_pb2.HostedActivity()
    write_activity(activity, written)

    assert activity_of(written, "part", Violations()) == activity


def test_each_activity_of_a_stream_is_an_event_of_its_own() -> None:
    """Two that arrived together must not be merged into one."""
    events = [HostedDelta(activity=ACTIVITY), HostedDelta(activity=HostedActivity(tool="mcp"))]

    responses = list(stream_responses(events))

    assert [one.hosted_activity_delta.activity.tool for one in responses] == ["web_search", "mcp"]
