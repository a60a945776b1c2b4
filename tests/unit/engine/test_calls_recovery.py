"""Streams that outlive their provider: restarted, resumed, or told to be broken."""

from __future__ import annotations

import dataclasses

import pytest
from tests.unit.engine.streams import failing, stream, token

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.modes import StreamRecoveryMode
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import TextDelta, ToolCallDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome
from routersvc.domain.outcomes.errors import AttemptsFailedError, StreamBrokenError
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.engine.call_events import Recovered, RecoveryKind
from routersvc.testing.scripted import Emit, Move, answer
from routersvc.testing.worlds import World, scripted_deployment, scripted_policy, scripted_request


async def test_restart_tells_the_client_to_discard() -> None:
    """Tokens of two attempts never mix without a word between them."""
    world = World(
        {
            "a": [[token("half"), failing(FailureClass.TRUNCATED)]],
            "b": [answer("whole")],
        },
        policy=scripted_policy(["a", "b"], stream_recovery=StreamRecoveryMode.RESTART),
    )

    events = await stream(world)

    kinds = [type(event).__name__ for event in events]
    assert kinds == [
        "RouteSelected",
        "TextDelta",
        "Recovered",
        "TextDelta",
        "UsageCounted",
        "Finished",
    ]
    recovered = events[2]
    assert isinstance(recovered, Recovered)
    assert recovered.kept_characters == 0
    report, _ = world.observer.ends[0]
    assert report.recovered
    assert [a.outcome for a in report.attempts] == [AttemptOutcome.BROKEN, AttemptOutcome.SERVED]


def resuming(other: Deployment, cut: list[Move]) -> World:
    """Return a world whose first deployment is cut, and whose policy resumes."""
    return World(
        {"a": [cut], "b": [answer(" and whole")]},
        policy=scripted_policy(["a", "b"], stream_recovery=StreamRecoveryMode.RESUME),
        deployments=[other],
    )


async def test_resume_goes_on_from_the_text_so_far() -> None:
    """The other model is asked to continue; the client keeps what it has."""
    cut: list[Move] = [token("half "), token("the way "), failing(FailureClass.TRUNCATED)]
    world = resuming(scripted_deployment("b"), cut)

    events = await stream(world)

    recovered = next(event for event in events if isinstance(event, Recovered))
    assert recovered.kind is RecoveryKind.RESUMED
    assert recovered.kept_characters == len("half the way")
    assert world.gateway.calls[1].prompt.messages[-1] == Message(
        role=Role.ASSISTANT, parts=(TextPart(text="half the way"),)
    )
    report, _ = world.observer.ends[0]
    assert [a.outcome for a in report.attempts] == [AttemptOutcome.BROKEN, AttemptOutcome.SERVED]
    assert report.total_usage.output_tokens == report.attempts[0].usage.output_tokens + 1


async def test_resume_restarts_where_the_model_cannot_continue() -> None:
    """Without a prefill the answer starts over, and the client is told to discard."""
    able = scripted_deployment("b")
    unable = dataclasses.replace(
        able,
        model=dataclasses.replace(
            able.model, capabilities=able.model.capabilities - {Capability.PREFILL}
        ),
    )
    world = resuming(unable, [token("half"), failing(FailureClass.TRUNCATED)])

    events = await stream(world)

    recovered = next(event for event in events if isinstance(event, Recovered))
    assert (recovered.kind, recovered.kept_characters) == (RecoveryKind.RESTARTED, 0)
    assert world.gateway.calls[1].prompt == world.gateway.calls[0].prompt


async def test_answer_with_a_tool_call_is_not_resumed() -> None:
    """Half a tool call cannot be continued as text."""
    half_call = Emit((ToolCallDelta(index=0, call_id="c", name="f", arguments_json='{"a'),))
    cut: list[Move] = [token("I look"), half_call, failing(FailureClass.TRUNCATED)]
    world = resuming(scripted_deployment("b"), cut)

    events = await stream(world)

    recovered = next(event for event in events if isinstance(event, Recovered))
    assert recovered.kind is RecoveryKind.RESTARTED


async def test_own_prefill_of_the_prompt_is_lengthened() -> None:
    """Two turns of the model in a row would be refused by some providers."""
    prompt = scripted_request().prompt
    begun = Message(role=Role.ASSISTANT, parts=(TextPart(text="It "),))
    world = resuming(scripted_deployment("b"), [token("is noon "), failing(FailureClass.TRUNCATED)])
    request = dataclasses.replace(
        scripted_request(), prompt=dataclasses.replace(prompt, messages=(*prompt.messages, begun))
    )

    await stream(world, request)

    assert world.gateway.calls[1].prompt.messages[1:] == (
        Message(role=Role.ASSISTANT, parts=(TextPart(text="It "), TextPart(text="is noon"))),
    )


async def test_answer_that_broke_twice_is_resumed_from_all_of_it() -> None:
    """What the second attempt added is part of what the third goes on from."""
    world = World(
        {
            "a": [[token("One, "), failing(FailureClass.TRUNCATED)]],
            "b": [[token(" two, "), failing(FailureClass.TRUNCATED)]],
            "c": [answer(" three.")],
        },
        policy=scripted_policy(["a", "b", "c"], stream_recovery=StreamRecoveryMode.RESUME),
    )

    events = await stream(world)

    recoveries = [event for event in events if isinstance(event, Recovered)]
    assert [one.kind for one in recoveries] == [RecoveryKind.RESUMED] * 2
    assert world.gateway.calls[2].prompt.messages[-1].parts == (TextPart(text="One, two,"),)


async def test_answer_that_broke_twice_is_restarted_twice() -> None:
    """Where the mode is to start over no attempt is given the words of another."""
    world = World(
        {
            "a": [[token("One, "), failing(FailureClass.TRUNCATED)]],
            "b": [[token("Uno, "), failing(FailureClass.TRUNCATED)]],
            "c": [answer("Eins, zwei.")],
        },
        policy=scripted_policy(["a", "b", "c"], stream_recovery=StreamRecoveryMode.RESTART),
    )

    events = await stream(world)

    recoveries = [event for event in events if isinstance(event, Recovered)]
    assert [one.kind for one in recoveries] == [RecoveryKind.RESTARTED] * 2
    assert world.gateway.calls[2].prompt == world.gateway.calls[0].prompt


async def test_text_after_a_tool_call_is_handed_on() -> None:
    """An answer that can no longer be resumed is still an answer."""
    asks = Emit((ToolCallDelta(index=0, call_id="c", name="f", arguments_json="{}"),))
    world = resuming(
        scripted_deployment("b"),
        [token("I look "), asks, token("and see."), Emit((Finished(reason=FinishReason.STOP),))],
    )

    events = await stream(world)

    assert [event.text for event in events if isinstance(event, TextDelta)] == [
        "I look ",
        "and see.",
    ]


async def test_recovery_that_comes_as_a_whole_ends_the_call() -> None:
    """Everything in one piece, told with the report of that moment."""
    whole = Emit((TextDelta(text="whole"), Finished(reason=FinishReason.STOP)))
    world = World(
        {"a": [[token("half"), failing(FailureClass.TRUNCATED)]], "b": [[whole]]},
        policy=scripted_policy(["a", "b"], stream_recovery=StreamRecoveryMode.RESTART),
    )

    events = await stream(world)

    recovered = next(event for event in events if isinstance(event, Recovered))
    assert [attempt.deployment.name for attempt in recovered.report.attempts] == ["a", "b"]
    assert recovered.report.served is not None
    assert recovered.report.served.deployment.name == "b"
    assert world.leftovers() == {}


async def test_answer_that_broke_for_good_is_told_with_who_gave_it() -> None:
    """The caller has seen some of it: it was served, if not to its end."""
    world = World({"a": [[token("half"), failing(FailureClass.TRUNCATED)]]})

    with pytest.raises(StreamBrokenError) as caught:
        await stream(world)

    assert caught.value.report.served is not None
    assert caught.value.report.served.deployment.name == "a"


async def test_defect_of_an_adapter_breaks_the_answer_it_reads() -> None:
    """It is a failure like others, after the commit as before it."""
    world = World({"a": [[token("half")]]})

    with pytest.raises(StreamBrokenError) as caught:
        await stream(world)

    assert caught.value.failure.failure_class is FailureClass.SERVER_ERROR
    assert world.leftovers() == {}


async def test_empty_continuation_is_the_end_of_the_answer() -> None:
    """The stream broke behind its last word: the kept text is whole."""
    nothing: list[Move] = [Emit((Finished(reason=FinishReason.STOP),))]
    world = World(
        {"a": [[token("whole"), failing(FailureClass.RESET)]], "b": [nothing]},
        policy=scripted_policy(["a", "b"], stream_recovery=StreamRecoveryMode.RESUME),
    )

    events = await stream(world)

    (recovered,) = [event for event in events if isinstance(event, Recovered)]
    assert (recovered.kind, recovered.kept_characters) == (RecoveryKind.RESUMED, len("whole"))
    assert isinstance(events[-1], Finished)


async def test_refused_prefill_restarts_on_the_same_deployment() -> None:
    """It was thought to continue an answer and refuses; it may still write a whole one."""
    refused: list[Move] = [failing(FailureClass.INVALID_REQUEST)]
    world = World(
        {
            "a": [[token("half"), failing(FailureClass.RESET)]],
            "b": [refused, answer("whole")],
        },
        policy=scripted_policy(["a", "b"], stream_recovery=StreamRecoveryMode.RESUME),
    )

    events = await stream(world)

    (recovered,) = [event for event in events if isinstance(event, Recovered)]
    assert (recovered.kind, recovered.kept_characters) == (RecoveryKind.RESTARTED, 0)
    report, error = world.observer.ends[0]
    assert error is None
    assert [a.deployment.name for a in report.attempts] == ["a", "b", "b"]
    assert [call.prompt.messages[-1].role for call in world.gateway.calls] == [
        Role.USER,
        Role.ASSISTANT,
        Role.USER,
    ]


async def test_recovery_is_forced_where_the_backup_rests() -> None:
    """An open breaker is no reason to lose the answer: promise 13."""
    failed: list[Move] = [failing(FailureClass.SERVER_ERROR)]
    world = World(
        {
            "a": [*[failed] * 5, [token("half"), failing(FailureClass.RESET)]],
            "b": [*[failed] * 5, answer("whole")],
        },
        policy=scripted_policy(
            ["a", "b"], max_attempts=2, stream_recovery=StreamRecoveryMode.RESTART
        ),
    )
    for _ in range(5):
        with pytest.raises(AttemptsFailedError):
            await stream(world)

    events = await stream(world)

    assert isinstance(events[-1], Finished)
    report, _ = world.observer.ends[-1]
    assert [a.outcome for a in report.attempts] == [AttemptOutcome.BROKEN, AttemptOutcome.SERVED]
