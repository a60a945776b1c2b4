"""The one log line of a call."""

from __future__ import annotations

import dataclasses
import logging

import pytest

from routersvc.domain.outcomes.degradations import Degradation, DegradationRung
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.telemetry.call_lines import MAX_TEXT, CallLine, call_record
from routersvc.telemetry.outcomes import CallOutcome


@pytest.fixture
def line(report: RouteReport) -> CallLine:
    """Return the line of a call with a failover."""
    return CallLine(
        created=1_700_000_000.0,
        outcome=CallOutcome.SERVED,
        request_id="request-1",
        tenant="shop",
        streaming=True,
        trace_id="0af7651916cd43dd8448eb211c80319c",
        report=report,
        error="",
    )


def test_line_tells_the_whole_call(line: CallLine) -> None:
    """Tenant, deployment, attempts, duration and cost."""
    fields = line.fields()

    assert fields == {
        "outcome": "served",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "request_id": "request-1",
        "decision_id": "d" * 32,
        "tenant": "shop",
        "streaming": True,
        "policy": "default",
        "deployment": "globex-us",
        "model": "huge",
        "model_version": "huge-2026-01-15",
        "attempts": [
            {
                "deployment": "acme-eu",
                "reason": "first",
                "outcome": "failed",
                "start_seconds": 0.001,
                "duration_seconds": 0.03,
                "failure_class": "rate_limited",
                "http_status": 429,
            },
            {
                "deployment": "globex-us",
                "reason": "failover",
                "outcome": "served",
                "start_seconds": 0.031,
                "duration_seconds": 1.5,
            },
        ],
        "failure_classes": ["rate_limited"],
        "duration_seconds": 1.531,
        "time_to_first_content_seconds": 0.281,
        "input_tokens": 100,
        "output_tokens": 40,
        "cost_usd": 0.0125,
        "wasted_usd": 0.0,
    }


def test_refused_call_has_little_to_tell(line: CallLine) -> None:
    """Nothing was attempted, so nothing is said of attempts."""
    refused = dataclasses.replace(
        line, outcome=CallOutcome.DRAINING, report=None, trace_id=None, error="it goes down"
    )

    fields = refused.fields()

    assert fields == {
        "outcome": "draining",
        "request_id": "request-1",
        "tenant": "shop",
        "streaming": True,
        "error": "it goes down",
    }
    assert call_record(refused).getMessage() == "call refused"


def test_what_was_out_of_the_ordinary_is_flagged(line: CallLine, report: RouteReport) -> None:
    """Hedged, recovered and degraded answers are rare; only they say so."""
    degradation = Degradation(rung=DegradationRung.CACHED, description="nothing else was left")
    odd = dataclasses.replace(report, hedged=True, recovered=True, degradation=degradation)

    fields = dataclasses.replace(line, report=odd).fields()

    assert (fields["hedged"], fields["recovered"], fields["degraded"]) == (True, True, "cached")


def test_text_of_the_caller_is_cut(line: CallLine) -> None:
    """A caller cannot fill the disk with one call."""
    long = dataclasses.replace(line, request_id="r" * 10_000, error="e" * 10_000)

    fields = long.fields()

    assert fields["request_id"] == "r" * MAX_TEXT
    assert fields["error"] == "e" * MAX_TEXT


@pytest.mark.parametrize(
    ("outcome", "level"),
    [
        (CallOutcome.SERVED, logging.INFO),
        (CallOutcome.INVALID_REQUEST, logging.INFO),
        (CallOutcome.CANCELLED, logging.INFO),
        (CallOutcome.PROVIDERS_UNAVAILABLE, logging.WARNING),
        (CallOutcome.DEADLINE_EXCEEDED, logging.WARNING),
        (CallOutcome.INTERNAL, logging.WARNING),
    ],
)
def test_only_what_the_service_did_wrong_is_a_warning(
    line: CallLine, outcome: CallOutcome, level: int
) -> None:
    """A caller's mistake must not wake the operator."""
    record = call_record(dataclasses.replace(line, outcome=outcome))

    assert record.levelno == level
