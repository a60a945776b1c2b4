"""Rate limits, activity, request log, remembered answers: what a provider keeps."""

from __future__ import annotations

import asyncio
import dataclasses
import random

import orjson
import pytest
from tests.wording import Wording

from routersvc.simulator import (
    DEFAULT_MODELS,
    Activity,
    Behaviour,
    Constant,
    Outcome,
    PortUnavailableError,
    RateLimit,
    RequestRecord,
    SettingError,
    Stall,
    UnknownFaultError,
    UnknownProviderError,
    WrongModel,
)
from routersvc.simulator.answers.author import Author
from routersvc.simulator.control.command import main
from routersvc.simulator.control.control import (
    ControlErrorType,
    ControlRefusedError,
    Refusable,
    refusal,
)
from routersvc.simulator.formats.openai.chat import OpenAIChatFormat
from routersvc.simulator.formats.operations import Completion
from routersvc.simulator.serving.activity import ActivityCounter
from routersvc.simulator.serving.clocks import Clock
from routersvc.simulator.serving.fault_book import FaultBook
from routersvc.simulator.serving.rate_limits import RateLimiter
from routersvc.simulator.serving.rendering import Renderer
from routersvc.simulator.serving.request_log import RequestLog, headers_of_interest, shown_key

_LIMIT = RateLimit(requests_per_minute=60, tokens_per_minute=600, enforced=True)


def test_requests_are_let_in_until_the_limit_and_again_when_it_has_refilled() -> None:
    """One request per second flows back."""
    limiter = RateLimiter()
    for _ in range(60):
        assert limiter.wait_for(_LIMIT, 0, now=100.0) == 0
        limiter.count(_LIMIT, 0, now=100.0)

    assert limiter.wait_for(_LIMIT, 0, now=100.0) == pytest.approx(1.0)
    assert limiter.wait_for(_LIMIT, 0, now=100.5) == pytest.approx(0.5)
    assert limiter.wait_for(_LIMIT, 0, now=101.0) == 0


def test_tokens_are_limited_too() -> None:
    """Whichever limit is nearer decides."""
    limiter = RateLimiter()
    limiter.count(_LIMIT, 500, now=0.0)

    assert limiter.wait_for(_LIMIT, 100, now=0.0) == 0
    assert limiter.wait_for(_LIMIT, 150, now=0.0) == pytest.approx(5.0)


def test_headroom_tells_what_is_left_and_when_all_is_back() -> None:
    """The numbers of the rate-limit headers."""
    limiter = RateLimiter()
    limiter.count(_LIMIT, 200, now=0.0)

    headroom = limiter.headroom(_LIMIT, now=0.5)

    assert (headroom.remaining_requests, headroom.remaining_tokens) == (59, 405)
    assert headroom.requests_reset == pytest.approx(0.5)
    assert headroom.tokens_reset == pytest.approx(19.5)


def test_headroom_is_never_negative() -> None:
    """A limit can be lowered at run time below what is used."""
    limiter = RateLimiter()
    limiter.count(_LIMIT, 600, now=0.0)

    headroom = limiter.headroom(RateLimit(requests_per_minute=1, tokens_per_minute=1), now=0.0)

    assert (headroom.remaining_requests, headroom.remaining_tokens) == (0, 0)


def test_peaks_are_kept_until_they_are_reset() -> None:
    """High-water marks tell what happened between two looks."""
    counter = ActivityCounter()
    counter.connection_opened()
    counter.connection_opened()
    counter.request_started()
    counter.request_ended()
    counter.connection_closed()

    before = counter.now()
    counter.reset_peaks()

    assert before == Activity(
        open_connections=1,
        peak_open_connections=2,
        peak_requests_in_flight=1,
        connections_accepted=2,
        requests_received=1,
    )
    assert counter.now() == dataclasses.replace(
        before, peak_open_connections=1, peak_requests_in_flight=0
    )


async def test_who_waits_is_woken_at_the_moment_of_the_change() -> None:
    """Tests wait for states, never for times."""
    counter = ActivityCounter()

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(counter.when(lambda now: now.open_connections == 1))
        await asyncio.sleep(0)
        counter.connection_opened()
        counter.connection_closed()

    assert waiting.result().open_connections == 1


async def test_a_wait_that_is_cancelled_leaves_nothing() -> None:
    """The next change must not meet a dead waiter."""
    counter = ActivityCounter()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await counter.when(lambda now: now.open_connections == 1)
    counter.connection_opened()

    assert (await counter.when(lambda now: now.open_connections == 1)).connections_accepted == 1


def _record(number: int) -> RequestRecord:
    return RequestRecord(
        serial=number,
        id=f"a-{number}",
        provider="a",
        received_time=1_770_000_000.5,
        method="POST",
        path="/",
        headers={},
    )


def test_the_log_forgets_the_oldest() -> None:
    """A simulator may run for days."""
    log = RequestLog(capacity=2)
    for number in range(5):
        log.add(_record(number))

    assert [record.id for record in log.records] == ["a-3", "a-4"]
    assert log.forgotten == 3
    log.clear()
    assert (log.records, log.forgotten) == ((), 0)


def test_a_record_is_plain_json() -> None:
    """The control endpoint shows it as it is."""
    record = _record(1)
    record.outcome = Outcome.CLIENT_HUNG_UP

    plain = record.plain()

    assert plain["received_time"] == "2026-02-02T02:40:00.500+00:00"
    assert plain["outcome"] == "client_hung_up"
    assert orjson.loads(orjson.dumps(plain)) == plain


@pytest.mark.parametrize(
    ("key", "shown"), [("sk-abcdefghij", "ghij"), ("short", "****"), ("", "****"), (None, None)]
)
def test_of_a_key_only_the_end_is_kept(key: str | None, shown: str | None) -> None:
    """A log with keys would be a leak."""
    assert shown_key(key) == shown


def test_only_headers_of_interest_are_kept() -> None:
    """Authorization is not one of them."""
    headers = {"traceparent": "00-1", "authorization": "Bearer sk-1", "user-agent": ""}

    assert headers_of_interest(headers) == {"traceparent": "00-1"}


class _CountingAuthor(Author):
    def __init__(self) -> None:
        super().__init__(0)
        self.composed = 0

    def compose(self, *arguments: object, **_: object) -> object:  # type: ignore[override]
        self.composed += 1
        return super().compose(*arguments)  # type: ignore[arg-type]


def test_a_prompt_that_comes_again_is_answered_from_memory() -> None:
    """A bench repeats its prompts; the simulator must not be what it measures."""
    author = _CountingAuthor()
    renderer = Renderer(OpenAIChatFormat(DEFAULT_MODELS, 0), author)
    behaviour = Behaviour()
    body = orjson.dumps({"model": "sim-large", "messages": [{"role": "user", "content": "x"}]})

    renderings = [
        renderer.render(renderer.read(Completion(), body), behaviour, None) for _ in range(3)
    ]

    assert author.composed == 1
    assert renderings[0] is renderings[2]


def test_memory_does_not_outlive_the_behaviour_nor_hide_a_fault() -> None:
    """Only what depends on nothing else is remembered."""
    renderer = Renderer(OpenAIChatFormat(DEFAULT_MODELS, 0), Author(0))
    body = orjson.dumps({"model": "sim-large", "messages": [{"role": "user", "content": "x"}]})
    reading = renderer.read(Completion(), body)
    short, long = (Behaviour(tokens_per_answer=Constant(value=n)) for n in (3, 9))

    assert renderer.render(reading, short, None).tokens == 3
    assert renderer.render(reading, long, None).tokens == 9
    assert b"sim-imposter" in renderer.render(reading, long, WrongModel()).body
    assert b"sim-imposter" not in renderer.render(reading, long, None).body
    assert renderer.render(reading, long, Stall()).tokens == 9


def test_memory_has_an_end() -> None:
    """Prompts that never come again must not pile up."""
    renderer = Renderer(OpenAIChatFormat(DEFAULT_MODELS, 0), Author(0))

    readings = [
        renderer.read(
            Completion(),
            orjson.dumps(
                {"model": "sim-large", "messages": [{"role": "user", "content": str(number)}]}
            ),
        )
        for number in range(600)
    ]

    first = orjson.dumps({"model": "sim-large", "messages": [{"role": "user", "content": "0"}]})
    last = orjson.dumps({"model": "sim-large", "messages": [{"role": "user", "content": "599"}]})
    assert renderer.read(Completion(), first) is not readings[0]
    assert renderer.read(Completion(), last) is readings[-1]


async def test_the_clock_tells_one_time_in_three_ways() -> None:
    """Records, headers and bodies must agree."""
    clock = Clock(asyncio.get_running_loop())

    wall, date = clock.wall(), clock.http_date()

    assert date.endswith(" GMT")
    assert date == clock.http_date()
    assert 1_700_000_000 < wall < 4_000_000_000


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (
            ControlRefusedError(405, ControlErrorType.METHOD_NOT_ALLOWED, "no"),
            405,
            "method_not_all",
        ),
        (SettingError("no", path=("a",)), 400, "invalid_value"),
        (SettingError("no", path=("a",), unknown_key=True), 400, "unknown_key"),
        (UnknownProviderError("x", ("a",)), 404, "unknown_provider"),
        (UnknownFaultError("fault-1"), 404, "unknown_fault"),
        (PortUnavailableError("127.0.0.1", 1, "in use"), 409, "port_unavailable"),
    ],
)
def test_every_refusal_has_its_status_and_type(error: Refusable, status: int, kind: str) -> None:
    """Scripts act on the type, people read the sentence."""
    reply = refusal(error)

    assert reply.status == status
    assert reply.payload["error"]["type"].startswith(kind)
    assert reply.payload["error"]["message"] == str(error)


def test_an_empty_book_strikes_nothing() -> None:
    """The usual case."""
    assert FaultBook(random.Random(0)).strike_models() is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["--provider", "a=nice"],
        ["--provider", "A"],
        ["--provider", "a", "--provider", "a"],
        ["--provider", "a", "--config", "x.yaml"],
        ["--config", "/nowhere/x.yaml"],
        ["--port", "70000"],
        ["--host", "192.0.2.1"],
    ],
    ids=" ".join,
)
def test_the_command_refuses_with_a_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str], wording: Wording
) -> None:
    """Status 2 and one line, never a traceback."""
    status = main(arguments)

    assert status == 2
    wording(capsys.readouterr().err)
