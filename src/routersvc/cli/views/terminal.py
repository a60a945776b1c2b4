"""The outputs of a command: results on standard output, everything else on standard error.

Colours and live displays are for terminals. `NO_COLOR` (https://no-color.org) and `FORCE_COLOR`
override this for colours; `--color` sets them for the process. Text of a model is not trusted: on a
terminal its control characters are escaped.
"""

from __future__ import annotations

import dataclasses
import os
import re
import sys
from typing import TextIO

import orjson
from rich.console import Console
from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""C0 except tab and newline, DEL, C1, and bidirectional controls."""

_PIPE_WIDTH = 120
"""The width of tables that are not written to a terminal, in characters."""


class PipeConsole(Console):
    """A console that raises `BrokenPipeError` when the reader has closed the pipe."""

    def on_broken_pipe(self) -> None:
        """Raise the error: `routersvc.cli.running` ends the process as shells expect."""
        raise  # noqa: PLE0704 - rich calls this while it handles the error


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Terminal:
    """The two outputs of one command."""

    out: Console
    err: Console

    @classmethod
    def of_process(cls) -> Terminal:
        """Return the outputs of this process as they are now."""
        return cls(out=console(sys.stdout), err=console(sys.stderr))

    @property
    def is_live(self) -> bool:
        """Whether standard output is a terminal."""
        return self.out.is_terminal

    def write(self, text: str) -> None:
        """Write a piece of text unchanged, and flush."""
        self.out.file.write(text)
        self.out.file.flush()

    def write_json(self, value: object, *, pretty: bool = False) -> None:
        """Write a value as JSON, on one line unless `pretty`."""
        layout = orjson.OPT_INDENT_2 if pretty else 0
        self.out.file.write(orjson.dumps(value, option=layout).decode() + "\n")
        self.out.file.flush()

    def note(self, text: str) -> None:
        """Write an informational line to standard error."""
        is_piped = not self.err.is_terminal
        self.err.print(visible(text), style="dim", markup=False, soft_wrap=is_piped)


def console(stream: TextIO) -> Console:
    """Return a console on a stream; without colours it writes no escape sequences."""
    is_terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
    forced = bool(os.environ.get("FORCE_COLOR"))
    colored = not os.environ.get("NO_COLOR") and (forced or is_terminal)
    return PipeConsole(
        file=stream,
        force_terminal=is_terminal,
        color_system=("auto" if is_terminal else "standard") if colored else None,
        no_color=not colored,
        width=None if is_terminal or os.environ.get("COLUMNS") else _PIPE_WIDTH,
        highlight=False,
        emoji=False,
        legacy_windows=False,
    )


def print_error(sentence: str) -> None:
    """Print an error message as one line on standard error: `error: …`."""
    err = console(sys.stderr)
    text = Text.assemble(("error:", "bold red"), f" {visible(sentence)}")
    err.print(text, soft_wrap=not err.is_terminal)


def visible(text: str) -> str:
    """Return text with control characters escaped, except line breaks and tabs."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
