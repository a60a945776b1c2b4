"""Callers of a router: their calls, when they cancel, and the results.

Calls follow a schedule, independent of the calls before. By how much each was sent too late is
measured too: a generator that cannot keep up would measure itself.
"""

from __future__ import annotations

import asyncio
import collections
import dataclasses
from collections.abc import Iterable, Sequence

import grpc
from grpc import aio

from bench.sockets.clocks import now
from llmrouter.errors import call_error
from llmrouter.v1 import router_service_pb2_grpc
from llmrouter.v1.prompt_pb2 import ROLE_USER, Message, Part, Prompt
from llmrouter.v1.report_pb2 import RouteReport
from llmrouter.v1.router_service_pb2 import CompleteRequest, StreamCompleteRequest
from llmrouter.v1.routing_pb2 import Constraints, Routing

PROMPT = Prompt(messages=[Message(role=ROLE_USER, parts=[Part(text="Tell me something. " * 16)])])
"""About 80 tokens."""

_OPTIONS = (("grpc.enable_http_proxy", 0),)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One call to make, `at` seconds after the beginning.

    `timeout` is the deadline that the caller sets. With `leaves_after` the caller goes away so many
    seconds after it has asked. With `provider` no other one may answer.
    """

    at: float
    streaming: bool
    timeout: float = 10.0
    leaves_after: float | None = None
    provider: str | None = None


@dataclasses.dataclass(kw_only=True, slots=True)
class CallResult:
    """The result of one call; times are seconds since 1970.

    `left_at` is set where the caller went away, `status` where the call failed. `own_status` tells
    that the router itself failure so, not the caller's own end of the connection.
    """

    job: Job
    trace_id: str
    due_at: float
    sent_at: float
    first_content_at: float | None = None
    ended_at: float = 0.0
    left_at: float | None = None
    status: str = ""
    own_status: bool = False
    retry_delay: float | None = None
    report: RouteReport | None = None

    @property
    def lateness(self) -> float:
        """Seconds by which the call was sent later than the timetable says."""
        return self.sent_at - self.due_at

    @property
    def duration(self) -> float:
        """Seconds from asking to the end."""
        return self.ended_at - self.sent_at

    @property
    def failed(self) -> bool:
        """Whether the call ended with an error while its caller listened."""
        return bool(self.status)

    @property
    def failed_without_content(self) -> bool:
        """Whether the caller got nothing but an error."""
        return self.failed and self.first_content_at is None


class Callers:
    """Calls one router."""

    def __init__(self, address: str) -> None:
        self._channel = aio.insecure_channel(address, options=_OPTIONS)
        self._address = address
        self._stub: router_service_pb2_grpc.RouterServiceAsyncStub = (
            router_service_pb2_grpc.RouterServiceStub(self._channel)
        )
        self._made = 0
        self.left = 0
        """The number of calls that were cancelled before their end."""

    async def close(self) -> None:
        """End the connection."""
        await self._channel.close()

    async def call(self, job: Job, due_at: float | None = None) -> CallResult:
        """Make one call now and return its result."""
        self._made += 1
        sent_at = now()
        result = CallResult(
            job=job,
            trace_id=f"{self._made:032x}",
            due_at=sent_at if due_at is None else due_at,
            sent_at=sent_at,
        )
        task = asyncio.current_task()
        timer: asyncio.TimerHandle | None = None
        if job.leaves_after is not None and task is not None:

            def leave() -> None:
                result.left_at = now()
                self.left += 1
                task.cancel()

            timer = asyncio.get_running_loop().call_later(job.leaves_after, leave)
        try:
            await (self._stream(result) if job.streaming else self._complete(result))
        except aio.AioRpcError as error:
            self._note(result, error)
        except asyncio.CancelledError:
            if result.left_at is None:
                raise
        finally:
            result.ended_at = now()
            if timer is not None:
                timer.cancel()
        return result

    async def come(self, jobs: Iterable[Job], *, begin: float | None = None) -> list[CallResult]:
        """Make calls by their schedule and return their results in its order."""
        begin = now() if begin is None else begin
        tasks: list[asyncio.Task[CallResult]] = []
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                due_at = begin + job.at
                await asyncio.sleep(due_at - now())
                tasks.append(group.create_task(self.call(job, due_at)))
        return [task.result() for task in tasks]

    async def _complete(self, result: CallResult) -> None:
        response = await self._stub.Complete(
            CompleteRequest(prompt=PROMPT, routing=_routing(result)),
            timeout=result.job.timeout,
            metadata=_metadata(result),
        )
        result.first_content_at = now()
        result.report = response.report

    async def _stream(self, result: CallResult) -> None:
        call = self._stub.StreamComplete(
            StreamCompleteRequest(prompt=PROMPT, routing=_routing(result)),
            timeout=result.job.timeout,
            metadata=_metadata(result),
        )
        try:
            async for response in call:
                if result.first_content_at is None and response.HasField("content_delta"):
                    result.first_content_at = now()
                if response.HasField("finished"):
                    result.report = response.finished.report
        finally:
            call.cancel()

    def _note(self, result: CallResult, error: aio.AioRpcError) -> None:
        connected = self._channel.get_state() is grpc.ChannelConnectivity.READY
        failure = call_error(
            error.code(),
            error.details(),
            tuple(error.trailing_metadata()),
            address=self._address,
            connected=connected,
        )
        result.status = failure.status
        result.own_status = bool(failure.reason)
        result.retry_delay = failure.retry_delay
        result.report = failure.report


def mixed(rate: float, seconds: float, *, timeout: float = 10.0) -> list[Job]:
    """Return a timetable of so many calls per second, every other one a stream."""
    return [
        Job(at=number / rate, streaming=number % 2 == 0, timeout=timeout)
        for number in range(int(rate * seconds))
    ]


def failures_text(results: Iterable[CallResult]) -> str:
    """Return how many calls failed with which status: `UNAVAILABLE 3`; `none` for none."""
    counts = collections.Counter(one.status for one in results if one.failed)
    return ", ".join(f"{status} {count:,}" for status, count in counts.most_common()) or "none"


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of all do not exceed; 0 without any."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[min(len(ordered), -int(-share * len(ordered) // 1)) - 1]


def _routing(result: CallResult) -> Routing | None:
    provider = result.job.provider
    if provider is None:
        return None
    return Routing(constraints=Constraints(allowed_providers=[provider]))


def _metadata(result: CallResult) -> tuple[tuple[str, str], ...]:
    return (("traceparent", f"00-{result.trace_id}-{'1' * 16}-00"),)
