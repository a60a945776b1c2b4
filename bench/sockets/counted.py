"""Runs the service and counts its tasks: `python -m bench.sockets.counted FILE ...`.

SIGUSR1 writes to FILE how many tasks have not ended. What follows FILE are the arguments of the
service's command line.
"""

from __future__ import annotations

import asyncio
import pathlib
import signal
import sys
from types import FrameType

from routersvc.cli import main as serve


def main() -> None:
    """Run the service, ready to be counted."""
    output = pathlib.Path(sys.argv[1])

    def count(number: int, frame: FrameType | None) -> None:
        del number, frame
        whole = output.with_suffix(".part")
        # The handler runs between two steps of the loop's own thread.
        whole.write_text(str(len(asyncio.all_tasks())), encoding="utf-8")
        whole.replace(output)

    signal.signal(signal.SIGUSR1, count)
    serve(sys.argv[2:])


if __name__ == "__main__":
    main()
