"""Drives `AsyncRouterClient` for the conformance cases."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys

from clients.python.conformance.exchange import (
    Json,
    call_options,
    client_arguments,
    error_of,
    json_of,
    request_of,
    write,
    write_ready,
)

from llmrouter import AnswerText, AsyncRouterClient, CallError, StreamedAnswer

LONGEST_LINE = 256 * 1024 * 1024


class Driver:
    """Performs commands; calls run beside each other."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._clients: dict[str, AsyncRouterClient] = {}
        self._calls: dict[int, asyncio.Task[None]] = {}

    async def perform(self, command: Json) -> None:
        """Perform one command, or start it where it is a call."""
        match command["op"]:
            case "connect":
                self._clients[command["client"]] = AsyncRouterClient(**client_arguments(command))
            case "close":
                await self._clients.pop(command["client"]).aclose()
            case "cancel":
                task = self._calls.get(command["call"])
                if task is not None:
                    task.cancel()
            case _:
                self._calls[command["id"]] = self._tasks.create_task(self._call(command))
                return
        write({"id": command["id"], "outcome": "done"})

    async def aclose(self) -> None:
        """Close every client."""
        for client in self._clients.values():
            await client.aclose()

    async def _call(self, command: Json) -> None:
        text, answer = AnswerText(), StreamedAnswer()
        partial: Json = {}
        try:
            client = self._clients[command["client"]]
            if command["op"] == "stream":
                partial = {"text": ""}
                events = client.stream(request_of(command), **call_options(command))
                async with contextlib.aclosing(events):
                    async for event in events:
                        text.add(event)
                        answer.add(event)
                        write({"id": command["id"], "event": json_of(event)})
                outcome: Json = {
                    "outcome": "finished",
                    "text": str(text),
                    "answer": json_of(answer.response),
                }
            else:
                call = getattr(client, command["op"])
                response = await call(request_of(command), **call_options(command))
                outcome = {"outcome": "response", "response": json_of(response)}
        except CallError as error:
            if partial:
                partial |= {"text": str(text), "answer": json_of(answer.response)}
            outcome = {"outcome": "error", "error": error_of(error), **partial}
        except asyncio.CancelledError:
            write({"id": command["id"], "outcome": "cancelled"})
            raise
        except Exception as error:  # noqa: BLE001 - what is no typed error is a defect
            outcome = {"outcome": "defect", "message": repr(error)}
        write({"id": command["id"], **outcome})


async def main() -> None:
    """Perform commands until there are no more."""
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with asyncio.TaskGroup() as tasks:
        driver = Driver(tasks)
        write_ready("python")
        async for line in reader:
            await driver.perform(json.loads(line))
        await driver.aclose()


asyncio.run(main())
