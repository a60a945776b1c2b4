"""Drives `RouterClient`, the blocking client, for the conformance cases."""

from __future__ import annotations

import json
import sys
import threading

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

from llmrouter import AnswerStream, AnswerText, CallError, RouterClient, StreamedAnswer


class Driver:
    """Performs commands; each call runs in a thread of its own."""

    def __init__(self) -> None:
        self._clients: dict[str, RouterClient] = {}
        self._streams: dict[int, AnswerStream] = {}
        self._cancelled: set[int] = set()
        self._threads: list[threading.Thread] = []

    def perform(self, command: Json) -> None:
        """Perform one command, or start it where it is a call."""
        match command["op"]:
            case "connect":
                self._clients[command["client"]] = RouterClient(**client_arguments(command))
            case "close":
                self._clients.pop(command["client"]).close()
            case "cancel":
                self._cancelled.add(command["call"])
                self._streams[command["call"]].cancel()
            case "stream":
                client = self._clients[command["client"]]
                stream = client.stream(request_of(command), **call_options(command))
                self._streams[command["id"]] = stream
                self._start(self._read, command, stream)
                return
            case _:
                self._start(self._call, command)
                return
        write({"id": command["id"], "outcome": "done"})

    def close(self) -> None:
        """Close every client and wait for its calls."""
        for client in self._clients.values():
            client.close()
        for thread in self._threads:
            thread.join()

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _read(self, command: Json, stream: AnswerStream) -> None:
        text, answer = AnswerText(), StreamedAnswer()
        try:
            with stream:
                for event in stream:
                    text.add(event)
                    answer.add(event)
                    write({"id": command["id"], "event": json_of(event)})
            outcome: Json = {"outcome": "finished"}
        except CallError as error:
            outcome = {"outcome": "error", "error": error_of(error)}
            if command["id"] in self._cancelled and error.status == "CANCELLED":
                outcome = {"outcome": "cancelled"}
        except Exception as error:  # noqa: BLE001 - what is no typed error is a defect
            outcome = {"outcome": "defect", "message": repr(error)}
        outcome |= {"text": str(text), "answer": json_of(answer.response)}
        write({"id": command["id"], **outcome})

    def _call(self, command: Json) -> None:
        try:
            call = getattr(self._clients[command["client"]], command["op"])
            response = call(request_of(command), **call_options(command))
            outcome: Json = {"outcome": "response", "response": json_of(response)}
        except CallError as error:
            outcome = {"outcome": "error", "error": error_of(error)}
        except Exception as error:  # noqa: BLE001 - what is no typed error is a defect
            outcome = {"outcome": "defect", "message": repr(error)}
        write({"id": command["id"], **outcome})


def main() -> None:
    """Perform commands until there are no more."""
    driver = Driver()
    write_ready("python-sync")
    for line in sys.stdin:
        driver.perform(json.loads(line))
    driver.close()


main()
