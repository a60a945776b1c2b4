"""The failure handbook names what exists, and leaves out no reason of an error and no alert."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from scripts.example_errors import NEVER_RECEIVED

from llmrouter.v1 import errors_pb2
from routersvc.telemetry.metric_families import DECLARED

ROOT = Path(__file__).resolve().parents[2]
HANDBOOK = (ROOT / "docs/failure-handbook.md").read_text(encoding="utf-8")
NOTHING_TO_DO = {"INVALID_REQUEST", "UNKNOWN_DECISION"}
"""Errors of one caller, which say themselves what is wrong."""


def test_metrics_exist() -> None:
    """A misspelt one is looked for in vain when it matters."""
    named: set[str] = set(re.findall(r"`(routersvc_\w+)`", HANDBOOK))

    assert named
    assert named - {metric.name for metric in DECLARED} == set()


def test_every_alert_is_there() -> None:
    """Whoever is woken by one finds it."""
    groups = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text("utf-8"))["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}

    assert set(re.findall(r"`(Router[A-Z]\w+)`", HANDBOOK)) == alerts


@pytest.mark.parametrize(
    "reason",
    [
        value.name.removeprefix("ERROR_REASON_")
        for value in errors_pb2.ErrorReason.DESCRIPTOR.values
        if value.number not in NEVER_RECEIVED
    ],
)
def test_every_reason_is_there(reason: str) -> None:
    """As a symptom, in the first cell of a row."""
    symptoms = re.findall(r"^\| ([^|]+) \|", HANDBOOK, re.MULTILINE)

    named = any(f"`{reason}`" in symptom for symptom in symptoms)

    assert named is (reason not in NOTHING_TO_DO)
