"""Prints explanations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from routersvc.cli.views.figures import count_text, money_text, time_text
from routersvc.cli.views.report_views import model_text, report_line
from routersvc.cli.views.timelines import plan_timeline, report_timeline
from routersvc.grpc_api.client.messages import (
    Candidate,
    Explanation,
    Message,
    Plan,
    Profile,
    seconds_of,
    word_of,
    words_of,
)

_FIGURES = ("score", "cost", "first words")
_TITLE_WIDTH = len("Request")
_WIDEST_PICTURE = 100


def print_explanation(console: Console, explanation: Explanation) -> None:
    """Print the profile, the policy, the limits, the candidates and the plan."""
    facts = _grid()
    is_past = explanation.HasField("report")
    if is_past:
        facts.add_row("Decision", Text(explanation.report.decision_id))
    facts.add_row("Request", Text(_profile_text(explanation.profile)))
    for evidence in explanation.profile.evidence:
        facts.add_row("", Text(f"{evidence.finding}: {evidence.description}", style="dim"))
    choice = explanation.policy_choice
    facts.add_row("Policy", Text(f"{choice.policy}, {choice.description}"))
    for place, limit in enumerate(explanation.constraints):
        source = limit.source.replace(", ", " and the ")
        text = Text(f"{limit.name.replace('_', ' ')} {limit.value}, set by the {source}")
        facts.add_row("" if place else "Limits", text)
    console.print(facts)
    console.print()
    outside = [one for one in explanation.candidates if _is_outside_of_policy(one)]
    inside = [one for one in explanation.candidates if not _is_outside_of_policy(one)]
    console.print(candidates_table(inside))
    if outside:
        names = ", ".join(one.deployment.deployment for one in outside)
        console.print(Text(f"–  not in the policy: {names}", style="dim"))
    misses = _misses(inside)
    if misses.row_count:
        console.print()
        console.print(misses)
    console.print()
    if not explanation.plan.steps:
        console.print("[bold red]Nothing may serve this request.[/]")
        return
    plan = _grid()
    for place, line in enumerate(_plan_lines(explanation.plan)):
        plan.add_row("" if place else "Plan", Text(line))
    if is_past:
        plan.add_row("Outcome", Text(report_line(explanation.report)))
    console.print(plan)
    width = min(console.width, _WIDEST_PICTURE)
    picture = (
        report_timeline(explanation.report, width) if is_past else plan_timeline(explanation, width)
    )
    if picture:
        console.print()
    for row in picture:
        console.print(row, no_wrap=True, overflow="crop")


def candidates_table(candidates: Sequence[Candidate]) -> Table:
    """Return the deployments: the eligible ones by rank, then the others with their reasons.

    Empty columns are left out.
    """
    rows = [(candidate, _figures(candidate)) for candidate in candidates]
    titles = [title for title in _FIGURES if any(figures[title] for _, figures in rows)]
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("deployment", no_wrap=True)
    table.add_column("model", overflow="fold")
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for candidate, figures in rows:
        name = candidate.deployment
        table.add_row(
            Text(str(candidate.rank), style="bold green") if candidate.eligible else Text("–"),
            Text(name.deployment, style="bold" if candidate.eligible else ""),
            Text(model_text(name)),
            *(figures[title] for title in titles),
            _why(candidate),
            style="" if candidate.eligible else "dim",
        )
    return table


def _is_outside_of_policy(candidate: Candidate) -> bool:
    """Whether its only exclusion is that the policy does not list it."""
    return [word_of(one, "reason") for one in candidate.exclusions] == ["not in policy"]


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True, min_width=_TITLE_WIDTH)
    grid.add_column()
    return grid


def _figures(candidate: Candidate) -> dict[str, str]:
    first = seconds_of(candidate, "expected_time_to_first_content")
    has_cost = candidate.HasField("expected_cost_usd")
    return {
        "score": f"{candidate.score:.3g}" if candidate.score_parts else "",
        "cost": money_text(candidate.expected_cost_usd) if has_cost else "",
        "first words": "" if first is None else time_text(first),
    }


def _why(candidate: Candidate) -> Text:
    if candidate.eligible:
        text = Text(_score_text(candidate), style="green")
        if candidate.HasField("obstacle"):
            text.append("\n" if text else "")
            text.append(f"{word_of(candidate.obstacle, 'reason')}: ", style="yellow")
            text.append(candidate.obstacle.description)
        return text
    text = Text()
    for place, exclusion in enumerate(candidate.exclusions):
        text.append("\n" if place else "")
        text.append(f"{word_of(exclusion, 'reason')}: ", style="red")
        text.append(exclusion.description)
    return text


def _score_text(candidate: Candidate) -> str:
    return "; ".join(
        [
            f"{part.name} {part.value:.2f}×{part.weight:g}"
            + (f" ({part.description})" if part.description else "")
            for part in candidate.score_parts
        ]
    )


def _misses(candidates: Sequence[Candidate]) -> Table:
    """Return the changes that would make the others eligible, the fewest changes first."""
    grid = _grid()
    excluded = sorted(
        (one for one in candidates if one.changes_needed), key=lambda one: len(one.changes_needed)
    )
    for place, candidate in enumerate(excluded):
        changes = ", and ".join(candidate.changes_needed)
        name = candidate.deployment.deployment
        grid.add_row("" if place else "Missed", Text(f"{name} would be eligible if {changes}"))
    return grid


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
    shown = ""
    for step in plan.steps:
        wait = seconds_of(step, "not_before_delay")
        waiting = f" (not for {time_text(wait)})" if wait else ""
        condition = f" {step.condition}" if step.condition != shown else ""
        shown = step.condition
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
