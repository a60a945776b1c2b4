"""Stands in place of `routersvc`: lets a server run the command, and ends as the command does.

Started as `python -IS client.py SOCKET PROGRAM ARGUMENT ...`. Imports as little as possible, as it
is started hundreds of times. A command that runs on until it is stopped (`serve`, `simulate`, ...)
is run by the program itself, in this process, unless `SERVE_EVERY_COMMAND` is set.
"""

import array
import json
import os
import signal
import socket
import struct
import sys

SHORT = {"check", "complete", "explain", "health", "models", "profile", "replay", "stream"}
"""The commands that the server runs."""


def main() -> int:
    """Run one command and return its exit code."""
    path, program, *arguments = sys.argv[1:]
    if not SHORT.intersection(arguments[:1]) and "SERVE_EVERY_COMMAND" not in os.environ:
        os.execv(program, [program, *arguments])  # noqa: S606 - the program that was asked for
    request = {"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd()}  # noqa: PTH109 - no `pathlib`
    text = json.dumps(request).encode()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))
        server.sendmsg([struct.pack("!I", len(text))], [rights])
        server.sendall(text)
        (pid,) = struct.unpack("!i", server.recv(4, socket.MSG_WAITALL))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: os.kill(pid, number))
        code: int
        (code,) = struct.unpack("!i", server.recv(4, socket.MSG_WAITALL))
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main())
