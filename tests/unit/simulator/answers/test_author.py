"""Answers: what a simulated model says to which request."""

from __future__ import annotations

import dataclasses

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.simulator import (
    Behaviour,
    Constant,
    ContentFilter,
    DuplicatedModel,
    Echo,
    EmptyAnswer,
    Fixed,
    InvalidToolJson,
    Refusal,
    SchemaViolation,
    SimulatedModel,
    SplitBytes,
    Uniform,
    WrongModel,
)
from routersvc.simulator.answers.author import Author
from routersvc.simulator.answers.completions import CompletionRequest, Finish, Prompt
from routersvc.simulator.answers.models import ReasoningEffort
from routersvc.simulator.answers.tools import ToolMode, ToolOffer

_MODEL = SimulatedModel(id="m", version="m-1")
_REASONER = SimulatedModel(id="r", reasoning=True)
_TOOLS = (
    ToolOffer(
        name="weather",
        parameters={
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    ),
    ToolOffer(name="time", parameters={"type": "object", "properties": {}}),
)
_BEHAVIOUR = Behaviour(tokens_per_answer=Constant(value=20))
_PROMPT = Prompt(last_user_text="Tell me", digest=77, tokens=10)
_REQUEST = CompletionRequest(model=_MODEL, streaming=False, prompt=_PROMPT)


def _prompt(digest: int) -> Prompt:
    return dataclasses.replace(_PROMPT, digest=digest)


def test_the_same_request_is_answered_the_same_whatever_came_before() -> None:
    """Without this no failing test could be repeated."""
    author, other = Author(5), Author(5)
    for digest in range(10):
        author.compose(
            dataclasses.replace(_REQUEST, prompt=_prompt(digest)),
            _BEHAVIOUR,
        )

    assert author.compose(_REQUEST, _BEHAVIOUR) == other.compose(_REQUEST, _BEHAVIOUR)


def test_prompt_seed_and_provider_each_change_the_answer() -> None:
    """Two answers can be distinguished by their text."""
    texts = {
        Author(5).compose(_REQUEST, _BEHAVIOUR).text,
        Author(6).compose(_REQUEST, _BEHAVIOUR).text,
        Author(5)
        .compose(
            dataclasses.replace(_REQUEST, prompt=_prompt(78)),
            _BEHAVIOUR,
        )
        .text,
        Author(5).compose(dataclasses.replace(_REQUEST, seed=1), _BEHAVIOUR).text,
        Author(5).compose(dataclasses.replace(_REQUEST, seed=2), _BEHAVIOUR).text,
    }

    assert len(texts) == 5


def test_length_is_drawn_from_the_behaviour_and_counted_in_usage() -> None:
    """Tokens that travel and tokens that are billed are the same."""
    behaviour = Behaviour(tokens_per_answer=Uniform(low=5, high=9))

    answers = [
        Author(0).compose(
            dataclasses.replace(_REQUEST, prompt=_prompt(digest)),
            behaviour,
        )
        for digest in range(40)
    ]

    assert {answer.tokens for answer in answers} == {5, 6, 7, 8, 9}
    assert all(answer.usage.completion_tokens == answer.tokens for answer in answers)
    assert all(answer.usage.prompt_tokens == 10 for answer in answers)
    assert all(answer.finish is Finish.STOP for answer in answers)


def test_fixed_text_and_echo_are_said_whole() -> None:
    """Tests of others depend on the exact text."""
    fixed = Author(0).compose(_REQUEST, Behaviour(answer=Fixed(text="Grüße, 東京!")))
    echo = Author(0).compose(_REQUEST, Behaviour(answer=Echo()))

    assert fixed.text == "Grüße, 東京!"
    assert echo.text == "Tell me"


def test_max_tokens_cuts_and_says_so() -> None:
    """`length` is how a client learns that there was more."""
    request = dataclasses.replace(_REQUEST, max_tokens=7)

    answer = Author(0).compose(request, _BEHAVIOUR)

    assert (answer.tokens, answer.finish) == (7, Finish.LENGTH)
    assert answer.text == "".join(Author(0).compose(_REQUEST, _BEHAVIOUR).pieces[:7])


def test_an_answer_that_just_fits_is_not_cut() -> None:
    """The limit is inclusive."""
    answer = Author(0).compose(dataclasses.replace(_REQUEST, max_tokens=20), _BEHAVIOUR)

    assert (answer.tokens, answer.finish) == (20, Finish.STOP)


def test_the_context_window_bounds_the_answer() -> None:
    """A prompt that fills the window leaves little to say."""
    model = SimulatedModel(id="m", context_window=14)

    answer = Author(0).compose(dataclasses.replace(_REQUEST, model=model), _BEHAVIOUR)

    assert (answer.tokens, answer.finish) == (4, Finish.LENGTH)


def test_a_stop_sequence_ends_the_text_before_itself() -> None:
    """The sequence is not part of the answer."""
    behaviour = Behaviour(answer=Fixed(text="one two END three STOP"))

    answer = Author(0).compose(dataclasses.replace(_REQUEST, stop=("STOP", "END")), behaviour)

    assert (answer.text, answer.finish) == ("one two ", Finish.STOP)


@pytest.mark.parametrize(
    ("effort", "reasoning"),
    [
        (None, 192),
        (ReasoningEffort.NONE, 0),
        (ReasoningEffort.LOW, 64),
        (ReasoningEffort.HIGH, 512),
    ],
)
def test_reasoning_is_counted_and_not_sent(effort: ReasoningEffort | None, reasoning: int) -> None:
    """It is billed with the answer, so usage must show it."""
    request = dataclasses.replace(_REQUEST, model=_REASONER, reasoning_effort=effort)

    answer = Author(0).compose(request, _BEHAVIOUR)

    assert answer.usage.reasoning_tokens == reasoning
    assert answer.usage.completion_tokens == reasoning + 20
    assert answer.tokens == 20


def test_a_limit_may_be_spent_on_reasoning_alone() -> None:
    """Recorded from real reasoning models: no content, `length`, all tokens reasoned."""
    request = dataclasses.replace(_REQUEST, model=_REASONER, max_tokens=100)

    answer = Author(0).compose(request, _BEHAVIOUR)

    assert (answer.text, answer.finish) == ("", Finish.LENGTH)
    assert answer.usage.reasoning_tokens == answer.usage.completion_tokens == 100


@pytest.mark.parametrize(
    ("mode", "after_results", "names", "finish"),
    [
        (ToolMode.AUTO, False, ["weather"], Finish.TOOL_CALLS),
        (ToolMode.AUTO, True, [], Finish.STOP),
        (ToolMode.REQUIRED, True, ["weather"], Finish.TOOL_CALLS),
        (ToolMode.NAMED, False, ["weather"], Finish.STOP),
        (ToolMode.NEVER, False, [], Finish.STOP),
    ],
)
def test_tools_are_called_when_they_are_to_be_called(
    mode: ToolMode,
    after_results: bool,  # noqa: FBT001 - a case of the table
    names: list[str],
    finish: Finish,
) -> None:
    """A conversation with tools comes to an end: results are answered with text."""
    request = dataclasses.replace(
        _REQUEST,
        tools=_TOOLS,
        tool_mode=mode,
        prompt=dataclasses.replace(_PROMPT, after_tool_results=after_results),
    )

    answer = Author(0).compose(request, _BEHAVIOUR)

    assert [call.name for call in answer.tool_calls] == names
    assert answer.finish is finish
    assert bool(answer.text) is not bool(names)


def test_several_calls_are_made_unless_the_client_forbids_it() -> None:
    """Parallel calls have their own ids; arguments fit their schema."""
    request = dataclasses.replace(_REQUEST, tools=_TOOLS, tool_mode=ToolMode.AUTO)
    behaviour = Behaviour(tool_calls_per_answer=3)

    parallel = Author(0).compose(request, behaviour)
    single = Author(0).compose(dataclasses.replace(request, parallel_tool_calls=False), behaviour)

    assert [call.name for call in parallel.tool_calls] == ["weather", "time", "weather"]
    assert len({call.id for call in parallel.tool_calls}) == 3
    arguments = [orjson.loads("".join(call.pieces)) for call in parallel.tool_calls]
    assert [set(argument) for argument in arguments] == [{"city"}, set(), {"city"}]
    assert len(single.tool_calls) == 1


@given(tokens=st.integers(1, 30), wanted=st.integers(0, 40), limit=st.none() | st.integers(1, 30))
def test_citations_divide_the_text_after_a_search(
    tokens: int, wanted: int, limit: int | None
) -> None:
    """They meet without a gap and stay within the text, however short its limit makes it."""
    request = dataclasses.replace(_REQUEST, web_search=True, max_tokens=limit)
    behaviour = Behaviour(tokens_per_answer=Constant(value=tokens), citations_per_answer=wanted)

    answer = Author(0).compose(request, behaviour)

    cited = answer.citations
    assert len(cited) == min(wanted, len(answer.text))
    if cited:
        edges = [0, *(one.end for one in cited)]
        assert [one.start for one in cited] == edges[:-1]
        assert edges == sorted(set(edges))
        assert edges[-1] == len(answer.text)
    assert len({one.url for one in cited}) == len(cited)
    assert Author(0).compose(_REQUEST, behaviour).citations == ()


def test_effects_change_the_answer_as_they_say() -> None:
    """One line each; their bytes are looked at on the wire."""
    author = Author(0)
    with_tools = dataclasses.replace(_REQUEST, tools=_TOOLS, tool_mode=ToolMode.AUTO)
    with_json = dataclasses.replace(
        _REQUEST, json_schema={"type": "object", "properties": {"a": {"type": "integer"}}}
    )

    empty = author.compose(_REQUEST, _BEHAVIOUR, EmptyAnswer())
    refusal = author.compose(_REQUEST, _BEHAVIOUR, Refusal(text="No, sorry."))
    filtered = author.compose(_REQUEST, _BEHAVIOUR, ContentFilter(after_tokens=3))
    tool = author.compose(with_tools, _BEHAVIOUR, InvalidToolJson())
    off_schema = author.compose(with_json, _BEHAVIOUR, SchemaViolation())
    wrong = author.compose(_REQUEST, _BEHAVIOUR, WrongModel(reported_model="x"))
    double = author.compose(_REQUEST, _BEHAVIOUR, DuplicatedModel(reported_model="x"))
    split = author.compose(_REQUEST, _BEHAVIOUR, SplitBytes())

    assert (empty.tokens, empty.finish) == (0, Finish.STOP)
    assert (refusal.text, refusal.refusal) == ("No, sorry.", True)
    assert (filtered.tokens, filtered.finish) == (3, Finish.CONTENT_FILTER)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads("".join(tool.tool_calls[0].pieces))
    assert set(orjson.loads(off_schema.text)) == {"unexpected"}
    assert wrong.reported_models == ("x",)
    assert double.reported_models == ("m-1", "x")
    assert {len(character.encode()) for character in split.text} == {1, 2, 3, 4}


@given(
    digest=st.integers(0, 2**32 - 1),
    max_tokens=st.none() | st.integers(1, 400),
    length=st.integers(1, 300),
    reasoning=st.booleans(),
    calls=st.integers(0, 3),
)
def test_no_answer_is_longer_than_allowed_and_all_of_it_is_counted(
    *, digest: int, max_tokens: int | None, length: int, reasoning: bool, calls: int
) -> None:
    """Usage is what others account with."""
    request = dataclasses.replace(
        _REQUEST,
        model=_REASONER if reasoning else _MODEL,
        prompt=_prompt(digest),
        max_tokens=max_tokens,
        tools=_TOOLS,
        tool_mode=ToolMode.AUTO if calls else ToolMode.NEVER,
    )
    behaviour = Behaviour(
        tokens_per_answer=Constant(value=length), tool_calls_per_answer=max(1, calls)
    )

    answer = Author(0).compose(request, behaviour)

    usage = answer.usage
    assert usage.completion_tokens == usage.reasoning_tokens + answer.tokens
    assert max_tokens is None or usage.completion_tokens <= max_tokens
    complete = answer.finish is not Finish.LENGTH
    assert not complete or calls or answer.tokens == length
