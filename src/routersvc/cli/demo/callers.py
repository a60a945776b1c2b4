"""The callers of the demo: the same calls through the router and directly to a provider.

Both use one timeout per call and no retries. A call whose stream broke after its first content and
was not recovered is repeated once.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol, cast

import aiohttp
import orjson

from routersvc.cli.demo.outcomes import SERVED, Attempt, Outcome
from routersvc.cli.demo.scenario import MODEL, PRIMARY, Job
from routersvc.grpc_api.client.client import CallError, RouterClient
from routersvc.grpc_api.client.messages import (
    Attempt as AttemptMessage,
)
from routersvc.grpc_api.client.messages import (
    CompleteRequest,
    Duration,
    RouteReport,
    StreamCompleteRequest,
    read_message,
    word_of,
)

_HTTP_OK = 200


class AnswerBrokenError(Exception):
    """The stream broke after its first content."""


class NoAnswerError(Exception):
    """The call failed; the message is the reason."""


@dataclasses.dataclass(kw_only=True, slots=True)
class Stopwatch:
    """Measures a call: its start, its first content, and whether its stream was recovered."""

    started: float = dataclasses.field(default_factory=time.perf_counter)
    first_content: float | None = None
    recovered: bool = False

    def record_content(self) -> None:
        """Record the time of the first content; later content changes nothing."""
        if self.first_content is None:
            self.first_content = self.elapsed()

    def restart_content(self) -> None:
        """Discard the time of the first content, because the answer starts over."""
        self.first_content = None

    def elapsed(self) -> float:
        """Return the seconds since the start of the call."""
        return time.perf_counter() - self.started


class Caller(Protocol):
    """Makes calls in one way."""

    async def call(self, job: Job, watch: Stopwatch) -> tuple[Attempt, ...]:
        """Make a call, and return its attempts.

        Raises:
            AnswerBrokenError: the stream broke after its first content.
            NoAnswerError: the call failed.
        """
        ...


async def measured_call(job: Job, caller: Caller) -> Outcome:
    """Make a call, and repeat it once if its stream broke; times count from the first call."""
    watch = Stopwatch()
    asked_again = False
    while True:
        try:
            attempts = await caller.call(job, watch)
        except AnswerBrokenError:
            if asked_again:
                return Outcome(job=job, failure="stream broke twice", asked_again=True)
            asked_again = True
            watch.restart_content()
        except NoAnswerError as error:
            return Outcome(job=job, failure=str(error), asked_again=asked_again)
        else:
            return Outcome(
                job=job,
                first_content=watch.first_content,
                duration=watch.elapsed(),
                recovered=watch.recovered,
                asked_again=asked_again,
                attempts=attempts,
            )


class RoutedCaller:
    """Calls the router, and asks it to restart broken streams, as the client libraries do."""

    def __init__(self, client: RouterClient) -> None:
        self._client = client

    async def call(self, job: Job, watch: Stopwatch) -> tuple[Attempt, ...]:
        """Make a call through the router."""
        prompt = {"messages": [{"role": "ROLE_USER", "parts": [{"text": job.prompt}]}]}
        try:
            if job.streaming:
                report = await self._stream(prompt, watch)
            else:
                request = read_message(CompleteRequest, {"prompt": prompt})
                report = (await self._client.complete(request)).report
        except CallError as error:
            if error.reason == "STREAM_BROKEN":
                raise AnswerBrokenError from error
            reason = (error.reason or error.status).replace("_", " ").lower()
            raise NoAnswerError(reason) from error
        return tuple(_attempt(attempt) for attempt in report.attempts)

    async def _stream(self, prompt: Mapping[str, object], watch: Stopwatch) -> RouteReport:
        routing = {"stream_recovery_mode": "STREAM_RECOVERY_MODE_RESTART"}
        request = read_message(StreamCompleteRequest, {"prompt": prompt, "routing": routing})
        report = RouteReport()
        async with contextlib.aclosing(self._client.stream(request)) as events:
            async for event in events:
                if event.HasField("content_delta"):
                    watch.record_content()
                elif event.HasField("recovered"):
                    watch.recovered = True
                    watch.restart_content()
                elif event.HasField("finished"):
                    report = event.finished.report
        return report


def _attempt(reported: AttemptMessage) -> Attempt:
    """Return an attempt of a report."""
    return Attempt(
        provider=reported.deployment.provider,
        result=word_of(reported, "failure_class") or word_of(reported, "outcome"),
        reason=word_of(reported, "reason"),
        start_delay=_seconds(reported.start_delay),
        first_content=(
            _seconds(reported.time_to_first_content)
            if reported.HasField("time_to_first_content")
            else None
        ),
        cost=reported.cost.usd,
    )


def _seconds(duration: Duration) -> float:
    return duration.ToTimedelta().total_seconds()


class DirectCaller:
    """Calls the primary directly over HTTP, as a service without a router does."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, *, timeout: float) -> None:
        self._session = session
        self._url = f"{base_url}/chat/completions"
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def call(self, job: Job, watch: Stopwatch) -> tuple[Attempt, ...]:
        """Make a call to the primary."""
        body = {
            "model": MODEL,
            "messages": [{"role": "user", "content": job.prompt}],
            "stream": job.streaming,
        }
        try:
            async with self._session.post(self._url, json=body, timeout=self._timeout) as response:
                if response.status != _HTTP_OK:
                    raise NoAnswerError(f"http {response.status}")
                if job.streaming:
                    async for _ in _pieces(response):
                        watch.record_content()
                else:
                    await response.json()
        except TimeoutError as error:
            raise NoAnswerError("timeout") from error
        except aiohttp.ClientConnectorError as error:
            raise NoAnswerError("connection refused") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            if watch.first_content is not None:
                raise AnswerBrokenError from error
            raise NoAnswerError("connection reset") from error
        return (Attempt(provider=PRIMARY, result=SERVED),)


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[str]:
    """Yield the content of a stream.

    Raises:
        aiohttp.ClientPayloadError: it ended without its terminator.
    """
    async for line in response.content:
        data = line.strip().removeprefix(b"data: ")
        if data == b"[DONE]":
            return
        if data:
            chunk = cast("dict[str, list[dict[str, dict[str, str | None]]]]", orjson.loads(data))
            for choice in chunk.get("choices", []):
                text = choice["delta"].get("content")
                if text:
                    yield text
    raise aiohttp.ClientPayloadError("the stream ended without its terminator")


async def make_calls(
    jobs: tuple[Job, ...],
    callers: Mapping[str, Caller],
    take: Callable[[str, Outcome], None],
    *,
    started: float,
) -> None:
    """Make every call at its time with every caller; `take` gets each outcome with its caller.

    `started` is the time of the event loop from which the jobs count.
    """

    async def one(name: str, job: Job) -> None:
        take(name, await measured_call(job, callers[name]))

    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            await asyncio.sleep(max(0.0, started + job.at - loop.time()))
            for name in callers:
                group.create_task(one(name, job))
