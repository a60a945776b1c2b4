"""Callers that know the right answer, so that a truncated one is no success."""

from __future__ import annotations

import asyncio
import dataclasses
import time

from grpc import aio

from llmrouter.v1 import router_service_pb2_grpc
from llmrouter.v1.prompt_pb2 import ROLE_USER, Message, Part, Prompt, Sampling
from llmrouter.v1.report_pb2 import RouteReport
from llmrouter.v1.router_service_pb2 import CompleteRequest, StreamCompleteRequest
from llmrouter.v1.routing_pb2 import STREAM_RECOVERY_MODE_RESTART, Routing
from routersvc.simulator.answers.texts import MULTI_BYTE_OPENING

WHOLE = " ".join(f"word{number}" for number in range(40))
"""What every provider answers, by its settings."""

_OPENING = "".join(MULTI_BYTE_OPENING)
"""What precedes it where bytes are split inside characters."""

TIMEOUT = 30.0
MAX_OUTPUT_TOKENS = 256

_OPTIONS = (("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0))
_ROUTING = Routing(stream_recovery_mode=STREAM_RECOVERY_MODE_RESTART)
_PROMPT = Prompt(
    messages=[Message(role=ROLE_USER, parts=[Part(text="Tell me something.")])],
    sampling=Sampling(max_output_tokens=MAX_OUTPUT_TOKENS),
)


@dataclasses.dataclass(kw_only=True, slots=True)
class Result:
    """One call; times are seconds. `status` is empty where it succeeded."""

    streaming: bool
    first_words: float | None = None
    text: str = ""
    status: str = ""
    attempts: int = 0
    cost: float = 0.0

    @property
    def lost(self) -> bool:
        """Whether the call failed."""
        return bool(self.status)

    @property
    def truncated(self) -> bool:
        """Whether less than the whole answer was reported as a success."""
        return not self.status and not self.text.removeprefix(_OPENING).startswith(WHOLE)


class Caller:
    """Calls one router, without retries of its own; asks streams to restart, as clients do."""

    def __init__(self, address: str) -> None:
        self._channel = aio.insecure_channel(address, options=_OPTIONS)
        self._stub: router_service_pb2_grpc.RouterServiceAsyncStub = (
            router_service_pb2_grpc.RouterServiceStub(self._channel)
        )

    async def close(self) -> None:
        """End the connection."""
        await self._channel.close()

    async def pair(self) -> list[Result]:
        """Make a unary call and a streamed one at the same time."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self.call(streaming=streaming)) for streaming in (False, True)
            ]
        return [task.result() for task in tasks]

    async def call(self, *, streaming: bool) -> Result:
        """Make one call."""
        result = Result(streaming=streaming)
        began = time.monotonic()
        try:
            report = await (self._stream(result, began) if streaming else self._complete(result))
        except aio.AioRpcError as error:
            result.status = error.code().name
            return result
        if result.first_words is None:
            result.first_words = time.monotonic() - began
        result.attempts = len(report.attempts)
        result.cost = report.total_cost.usd
        return result

    async def _complete(self, result: Result) -> RouteReport:
        request = CompleteRequest(prompt=_PROMPT, routing=_ROUTING)
        response = await self._stub.Complete(request, timeout=TIMEOUT)
        result.text = "".join(part.text for part in response.message.parts)
        return response.report

    async def _stream(self, result: Result, began: float) -> RouteReport:
        request = StreamCompleteRequest(prompt=_PROMPT, routing=_ROUTING)
        report = RouteReport()
        async for response in self._stub.StreamComplete(request, timeout=TIMEOUT):
            match response.WhichOneof("event"):
                case "content_delta":
                    if result.first_words is None:
                        result.first_words = time.monotonic() - began
                    result.text += response.content_delta.text
                case "recovered":
                    result.text = result.text[: response.recovered.kept_characters]
                case "finished":
                    report = response.finished.report
                case _:
                    pass
        return report
