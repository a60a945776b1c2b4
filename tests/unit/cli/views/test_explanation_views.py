"""Explanations are printed as tables."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console

from routersvc.cli.views.explanation_views import print_explanation
from routersvc.cli.views.terminal import Terminal
from routersvc.grpc_api.client.messages import Explanation, read_message

MakeTerminal = Callable[..., Terminal]
Written = Callable[[Console], str]

ALPHA = {"deployment": "alpha-large", "provider": "alpha", "model": "large", "region": "eu"}
BETA = {"deployment": "beta-large", "provider": "beta", "model": "large", "region": "us"}

FULL: dict[str, object] = {
    "profile": {
        "task": "TASK_CODE",
        "complexity": 0.25,
        "input_tokens": "1234",
        "output_tokens": "512",
        "modalities": ["MODALITY_TEXT", "MODALITY_IMAGE"],
        "capabilities": ["CAPABILITY_TOOLS", "CAPABILITY_IMAGE_INPUT"],
        "data_classes": ["phi"],
        "evidence": [{"finding": "tokens", "description": "four characters each"}],
        "priority": "PRIORITY_HIGH",
    },
    "policy_choice": {"policy": "default", "description": "the default one"},
    "constraints": [{"name": "allowed_regions", "value": "eu", "source": "request"}],
    "candidates": [
        {
            "deployment": ALPHA,
            "eligible": True,
            "rank": 1,
            "score": 0.75,
            "score_parts": [{"name": "order", "value": 0.75, "weight": 1.0}],
            "expected_cost_usd": 0.012,
            "expected_time_to_first_content": "0.2s",
            "obstacle": {
                "reason": "OBSTACLE_REASON_BREAKER_OPEN",
                "description": "it rests for 3 s",
                "wait": "3s",
            },
        },
        {
            "deployment": BETA,
            "exclusions": [
                {
                    "reason": "EXCLUSION_REASON_REGION",
                    "description": "it is in us",
                    "eligible_if": "us were allowed",
                },
                {"reason": "EXCLUSION_REASON_DATA_CLASS", "description": "not cleared for phi"},
            ],
            "changes_needed": ["us were allowed", "it were cleared for `phi`"],
        },
    ],
    "plan": {
        "steps": [
            {"deployment": ALPHA, "condition": "first", "not_before_delay": "3s"},
            {"deployment": BETA, "condition": "when it fails"},
        ],
        "max_attempts": 2,
        "timeout": "60s",
        "first_content_timeout": "10s",
        "idle_timeout": "20s",
        "hedging_mode": "HEDGING_MODE_DELAYED",
        "hedge_delay": "0.8s",
        "hedging_description": "live p95",
        "stream_recovery_mode": "STREAM_RECOVERY_MODE_RESTART",
    },
}


def shown(explanation: dict[str, object], terminal: Terminal, written: Written) -> list[str]:
    """Return the lines that are printed for an explanation."""
    terminal.out.width = 80
    print_explanation(terminal.out, read_message(Explanation, explanation))
    return [line.rstrip() for line in written(terminal.out).splitlines()]


def test_an_explanation_tells_all_in_order(make_terminal: MakeTerminal, written: Written) -> None:
    """Profile, policy, limits, candidates with reasons, and plan."""
    lines = shown(FULL, make_terminal(), written)

    assert lines == [
        "Request  code, complexity 0.25 · about 1,234 tokens in · up to 512 out · with",
        "         text, image · needs tools, image input · holds phi · high priority",
        "         tokens: four characters each",
        "Policy   default, the default one",
        "Limits   allowed regions eu, set by the request",
        "",
        "#  deployment   model             score    cost  first words  why",
        "1  alpha-large  large at alpha,    0.75  $0.012       200 ms  order 0.75×1",
        "                eu                                            breaker open: it",
        "                                                              rests for 3 s",
        "–  beta-large   large at beta,                                region: it is in",
        "                us                                            us",
        "                                                              data class: not",
        "                                                              cleared for phi",
        "",
        "Missed   beta-large would be eligible if us were allowed, and it were cleared",
        "         for `phi`",
        "",
        "Plan     alpha-large first (not for 3 s) → beta-large when it fails",
        "         at most 2 attempts in 1 min; first words within 10 s, then never longer",
        "         than 20 s without a word",
        "         hedging: delayed after 800 ms (live p95) · a broken stream: restart",
        "",
        "             0              5 s            10 s",
        "alpha-large           ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  not for 3 s (breaker open)",
        "beta-large   ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┫          first",
        "deadline                                           →  1 min",
    ]


def test_an_explanation_without_a_way_says_so(
    make_terminal: MakeTerminal, written: Written
) -> None:
    """No plan at all must not look like an empty one."""
    lines = shown({**FULL, "plan": {}}, make_terminal(), written)

    assert lines[-1] == "Nothing may serve this request."


def test_facts_may_hold_brackets(make_terminal: MakeTerminal, written: Written) -> None:
    """What comes from a router is text, never markup."""
    explanation = {**FULL, "policy_choice": {"policy": "[red]x[/]", "description": "[b]"}}

    lines = shown(explanation, make_terminal(), written)

    assert "Policy   [red]x[/], [b]" in lines


REPORT: dict[str, object] = {
    "decision_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "served_by": {"deployment": BETA},
    "duration": "2s",
    "time_to_first_content": "1s",
    "attempts": [
        {
            "deployment": ALPHA,
            "reason": "ATTEMPT_REASON_FIRST",
            "outcome": "ATTEMPT_OUTCOME_FAILED",
            "failure_class": "FAILURE_CLASS_CONNECT",
            "start_delay": "0s",
            "duration": "0.5s",
        },
        {
            "deployment": BETA,
            "reason": "ATTEMPT_REASON_FAILOVER",
            "outcome": "ATTEMPT_OUTCOME_SERVED",
            "start_delay": "0.5s",
            "time_to_first_content": "0.5s",
            "duration": "1.5s",
        },
    ],
}


def test_a_past_decision_tells_how_it_went(make_terminal: MakeTerminal, written: Written) -> None:
    """Its id first, then what was known then, and in the end its attempts as they ran."""
    lines = shown({**FULL, "report": REPORT}, make_terminal(), written)

    assert lines[0] == "Decision  4bf92f3577b34da6a3ce929d0e0e4736"
    assert lines[-7:] == [
        "Outcome  large at beta, us · 2 s, first words after 1 s · 2 attempts:",
        "         alpha-large failed (connect)",
        "",
        "             0         500 ms    1 s        1.5 s",
        "alpha-large  ░░░░░░░░░░✗                                 first: failed (connect)",
        "beta-large             ░░░░░░░░░░█████████████████████✓  failover: served",
        "░ waits for first words  █ words come  ✓ served  ✗ failed  │ cut off",
    ]
