"""Checks that the rules of a policy can match."""

from __future__ import annotations

from collections.abc import Sequence

from routersvc.settings.problems import KeyPath, shown
from routersvc.settings.sections.route_rules import MatchSection, RouteRuleSection
from routersvc.settings.source.problem_list import ProblemList


def check_rules(path: KeyPath, rules: Sequence[RouteRuleSection], problems: ProblemList) -> None:
    """Report rules that can never match and duplicate names; `path` is that of the list."""
    names: set[str] = set()
    decided_by: str | None = None
    for place, rule in enumerate(rules):
        own = (*path, place)
        if rule.name in names:
            problems.at_value(
                (*own, "name"), f"duplicate rule name {shown(rule.name)}", "each name once"
            )
        names.add(rule.name)
        if decided_by is not None:
            problems.at_value(own, f"never matches: rule {shown(decided_by)} matches every request")
        if decided_by is None and rule.match == MatchSection():
            decided_by = rule.name
        _check_match((*own, "match"), rule.match, problems)


def _check_match(path: KeyPath, match: MatchSection, problems: ProblemList) -> None:
    for low, high in (
        ("min_complexity", "max_complexity"),
        ("min_input_tokens", "max_input_tokens"),
    ):
        least, most = getattr(match, low), getattr(match, high)
        if least is not None and most is not None and least > most:
            problems.at_value((*path, low), f"is above `{high}`", f"at most {most:g}")
    hours = match.hours
    if hours is not None and hours.start == hours.end:
        problems.at_value((*path, "hours", "end"), "equals `start`", "another time than `start`")
