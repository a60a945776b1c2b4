"""Prints the profile of prompts and requests, one line of JSON for each."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from routersvc.cli.exit_codes import CommandError, UsageProblemError
from routersvc.cli.views.figures import count_text
from routersvc.cli.views.terminal import Terminal, print_error
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.outcomes.errors import RefusedError
from routersvc.domain.profiling.profiles import Profiler, evidence_of
from routersvc.grpc_api.client.messages import (
    CompleteRequest,
    RequestShapeError,
    read_message,
    to_json,
)
from routersvc.grpc_api.inbound.requests import Arrival, complete_request_of
from routersvc.grpc_api.outbound.explanations import profile_of
from routersvc.tokenizer.counter import O200kCounter

_ALLOWED = 'a text in quotes, {"prompt": "…"} or a request as `complete --request` takes it'
_STANDARD_INPUT = Path("-")


class _LineError(Exception):
    """A line is neither a prompt nor a request; the message says what is allowed."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ProfileOptions:
    """Options of the command; `exact` counts every token."""

    files: tuple[Path, ...]
    config: Path | None
    exact: bool


def profile(options: ProfileOptions) -> None:
    """Print the profile of each line of the files; invalid lines are reported and skipped.

    Raises:
        UsageProblemError: a file cannot be read.
        CommandError: the settings are invalid, or some lines are.
    """
    terminal = Terminal.of_process()
    profiler = Profiler(counter=O200kCounter())
    if options.config is not None:
        profiler = _profiler(options.config, terminal)
    lines = bad = 0
    for path in options.files:
        name = "standard input" if path == _STANDARD_INPUT else str(path)
        for number, line in _lines(path):
            lines += 1
            try:
                found = _profile(line, profiler, exact=options.exact)
            except _LineError as error:
                bad += 1
                print_error(f"{name}:{number}: {error}")
                continue
            terminal.write_json({"file": str(path), "line": number, "profile": found})
    if bad:
        raise CommandError(f"{bad:,} of {count_text(lines, 'line')} could not be read")


def _profiler(config: Path, terminal: Terminal) -> Profiler:
    # What a service is composed of takes half a second to load.
    from routersvc.app.options import profiler  # noqa: PLC0415
    from routersvc.cli.actions.settings_files import load_or_fail  # noqa: PLC0415

    return profiler(load_or_fail(config, terminal), counter=O200kCounter())


def _profile(line: bytes, profiler: Profiler, *, exact: bool) -> dict[str, object]:
    request = _request(line)
    found = profiler.profile(request)
    if exact:
        found = profiler.with_refined_tokens(
            request, found, lambda tokens: tokens.low < tokens.high
        )
    return to_json(profile_of(dataclasses.replace(found, evidence=evidence_of(found, request))))


def _request(line: bytes) -> Request:
    try:
        value: object = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise _LineError(f"not JSON ({error.msg}); allowed is {_ALLOWED}") from error
    if isinstance(value, str):
        value = {"prompt": value}
    if not isinstance(value, dict):
        raise _LineError(f"wrong type of JSON value; allowed is {_ALLOWED}")
    entries = cast("dict[str, object]", value)
    prompt = entries.get("prompt")
    if isinstance(prompt, str):
        message = {"role": "ROLE_USER", "parts": [{"text": prompt}]}
        entries = {**entries, "prompt": {"messages": [message]}}
    try:
        return complete_request_of(
            read_message(CompleteRequest, entries),
            Arrival(timeout=1.0, make_id=lambda: "profile"),
            streaming=False,
        )
    except (RequestShapeError, RefusedError) as error:
        raise _LineError(f"{error}; allowed is {_ALLOWED}") from error


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, each with its number, starting at 1."""
    if path == _STANDARD_INPUT:
        yield from _numbered(sys.stdin.buffer)
        return
    try:
        with path.open("rb") as file:
            yield from _numbered(file)
    except OSError as error:
        raise UsageProblemError(f"cannot read `{path}`: {error.strerror}") from error


def _numbered(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(file, start=1):
        if line.strip():
            yield number, line
