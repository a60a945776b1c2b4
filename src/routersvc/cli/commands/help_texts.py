"""Formats the help of a command: its docstring, and examples."""

from __future__ import annotations

import inspect
from collections.abc import Callable


def prose(command: Callable[..., None]) -> str:
    """Return the docstring of a command with its paragraphs unwrapped: the terminal wraps them."""
    paragraphs = (inspect.getdoc(command) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def examples(*lines: str | tuple[str, str]) -> str:
    """Return the examples of a command: one line each, with an optional remark."""
    shown = ["[bold]Examples[/]"]
    for line in lines:
        command, meaning = line if isinstance(line, tuple) else (line, "")
        note = f"   [dim]# {_escaped(meaning)}[/]" if meaning else ""
        shown.append(f"[cyan]{_escaped(command)}[/]{note}")
    return "\n".join(shown)


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
