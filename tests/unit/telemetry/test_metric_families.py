"""Every metric is declared once, collected and documented."""

from __future__ import annotations

from pathlib import Path

from routersvc.telemetry.metric_families import DECLARED, DeclaredMetric
from routersvc.telemetry.metrics import Metrics

PAGE = Path(__file__).resolve().parents[3] / "docs/observability.md"


def _row(metric: DeclaredMetric) -> str:
    labels = " ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.type} | {labels} | {metric.help} |"


def test_every_declared_metric_is_collected() -> None:
    """And no other, so that the documentation is complete."""
    collected = {family.name for family in Metrics(version="1").collect()}

    assert collected == {
        metric.name.removesuffix("_total").removesuffix("_info") for metric in DECLARED
    }


def test_documentation_lists_the_declared_metrics() -> None:
    """Row by row: name, type, labels and help text."""
    rows = [
        line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `routersvc_")
    ]

    assert rows == [_row(metric) for metric in DECLARED]
