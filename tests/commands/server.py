"""Runs commands of `routersvc` in children of one process that has imported everything.

Importing takes most of the time of a short command, and the tests run hundreds of them. Each runs
in a child of its own, with the arguments, the environment, the folder and the standard streams of
the process that asks, `client.py`. The server itself never calls gRPC, because its children could
not use it after that.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypedDict, cast

from routersvc.cli.running import run

PROGRAM = Path(sys.executable).parent / "routersvc"
CLIENT = Path(__file__).with_name("client.py")
STREAMS = 3
"""Standard input, output and error come with a request."""

LENGTH = struct.Struct("!I")
"""Before a request: how many bytes of JSON follow."""

STATUS = struct.Struct("!i")
"""An answer: first the process id of the child, then its exit code, negative for a signal."""


class Request(TypedDict):
    """What a client sends, with its standard streams."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str


@contextlib.contextmanager
def served_commands() -> Generator[Path]:
    """Yield a program to be used in place of `routersvc`, for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="commands-") as name:
        path = Path(name) / "socket"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen(64)
            server = subprocess.Popen(
                [sys.executable, __file__, str(listener.fileno())],
                pass_fds=[listener.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
            )
        program = Path(name) / "routersvc"
        client = f'"{sys.executable}" -IS "{CLIENT}" "{path}" "{PROGRAM}"'
        program.write_text(f'#!/bin/sh\nexec {client} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        try:
            yield program
        finally:
            # The server ends when its standard input does.
            server.communicate()


class _Server:
    """Forks a child for each request, and reports how it ended."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._clients: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._wake, self._wake_end = socket.socketpair()
        for end in (self._wake, self._wake_end):
            end.settimeout(0)
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake, selectors.EVENT_READ, self._reap)
        self._selector.register(sys.stdin, selectors.EVENT_READ, self._end)

    def serve(self) -> list[str]:
        """Serve until the standard input ends; return in children alone, with their arguments."""
        signal.signal(signal.SIGCHLD, _do_nothing)
        signal.set_wakeup_fd(self._wake_end.fileno())
        while True:
            for key, _ in self._selector.select():
                act: Callable[[], list[str] | None] = key.data
                arguments = act()
                if arguments is not None:
                    return arguments

    def _accept(self) -> list[str] | None:
        client, _ = self._listener.accept()
        request, streams = _received(client)
        pid = os.fork()
        if not pid:
            self._close(client)
            return _take_over(request, streams)
        for stream in streams:
            os.close(stream)
        client.sendall(STATUS.pack(pid))
        self._clients[pid] = client
        # The client sends nothing more, so that it can be read only when it is gone.
        self._selector.register(client, selectors.EVENT_READ, lambda: self._kill(pid))
        return None

    def _close(self, client: socket.socket) -> None:
        """Close, in a child, what belongs to the server."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for one in (client, self._listener, self._wake, self._wake_end, *self._clients.values()):
            one.close()

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake.recv(64):
                pass
        while self._clients:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            client = self._clients.pop(pid)
            self._selector.unregister(client)
            with contextlib.suppress(OSError):
                client.sendall(STATUS.pack(os.waitstatus_to_exitcode(status)))
            client.close()

    def _kill(self, pid: int) -> None:
        if pid in self._clients:
            os.kill(pid, signal.SIGKILL)

    def _end(self) -> NoReturn:
        for pid in self._clients:
            self._kill(pid)
        sys.exit()


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """Handle SIGCHLD, so that it wakes the selector."""


def _received(client: socket.socket) -> tuple[Request, list[int]]:
    streams = array.array("i")
    space = socket.CMSG_SPACE(STREAMS * streams.itemsize)
    head, ancillary, _, _ = client.recvmsg(LENGTH.size, space)
    for _, _, data in ancillary:
        streams.frombytes(data)
    (length,) = LENGTH.unpack(head)
    text = client.recv(length, socket.MSG_WAITALL)
    return cast("Request", json.loads(text)), list(streams)


def _take_over(request: Request, streams: list[int]) -> list[str]:
    """Become what was asked for but for the command itself; return its arguments.

    The standard streams have written nothing yet, so that they need only other files below them.
    """
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    cast("io.TextIOWrapper", sys.stdout).reconfigure(line_buffering=sys.stdout.isatty())
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    return request["arguments"]


def _import_everything() -> None:
    """Import what commands import while they run."""
    package = importlib.import_module("routersvc.cli")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    # What typer imports when it is called.
    run(["--version"])
    sys.stdout.flush()


def main() -> None:
    """Serve on the listening socket that is passed; in each child, run a command."""
    _import_everything()
    gc.collect()
    gc.freeze()
    arguments = _Server(socket.socket(fileno=int(sys.argv[1]))).serve()
    sys.argv = ["routersvc", *arguments]
    code = run(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    # Without taking apart what the server has imported.
    os._exit(code)


if __name__ == "__main__":
    main()
