"""What is told of a call afterwards is what happened, in virtual time."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable

import pytest

from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.modes import HedgingMode
from routersvc.domain.catalogue.policies import HedgingRule
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.conversation.answers import Finished, Started
from routersvc.domain.conversation.deltas import MediaDelta, TextDelta, ToolCallDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.attempt_reports import AttemptCost, AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.degradations import DegradationRung
from routersvc.domain.outcomes.errors import CallFailedError, DrainingError
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.engine.running_races import BACKSTOP
from routersvc.testing.scripted import Emit, Fail, Hang, Move, Wait, answer
from routersvc.testing.worlds import World, scripted_deployment, scripted_policy, scripted_request

BROKEN: list[Move] = [Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="status 503"))]
DONE = Emit((Finished(reason=FinishReason.STOP),))


async def call(world: World, *, streaming: bool = True, tenant: str = "") -> RouteReport:
    """Make one call to its end; return its report."""
    request = scripted_request(streaming=streaming, tenant=tenant)
    async with world.router.open(request) as running:
        if not streaming:
            return (await running.complete()).report
        while not isinstance((await running.receive())[-1], Finished):
            pass
        return running.report()


async def test_report_says_who_asked_when_and_by_which_policy() -> None:
    """An id of its own, so that a later word on the call can name it."""
    tenant = Tenant(name="acme")
    world = World({"a": [answer("x", first=0.5)]}, tenants=[tenant])

    report = await call(world, tenant="acme")
    other = await call(world, tenant="acme")

    assert (report.policy, report.tenant, report.received_at) == ("drill", "acme", 0.0)
    assert (report.planning_duration, report.duration) == (0.0, 0.5)
    assert (report.hedged, report.recovered, report.degradation) == (False, False, None)
    assert (other.planning_duration, other.duration) == (0.0, 0.5)
    assert len(report.decision_id) == 32
    assert report.decision_id != other.decision_id
    assert [noted[0] for noted in world.observer.ends] == [report, other]


async def test_report_names_the_response_that_was_served() -> None:
    """By the provider's own name for it, told at the start or at the end."""
    started = Emit((Started(model_version="m-1", response_id="r-1"),))
    world = World({"a": [[started, Emit((TextDelta(text="x"),)), DONE]]})

    served = (await call(world)).served

    assert served is not None
    assert (served.model_version, served.response_id) == ("m-1", "r-1")


async def test_observer_hears_each_attempt_as_it_was() -> None:
    """Number, reason and end of each, loser included."""
    world = World(
        {"a": [answer("late", first=9.0)], "b": [BROKEN], "c": [answer("x", first=1.0)]},
        policy=dataclasses.replace(
            scripted_policy(("a", "b", "c")),
            hedging=HedgingRule(mode=HedgingMode.DELAYED, delay=0.5),
        ),
    )

    report = await call(world)

    told = [(one.deployment, one.number, one.reason) for one in world.observer.attempts]
    assert told == [
        ("a", 1, AttemptReason.FIRST),
        ("b", 2, AttemptReason.HEDGE),
        ("c", 3, AttemptReason.FAILOVER),
    ]
    assert [attempt.caused_by for attempt in report.attempts] == [0, 1, 2]
    assert [attempt.outcome for attempt in report.attempts] == [
        AttemptOutcome.LOST,
        AttemptOutcome.FAILED,
        AttemptOutcome.SERVED,
    ]
    assert [one.ends for one in world.observer.attempts] == [[one] for one in report.attempts]
    assert report.hedged
    assert report.total_cost is not None
    costs = [attempt.cost for attempt in report.attempts if attempt.cost is not None]
    assert report.total_cost.usd == sum(cost.usd for cost in costs)
    assert report.total_cost.estimated == any(cost.estimated for cost in costs)


async def test_weaker_stand_in_is_named() -> None:
    """By its rung, so that a caller can tell it from what it asked for."""
    tier_two = Model(
        name="small",
        context_window=128_000,
        capabilities=scripted_deployment("b").model.capabilities,
        prices=scripted_deployment("b").model.prices,
        tier=2,
    )
    world = World(
        {"a": [BROKEN], "b": [answer("x")]},
        deployments=[scripted_deployment("b", model=tier_two)],
    )

    report = await call(world)

    assert report.degradation is not None
    assert report.degradation.rung is DegradationRung.LOWER_TIER


async def test_content_of_every_kind_commits_a_stream() -> None:
    """A tool call or a picture is an answer as much as text is."""
    contents = (
        TextDelta(text="x"),
        ToolCallDelta(index=0, name="find", arguments_json="{}"),
        MediaDelta(modality=Modality.IMAGE, media_type="image/png", data=b"x"),
    )
    for content in contents:
        world = World({"a": [[Wait(1.0), Emit((content,)), Wait(5.0), DONE]]})

        report = await call(world)

        assert report.time_to_first_content == 1.0


async def test_headers_of_an_answer_are_heeded_at_once() -> None:
    """The next call goes elsewhere before it is refused."""
    left = RateLimitHeadroom(remaining_requests=0, requests_reset=30.0)
    said: list[Move] = [
        Emit((Started(model_version="m", headroom=left),)),
        Emit((TextDelta(text="x"),)),
        DONE,
    ]
    world = World({"a": [said], "b": [answer("x")]})

    served = [(await call(world)).served for _ in range(2)]

    assert [one and one.deployment.name for one in served] == ["a", "b"]


async def test_counted_tokens_are_told_to_operators() -> None:
    """Tokens per second are those that the provider counted."""
    counted: list[Move] = [
        Emit((TextDelta(text="x"),)),
        Wait(2.0),
        Emit(
            (
                UsageCounted(usage=Usage(input_tokens=10, output_tokens=50)),
                Finished(reason=FinishReason.STOP),
            )
        ),
    ]
    world = World({"a": [counted]})

    report = await call(world)

    assert report.total_usage.output_tokens == 50
    assert world.router.health()[0].output_tokens_per_second == 25.0


def saying(size: int) -> Emit:
    """Return the move that says so many characters."""
    return Emit((TextDelta(text="x" * size),))


def asking(size: int) -> Emit:
    """Return the move that asks for a tool with so many characters."""
    call = ToolCallDelta(index=0, call_id="c", name="f", arguments_json="x" * size)
    return Emit((call,))


@pytest.mark.parametrize("move", [saying, asking])
@pytest.mark.parametrize("sizes", [(10, 200), (200, 10)])
async def test_what_a_departed_caller_was_told_is_estimated_from_all_of_it(
    sizes: tuple[int, int], move: Callable[[int], Emit]
) -> None:
    """Not from its last chunk alone: it is paid for."""
    world = World({"a": [[*(move(size) for size in sizes), Hang()]]})

    async with world.router.open(scripted_request()) as running:
        for _ in sizes:
            await running.receive()
    usage = running.report().total_usage

    one = World({"a": [[move(sum(sizes)), Hang()]]})
    async with one.router.open(scripted_request()) as running:
        await running.receive()
    assert running.report().total_usage == usage
    assert usage.output_tokens == 53


async def test_complete_answer_gives_its_connection_back_at_its_end() -> None:
    """Before the caller leaves the call: the next one may need it."""
    world = World({"a": [answer("x")]})

    async with world.router.open(scripted_request()) as running:
        while not isinstance((await running.receive())[-1], Finished):
            pass
        assert world.gateway.open_streams == 0


async def test_error_of_the_caller_is_what_ended_its_call() -> None:
    """Observers tell a caller that broke from one that left."""
    world = World({"a": [[Hang()]]})
    broke = RuntimeError("the caller broke")

    with pytest.raises(RuntimeError):
        async with world.router.open(scripted_request()):
            raise broke
    async with world.router.open(scripted_request()) as running:
        pass
    await running.aclose()

    assert world.observer.ends[0][1] is broke
    assert isinstance(world.observer.ends[1][1], asyncio.CancelledError)
    assert len(world.observer.ends) == 2
    assert world.router.active_calls == 0


async def test_attempts_are_given_the_times_of_their_policy() -> None:
    """As much as is left of the deadline, where that is less."""
    world = World({"a": [answer("x")], "b": [answer("x")]})
    await call(world)
    async with world.router.open(scripted_request(timeout=7.0)) as running:
        await running.receive()

    times = [(one.connect_timeout, one.timeout) for one in world.gateway.calls]

    assert times == [(2.0, 60.0 + BACKSTOP), (2.0, 7.0 + BACKSTOP)]


async def test_later_attempt_is_given_what_is_left() -> None:
    """Two seconds have passed when it starts."""
    late: list[Move] = [Wait(2.0), *BROKEN]
    world = World({"a": [late], "b": [answer("x")]})

    async with world.router.open(scripted_request(timeout=7.0)) as running:
        await running.receive()

    assert [one.timeout for one in world.gateway.calls] == [7.0 + BACKSTOP, 5.0 + BACKSTOP]


async def test_report_of_a_failed_call_has_its_end() -> None:
    """Each attempt and the whole."""
    late: list[Move] = [Wait(2.0), *BROKEN]
    world = World({"a": [late]}, policy=scripted_policy(("a",), max_attempts=1))

    with pytest.raises(CallFailedError) as caught:
        await call(world)

    assert caught.value.report.duration == 2.0
    assert caught.value.report.attempts[0].duration == 2.0
    assert caught.value.report.served is None


async def test_completion_is_the_whole_answer() -> None:
    """Why it ended and its token probabilities are part of it."""
    likely = TokenLogprob(token="x", logprob=-0.5)
    said = Emit((TextDelta(text="x", logprobs=(likely,)), Finished(reason=FinishReason.LENGTH)))
    world = World({"a": [[said]]})

    async with world.router.open(scripted_request(streaming=False)) as running:
        completion = await running.complete()

    assert completion.finish.reason is FinishReason.LENGTH
    assert completion.logprobs == (likely,)


async def test_usage_that_was_not_counted_is_estimated() -> None:
    """What the provider counted goes first."""
    uncounted = [Emit((TextDelta(text="x" * 40),)), DONE]
    world = World({"a": [uncounted, answer("x" * 40)]})
    usages: list[Usage] = []

    for _ in range(2):
        async with world.router.open(scripted_request(streaming=False)) as running:
            usages.append((await running.complete()).usage)

    assert (usages[0].output_tokens, usages[0].estimated) == (10, True)
    assert (usages[1].output_tokens, usages[1].estimated) == (1, False)


def counting(counted: UsageCounted) -> list[Move]:
    """Return an answer of 40 characters with this count."""
    return [Emit((TextDelta(text="x" * 40), counted)), DONE]


@pytest.mark.parametrize(
    "counted",
    [
        UsageCounted(usage=Usage(output_tokens=7, estimated=True), knows_input=False),
        UsageCounted(usage=Usage(input_tokens=10**8, output_tokens=7)),
        UsageCounted(
            usage=Usage(
                input_tokens=10**8,
                output_tokens=7,
                cache_write_tokens=10**7,
                cache_write_hour_tokens=10**7,
            )
        ),
    ],
    ids=["missing", "beyond reason", "written beyond reason"],
)
async def test_half_of_a_count_that_is_no_use_is_estimated(counted: UsageCounted) -> None:
    """The other half is what the provider says; a stream hears the same as the report."""
    world = World({"a": [counting(counted)]})
    usages: list[Usage] = []

    for streaming in (False, True):
        async with world.router.open(scripted_request(streaming=streaming)) as running:
            if streaming:
                events = await running.receive()
                usages += [event.usage for event in events if isinstance(event, UsageCounted)]
            else:
                usages.append((await running.complete()).usage)
        usages.append(running.report().total_usage)

    assert usages == [usages[0]] * 4
    assert usages[0].estimated
    assert 0 < usages[0].input_tokens < 1_000
    assert usages[0].output_tokens == 7
    assert (usages[0].cache_write_tokens, usages[0].cache_write_hour_tokens) == (0, 0)


async def test_unreadable_output_is_estimated_from_what_arrived() -> None:
    """A provider that bills to the end has nothing more to bill at the end."""
    counted = UsageCounted(usage=Usage(input_tokens=5, estimated=True), knows_output=False)
    deployment = scripted_deployment("a", cancel_stops_billing=False)
    world = World({"a": [counting(counted)]}, deployments=[deployment])

    async with world.router.open(scripted_request(streaming=False)) as running:
        usage = (await running.complete()).usage

    assert usage == Usage(input_tokens=5, output_tokens=10, estimated=True)


async def test_usage_that_came_with_a_failure_is_booked() -> None:
    """Providers bill answers that are of no use."""
    counted = UsageCounted(usage=Usage(input_tokens=900, output_tokens=12))
    failure = Failure(failure_class=FailureClass.BAD_ANSWER, message="empty")
    world = World({"a": [[Fail(failure, counted=counted)]], "b": [answer("x")]})

    async with world.router.open(scripted_request(streaming=False)) as running:
        await running.complete()
    report = running.report()

    assert report.attempts[0].usage == counted.usage
    assert report.total_cost is not None
    assert not report.total_cost.estimated


async def test_answer_that_cannot_be_sent_fails_over() -> None:
    """The caller would hear of it from gRPC, without a report."""
    large = [Emit((TextDelta(text="x" * 10_000_000),))] * 2
    world = World({"a": [[*large, DONE]], "b": [answer("x")]})

    async with world.router.open(scripted_request(streaming=False)) as running:
        completion = await running.complete()
    failed = running.report().attempts[0].failure

    assert completion.report.attempts[-1].outcome is AttemptOutcome.SERVED
    assert failed is not None
    assert failed.failure_class is FailureClass.BAD_ANSWER


async def test_observers_hear_whose_call_ended_or_was_refused() -> None:
    """Its request goes with it, for labels and logs."""
    world = World({"a": [answer("x")]})
    request = scripted_request()
    async with world.router.open(request) as running:
        await running.receive()
    world.router.drain()

    with pytest.raises(DrainingError):
        world.router.open(request)

    assert world.observer.requests == [request, request]


async def test_cost_of_two_attempts_is_the_sum_of_both() -> None:
    """What the first one wasted included."""
    cut: list[Move] = [saying(40), Fail(Failure(failure_class=FailureClass.TRUNCATED, message=""))]
    world = World({"a": [cut], "b": [answer("x")]})

    async with world.router.open(scripted_request(streaming=False)) as running:
        await running.complete()
    report = running.report()

    first, second = (attempt.cost for attempt in report.attempts)
    assert first is not None
    assert second is not None
    assert report.total_cost == AttemptCost(
        usd=first.usd + second.usd, wasted_usd=first.usd, estimated=True
    )
