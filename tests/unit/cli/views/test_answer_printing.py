"""Answers as they arrive, and what is taken back of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from tests.wording import Wording

from routersvc.cli.exit_codes import CommandError
from routersvc.cli.views.answer_printing import AnswerPrinter
from routersvc.cli.views.terminal import Terminal
from routersvc.grpc_api.client.messages import (
    CompleteResponse,
    StreamCompleteResponse,
    read_message,
)

MakeTerminal = Callable[..., Terminal]
Written = Callable[[Console], str]

ATTEMPTS = [
    {
        "number": 1,
        "deployment": {"deployment": "alpha-large"},
        "outcome": "ATTEMPT_OUTCOME_BROKEN",
        "failure_class": "FAILURE_CLASS_STALLED",
    },
    {"number": 2, "deployment": {"deployment": "beta-large"}},
]


def event_of(**fields: object) -> StreamCompleteResponse:
    """Return an event of the contract."""
    return read_message(StreamCompleteResponse, fields)


def words(text: str) -> StreamCompleteResponse:
    """Return the event of some words."""
    return event_of(content_delta={"text": text})


def restarted(kept: int = 0) -> StreamCompleteResponse:
    """Return the event of a recovery after which `kept` characters stay valid."""
    kind = "RECOVERY_KIND_RESUMED" if kept else "RECOVERY_KIND_RESTARTED"
    return event_of(
        recovered={"kind": kind, "kept_characters": str(kept), "report": {"attempts": ATTEMPTS}}
    )


def print_all(terminal: Terminal, *events: StreamCompleteResponse) -> None:
    """Print a whole stream."""
    printer = AnswerPrinter(terminal)
    for one in events:
        printer.event(one)
    printer.end()


def test_words_are_written_as_they_come(make_terminal: MakeTerminal, written: Written) -> None:
    """The last line is ended, so that the next prompt of the shell stands on its own."""
    terminal = make_terminal()

    print_all(terminal, words("Hello"), words(" world"))

    assert written(terminal.out) == "Hello world\n"
    assert written(terminal.err) == ""


def test_an_ended_line_is_not_ended_again(make_terminal: MakeTerminal, written: Written) -> None:
    """Answers often bring their own line break."""
    terminal = make_terminal()

    print_all(terminal, words("Hello\n"))

    assert written(terminal.out) == "Hello\n"


def test_a_refusal_is_an_answer(make_terminal: MakeTerminal, written: Written) -> None:
    """The model's own words of refusal are what there is to read."""
    terminal = make_terminal()

    print_all(terminal, event_of(refusal_delta={"text": "I cannot."}))

    assert written(terminal.out) == "I cannot.\n"


def test_tool_calls_stand_on_lines_of_their_own(
    make_terminal: MakeTerminal, written: Written
) -> None:
    """Pieces of a call follow each other; another call begins another line."""
    terminal = make_terminal()

    print_all(
        terminal,
        words("Let me look."),
        event_of(tool_call_delta={"index": 0, "id": "1", "name": "look", "arguments_json": '{"a"'}),
        event_of(tool_call_delta={"index": 0, "arguments_json": ":1}"}),
        event_of(tool_call_delta={"index": 1, "id": "2", "name": "find", "arguments_json": "{}"}),
    )

    assert written(terminal.out) == 'Let me look.\nlook {"a":1}\nfind {}\n'


def test_thoughts_are_for_people(make_terminal: MakeTerminal, written: Written) -> None:
    """They are no part of the answer: a program that reads it must not get them."""
    watched, piped = make_terminal(live=True), make_terminal()
    events = (event_of(reasoning_delta={"text": "Hmm."}), words("42"))

    print_all(watched, *events)
    print_all(piped, *events)

    assert (written(watched.out), written(watched.err)) == ("42\n", "Hmm.\n")
    assert (written(piped.out), written(piped.err)) == ("42\n", "")


def test_media_is_mentioned(make_terminal: MakeTerminal, written: Written) -> None:
    """Bytes of sound have no place among words."""
    terminal = make_terminal()

    print_all(terminal, event_of(media_delta={"media_type": "audio/wav", "data": "AAAA"}))

    assert written(terminal.out) == ""
    assert written(terminal.err) == "[audio/wav, 3 bytes: `--json` has them]\n"


def test_a_person_is_told_to_forget_the_text_above(
    make_terminal: MakeTerminal, written: Written
) -> None:
    """What stands on the screen cannot be unread, only explained."""
    terminal = make_terminal(live=True)

    print_all(terminal, words("Half an ans"), restarted(), words("A whole answer"))

    assert written(terminal.out) == "Half an ans\nA whole answer\n"
    assert written(terminal.err) == (
        "[alpha-large broken (stalled); beta-large starts over: the text above is void]\n"
    )


def test_a_continued_answer_goes_on(make_terminal: MakeTerminal, written: Written) -> None:
    """Nothing is lost, so nothing is repeated."""
    terminal = make_terminal(live=True)

    print_all(terminal, words("Half an "), restarted(kept=8), words("answer"))

    assert written(terminal.out) == "Half an answer\n"
    assert written(terminal.err) == (
        "[alpha-large broken (stalled); beta-large continues from here]\n"
    )


def test_only_the_part_that_stays_valid_is_kept(
    make_terminal: MakeTerminal, written: Written
) -> None:
    """A provider may continue from an earlier word than the last one."""
    terminal = make_terminal(live=True)

    print_all(terminal, words("Half an ans"), restarted(kept=8), words("apple"))

    assert written(terminal.out) == "Half an ans\nHalf an apple\n"


def test_a_file_is_rewound(tmp_path: Path) -> None:
    """What was redirected there before stays, the half answer goes."""
    path = tmp_path / "answers.txt"
    with path.open("w", encoding="utf-8") as file:
        file.write("before\n")
        terminal = Terminal(out=Console(file=file), err=Console(file=file))
        terminal = dataclasses.replace(terminal, err=Console(file=(tmp_path / "err").open("w")))

        print_all(terminal, words("Hälf an ans"), restarted(), words("A whole one"))
        terminal.err.file.close()

    assert path.read_text(encoding="utf-8") == "before\nA whole one\n"


def test_a_file_that_is_appended_to_keeps_what_it_had(tmp_path: Path) -> None:
    """Its position says nothing before the first write: its size does."""
    path = tmp_path / "answers.txt"
    path.write_text("before\n")
    with path.open("a") as file, (tmp_path / "err").open("w") as err:
        terminal = Terminal(out=Console(file=file), err=Console(file=err))

        print_all(terminal, words("Half an ans"), restarted(), words("A whole one"))

    assert path.read_text() == "before\nA whole one\n"


def test_a_pipe_gets_an_error(make_terminal: MakeTerminal, wording: Wording) -> None:
    """A program must not take half an answer and a whole one for one answer."""
    terminal = make_terminal()

    with pytest.raises(CommandError) as caught:
        print_all(terminal, words("Half an ans"), restarted(), words("A whole answer"))

    wording(str(caught.value))


def test_a_restart_before_the_first_word_is_no_matter(
    make_terminal: MakeTerminal, written: Written
) -> None:
    """Nothing was written, so nothing has to be taken back."""
    terminal = make_terminal()

    print_all(terminal, restarted(), words("A whole answer"))

    assert written(terminal.out) == "A whole answer\n"


def test_parts_of_a_whole_answer_are_printed_alike(
    make_terminal: MakeTerminal, written: Written
) -> None:
    """Unary and streamed answers look the same."""
    terminal = make_terminal()
    response = read_message(
        CompleteResponse,
        {
            "message": {
                "parts": [
                    {"reasoning": {"text": "Hmm."}},
                    {"text": "Hello"},
                    {"tool_call": {"id": "1", "name": "look", "arguments_json": "{}"}},
                    {"refusal": " no"},
                    {"image": {"data": "AAAA", "media_type": "image/png"}},
                    {"audio": {"data": "AAAA", "media_type": "audio/wav"}},
                ]
            }
        },
    )
    printer = AnswerPrinter(terminal)

    printer.parts(response.message.parts)
    printer.end()

    assert written(terminal.out) == "Hello\nlook {}\n no\n"
    assert written(terminal.err) == (
        "[image/png, 3 bytes: `--json` has them]\n[audio/wav, 3 bytes: `--json` has them]\n"
    )


def test_a_model_cannot_play_with_a_terminal(make_terminal: MakeTerminal, written: Written) -> None:
    """Its control characters are shown to people, and left to programs."""
    watched, piped = make_terminal(live=True), make_terminal()

    for terminal in (watched, piped):
        print_all(terminal, words("a\x1b[2J"), words("b\r\n"))

    assert written(watched.out) == "a\\x1b[2Jb\\r\n"
    assert written(piped.out) == "a\x1b[2Jb\r\n"
