"""Every fault in every wire format, byte by byte where it matters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import orjson
import pytest

from routersvc.simulator import (
    Close,
    ContentFilter,
    Cut,
    DuplicatedModel,
    Effect,
    EmptyAnswer,
    EmptyBody,
    EndEarly,
    Ending,
    ErrorEvent,
    Fault,
    InvalidToolJson,
    MalformedChunk,
    MissingTerminator,
    Outcome,
    Problem,
    Refusal,
    Reset,
    SchemaViolation,
    Silence,
    SimulatedProvider,
    SlowStart,
    SplitBytes,
    Stall,
    Status,
    TruncatedBody,
    WrongContentType,
    WrongModel,
)

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Connect, RawAnswer
    from tests.integration.simulator.formats.conftest import AskInTongue, Json, Tongue

_STREAMS = pytest.mark.parametrize("stream", [False, True])
_STOPPED = {
    "openai_chat": "stop",
    "openai_responses": "completed",
    "anthropic_messages": "end_turn",
    "gemini": "STOP",
    "azure_openai": "stop",
    "bedrock_converse": "end_turn",
    "cohere_chat": "COMPLETE",
    "mistral_chat": "stop",
}
_FILTERED = {
    "openai_chat": "content_filter",
    "openai_responses": "content_filter",
    "anthropic_messages": "refusal",
    "gemini": "SAFETY",
    "azure_openai": "content_filter",
    "bedrock_converse": "content_filtered",
}
_RATE_LIMITED = {
    "openai_chat": "rate_limit_exceeded",
    "openai_responses": "rate_limit_exceeded",
    "anthropic_messages": "rate_limit_error",
    "gemini": "RESOURCE_EXHAUSTED",
    "azure_openai": "429",
    "bedrock_converse": "throttlingException",
    "cohere_chat": "too many",
    "mistral_chat": "1300",
}
_NAMES_NO_MODEL = ("bedrock_converse", "cohere_chat")
_KEEP_ALIVES = {
    "openai_chat": b": keep-alive\n\n",
    "openai_responses": b": keep-alive\n\n",
    "anthropic_messages": b"event: ping\n",
    "azure_openai": b": keep-alive\n\n",
}


def _last(alpha: SimulatedProvider) -> tuple[Outcome, int]:
    return alpha.log[-1].outcome, alpha.log[-1].tokens_sent


def _stream(answer: RawAnswer) -> bytes:
    return b"".join(answer.chunks)


def _ended(tongue: Tongue, stream: bytes) -> bool:
    return any(tongue.ends(event) for event in tongue.events(stream))


async def test_a_healthy_stream(tongue: Tongue, alpha: SimulatedProvider, ask: AskInTongue) -> None:
    """What the faults are held against: as many texts as tokens, an end, the unary text."""
    unary = await ask()
    answer = await ask(stream=True)

    stream = _stream(answer)
    assert (answer.status, answer.headers["content-type"]) == (200, tongue.stream_type)
    assert len(tongue.texts(stream)) == 8
    assert "".join(tongue.texts(stream)) == tongue.text(json.loads(unary.body))
    assert tongue.finishes(stream) == [_STOPPED[tongue.name]]
    assert tongue.ends(tongue.events(stream)[-1])
    assert answer.chunks[-1] == b""
    assert _last(alpha) == (Outcome.COMPLETED, 8)
    assert (alpha.log[-1].model, alpha.log[-1].streaming) == ("sim-large", True)


@_STREAMS
@pytest.mark.parametrize(("effect", "reset"), [(Reset(), True), (Close(), False)])
async def test_broken_before_headers(
    ask: AskInTongue, effect: Effect, *, reset: bool, stream: bool
) -> None:
    """Not one byte."""
    answer = await ask(effect, stream=stream)

    assert (answer.head, answer.body, answer.reset) == (b"", b"", reset)


@_STREAMS
async def test_a_login_page_instead_of_an_answer(ask: AskInTongue, *, stream: bool) -> None:
    """Status 200 and HTML."""
    answer = await ask(WrongContentType(), stream=stream)

    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


@_STREAMS
async def test_an_empty_body(tongue: Tongue, ask: AskInTongue, *, stream: bool) -> None:
    """The content type of the answer that is not there."""
    answer = await ask(EmptyBody(), stream=stream)

    assert (answer.status, answer.body) == (200, b"")
    wanted = tongue.stream_type if stream else "application/json"
    assert answer.headers["content-type"].startswith(wanted)


async def test_an_empty_answer(tongue: Tongue, alpha: SimulatedProvider, ask: AskInTongue) -> None:
    """Well-formed, finished, without content."""
    unary = await ask(EmptyAnswer())
    stream = _stream(await ask(EmptyAnswer(), stream=True))

    assert tongue.text(json.loads(unary.body)) == ""
    assert (tongue.texts(stream), tongue.finishes(stream)) == ([], [_STOPPED[tongue.name]])
    assert tongue.ends(tongue.events(stream)[-1])
    assert _last(alpha) == (Outcome.COMPLETED, 0)


@pytest.mark.parametrize(("ending", "reset"), [(Ending.RESET, True), (Ending.CLOSE, False)])
async def test_a_cut_stream(
    tongue: Tongue, alpha: SimulatedProvider, ask: AskInTongue, ending: Ending, *, reset: bool
) -> None:
    """Exactly so many tokens, no end."""
    answer = await ask(Cut(after_tokens=3, ending=ending), stream=True)

    stream = _stream(answer)
    assert (len(tongue.texts(stream)), tongue.finishes(stream)) == (3, [])
    assert (answer.reset, _ended(tongue, stream)) == (reset, False)
    assert _last(alpha) == (Outcome.ABORTED_BY_FAULT, 3)


async def test_a_cut_unary_body(ask: AskInTongue) -> None:
    """Half of the bytes that the content length promised."""
    answer = await ask(Cut(ending=Ending.CLOSE))

    assert len(answer.body) == int(answer.headers["content-length"]) // 2


async def test_an_early_end(tongue: Tongue, ask: AskInTongue) -> None:
    """HTTP is content; neither finish nor end is there, even where all the text is."""
    early = await ask(EndEarly(after_tokens=3), stream=True)
    late = await ask(EndEarly(after_tokens=100), stream=True)

    for answer, tokens in ((early, 3), (late, 8)):
        stream = _stream(answer)
        assert (len(tongue.texts(stream)), tongue.finishes(stream)) == (tokens, [])
        assert (answer.chunks[-1], _ended(tongue, stream)) == (b"", False)


async def test_a_missing_terminator(tongue: Tongue, ask: AskInTongue) -> None:
    """All the text, and not what says that it was all."""
    answer = await ask(MissingTerminator(), stream=True)

    stream = _stream(answer)
    same = ("gemini", "openai_responses")
    finishes = [] if tongue.name in same else [_STOPPED[tongue.name]]
    assert (len(tongue.texts(stream)), tongue.finishes(stream)) == (8, finishes)
    assert (answer.chunks[-1], _ended(tongue, stream)) == (b"", False)


async def test_a_malformed_chunk(tongue: Tongue, ask: AskInTongue) -> None:
    """One event is cut JSON, the others are whole, and the stream ends as it must."""
    answer = await ask(MalformedChunk(after_tokens=3), stream=True)

    events = tongue.events(_stream(answer))
    assert [event for event in events if "broken" in event] == [{"broken": True}]
    assert len(tongue.texts(_stream(answer))) == 7
    assert tongue.ends(events[-1])


@pytest.mark.parametrize("effect", [MalformedChunk(), TruncatedBody(), EndEarly()])
async def test_cut_json(ask: AskInTongue, effect: Effect) -> None:
    """HTTP is content, the JSON is not."""
    answer = await ask(effect)

    body = answer.body if "content-length" in answer.headers else _stream(answer)
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(body)


@pytest.mark.parametrize("tokens", [0, 3])
async def test_an_error_in_a_stream(tongue: Tongue, ask: AskInTongue, tokens: int) -> None:
    """In the vendor's shape, first of all or after some tokens; no good end follows it."""
    effect = ErrorEvent(problem=Problem.RATE_LIMIT, after_tokens=tokens, message="too many")

    answer = await ask(effect, stream=True)

    stream = _stream(answer)
    events = tongue.events(stream)
    errors = [word for event in events if (word := tongue.error(event)) is not None]
    assert (answer.status, len(tongue.texts(stream))) == (200, tokens)
    assert errors == [_RATE_LIMITED[tongue.name]]
    assert b"too many" in stream
    if tokens == 0:
        assert tongue.error(events[0]) == errors[0]
    assert _STOPPED[tongue.name] not in tongue.finishes(stream)


async def test_an_error_in_a_unary_200(alpha: SimulatedProvider, ask: AskInTongue) -> None:
    """The vendor's error with the wrong status."""
    wrong = await ask(ErrorEvent(problem=Problem.SERVER_ERROR))
    right = await ask(Status(problem=Problem.SERVER_ERROR))

    assert (wrong.status, right.status) == (200, 500)
    assert set(_keys(json.loads(wrong.body))) == set(_keys(json.loads(right.body)))
    assert alpha.log[-1].outcome is Outcome.FAULT_ANSWERED


def _keys(body: Json) -> list[str]:
    inner = body.get("error")
    return [*body, *(inner if isinstance(inner, dict) else ())]


@_STREAMS
async def test_split_bytes(tongue: Tongue, ask: AskInTongue, *, stream: bool) -> None:
    """What arrives is the same; how it arrives is not."""
    answer = await ask(SplitBytes(pause=0), stream=stream)

    text = "".join(tongue.texts(_stream(answer))) if stream else tongue.text(_body(answer))
    assert text.startswith("Zürich – 東京 and 🚀: ")


def _body(answer: RawAnswer) -> Json:
    parsed: Json = json.loads(_stream(answer))
    return parsed


async def test_a_refusal(ask: AskInTongue) -> None:
    """Its text is there, with status 200."""
    unary = await ask(Refusal(text="Not this."))
    stream = await ask(Refusal(text="Not this."), stream=True)

    assert (unary.status, stream.status) == (200, 200)
    assert b"Not this." in unary.body
    assert b"this" in stream.body


async def test_a_content_filter(tongue: Tongue, alpha: SimulatedProvider, ask: AskInTongue) -> None:
    """The vendor's own finish reason; it does not strike where there is none."""
    answer = await ask(ContentFilter(after_tokens=2), stream=True)

    stream = _stream(answer)
    if tongue.name not in _FILTERED:
        assert (len(tongue.texts(stream)), alpha.log[-1].fault) == (8, None)
        return
    assert (len(tongue.texts(stream)), tongue.finishes(stream)) == (2, [_FILTERED[tongue.name]])


@_STREAMS
async def test_names_of_the_model(
    tongue: Tongue, alpha: SimulatedProvider, ask: AskInTongue, *, stream: bool
) -> None:
    """A wrong name and a double one; they do not strike where no answer names its model."""
    wrong = await ask(WrongModel(reported_model="imposter"), stream=stream)
    fault = alpha.log[-1].fault
    double = await ask(DuplicatedModel(reported_model="imposter"), stream=stream)

    if tongue.name in _NAMES_NO_MODEL:
        assert (fault, alpha.log[-1].fault, b"sim-large" in wrong.body) == (None, None, False)
        return
    assert (b"imposter" in wrong.body, b"sim-large" in wrong.body) == (True, False)
    assert double.body.count(b"imposter") == double.body.count(b"sim-large") > 0


async def test_tool_calls(tongue: Tongue, ask: AskInTongue) -> None:
    """Their arguments, joined, are what the schema asks for."""
    answer = await ask(stream=True, **tongue.tools)

    found = [tongue.arguments(event) for event in tongue.events(_stream(answer))]
    pieces = [piece for piece in found if piece]
    assert list(json.loads("".join(pieces))) == ["city"]
    assert tongue.texts(_stream(answer)) == []


async def test_arguments_that_are_no_json(
    tongue: Tongue, alpha: SimulatedProvider, ask: AskInTongue
) -> None:
    """Where arguments travel as text; Google's parser says itself that they were malformed."""
    answer = await ask(InvalidToolJson(), stream=True, **tongue.tools)

    stream = _stream(answer)
    assert alpha.log[-1].fault == "invalid_tool_json"
    if tongue.name == "gemini":
        assert tongue.finishes(stream) == ["MALFORMED_FUNCTION_CALL"]
        return
    pieces = [tongue.arguments(event) or "" for event in tongue.events(stream)]
    with pytest.raises(json.JSONDecodeError):
        json.loads("".join(pieces))


async def test_a_violated_schema(tongue: Tongue, ask: AskInTongue) -> None:
    """JSON, but not what was asked for; without the fault it is."""
    right = await ask(**tongue.schema)
    wrong = await ask(SchemaViolation(), **tongue.schema)

    assert list(json.loads(tongue.text(json.loads(right.body)))) == ["city"]
    assert "city" not in json.loads(tongue.text(json.loads(wrong.body)))


async def test_a_slow_start_shows_life_as_the_vendor_does(
    tongue: Tongue, alpha: SimulatedProvider, connect: Connect
) -> None:
    """Comments, pings, or nothing but headers; then the whole answer."""
    effect = SlowStart(duration=0.05, keep_alive_interval=0.01)
    alpha.inject(Fault(effect=effect, count=1))
    async with connect() as raw:
        await raw.send(tongue.request({}, stream=True))
        sign = _KEEP_ALIVES.get(tongue.name)
        early = await raw.receive_until(b"\r\n\r\n" if sign is None else sign)
        rest = await raw.answer()

    assert early.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"sim-large" not in early
    assert rest.head
    assert _last(alpha) == (Outcome.COMPLETED, 8)


@_STREAMS
@pytest.mark.parametrize("effect", [Silence(), Stall(after_tokens=2)])
async def test_a_client_that_hangs_up_is_noticed(
    tongue: Tongue,
    alpha: SimulatedProvider,
    connect: Connect,
    effect: Effect,
    *,
    stream: bool,
) -> None:
    """In silence and in a stall; the log says after how many tokens."""
    alpha.inject(Fault(effect=effect))
    async with connect() as raw:
        await raw.send(tongue.request({}, stream=stream))
        await alpha.when(lambda activity: activity.requests_in_flight == 1)
        if isinstance(effect, Stall):
            await raw.receive_until(b"\r\n\r\n")
        raw.hang_up()
        await alpha.when(lambda activity: activity.open_connections == 0)
        await alpha.settled()

    [record] = alpha.log
    tokens = 0 if isinstance(effect, Silence) else 2 if stream else 4
    assert (record.outcome, record.tokens_sent) == (Outcome.CLIENT_HUNG_UP, tokens)
    assert record.ended_after is not None


async def test_a_stall_with_an_end_goes_on(tongue: Tongue, ask: AskInTongue) -> None:
    """Nothing is lost."""
    answer = await ask(Stall(after_tokens=3, duration=0.01), stream=True)

    assert len(tongue.texts(_stream(answer))) == 8
    assert _ended(tongue, _stream(answer))
