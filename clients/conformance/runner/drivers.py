"""One driver process: commands go in, outcomes and events come out."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import json
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import cast

from clients.conformance.runner.cases import Json

START_TIMEOUT = 120.0
"""Seconds: a virtual machine on a busy computer starts slowly."""

END_TIMEOUT = 60.0
_LONGEST_LINE = 256 * 1024 * 1024
_KEPT_WORDS = 4_000


class DriverError(Exception):
    """A driver does not do what the protocol says."""


@dataclasses.dataclass(kw_only=True, slots=True)
class Call:
    """One command that was sent; `changed` is set whenever something came."""

    id: int
    rename: Callable[[str], str]
    events: list[Json] = dataclasses.field(default_factory=list[Json])
    outcome: Json | None = None
    changed: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    async def until(self, condition: Callable[[Call], bool]) -> None:
        """Wait for what `condition` says, or for the end of the call."""
        while self.outcome is None and not condition(self):
            self.changed.clear()
            await self.changed.wait()

    async def ended(self) -> Json:
        """Wait for the outcome and return it."""
        await self.until(lambda _: False)
        return cast("Json", self.outcome)


class Driver:
    """Speaks with one driver process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._calls: dict[int, Call] = {}
        self._words = ""
        self.ready: Json = {}

    @classmethod
    @contextlib.asynccontextmanager
    async def start(cls, command: Sequence[str], root: Path) -> AsyncGenerator[Driver]:
        """Run a driver for as long as the context lasts.

        Raises:
            DriverError: it does not start.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=root,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "GRPC_VERBOSITY": "NONE"},
            limit=_LONGEST_LINE,
        )
        driver = cls(process)
        try:
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(driver._listen_to_words())
                try:
                    async with asyncio.timeout(START_TIMEOUT):
                        driver.ready = await driver._line() or {}
                    if not driver.ready.get("ready"):
                        raise DriverError(f"the driver is not ready\n{driver.words}")
                    reading = tasks.create_task(driver._read())
                    yield driver
                    await driver._end()
                    await reading
                finally:
                    if process.returncode is None:
                        process.kill()
                    await process.wait()
                    listening.cancel()
        except* DriverError as group:
            raise group.exceptions[0] from None

    @property
    def words(self) -> str:
        """What the driver said on standard error, the end of it."""
        return self._words

    async def send(
        self, op: str, keys: Json, rename: Callable[[str], str] = lambda line: line
    ) -> Call:
        """Send a command; `rename` is applied to every line that answers it."""
        call = Call(id=next(self._ids), rename=rename)
        self._calls[call.id] = call
        line = json.dumps({"id": call.id, "op": op, **keys}, ensure_ascii=False)
        stdin = cast("asyncio.StreamWriter", self._process.stdin)
        stdin.write(f"{line}\n".encode())
        await stdin.drain()
        return call

    async def do(self, op: str, /, **keys: object) -> None:
        """Send a command that ends with `done`, and wait for that.

        Raises:
            DriverError: it ends otherwise.
        """
        outcome = await (await self.send(op, keys)).ended()
        if outcome.get("outcome") != "done":
            raise DriverError(f"`{op}` ended with {outcome}")

    async def _line(self) -> Json | None:
        line = await cast("asyncio.StreamReader", self._process.stdout).readline()
        if not line:
            return None
        try:
            return cast("Json", json.loads(line))
        except ValueError as error:
            raise DriverError(f"not JSON: {line[:200]!r}") from error

    async def _read(self) -> None:
        while (entries := await self._line()) is not None:
            call = self._calls[entries["id"]]
            entries = cast("Json", json.loads(call.rename(json.dumps(entries))))
            if "event" in entries:
                call.events.append(entries["event"])
            else:
                call.outcome = entries
                del self._calls[call.id]
            call.changed.set()
        for call in self._calls.values():
            call.outcome = {"outcome": "defect", "message": f"the driver ended\n{self.words}"}
            call.changed.set()

    async def _listen_to_words(self) -> None:
        stderr = cast("asyncio.StreamReader", self._process.stderr)
        while chunk := await stderr.read(4096):
            self._words = (self._words + chunk.decode(errors="replace"))[-_KEPT_WORDS:]

    async def _end(self) -> None:
        cast("asyncio.StreamWriter", self._process.stdin).close()
        try:
            async with asyncio.timeout(END_TIMEOUT):
                code = await self._process.wait()
        except TimeoutError:
            raise DriverError("the driver does not end when its input does") from None
        if code:
            raise DriverError(f"the driver ended with {code}\n{self.words}")
