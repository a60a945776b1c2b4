"""Tables of models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.table import Table
from rich.text import Text

from routersvc.grpc_api.client.messages import ListModelsResponse, Model, ModelDeployment, words_of
from routersvc.settings.sections.models import ModelSection

_WIDE = 110
"""Minimum width for the column of capabilities, in characters."""

_PLAIN = frozenset({"streaming", "system prompt", "sampling", "stop sequences"})
"""Capabilities of nearly every model, which are not shown."""


def models_table(response: ListModelsResponse, width: int) -> Table:
    """Return one row per model; a narrow terminal gets fewer columns."""
    wide = width >= _WIDE
    table = _table()
    if wide:
        table.add_column("can do", overflow="fold")
    table.add_column("deployments", overflow="fold")
    for model in response.models:
        prices = model.prices if model.HasField("prices") else None
        cells: list[str | Text] = [
            _name(model),
            _tokens(model.context_window),
            _tokens(model.max_output_tokens if model.HasField("max_output_tokens") else None),
            "–" if prices is None else _prices(prices.input, prices.output),
        ]
        if wide:
            cells.append(_abilities(words_of(model, "capabilities")))
        cells.append(Text(", ".join(_deployment(each) for each in model.deployments)))
        table.add_row(*cells)
    return table


def known_models_table(models: Mapping[str, ModelSection]) -> Table:
    """Return one row per model that settings can take by name."""
    table = _table()
    table.add_column("can do", overflow="fold")
    for name, model in models.items():
        text = Text(name)
        if model.deprecated:
            text.append(" deprecated", style="yellow")
        prices = model.prices
        table.add_row(
            text,
            _tokens(model.context_window),
            _tokens(model.max_output_tokens),
            "–" if prices is None else _prices(prices.input, prices.output),
            _abilities(each.value.replace("_", " ") for each in model.capabilities),
        )
    return table


def _table() -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
    table.add_column("model", overflow="fold")
    table.add_column("window", justify="right", no_wrap=True)
    table.add_column("answer", justify="right", no_wrap=True)
    table.add_column("$ in / out", justify="right", no_wrap=True)
    return table


def _name(model: Model) -> Text:
    text = Text(model.name)
    if model.aliases:
        text.append(f" ({', '.join(model.aliases)})", style="dim")
    if model.deprecated:
        text.append(" deprecated", style="yellow")
    if model.retirement_date:
        text.append(f" until {model.retirement_date}", style="yellow")
    return text


def _deployment(each: ModelDeployment) -> str:
    name = each.deployment
    where = f" in {name.region}" if name.region else ""
    off = "" if each.enabled else ", out of service"
    return f"{name.deployment} (at {name.provider}{where}{off})"


def _tokens(count: int | None) -> str:
    return "–" if count is None else f"{count:,}"


def _prices(prompt: float, answer: float) -> str:
    return f"{prompt:g} / {answer:g}"


def _abilities(words: Iterable[str]) -> Text:
    return Text(", ".join(word for word in words if word not in _PLAIN), style="dim")
