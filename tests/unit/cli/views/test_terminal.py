"""What goes to terminals, and what goes to programs."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from routersvc.cli.views.terminal import Terminal, console, visible

MakeTerminal = Callable[..., Terminal]
Written = Callable[[Console], str]


class FakeTerminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment that says nothing about colours."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("TERM", "xterm-256color")


def printed(stream: io.StringIO) -> str:
    """Return what a console writes to a stream for red words."""
    console(stream).print("[bold red]stop[/]", end="")
    return stream.getvalue()


def test_a_terminal_has_colours() -> None:
    """People see faster what is red."""
    assert printed(FakeTerminal()) == "\x1b[1;31mstop\x1b[0m"


def test_a_pipe_has_none() -> None:
    """Escape sequences are noise to programs."""
    assert printed(io.StringIO()) == "stop"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_wants_no_colours_gets_none(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """No escape sequence at all: neither colour nor bold."""
    monkeypatch.setenv(name, value)

    assert printed(FakeTerminal()) == "stop"


def test_colours_can_be_demanded_of_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """For logs that are shown in colour later."""
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert printed(io.StringIO()) == "\x1b[1;31mstop\x1b[0m"


def test_the_reader_of_a_pipe_that_goes_away_is_noticed() -> None:
    """The command ends as the shell expects, instead of as if nothing had happened."""

    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        console(Gone()).print("words")


def test_control_characters_are_shown() -> None:
    """A model must not be able to clear the screen, set the title or turn the text around."""
    shown = visible("a\x1b[2Jb\u202ec\td\n\x9b\x7f\r")

    assert shown == "a\\x1b[2Jb\\u202ec\td\n\\x9b\\x7f\\r"


def test_programs_get_every_byte(make_terminal: MakeTerminal, written: Written) -> None:
    """What is saved is what the model said."""
    terminal = make_terminal()

    terminal.write("a\x1b[2Jb\r\n")

    assert written(terminal.out) == "a\x1b[2Jb\r\n"


def test_notes_are_text_not_markup(make_terminal: MakeTerminal, written: Written) -> None:
    """Names of deployments may hold brackets."""
    terminal = make_terminal()

    terminal.note("[bold]alpha[/bold] \x1b]0;title\x07")

    assert written(terminal.err) == "[bold]alpha[/bold] \\x1b]0;title\\x07\n"


def test_json_is_one_line(make_terminal: MakeTerminal, written: Written) -> None:
    """Programs read line by line."""
    terminal = make_terminal()

    terminal.write_json({"text": "two\nlines", "none": None})

    assert written(terminal.out) == '{"text":"two\\nlines","none":null}\n'


def test_ordinary_text_stays_as_it_is() -> None:
    """Emoji, accents, tabs and line breaks are no danger."""
    text = "Zürich – 東京 🚀\n\ttab"

    assert visible(text) == text


def test_outputs_are_those_of_the_process(capsys: pytest.CaptureFixture[str]) -> None:
    """Answers go to standard output, all else to standard error."""
    terminal = Terminal.of_process()

    terminal.write("answer")
    terminal.note("note")

    assert isinstance(terminal.out, Console)
    assert capsys.readouterr() == ("answer", "note\n")
