"""Tables of the health of deployments."""

from __future__ import annotations

from typing import Literal

from rich.table import Table
from rich.text import Text

from routersvc.cli.views.figures import share_text, time_text
from routersvc.cli.views.report_views import model_text
from routersvc.grpc_api.client.messages import (
    DeploymentHealth,
    ProviderHealthResponse,
    Quantiles,
    seconds_of,
    word_of,
)

_STATE_STYLES = {
    "healthy": "green",
    "degraded": "yellow",
    "unavailable": "bold red",
    "disabled": "magenta",
}
_WIDE = 110
_WIDEST = 150
"""Minimum width for all columns, in characters."""


def health_table(response: ProviderHealthResponse, width: int) -> Table:
    """Return one row per deployment; a narrow terminal gets fewer columns."""
    wide = width >= _WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
    table.add_column("deployment", no_wrap=True)
    if width >= _WIDEST:
        table.add_column("model", overflow="fold")
    table.add_column("state", overflow="fold")
    table.add_column("success", justify="right", no_wrap=True)
    table.add_column("first words", justify="right", no_wrap=True)
    if wide:
        table.add_column("whole answer", justify="right", no_wrap=True)
        table.add_column("tokens/s", justify="right", no_wrap=True)
    table.add_column("running", justify="right", no_wrap=True)
    table.add_column("served", justify="right", no_wrap=True)
    table.add_column("last failure", overflow="fold")
    for health in response.deployments:
        cells: list[str | Text] = [health.deployment.deployment]
        if width >= _WIDEST:
            cells.append(model_text(health.deployment))
        has_rate = health.HasField("success_rate")
        cells += [_state(health), share_text(health.success_rate) if has_rate else "–"]
        cells.append(_quantiles(health, "time_to_first_content", wide=wide))
        if wide:
            cells.append(_quantiles(health, "duration", wide=wide))
            has_speed = health.HasField("output_tokens_per_second")
            cells.append(f"{health.output_tokens_per_second:.0f}" if has_speed else "–")
        limit = f"/{health.concurrency_limit}" if health.HasField("concurrency_limit") else ""
        cells += [f"{health.in_flight}{limit}", f"{health.served_total}/{health.attempts_total}"]
        cells.append(_last_failure(health, response))
        table.add_row(*cells)
    return table


def _state(health: DeploymentHealth) -> Text:
    state = word_of(health, "state") or "unknown"
    text = Text(state, style=_STATE_STYLES.get(state, "dim"))
    notes: list[str] = []
    if health.disabled_description:
        notes.append(health.disabled_description)
    breaker = word_of(health.breaker, "state")
    if breaker not in {"", "closed"}:
        delay = seconds_of(health.breaker, "next_probe_delay")
        probe = f", probe in {time_text(delay)}" if delay is not None else ""
        notes.append(f"breaker {breaker}{probe}")
    wait = seconds_of(health, "not_before_delay")
    if wait:
        notes.append(f"not before {time_text(wait)}")
    if notes:
        text.append(f" ({'; '.join(notes)})")
    return text


def _quantiles(
    health: DeploymentHealth, field: Literal["time_to_first_content", "duration"], *, wide: bool
) -> str:
    """Return the median, and the 95th percentile if the table is wide."""
    if not health.HasField(field):
        return "–"
    quantiles: Quantiles = getattr(health, field)
    p50, p95 = seconds_of(quantiles, "p50"), seconds_of(quantiles, "p95")
    return f"{time_text(p50)} / {time_text(p95)}" if wide else time_text(p50)


def _last_failure(health: DeploymentHealth, response: ProviderHealthResponse) -> str:
    if not health.HasField("last_failure"):
        return ""
    failure = word_of(health.last_failure, "failure_class")
    ago = response.observed_time.ToNanoseconds() - health.last_failure.time.ToNanoseconds()
    return f"{failure}, {time_text(max(0.0, ago / 1e9))} ago"
