"""The command line. Modules are imported when their command runs, so that `--help` is fast."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

GC_THRESHOLD = (20_000, 20, 20)
"""Allocations that start a collection, and collections that start one of the next generation.

With Python's own threshold of 700, loading the modules of `serve` starts 400 collections.
"""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with its exit code."""
    gc.set_threshold(*GC_THRESHOLD)
    # Looking for plugins of pydantic reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from routersvc.cli.running import run  # noqa: PLC0415 - importing the package stays free

    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
