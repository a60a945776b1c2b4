"""Outputs that remember what was written to them."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from routersvc.cli.views.terminal import Terminal

MakeTerminal = Callable[..., Terminal]
Written = Callable[[Console], str]


@pytest.fixture
def make_terminal() -> MakeTerminal:
    """Return a maker of outputs in memory; `live` ones behave as a terminal without colours."""

    def make(*, live: bool = False) -> Terminal:
        out, err = (
            Console(
                file=io.StringIO(),
                force_terminal=live,
                color_system=None,
                width=100,
                highlight=False,
                emoji=False,
            )
            for _ in range(2)
        )
        return Terminal(out=out, err=err)

    return make


@pytest.fixture
def written() -> Written:
    """Return what tells what was written to a console in memory."""

    def read(console: Console) -> str:
        assert isinstance(console.file, io.StringIO)
        return console.file.getvalue()

    return read
