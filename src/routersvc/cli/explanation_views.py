"""Why a request goes where it goes, for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from routersvc.cli.figures import count_text, money_text, time_text
from routersvc.cli.report_views import model_text
from routersvc.grpc_api.client_messages import (
    Candidate,
    Explanation,
    Message,
    Plan,
    Profile,
    seconds_of,
    word_of,
    words_of,
)


def print_explanation(console: Console, explanation: Explanation) -> None:
    """Print the profile, the policy, the limits, the candidates and the plan."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column()
    facts.add_row("Request", Text(_profile_text(explanation.profile)))
    for evidence in explanation.profile.evidence:
        facts.add_row("", Text(f"{evidence.finding}: {evidence.description}", style="dim"))
    choice = explanation.policy_choice
    facts.add_row("Policy", Text(f"{choice.policy}, {choice.description}"))
    for place, limit in enumerate(explanation.constraints):
        text = Text(f"{limit.name.replace('_', ' ')} {limit.value}, set by the {limit.source}")
        facts.add_row("" if place else "Limits", text)
    console.print(facts)
    console.print()
    console.print(candidates_table(explanation))
    console.print()
    if not explanation.plan.steps:
        console.print("[bold red]Nothing may serve this request.[/]")
        return
    plan = Table.grid(padding=(0, 2))
    plan.add_column(style="bold", no_wrap=True)
    plan.add_column()
    for place, line in enumerate(_plan_lines(explanation.plan)):
        plan.add_row("" if place else "Plan", Text(line))
    console.print(plan)


def candidates_table(explanation: Explanation) -> Table:
    """Return the deployments: the eligible by rank, then the others with their reasons."""
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("deployment", no_wrap=True)
    table.add_column("model", overflow="fold")
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("cost", justify="right", no_wrap=True)
    table.add_column("first words", justify="right", no_wrap=True)
    table.add_column("why", ratio=1, overflow="fold")
    for candidate in explanation.candidates:
        name = candidate.deployment
        cost = candidate.expected_cost_usd
        first = seconds_of(candidate, "expected_time_to_first_content")
        table.add_row(
            Text(str(candidate.rank), style="bold green") if candidate.eligible else Text("–"),
            Text(name.deployment, style="bold" if candidate.eligible else ""),
            Text(model_text(name)),
            f"{candidate.score:.3g}" if candidate.score_parts else "",
            money_text(cost) if candidate.HasField("expected_cost_usd") else "",
            "" if first is None else time_text(first),
            _why(candidate),
            style="" if candidate.eligible else "dim",
        )
    return table


def _why(candidate: Candidate) -> Text:
    if candidate.eligible:
        parts = [
            f"{part.name} {part.value:.2f}×{part.weight:g}"
            + (f" ({part.description})" if part.description else "")
            for part in candidate.score_parts
        ]
        return Text("; ".join(parts), style="green")
    text = Text()
    for place, exclusion in enumerate(candidate.exclusions):
        text.append("\n" if place else "")
        text.append(f"{word_of(exclusion, 'reason')}: ", style="red")
        text.append(exclusion.description)
        if exclusion.eligible_if:
            text.append(f"; eligible if {exclusion.eligible_if}")
    return text


def _profile_text(profile: Profile) -> str:
    sign = "" if profile.input_tokens_exact else "about "
    parts = [f"{sign}{count_text(profile.input_tokens, 'token')} in"]
    if profile.output_tokens:
        parts.append(f"up to {profile.output_tokens:,} out")
    task = word_of(profile, "task")
    if task:
        parts.insert(0, f"{task}, complexity {profile.complexity:.2g}")
    modalities = words_of(profile, "modalities")
    if modalities not in ([], ["text"]):
        parts.append(f"with {', '.join(modalities)}")
    needs = words_of(profile, "capabilities")
    if needs:
        parts.append(f"needs {', '.join(needs)}")
    if profile.data_classes:
        parts.append(f"holds {', '.join(profile.data_classes)}")
    priority = word_of(profile, "priority")
    if priority not in {"", "normal"}:
        parts.append(f"{priority} priority")
    return " · ".join(parts)


def _plan_lines(plan: Plan) -> Iterator[str]:
    steps: list[str] = []
    for step in plan.steps:
        wait = seconds_of(step, "not_before_delay")
        waiting = f" (not for {time_text(wait)})" if wait else ""
        condition = f" {step.condition}" if step.condition else ""
        steps.append(f"{step.deployment.deployment}{condition}{waiting}")
    yield " → ".join(steps)
    yield (
        f"at most {count_text(plan.max_attempts, 'attempt')} in {_limit(plan, 'timeout')}; "
        f"first words within {_limit(plan, 'first_content_timeout')}, "
        f"then never longer than {_limit(plan, 'idle_timeout')} without a word"
    )
    modes = [
        f"{word}: {mode}"
        for word, mode in (
            ("hedging", _hedging(plan)),
            ("a broken stream", word_of(plan, "stream_recovery_mode")),
            ("consistency", word_of(plan, "consistency_mode")),
            ("cache", word_of(plan, "cache_mode")),
        )
        if mode
    ]
    if modes:
        yield " · ".join(modes)


def _hedging(plan: Plan) -> str:
    mode = word_of(plan, "hedging_mode")
    delay = seconds_of(plan, "hedge_delay")
    after = f" after {time_text(delay)}" if delay is not None else ""
    why = f" ({plan.hedging_description})" if plan.hedging_description else ""
    return f"{mode}{after}{why}" if mode else ""


def _limit(message: Message, field: str) -> str:
    return time_text(seconds_of(message, field))
