"""The command line. Modules are imported when their command runs, so that `--help` is fast."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    from routersvc.cli.running import run  # noqa: PLC0415 - importing the package stays free

    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
