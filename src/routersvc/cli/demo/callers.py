"""The callers of the demo: the same calls through the router and directly to a provider.

Both have the same manner: one time limit per call, no retries, and one repetition where a stream
broke after its first words and the caller was told so.
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

from routersvc.cli.demo.outcomes import Outcome, Tried
from routersvc.cli.demo.scenario import MODEL, PRIMARY, Job
from routersvc.grpc_api.client.client import CallError, RouterClient
from routersvc.grpc_api.client.messages import (
    CompleteRequest,
    RouteReport,
    StreamCompleteRequest,
    read_message,
    word_of,
)

_HTTP_OK = 200


class AnswerBrokenError(Exception):
    """The answer broke off after its first content."""


class NoAnswerError(Exception):
    """The call failed; the text names the reason."""


@dataclasses.dataclass(kw_only=True, slots=True)
class Watch:
    """The times of a call: its start and its first content."""

    started: float = dataclasses.field(default_factory=time.perf_counter)
    first_words: float | None = None
    recovered: bool = False

    def words(self) -> None:
        """Record content; only the first time counts."""
        if self.first_words is None:
            self.first_words = self.elapsed()

    def forget_words(self) -> None:
        """Record that the answer starts over."""
        self.first_words = None

    def elapsed(self) -> float:
        """Return the seconds since the start of the call."""
        return time.perf_counter() - self.started


class Way(Protocol):
    """A way to make a call."""

    async def answer(self, job: Job, watch: Watch) -> tuple[Tried, ...]:
        """Make a call, and return its attempts.

        Raises:
            AnswerBrokenError: it broke off after its first content.
            NoAnswerError: there is none.
        """
        ...


async def call(job: Job, way: Way) -> Outcome:
    """Make a call, and a second one if its stream broke; times count from the first."""
    watch = Watch()
    asked_again = False
    while True:
        try:
            tried = await way.answer(job, watch)
        except AnswerBrokenError:
            if asked_again:
                return Outcome(job=job, failure="stream broke twice", asked_again=True)
            asked_again = True
            watch.forget_words()
        except NoAnswerError as error:
            return Outcome(job=job, failure=str(error), asked_again=asked_again)
        else:
            return Outcome(
                job=job,
                first_words=watch.first_words,
                duration=watch.elapsed(),
                recovered=watch.recovered,
                asked_again=asked_again,
                tried=tried,
            )


class RoutedWay:
    """Calls through the router."""

    def __init__(self, client: RouterClient) -> None:
        self._client = client

    async def answer(self, job: Job, watch: Watch) -> tuple[Tried, ...]:
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
            words = (error.reason or error.status).replace("_", " ").lower()
            raise NoAnswerError(words) from error
        return tuple(
            Tried(
                provider=attempt.deployment.provider,
                result=word_of(attempt, "failure_class") or word_of(attempt, "outcome"),
            )
            for attempt in report.attempts
        )

    async def _stream(self, prompt: Mapping[str, object], watch: Watch) -> RouteReport:
        request = read_message(StreamCompleteRequest, {"prompt": prompt})
        report = RouteReport()
        async with contextlib.aclosing(self._client.stream(request)) as events:
            async for event in events:
                if event.HasField("content_delta"):
                    watch.words()
                elif event.HasField("recovered"):
                    watch.recovered = True
                    watch.forget_words()
                elif event.HasField("finished"):
                    report = event.finished.report
        return report


class DirectWay:
    """Calls directly to the primary over HTTP, as a service without a router does."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, *, timeout: float) -> None:
        self._session = session
        self._url = f"{base_url}/chat/completions"
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def answer(self, job: Job, watch: Watch) -> tuple[Tried, ...]:
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
                        watch.words()
                else:
                    await response.json()
        except TimeoutError as error:
            raise NoAnswerError("timeout") from error
        except aiohttp.ClientConnectorError as error:
            raise NoAnswerError("connection refused") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            if watch.first_words is not None:
                raise AnswerBrokenError from error
            raise NoAnswerError("connection reset") from error
        return (Tried(provider=PRIMARY, result="served"),)


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


async def play(
    jobs: tuple[Job, ...],
    ways: Mapping[str, Way],
    take: Callable[[str, Outcome], None],
    *,
    started: float,
) -> None:
    """Make every call at its time in every way; `take` receives the outcomes by way.

    `started` is the time of the event loop from which the jobs count.
    """

    async def one(name: str, job: Job) -> None:
        take(name, await call(job, ways[name]))

    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            await asyncio.sleep(max(0.0, started + job.at - loop.time()))
            for name in ways:
                group.create_task(one(name, job))
