"""The way of a request through the engine, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses

import pytest
from tests.unit.engine.streams import failing, stream, token

from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.deployments import Compliance
from routersvc.domain.catalogue.policies import RetryRule
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.answers import Finished, Started
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.errors import (
    AttemptsFailedError,
    DeadlineExceededError,
    DrainingError,
    OverloadedError,
    StreamBrokenError,
)
from routersvc.domain.outcomes.failure_rules import CallerOutcome, FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.engine.call_events import RouteSelected
from routersvc.engine.ports import AttemptCall
from routersvc.testing.scripted import Emit, Fail, Hang, Move, ScriptedStream, Wait, answer
from routersvc.testing.worlds import World, scripted_deployment, scripted_policy, scripted_request


async def test_first_choice_answers() -> None:
    """The plain case: one attempt, its events in order, its report complete."""
    world = World({"a": [answer("It ", "is ", "noon", first=0.3, gap=0.1)]})

    events = await stream(world)

    assert isinstance(events[0], RouteSelected)
    assert [event.text for event in events if isinstance(event, TextDelta)] == [
        "It ",
        "is ",
        "noon",
    ]
    assert events[-1] == Finished(reason=FinishReason.STOP)
    (report, error) = world.observer.ends[0]
    assert error is None
    assert report.served is not None
    assert report.served.model_version == "scripted-1"
    assert report.time_to_first_content == pytest.approx(0.3)
    assert report.duration == pytest.approx(0.5)
    assert report.total_usage.output_tokens == 3
    assert report.total_cost is not None
    assert report.total_cost.usd == pytest.approx((10 * 1.0 + 3 * 2.0) / 1e6)
    assert world.leftovers() == {}


async def test_failure_starts_the_next_at_once() -> None:
    """A failover waits for nothing."""
    world = World(
        {
            "a": [[Wait(0.2), failing(FailureClass.SERVER_ERROR)]],
            "b": [answer("noon", first=0.1)],
        }
    )

    events = await stream(world)

    assert isinstance(events[-1], Finished)
    assert world.gateway.log == [
        (0.0, "a", "started"),
        (0.2, "a", "failed"),
        (0.2, "b", "started"),
        (0.3, "b", "finished"),
    ]
    report, _ = world.observer.ends[0]
    assert [(a.reason, a.outcome, a.caused_by) for a in report.attempts] == [
        (AttemptReason.FIRST, AttemptOutcome.FAILED, 0),
        (AttemptReason.FAILOVER, AttemptOutcome.SERVED, 1),
    ]


async def test_silent_provider_is_left_after_the_first_content_timeout() -> None:
    """Keep-alives and a role-only start are not content."""
    silent: list[Move] = [Emit((Started(),)), Wait(5.0), Emit(), Wait(14.0), Emit(), Hang()]
    world = World({"a": [silent], "b": [answer("noon")]})

    await stream(world)

    assert world.gateway.log[:3] == [
        (0.0, "a", "started"),
        (20.0, "a", "cancelled"),
        (20.0, "b", "started"),
    ]
    report, _ = world.observer.ends[0]
    failure = report.attempts[0].failure
    assert failure is not None
    assert failure.failure_class is FailureClass.FIRST_CONTENT_TIMEOUT


async def test_broken_stream_is_never_a_success() -> None:
    """A cut after content ends the call with a typed error and the usage so far."""
    world = World({"a": [[token("half"), failing(FailureClass.TRUNCATED)]], "b": [answer("x")]})

    with pytest.raises(StreamBrokenError) as caught:
        await stream(world)

    assert caught.value.failure.failure_class is FailureClass.TRUNCATED
    attempt = caught.value.report.attempts[0]
    assert attempt.outcome is AttemptOutcome.BROKEN
    assert attempt.usage.estimated
    assert attempt.usage.output_tokens == 1
    assert attempt.cost is not None
    assert attempt.cost.wasted_usd == attempt.cost.usd > 0
    assert world.leftovers() == {}


async def test_stall_is_detected_although_keep_alives_come() -> None:
    """Signs of life without content do not reset the idle timeout."""
    stalled: list[Move] = [token("half"), Wait(10.0), Emit(), Wait(9.0), Emit(), Hang()]
    world = World({"a": [stalled]})

    with pytest.raises(StreamBrokenError) as caught:
        await stream(world)

    assert caught.value.failure.failure_class is FailureClass.STALLED
    assert caught.value.report.duration == pytest.approx(20.0)
    assert world.leftovers() == {}


async def test_slow_reader_is_not_a_stall() -> None:
    """Time that the caller spends elsewhere is not the provider's."""
    world = World({"a": [answer("a", "b", first=0.1, gap=0.1)]})
    texts: list[str] = []

    async with world.router.open(scripted_request()) as call:
        ended = False
        while not ended:
            events = await call.receive()
            texts.extend(event.text for event in events if isinstance(event, TextDelta))
            ended = isinstance(events[-1], Finished)
            await asyncio.sleep(25.0)

    assert texts == ["a", "b"]


async def test_deadline_bounds_everything() -> None:
    """The caller hears at its deadline, not after the sum of all timeouts."""
    world = World({"a": [[Hang()]], "b": [[Hang()]]})

    with pytest.raises(DeadlineExceededError) as caught:
        await stream(world, scripted_request(timeout=30.0))

    assert caught.value.report.duration == pytest.approx(30.0)
    assert [a.outcome for a in caught.value.report.attempts] == [
        AttemptOutcome.FAILED,
        AttemptOutcome.CANCELLED,
    ]
    assert world.leftovers() == {}


async def test_deadline_bounds_a_running_stream() -> None:
    """Also after the commit."""
    world = World({"a": [answer(*["t"] * 100, gap=1.0)]})

    with pytest.raises(DeadlineExceededError) as caught:
        await stream(world, scripted_request(timeout=10.5))

    assert caught.value.report.duration == pytest.approx(10.5)
    assert world.gateway.log[-1] == (10.5, "a", "cancelled")
    assert world.leftovers() == {}


async def test_no_attempt_starts_when_too_little_time_is_left() -> None:
    """An attempt that cannot succeed only costs."""
    world = World({"a": [[Wait(0.97), failing(FailureClass.SERVER_ERROR)]], "b": [answer("late")]})

    with pytest.raises(AttemptsFailedError):
        await stream(world, scripted_request(timeout=1.0))

    assert [line[1] for line in world.gateway.log] == ["a", "a"]


async def test_deadline_that_has_passed_on_arrival_costs_no_attempt() -> None:
    """The caller has left."""
    world = World({"a": [answer("late")]})

    with pytest.raises(DeadlineExceededError) as caught:
        await stream(world, scripted_request(timeout=0.0))

    assert caught.value.report.attempts == ()


async def test_short_deadline_gets_its_first_attempt() -> None:
    """Whether little time is enough for a first attempt, the caller knows."""
    world = World({"a": [answer("quick", first=0.001)]})

    events = await stream(world, scripted_request(timeout=0.01))

    assert isinstance(events[-1], Finished)


async def test_lone_deployment_is_tried_again_after_a_pause() -> None:
    """Without an alternative a passing failure is worth one retry, with jitter."""
    world = World({"a": [[failing(FailureClass.SERVER_ERROR)], answer("noon")]})

    events = await stream(world)

    assert isinstance(events[-1], Finished)
    report, _ = world.observer.ends[0]
    assert report.attempts[1].reason is AttemptReason.RETRY
    assert 0.0 < report.attempts[1].start_delay <= 0.1


async def test_policy_may_prefer_the_same_deployment() -> None:
    """Where a policy wants it, a retry comes before a failover."""
    world = World(
        {"a": [[failing(FailureClass.SERVER_ERROR)], answer("noon")], "b": [answer("other")]},
        policy=scripted_policy(["a", "b"], retries=RetryRule(only_without_alternative=False)),
    )

    await stream(world)

    assert [line[1:] for line in world.gateway.log[2:]] == [("a", "started"), ("a", "finished")]


async def test_retry_after_is_honoured_within_the_deadline() -> None:
    """A rate limit is waited for only where nothing else can answer."""
    limited = [failing(FailureClass.RATE_LIMITED, retry_after=3.0)]
    world = World({"a": [limited, answer("noon")]})

    await stream(world)

    report, _ = world.observer.ends[0]
    assert report.attempts[1].start_delay == pytest.approx(3.0)


async def test_retry_after_beyond_the_deadline_is_told_at_once() -> None:
    """A wait that ends after the deadline would be in vain."""
    world = World({"a": [[failing(FailureClass.RATE_LIMITED, retry_after=300.0)]]})

    with pytest.raises(AttemptsFailedError) as caught:
        await stream(world)

    assert caught.value.caller_outcome is CallerOutcome.RATE_LIMITED
    assert caught.value.retry_after == pytest.approx(300.0)
    assert caught.value.report.duration == pytest.approx(0.0)


async def test_idle_connection_that_broke_is_retried_free() -> None:
    """A kept-alive connection that the provider closed does not count against its health."""
    broken = Fail(
        Failure(failure_class=FailureClass.RESET, message="reset", connection_was_idle=True)
    )
    world = World(
        {"a": [[broken], answer("noon")], "b": [answer("other")]},
        policy=scripted_policy(["a", "b"], max_attempts=1),
    )

    await stream(world)

    assert [line[1:] for line in world.gateway.log] == [
        ("a", "started"),
        ("a", "failed"),
        ("a", "started"),
        ("a", "finished"),
    ]


async def test_invalid_request_is_not_repeated_elsewhere() -> None:
    """The same request would be as wrong there."""
    world = World({"a": [[failing(FailureClass.INVALID_REQUEST)]], "b": [answer("x")]})

    with pytest.raises(AttemptsFailedError) as caught:
        await stream(world)

    assert caught.value.caller_outcome is CallerOutcome.REJECTED
    assert len(caught.value.report.attempts) == 1


async def test_unary_call_commits_at_the_complete_answer() -> None:
    """A unary attempt that breaks halfway is replaced unseen."""
    world = World(
        {
            "a": [[token("half"), failing(FailureClass.TRUNCATED)]],
            "b": [answer("the ", "whole")],
        }
    )

    async with world.router.open(scripted_request(streaming=False)) as call:
        completion = await call.complete()

    assert completion.parts == (TextPart(text="the whole"),)
    assert completion.usage.output_tokens == 2
    assert completion.report.attempts[0].outcome is AttemptOutcome.FAILED
    assert world.leftovers() == {}


async def test_departed_caller_changes_no_health() -> None:
    """Leaving the call's context cancels its attempt at once and counts against no deployment."""
    world = World({"a": [[Hang()]]})

    async with world.router.open(scripted_request()) as call:
        assert call.decision_id

    health = world.router.health()[0]
    assert health.outcomes == 0
    assert world.leftovers() == {}


async def test_defect_of_an_adapter_fails_its_attempt_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An adapter that raises what it must not costs an attempt, not the call."""
    world = World({"a": [[]], "b": [answer("noon")]})

    events = await stream(world)

    assert isinstance(events[-1], Finished)
    assert "AssertionError: script of `a` ended without" in caplog.text


async def test_defect_at_opening_fails_its_attempt_only() -> None:
    """Without a stream there is nothing to close."""
    world = World({"a": [], "b": [answer("noon")]})

    events = await stream(world)

    assert isinstance(events[-1], Finished)
    assert world.leftovers() == {}


async def test_first_event_tells_what_was_chosen() -> None:
    """With the report of that moment."""
    world = World({"a": [answer("noon")]})

    async with world.router.open(scripted_request()) as call:
        selected = (await call.receive())[0]

    assert isinstance(selected, RouteSelected)
    assert selected.report.decision_id == call.decision_id
    assert selected.report.served is not None


async def test_trace_headers_reach_the_gateway() -> None:
    """What the observer hands out is sent with the attempt."""
    world = World({"a": [answer("noon")]})

    await stream(world)

    assert world.gateway.calls[0].headers == {"x-request": "request"}


async def test_draining_router_refuses_and_finishes() -> None:
    """What runs goes on, what comes is refused."""
    world = World({"a": [answer("noon", first=5.0)]})

    async with world.router.open(scripted_request()) as call:
        world.router.drain()
        with pytest.raises(DrainingError):
            world.router.open(scripted_request())
        events = await call.receive()

    await world.router.wait_idle()
    assert isinstance(events[0], RouteSelected)
    assert len(world.observer.refusals) == 1


async def test_full_router_sheds() -> None:
    """Above its limit of concurrent calls the router says when to come again."""
    world = World({"a": [[Hang()]]}, max_concurrent_calls=1)

    async with world.router.open(scripted_request()):
        with pytest.raises(OverloadedError) as caught:
            world.router.open(scripted_request())

    assert caught.value.retry_after > 0


async def test_call_waits_for_an_attempt_that_closes_slowly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A call leaves nothing running, also where an attempt does not end at once."""
    world = World({"a": [[Hang()]]})
    opened = world.gateway.open

    def open_slowly(call: AttemptCall) -> ScriptedStream:
        stream_ = opened(call)
        close = stream_.aclose

        async def close_slowly() -> None:
            await asyncio.sleep(1.0)
            await close()

        monkeypatch.setattr(stream_, "aclose", close_slowly)
        return stream_

    monkeypatch.setattr(world.gateway, "open", open_slowly)

    async with world.router.open(scripted_request()) as call:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await call.receive()

    assert asyncio.get_running_loop().time() == 2.0
    assert world.leftovers() == {}


async def test_attempts_ask_for_what_the_request_demands() -> None:
    """Adapters set the vendor's flags only where the request demands them."""
    deployment = scripted_deployment("a")
    compliance = Compliance(zero_data_retention=True, no_training=True)
    world = World(
        {"a": [answer("x")]},
        deployments=[dataclasses.replace(deployment, compliance=compliance)],
    )
    demands = Routing(constraints=Constraints(no_training=True))

    await stream(world)
    await stream(world, scripted_request(routing=demands))

    asked = [(call.zero_data_retention, call.no_training) for call in world.gateway.calls]
    assert asked == [(False, False), (False, True)]
