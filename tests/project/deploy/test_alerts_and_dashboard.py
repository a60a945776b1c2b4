"""Alert rules and dashboard use metrics that exist, with labels and label values that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.fleet.health import HealthState
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.telemetry.metric_families import DECLARED
from routersvc.telemetry.outcomes import CallOutcome

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"

_SELECTOR = re.compile(r"(routersvc_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')

_CALL_OUTCOMES = {outcome.value for outcome in CallOutcome}
_VALUES = {
    "routersvc_all_calls_total": {"outcome": _CALL_OUTCOMES, "streaming": {"true", "false"}},
    "routersvc_calls_total": {"outcome": _CALL_OUTCOMES},
    "routersvc_call_time_to_first_content_seconds": {
        "outcome": _CALL_OUTCOMES,
        "streaming": {"true", "false"},
    },
    "routersvc_attempts_total": {"outcome": {outcome.value for outcome in AttemptOutcome}},
    "routersvc_extra_attempts_total": {
        "reason": {reason.value for reason in AttemptReason},
        "result": {"won", "lost"},
    },
    "routersvc_deployment_state": {"state": {state.value for state in HealthState}},
    "routersvc_shed_calls_total": {"priority": {priority.value for priority in Priority}},
}


def _rules() -> list[dict[str, str]]:
    groups = yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _dashboard_queries() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana/routersvc.json").read_text("utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def _mistakes(query: str) -> list[str]:
    declared = {metric.name: metric for metric in DECLARED}
    mistakes: list[str] = []
    selectors = _SELECTOR.findall(query)
    if not selectors:
        mistakes.append(f"no metric of the router in {query}")
    for found, matchers in selectors:
        name = found if found in declared else re.sub(r"_(bucket|sum|count)$", "", found)
        if name not in declared:
            mistakes.append(f"unknown metric {found}")
            continue
        for label, values in _MATCHER.findall(matchers):
            if label in {"job", "instance"}:
                continue
            if label not in declared[name].labels and label != "le":
                mistakes.append(f"{name} has no label {label}")
            known = _VALUES.get(name, {}).get(label)
            if known is not None:
                mistakes += [f"{label} is never {each}" for each in {*values.split("|")} - known]
    return mistakes


def test_queries_use_declared_metrics_labels_and_values() -> None:
    """A misspelt one is silent: it never has data, and its alert never fires."""
    queries = [rule["expr"] for rule in _rules()] + _dashboard_queries()

    assert [mistake for query in queries for mistake in _mistakes(query)] == []


def test_misspelt_queries_are_found() -> None:
    """The check above would find a metric, a label and a value that do not exist."""
    assert _mistakes("rate(routersvc_call_total[5m])") == ["unknown metric routersvc_call_total"]
    assert _mistakes('routersvc_all_calls_total{policy="a"}') == [
        "routersvc_all_calls_total has no label policy"
    ]
    assert _mistakes('routersvc_deployment_state{state="broken"}') == ["state is never broken"]


def test_operators_are_told_what_to_do_for_each_alert() -> None:
    """In the order of the rules."""
    guide = (DEPLOY.parent / "docs/operations.md").read_text("utf-8")

    told = re.findall(r"^\| `(Router\w+)` \|", guide, re.MULTILINE)

    assert told == [rule["alert"] for rule in _rules()]


def test_each_alert_fires_in_one_case_of_its_tests() -> None:
    """`alerts_test.yaml` asks every case about every alert, and each fires in exactly one."""
    cases = yaml.safe_load((DEPLOY / "prometheus/alerts_test.yaml").read_text("utf-8"))["tests"]
    names = [rule["alert"] for rule in _rules()]

    fired = [
        [each["alertname"] for each in case["alert_rule_test"] if each["exp_alerts"]]
        for case in cases
    ]

    assert all([each["alertname"] for each in case["alert_rule_test"]] == names for case in cases)
    assert sorted(name for names_fired in fired for name in names_fired) == sorted(names)
    assert [] in fired
