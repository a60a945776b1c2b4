"""Prints an answer as it arrives, and withdraws text that a recovery makes void.

When a stream breaks and another attempt starts over, a terminal shows that the text above is void,
a file is rewound, and a pipe gets an error: a program must never take two half answers for one.
"""

from __future__ import annotations

import fcntl
import io
import os
import stat
from collections.abc import Iterable
from typing import IO

from routersvc.cli.exit_codes import CommandError
from routersvc.cli.views.report_views import attempt_text
from routersvc.cli.views.terminal import Terminal, visible
from routersvc.cli.views.text_wrapping import WordWrap
from routersvc.grpc_api.client.messages import (
    HostedActivity,
    Part,
    Recovered,
    StreamCompleteResponse,
    word_of,
)


class AnswerPrinter:
    """Prints the text of one answer to standard output, everything else to standard error."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._text = ""
        self._call: int | None = None
        self._is_line_open = False
        self._has_written = False
        self._is_thinking = False
        self._wrap = WordWrap(terminal.out.width)
        self._start = _rewindable_from(terminal.out.file)

    def event(self, response: StreamCompleteResponse) -> None:
        """Print one event of a stream.

        Raises:
            CommandError: the answer starts over after text was written to a pipe.
        """
        match response.WhichOneof("event"):
            case "content_delta":
                self._print_text(response.content_delta.text)
            case "refusal_delta":
                self._print_text(response.refusal_delta.text)
            case "reasoning_delta":
                self._print_thought(response.reasoning_delta.text)
            case "tool_call_delta":
                call = response.tool_call_delta
                self._print_call(call.index, call.name, call.arguments_json)
            case "media_delta":
                self._mention(response.media_delta.media_type, len(response.media_delta.data))
            case "hosted_activity_delta":
                self._mention_tool(response.hosted_activity_delta.activity)
            case "recovered":
                self._recover(response.recovered)
            case _:
                pass

    def parts(self, parts: Iterable[Part]) -> None:
        """Print the parts of a whole answer."""
        for place, part in enumerate(parts):
            match part.WhichOneof("content"):
                case "text":
                    self._print_text(part.text)
                case "refusal":
                    self._print_text(part.refusal)
                case "reasoning":
                    self._print_thought(part.reasoning.text)
                case "tool_call":
                    self._print_call(place, part.tool_call.name, part.tool_call.arguments_json)
                case "hosted_activity":
                    self._mention_tool(part.hosted_activity)
                case "image":
                    self._mention(part.image.media_type, len(part.image.data))
                case "audio":
                    self._mention(part.audio.media_type, len(part.audio.data))
                case _:
                    pass

    def end(self) -> None:
        """End the last line, also after an error."""
        if self._is_thinking:
            self._terminal.err.print()
        self._end_line()

    def _print_text(self, text: str) -> None:
        if not text:
            return
        if self._call is not None:
            self._end_line()
            self._call = None
        self._text += text
        self._write(text)

    def _print_call(self, index: int, name: str, arguments: str) -> None:
        if index != self._call:
            self._end_line()
            self._write(f"{name} ")
            self._call = index
        self._write(arguments)

    def _print_thought(self, text: str) -> None:
        """Print reasoning on terminals only; `--json` has it."""
        if self._terminal.err.is_terminal and text:
            self._is_thinking = True
            self._terminal.err.print(
                visible(text), style="dim italic", end="", markup=False, soft_wrap=True
            )

    def _mention_tool(self, activity: HostedActivity) -> None:
        """Print what a tool of the provider was asked, where it was asked anything."""
        asked = ", ".join(activity.queries) or activity.code.partition("\n")[0]
        if asked:
            self._terminal.note(f"[{activity.tool}: {asked}]")

    def _mention(self, media_type: str, size: int) -> None:
        self._terminal.note(f"[{media_type or 'media'}, {size:,} bytes: `--json` has them]")

    def _write(self, text: str) -> None:
        if self._is_thinking:
            self._terminal.err.print()
            self._is_thinking = False
        if text:
            if self._terminal.is_live:
                self._terminal.write(self._wrap.wrapped(visible(text)))
            else:
                self._terminal.write(text)
            self._has_written = True
            self._is_line_open = not text.endswith("\n")

    def _end_line(self) -> None:
        if self._is_line_open:
            self._write("\n")

    def _recover(self, recovered: Recovered) -> None:
        kept = self._text[: recovered.kept_characters]
        who = _recovery_text(recovered)
        if kept == self._text and (kept or not self._has_written):
            self._terminal.note(f"[{who} continues from here]")
            return
        if self._terminal.is_live:
            self._end_line()
            self._terminal.note(f"[{who} starts over: the text above is void]")
        elif self._start is not None:
            self._terminal.note(f"[{who} starts over]")
            _rewind(self._terminal.out.file, self._start)
        else:
            raise CommandError(
                f"{who} starts over, but text already written to the pipe cannot be withdrawn; "
                "use `--json`, or `--recovery fail` to disable recovery"
            )
        self._text, self._call = "", None
        self._wrap = WordWrap(self._terminal.out.width)
        self._is_line_open = self._has_written = False
        self._print_text(kept)


def _recovery_text(recovered: Recovered) -> str:
    attempts = recovered.report.attempts
    broken = [attempt_text(one) for one in attempts if word_of(one, "outcome") == "broken"]
    successor = attempts[-1].deployment.deployment if attempts else "another deployment"
    return f"{broken[-1] if broken else 'the stream broke'}; {successor}"


def _rewindable_from(stream: IO[str]) -> int | None:
    """Return where this answer begins in the file of a stream, `None` if it has none."""
    try:
        descriptor = stream.fileno()
        stream.flush()
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND:
            return status.st_size
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    except (OSError, io.UnsupportedOperation):
        return None


def _rewind(stream: IO[str], start: int) -> None:
    stream.flush()
    descriptor = stream.fileno()
    os.ftruncate(descriptor, start)
    os.lseek(descriptor, start, os.SEEK_SET)
