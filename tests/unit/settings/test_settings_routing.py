"""Ranking, rules, qualities and canaries as they are written, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from routersvc.domain.catalogue.modes import OrderMode
from routersvc.domain.catalogue.qualities import NO_QUALITY_KNOWN, Quality
from routersvc.domain.catalogue.ranking_goals import RankingGoal, SlackGoal, WorthGoal
from routersvc.domain.catalogue.route_rules import RouteHours, RouteMatch, RouteRule
from routersvc.domain.catalogue.tasks import Task
from routersvc.domain.catalogue.weights import Weights
from routersvc.settings.sections.models import QualitySection
from routersvc.settings.settings import Settings

Load = Callable[[str], Settings]
ProblemsIn = Callable[[str], list[str]]


def with_rules(minimal: str, *rules: str) -> str:
    """Return the minimal settings with rules of the default policy, one a line from line 18 on."""
    lines = minimal.splitlines()
    text = "\n".join(
        [*lines[:13], "  default:", "    deployments: [alpha-large]", "    rules:", *rules]
    )
    return text.replace("policies:", "tenants: {t: {anonymous: true}}\npolicies:") + "\n"


@pytest.mark.parametrize(
    ("defaults", "own", "goal"),
    [
        ("{}", "{}", WorthGoal()),
        ("{weights: {quality: 3, cost: 0}}", "{}", Weights(quality=3.0, cost=0.0, latency=1.0)),
        ("{weights: {quality: 3}}", "{weights: {cost: 2}}", Weights(quality=3.0, cost=2.0)),
        ("{weights: {quality: 3}}", "{worth_of_quality_usd: 0.5}", WorthGoal(quality_usd=0.5)),
        ("{worth_of_quality_usd: 0.5}", "{quality_slack: 0.1}", SlackGoal(slack=0.1)),
        ("{quality_slack: 0.1}", "{weights: {cost: 2}}", Weights(cost=2.0)),
        (
            "{quality_slack: 0.1}",
            "{worth_of_second_usd: 0.5}",
            SlackGoal(slack=0.1, second_usd=0.5),
        ),
    ],
)
def test_policy_says_what_it_ranks_by(
    load: Load, minimal: str, defaults: str, own: str, goal: RankingGoal
) -> None:
    """By worth in dollars unless it says otherwise; weights are taken key by key."""
    text = minimal.replace(
        "    deployments: [alpha-large]", f"    deployments: [alpha-large]\n    {own[1:-1]}"
    )

    policy = load(f"{text}policy_defaults: {defaults}\n").policies()["default"]

    assert policy.goal == goal


def test_policy_says_how_it_orders(load: Load, minimal: str) -> None:
    """Keys that it does not set are those of the defaults."""
    policy = load(minimal).policies()["default"]
    ranked = load(minimal + "policy_defaults: {order: ranked, allow_degraded: false}").policies()[
        "default"
    ]

    assert (policy.order, policy.allow_degraded) == (OrderMode.BALANCED, True)
    assert (ranked.order, ranked.allow_degraded) == (OrderMode.RANKED, False)


def test_rules_say_where_requests_go(load: Load, minimal: str) -> None:
    """Everything that a rule can match on, and one that matches everything."""
    text = with_rules(
        minimal,
        "      - name: nightly",
        "        match:",
        "          tasks: [code, tool_use]",
        "          min_complexity: 0.25",
        "          max_complexity: 0.75",
        "          min_input_tokens: 10",
        "          max_input_tokens: 1000",
        "          labels: {job: batch}",
        "          tenants: [t]",
        "          hours: {start: '22:00', end: 06:30, weekdays: [monday, sunday]}",
        "        deployments: [alpha-large]",
        "      - {name: rest, deployments: [alpha-large]}",
    )

    assert load(text).policies()["default"].rules == (
        RouteRule(
            name="nightly",
            match=RouteMatch(
                tasks=frozenset({Task.CODE, Task.TOOL_USE}),
                min_complexity=0.25,
                max_complexity=0.75,
                min_input_tokens=10,
                max_input_tokens=1000,
                labels={"job": "batch"},
                tenants=frozenset({"t"}),
                hours=RouteHours(start=79_200, end=23_400, weekdays=frozenset({0, 6})),
            ),
            deployments=("alpha-large",),
        ),
        RouteRule(name="rest", match=RouteMatch(), deployments=("alpha-large",)),
    )


def test_day_ends_at_24(load: Load, minimal: str) -> None:
    """Or the last minute of a day could not be said."""
    text = with_rules(
        minimal,
        "      - {name: a, match: {hours: {start: '18:00', end: '24:00'}}, "
        "deployments: [alpha-large]}",
    )

    (rule,) = load(text).policies()["default"].rules

    assert rule.match.hours == RouteHours(start=64_800, end=86_400)


def test_quality_is_said_by_task(load: Load, minimal: str) -> None:
    """In general, and where a model is better or worse than that."""
    text = minimal.replace(
        "window: 128000", "window: 128000\n    quality: {general: 0.7, code: 0.9}"
    )

    silent = load(minimal).catalogue().deployments["alpha-large"].model
    judged = load(text).catalogue().deployments["alpha-large"].model

    assert silent.quality == NO_QUALITY_KNOWN
    assert judged.quality == Quality(general=0.7, of_tasks={Task.CODE: 0.9})


def test_quality_can_be_said_of_every_task() -> None:
    """A task that is added has to be a key here."""
    assert QualitySection.model_fields.keys() == {"general", *(task.value for task in Task)}


def test_canary_takes_its_share(load: Load, minimal: str) -> None:
    """A deployment that says nothing is none."""
    text = minimal.replace("model: sim-large", "model: sim-large\n    canary_share: 0.05")

    assert load(minimal).catalogue().deployments["alpha-large"].canary_share is None
    assert load(text).catalogue().deployments["alpha-large"].canary_share == 0.05


@pytest.mark.parametrize(
    ("rules", "problems"),
    [
        (
            ["      - {name: a, deployments: [alpha-lrage]}"],
            ["18:33: policies.default.rules[0].deployments[0]"],
        ),
        (
            ["      - {name: a, match: {tenants: [u]}, deployments: [alpha-large]}"],
            ["18:37: policies.default.rules[0].match.tenants[0]"],
        ),
        (
            ["      - {name: a, match: {task: [code]}, deployments: [alpha-large]}"],
            ["18:27: policies.default.rules[0].match.task"],
        ),
        (
            [
                "      - {name: a, match: {tasks: [code]}, deployments: [alpha-large]}",
                "      - {name: a, match: {tasks: [chat]}, deployments: [alpha-large]}",
            ],
            ["19:16: policies.default.rules[1].name"],
        ),
        (
            [
                "      - {name: a, deployments: [alpha-large]}",
                "      - {name: b, match: {tasks: [chat]}, deployments: [alpha-large]}",
            ],
            ["19:9: policies.default.rules[1]"],
        ),
        (
            [
                (
                    "      - {name: a, match: {min_complexity: 0.5, max_complexity: 0.25}, "
                    "deployments: [alpha-large]}"
                ),
            ],
            ["18:43: policies.default.rules[0].match.min_complexity"],
        ),
        (
            [
                (
                    "      - {name: a, match: {min_input_tokens: 5, max_input_tokens: 4}, "
                    "deployments: [alpha-large]}"
                ),
            ],
            ["18:45: policies.default.rules[0].match.min_input_tokens"],
        ),
        (
            [
                (
                    "      - {name: a, match: {hours: {start: '22:00', end: '22:00'}}, "
                    "deployments: [alpha-large]}"
                ),
            ],
            ["18:56: policies.default.rules[0].match.hours.end"],
        ),
        (
            [
                (
                    "      - {name: a, match: {hours: {start: '7:00', end: '25:00'}}, "
                    "deployments: [alpha-large]}"
                ),
            ],
            [
                "18:42: policies.default.rules[0].match.hours.start",
                "18:55: policies.default.rules[0].match.hours.end",
            ],
        ),
    ],
)
def test_rules_that_cannot_decide_are_refused(
    problems_in: ProblemsIn, minimal: str, rules: list[str], problems: list[str]
) -> None:
    """Each at its own place."""
    assert problems_in(with_rules(minimal, *rules)) == problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "policy_defaults: {weights: {quality: 0, cost: 0, latency: 0}}",
            "16:28: policy_defaults.weights",
        ),
        (
            "policy_defaults: {weights: {quality: -1}}",
            "16:38: policy_defaults.weights.quality",
        ),
        (
            "policy_defaults: {worth_of_quality_usd: 1, quality_slack: 0.1}",
            "16:59: policy_defaults.quality_slack",
        ),
        (
            "policy_defaults: {quality_slack: 1.5}",
            "16:34: policy_defaults.quality_slack",
        ),
        (
            "tenants: {t: {anonymous: true, worth_of_quality_usd: 1, weights: {cost: 1}}}",
            "16:66: tenants.t.weights",
        ),
        (
            "policy_defaults: {rules: []}",
            "16:19: policy_defaults.rules",
        ),
    ],
)
def test_wrong_ways_to_rank_are_refused(
    problems_in: ProblemsIn, minimal: str, text: str, problem: str
) -> None:
    """In words of the file."""
    assert problems_in(f"{minimal}{text}\n") == [problem]


def test_quality_lies_between_0_and_1(problems_in: ProblemsIn, minimal: str) -> None:
    """A percentage is a slip."""
    text = minimal.replace("window: 128000", "window: 128000\n    quality: {code: 90}")

    assert problems_in(text) == ["9:21: models.sim-large.quality.code"]


def test_canaries_of_one_model_take_no_more_than_there_is(
    problems_in: ProblemsIn, minimal: str
) -> None:
    """ProblemsIn at the one that is too much; those of other models do not count."""
    text = minimal.replace(
        "  alpha-large:\n",
        "  a: {provider: alpha, model: sim-large, canary_share: 0.6}\n"
        "  b: {provider: alpha, model: sim-large, canary_share: 0.5}\n"
        "  alpha-large:\n",
    )

    assert problems_in(text) == ["11:56: deployments.b.canary_share"]
