"""Text on its way to the caller, with and without a promised format."""

from __future__ import annotations

import pytest

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import TextDelta, ThoughtDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.reading.answer_texts import AnswerText

ASKED = (Message(role=Role.USER, parts=(TextPart(text="Hello"),)),)
PLAIN = Prompt(messages=ASKED)
JSON = Prompt(messages=ASKED, response_format=JsonObjectFormat())
TOKEN = (TokenLogprob(token="{", logprob=-0.5),)


def test_text_without_a_promise_passes_at_once() -> None:
    """Marks are words where nobody promised JSON."""
    events: list[AnswerEvent] = []

    AnswerText(PLAIN).add("<think>", events)

    assert events == [TextDelta(text="<think>")]


def test_thought_before_the_json_is_a_thought() -> None:
    """The caller parses the text."""
    text = AnswerText(JSON)
    events: list[AnswerEvent] = []

    text.add('<think>hm</think>{"a": 1}', events)
    text.end(events)
    text.require_format(FinishReason.STOP)

    assert events == [ThoughtDelta(text="hm"), TextDelta(text='{"a": 1}')]
    assert text.has_text
    assert text.has_thoughts


def test_hidden_thought_before_the_json_is_left_out() -> None:
    """The caller does not want to see it."""
    hidden = Reasoning(visibility=ReasoningVisibility.HIDDEN)
    prompt = Prompt(messages=ASKED, response_format=JsonObjectFormat(), reasoning=hidden)
    events: list[AnswerEvent] = []

    AnswerText(prompt).add("<think>hm</think>{}", events)

    assert events == [TextDelta(text="{}")]


def test_log_probabilities_wait_for_their_text() -> None:
    """Text that is held back keeps its tokens."""
    text = AnswerText(JSON)
    events: list[AnswerEvent] = []

    text.add("``", events, TOKEN)
    text.add("`\n{}\n```", events)
    text.end(events)

    assert events == [TextDelta(text="{}", logprobs=TOKEN)]


def test_prose_in_place_of_promised_json_is_refused() -> None:
    """Another model may keep the promise."""
    text = AnswerText(JSON)
    events: list[AnswerEvent] = []
    text.add("Here it is: {}", events)
    text.end(events)

    with pytest.raises(AttemptFailedError):
        text.require_format(FinishReason.STOP)
    text.require_format(FinishReason.LENGTH)


@pytest.mark.parametrize("text", ["<think>{}", "```json\n{}\n``` So.", "{} So."])
def test_text_around_the_json_that_is_no_wrapping_is_refused(text: str) -> None:
    """JSON within prose may be an example that the model rejects."""
    answer = AnswerText(JSON)
    events: list[AnswerEvent] = []
    answer.add(text, events)
    answer.end(events)

    with pytest.raises(AttemptFailedError):
        answer.require_format(FinishReason.STOP)


def test_unwrapped_json_is_held_against_its_schema() -> None:
    """The fence is not part of the value."""
    wanted = JsonSchemaFormat(name="a", json_schema='{"required": ["b"]}', strict=True)
    prompt = Prompt(messages=ASKED, response_format=wanted)
    for text, is_refused in (('```json\n{"b": 1}\n```', False), ('```json\n{"a": 1}\n```', True)):
        answer = AnswerText(prompt)
        events: list[AnswerEvent] = []
        answer.add(text, events)
        answer.end(events)
        if is_refused:
            with pytest.raises(AttemptFailedError):
                answer.require_format(FinishReason.STOP)
        else:
            answer.require_format(FinishReason.STOP)


def test_length_is_that_of_the_text_alone() -> None:
    """Citations count from its first character."""
    text = AnswerText(JSON, keeps=True)
    events: list[AnswerEvent] = []
    text.add("<think>hm</think>{}", events)
    text.end(events)

    assert (text.characters, text.whole) == (2, "{}")


@pytest.mark.parametrize("text", ["1}", '{"a": 1}'])
def test_continued_json_is_checked_with_its_beginning(text: str) -> None:
    """A stream that broke goes on in the middle of the JSON."""
    begun = Message(role=Role.ASSISTANT, parts=(TextPart(text='{"a": '),))
    answer = AnswerText(Prompt(messages=(*ASKED, begun), response_format=JsonObjectFormat()))
    answer.add(text, [])

    answer.require_format(FinishReason.STOP)
