"""The real server: a process of `routersvc serve` that can be drained, stopped and started anew."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

from clients.conformance.runner.settings import ENVIRONMENT

from llmrouter import AsyncRouterClient, CallError, Reason, text_prompt
from llmrouter.v1.router_service_pb2 import CompleteRequest
from llmrouter.v1.routing_pb2 import Routing

START_TIMEOUT = 120.0
END_TIMEOUT = 60.0


class ServerError(Exception):
    """The server does not start or does not end."""


class Server:
    """One server; `address` stays the same when it is started anew."""

    def __init__(self, config: Path) -> None:
        self._config = config
        self._log = config.with_suffix(".log")
        self._process: asyncio.subprocess.Process | None = None
        self.address = "127.0.0.1:0"

    @classmethod
    @contextlib.asynccontextmanager
    async def start(cls, config: Path) -> AsyncGenerator[Server]:
        """Run a server for as long as the context lasts.

        Raises:
            ServerError: it does not start.
        """
        server = cls(config)
        try:
            await server._start()
            yield server
        finally:
            await server.stop()

    @property
    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    async def stop(self) -> None:
        """End it without patience."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        try:
            async with asyncio.timeout(END_TIMEOUT):
                # Each signal ends a stage of the drain.
                while process.returncode is None:
                    _terminate(process)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.2):
                            await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise ServerError("the server does not end") from None

    async def restart(self) -> None:
        """End it, and start another that listens where it did."""
        await self.stop()
        await self._start()

    async def drain(self) -> None:
        """Begin its drain, and wait until it refuses calls."""
        if self._process is None:
            raise ServerError("there is no server to drain")
        _terminate(self._process)
        # Refused at once in either case, so that nothing is called while the drain begins.
        request = CompleteRequest(prompt=text_prompt("Hello"), routing=Routing(policy="none"))
        async with AsyncRouterClient(
            self.address, plaintext=True, service_config=None, default_timeout=START_TIMEOUT
        ) as client:
            while True:
                try:
                    await client.complete(request)
                except CallError as error:
                    if error.reason is Reason.DRAINING:
                        return
                    if error.reason is not Reason.UNKNOWN_POLICY:
                        raise ServerError(f"the server does not drain: {error}") from error

    async def _start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                Path(sys.executable).parent / "routersvc",
                "serve",
                "--config",
                self._config,
                "--listen",
                self.address,
                "--json",
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, **ENVIRONMENT},
            )
        stdout = cast("asyncio.StreamReader", self._process.stdout)
        try:
            async with asyncio.timeout(START_TIMEOUT):
                line = await stdout.readline()
        except TimeoutError:
            line = b""
        if not line:
            raise ServerError(f"the server does not start\n{self.log}")
        (self.address,) = json.loads(line)["addresses"]


def _terminate(process: asyncio.subprocess.Process) -> None:
    """Send SIGTERM. `Process.send_signal` would reap one that has just ended, unseen by asyncio."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGTERM)
