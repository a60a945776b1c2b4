"""Every fault on the wire, byte by byte where it matters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from routersvc.simulator import (
    Behaviour,
    Close,
    Constant,
    Cut,
    DuplicatedModel,
    Echo,
    Effect,
    EmptyAnswer,
    EmptyBody,
    EndEarly,
    Ending,
    ErrorEvent,
    Fault,
    Fixed,
    InvalidToolJson,
    MalformedChunk,
    MissingTerminator,
    Operations,
    Outcome,
    Problem,
    Reset,
    SchemaViolation,
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
    from tests.integration.simulator.conftest import Ask, Connect, RawAnswer

_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
_STREAMS = pytest.mark.parametrize("stream", [False, True])


def _contents(answer: RawAnswer) -> list[str]:
    """The content of each chunk that has some."""
    chunks = [json.loads(event) for event in answer.events if event.startswith('{"id"')]
    return [
        chunk["choices"][0]["delta"]["content"]
        for chunk in chunks
        if chunk["choices"] and chunk["choices"][0]["delta"].get("content")
    ]


def _finishes(answer: RawAnswer) -> list[str]:
    chunks = [json.loads(event) for event in answer.events if event.startswith('{"id"')]
    reasons = [chunk["choices"][0]["finish_reason"] for chunk in chunks]
    return [reason for reason in reasons if reason]


def _last(alpha: SimulatedProvider) -> tuple[Outcome, int]:
    return alpha.log[-1].outcome, alpha.log[-1].tokens_sent


async def test_a_healthy_stream(alpha: SimulatedProvider, connect: Connect) -> None:
    """What the faults are held against."""
    async with connect() as raw:
        await raw.ask(stream=True)
        answer = await raw.answer()

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["x-request-id"].startswith("req_")
    assert len(_contents(answer)) == 8
    assert answer.events[-1] == "[DONE]"
    assert answer.chunks[-1] == b""
    assert _last(alpha) == (Outcome.COMPLETED, 8)
    assert alpha.log[-1].bytes_sent == len(answer.head) + 4 + len(answer.body)


@_STREAMS
@pytest.mark.parametrize(("effect", "reset"), [(Reset(), True), (Close(), False)])
async def test_broken_before_headers(
    alpha: SimulatedProvider, ask_struck: Ask, effect: Effect, *, reset: bool, stream: bool
) -> None:
    """Not one byte; TCP RST or FIN."""
    answer = await ask_struck(effect, stream=stream)

    assert (answer.head, answer.body, answer.reset) == (b"", b"", reset)
    assert _last(alpha) == (Outcome.ABORTED_BY_FAULT, 0)


async def test_a_status_with_headers_and_body(ask_struck: Ask) -> None:
    """Any status can be had, whatever a vendor would say."""
    effect = Status(
        status=418,
        headers={"X-Pot": "short", "openai-version": "0"},
        body="I'm a teapot ☕",
        content_type="text/plain; charset=utf-8",
    )

    answer = await ask_struck(effect)

    assert answer.head.startswith(b"HTTP/1.1 418 I'm a Teapot\r\n")
    assert answer.body.decode() == "I'm a teapot ☕"
    assert answer.headers["x-pot"] == "short"
    assert answer.headers["openai-version"] == "0"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.head.count(b"openai-version") == 1


async def test_an_empty_500(ask_struck: Ask) -> None:
    """A body is not owed."""
    answer = await ask_struck(Status(status=500, retry_after=7))

    assert (answer.status, answer.body) == (500, b"")
    assert (answer.headers["content-length"], answer.headers["retry-after"]) == ("0", "7")


async def test_an_overload_with_anothers_status(ask_struck: Ask) -> None:
    """529 is Anthropic's, and some compatible servers answer it too."""
    answer = await ask_struck(Status(problem=Problem.OVERLOADED, status=529, retry_after=2))

    assert answer.head.startswith(b"HTTP/1.1 529 Unknown\r\n")
    assert json.loads(answer.body)["error"]["code"] == "server_is_overloaded"
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("status", range(520, 528))
async def test_cdn_pages(ask_struck: Ask, status: int) -> None:
    """HTML with the CDN's headers."""
    answer = await ask_struck(Status(problem=Problem.CDN, status=status))

    assert answer.status == status
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["cf-ray"].endswith("-FRA")
    assert answer.body.startswith(f"<html>\r\n<head><title>{status} ".encode())


@_STREAMS
async def test_wrong_content_type(ask_struck: Ask, *, stream: bool) -> None:
    """A login page with status 200."""
    answer = await ask_struck(WrongContentType(), stream=stream)

    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.body.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("stream", "content_type"),
    [(False, "application/json"), (True, "text/event-stream; charset=utf-8")],
)
async def test_empty_body(ask_struck: Ask, content_type: str, *, stream: bool) -> None:
    """The right headers, and nothing."""
    answer = await ask_struck(EmptyBody(), stream=stream)

    assert (answer.status, answer.body) == (200, b"")
    assert (answer.headers["content-type"], answer.headers["content-length"]) == (content_type, "0")


async def test_empty_answer(alpha: SimulatedProvider, ask_struck: Ask) -> None:
    """Well-formed, finished, without content."""
    unary = await ask_struck(EmptyAnswer())
    stream = await ask_struck(EmptyAnswer(), stream=True)

    message = json.loads(unary.body)["choices"][0]
    assert (message["message"]["content"], message["finish_reason"]) == ("", "stop")
    assert (_contents(stream), _finishes(stream), stream.events[-1]) == ([], ["stop"], "[DONE]")
    assert _last(alpha) == (Outcome.COMPLETED, 0)


@pytest.mark.parametrize(("ending", "reset"), [(Ending.RESET, True), (Ending.CLOSE, False)])
async def test_cut_stream(
    alpha: SimulatedProvider, ask_struck: Ask, ending: Ending, *, reset: bool
) -> None:
    """Exactly so many tokens, then the connection breaks inside the chunked body."""
    answer = await ask_struck(Cut(after_tokens=3, ending=ending), stream=True)

    assert len(_contents(answer)) == 3
    assert answer.reset is reset
    assert answer.chunks[-1] != b""
    assert _last(alpha) == (Outcome.ABORTED_BY_FAULT, 3)


async def test_cut_before_the_first_token(ask_struck: Ask) -> None:
    """Headers and role chunk are not content."""
    answer = await ask_struck(Cut(after_tokens=0), stream=True)

    assert answer.status == 200
    assert (len(answer.events), _contents(answer)) == (1, [])


async def test_cut_unary_body(alpha: SimulatedProvider, ask_struck: Ask) -> None:
    """Half of the bytes that the content length promised."""
    answer = await ask_struck(Cut(ending=Ending.CLOSE))

    assert len(answer.body) == int(answer.headers["content-length"]) // 2
    assert alpha.log[-1].outcome is Outcome.ABORTED_BY_FAULT


async def test_cuts_come_before_the_finish_of_a_shorter_answer(ask_struck: Ask) -> None:
    """A fault that counts tokens is always seen."""
    answer = await ask_struck(Cut(after_tokens=100), stream=True)

    assert (len(_contents(answer)), _finishes(answer)) == (8, [])


async def test_cuts_keep_to_chunk_boundaries(alpha: SimulatedProvider, ask_struck: Ask) -> None:
    """With three tokens in a chunk, five tokens are one chunk."""
    alpha.behave(Behaviour(tokens_per_answer=Constant(value=9), tokens_per_chunk=3))

    answer = await ask_struck(Cut(after_tokens=5), stream=True)

    assert len(_contents(answer)) == 1
    assert alpha.log[-1].tokens_sent == 3


async def test_clean_end_without_terminator(alpha: SimulatedProvider, ask_struck: Ask) -> None:
    """HTTP is content; the stream has neither finish reason nor terminator."""
    answer = await ask_struck(EndEarly(after_tokens=3), stream=True)

    assert (len(_contents(answer)), _finishes(answer)) == (3, [])
    assert answer.chunks[-1] == b""
    assert "[DONE]" not in answer.events
    assert _last(alpha) == (Outcome.FAULT_ANSWERED, 3)


async def test_clean_end_of_a_unary_body(ask_struck: Ask) -> None:
    """Chunked, complete as HTTP, cut as JSON."""
    answer = await ask_struck(EndEarly())

    assert answer.chunks[-1] == b""
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(b"".join(answer.chunks))


async def test_missing_terminator(ask_struck: Ask) -> None:
    """The finish reason is there."""
    answer = await ask_struck(MissingTerminator(), stream=True)

    assert (len(_contents(answer)), _finishes(answer)) == (8, ["stop"])
    assert answer.chunks[-1] == b""
    assert "[DONE]" not in answer.events


async def test_malformed_chunk(ask_struck: Ask) -> None:
    """One event is cut JSON, the others are whole, and the stream ends as it must."""
    answer = await ask_struck(MalformedChunk(after_tokens=3), stream=True)

    broken = [event for event in answer.events[:-1] if not event.endswith("}")]
    assert len(broken) == 1
    assert answer.events.index(broken[0]) == 1 + 3
    assert len(answer.events) == 1 + 8 + 1 + 1
    assert answer.events[-1] == "[DONE]"


@pytest.mark.parametrize("effect", [MalformedChunk(), TruncatedBody()])
async def test_cut_json_with_an_honest_length(ask_struck: Ask, effect: Effect) -> None:
    """Only the JSON is wrong."""
    answer = await ask_struck(effect)

    assert len(answer.body) == int(answer.headers["content-length"])
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.body)


async def test_cut_json_with_a_false_length(ask_struck: Ask) -> None:
    """HTTP is wrong too."""
    answer = await ask_struck(TruncatedBody(honest_length=False))

    assert len(answer.body) == int(answer.headers["content-length"]) // 2
    assert not answer.reset


@pytest.mark.parametrize("tokens", [0, 3])
async def test_error_event(ask_struck: Ask, tokens: int) -> None:
    """First of all, or after some tokens; nothing follows it."""
    effect = ErrorEvent(problem=Problem.RATE_LIMIT, after_tokens=tokens, message="too many")

    answer = await ask_struck(effect, stream=True)

    assert answer.status == 200
    assert len(_contents(answer)) == tokens
    assert len(answer.events) == (1 + tokens + 1 if tokens else 1)
    assert json.loads(answer.events[-1]) == {
        "error": {
            "message": "too many",
            "type": "requests",
            "param": None,
            "code": "rate_limit_exceeded",
        }
    }
    assert answer.chunks[-1] == b""


async def test_error_in_a_unary_200(ask_struck: Ask) -> None:
    """As aggregators do it."""
    answer = await ask_struck(ErrorEvent(problem=Problem.SERVER_ERROR))

    assert answer.status == 200
    assert json.loads(answer.body)["error"]["type"] == "server_error"


@_STREAMS
async def test_split_bytes(ask_struck: Ask, connect: Connect, *, stream: bool) -> None:
    """What arrives is the same; how it arrives is not."""
    answer = await ask_struck(SplitBytes(pause=0), stream=stream)

    if stream:
        text = "".join(_contents(answer))
    else:
        text = json.loads(b"".join(answer.chunks))["choices"][0]["message"]["content"]
    assert text.startswith("Zürich – 東京 and 🚀: ")
    async with connect() as raw:
        await raw.ask(stream=stream)
        plain = await raw.answer()
    assert "Zürich" not in plain.body.decode()


async def test_pieces_of_split_bytes_arrive_apart(
    alpha: SimulatedProvider, connect: Connect
) -> None:
    """Some reads end in the middle of a character, some in the middle of a field name."""
    alpha.inject(Fault(effect=SplitBytes(pause=0.005)))
    reads: list[bytes] = []
    async with connect() as raw:
        await raw.ask(stream=True)
        while data := await raw.receive():
            reads.append(data)

    assert any(read.endswith(b"\r\ndat") for read in reads)
    assert any(0x80 <= read[0] < 0xC0 for read in reads)
    assert any(read[-1] >= 0xC0 for read in reads)
    assert b"".join(reads).decode()


async def test_invalid_tool_json(ask_struck: Ask) -> None:
    """The call is there, its arguments are no JSON."""
    answer = await ask_struck(InvalidToolJson(), tools=[_TOOL])

    [call] = json.loads(answer.body)["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "weather"
    with pytest.raises(json.JSONDecodeError):
        json.loads(call["function"]["arguments"])


async def test_schema_violation(ask_struck: Ask) -> None:
    """JSON, but not what was asked for."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}

    answer = await ask_struck(SchemaViolation(), response_format=wanted)

    content = json.loads(answer.body)["choices"][0]["message"]["content"]
    assert "a" not in json.loads(content)


async def test_wrong_and_duplicated_model(ask_struck: Ask) -> None:
    """The name in the answer is not to be trusted."""
    wrong = await ask_struck(WrongModel(reported_model="other"), stream=True)
    double = await ask_struck(DuplicatedModel(reported_model="other"))

    assert {json.loads(event)["model"] for event in wrong.events[:-1]} == {"other"}
    assert double.body.count(b'"model":') == 2
    assert b'"model":"sim-large-2026-03-01","model":"other"' in double.body


async def test_slow_start_shows_life_without_content(
    alpha: SimulatedProvider, connect: Connect
) -> None:
    """Comments in a stream, and the answer after them."""
    alpha.inject(Fault(effect=SlowStart(duration=0.2, keep_alive_interval=0.01), count=1))
    async with connect() as raw:
        await raw.ask(stream=True)
        early = await raw.receive_until(b": keep-alive\n\n", times=2)
        rest = await raw.answer()

    assert b"choices" not in early
    assert b"[DONE]" in rest.head + rest.body
    assert _last(alpha) == (Outcome.COMPLETED, 8)


async def test_slow_start_of_a_unary_answer(alpha: SimulatedProvider, connect: Connect) -> None:
    """Empty lines before the body, as some vendors send them: still valid JSON."""
    alpha.inject(Fault(effect=SlowStart(duration=0.2, keep_alive_interval=0.01), count=1))
    async with connect() as raw:
        await raw.ask()
        answer = await raw.answer()

    body = b"".join(answer.chunks)
    assert body.startswith(b"\n\n")
    assert json.loads(body)["object"] == "chat.completion"


async def test_slow_start_can_open_the_stream_at_once(
    alpha: SimulatedProvider, connect: Connect
) -> None:
    """A role chunk is not content either."""
    alpha.inject(Fault(effect=SlowStart(duration=0.02, role_first=True), count=1))
    async with connect() as raw:
        await raw.ask(stream=True)
        early = await raw.receive_until(b'"role":"assistant"')
        rest = await raw.answer()

    assert b'"content":""' in early
    assert (rest.head + rest.body).count(b'"role":"assistant"') == 0


async def test_a_stall_with_an_end_goes_on(alpha: SimulatedProvider, connect: Connect) -> None:
    """A pause with comments, then the rest: nothing is lost."""
    effect = Stall(after_tokens=3, duration=0.02, keep_alive_interval=0.005)
    alpha.inject(Fault(effect=effect, count=1))
    async with connect() as raw:
        await raw.ask(stream=True)
        received = await raw.receive_until(b": keep-alive")
        rest = await raw.answer()

    before, _, after = (received + rest.head + rest.body).partition(b": keep-alive")
    assert before.count(b'"delta":{"content":"') == 3
    assert after.count(b'"delta":{"content":"') == 5
    assert _last(alpha) == (Outcome.COMPLETED, 8)


async def test_a_unary_stall_with_an_end_goes_on(alpha: SimulatedProvider, ask_struck: Ask) -> None:
    """The whole body comes in the end."""
    answer = await ask_struck(Stall(duration=0.01))

    assert json.loads(answer.body)["object"] == "chat.completion"
    assert _last(alpha) == (Outcome.COMPLETED, 8)


async def test_keep_alives_of_a_behaviour(alpha: SimulatedProvider, connect: Connect) -> None:
    """Some vendors send them always."""
    alpha.behave(
        Behaviour(
            answer=Fixed(text="Hi"),
            time_to_first_token=Constant(value=0.2),
            keep_alive_interval=0.01,
        )
    )
    async with connect() as raw:
        await raw.ask(stream=True)
        answer = await raw.answer()

    assert answer.events[:2] == [": keep-alive", ": keep-alive"]
    assert answer.events[-1] == "[DONE]"


async def test_faults_of_the_model_list(alpha: SimulatedProvider, connect: Connect) -> None:
    """Health checks can be made to fail while completions work."""
    alpha.inject(
        Fault(effect=Status(problem=Problem.UNAVAILABLE), operations=Operations.MODELS, count=1)
    )
    key = b"authorization: Bearer sk-simulated-0123456789\r\nconnection: close\r\n"
    answers: list[RawAnswer] = []
    for _ in range(2):
        async with connect() as raw:
            await raw.send(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n" + key + b"\r\n")
            answers.append(await raw.answer())

    assert [answer.status for answer in answers] == [503, 200]


async def test_an_old_client_gets_no_chunks(alpha: SimulatedProvider, connect: Connect) -> None:
    """HTTP/1.0 ends a body by closing the connection."""
    alpha.behave(Behaviour(answer=Echo()))
    body = orjson.dumps(
        {"model": "sim-large", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    )
    head = (
        "POST /v1/chat/completions HTTP/1.0\r\nauthorization: Bearer sk-simulated-0123456789\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    async with connect() as raw:
        await raw.send(head.encode() + body)
        answer = await raw.answer()

    assert "transfer-encoding" not in answer.headers
    assert answer.body.startswith(b'data: {"id"')
    assert answer.body.endswith(b"data: [DONE]\n\n")


async def test_a_client_that_waits_to_be_told_is_told(connect: Connect) -> None:
    """`Expect: 100-continue` is what curl sends before a large body."""
    async with connect() as raw:
        await raw.ask(headers={"expect": "100-continue"})
        answer = await raw.answer()

    assert answer.head == b"HTTP/1.1 100 Continue"
    assert answer.body.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_connections_are_kept_for_the_next_request(
    alpha: SimulatedProvider, connect: Connect
) -> None:
    """Unary and streamed answers end where HTTP says."""
    async with connect() as raw:
        for stream in (True, False, True):
            await raw.ask(headers={"connection": "keep-alive"}, stream=stream)
            end = b"0\r\n\r\n" if stream else b'"fp_'
            await raw.receive_until(end)

    await alpha.when(lambda activity: activity.open_connections == 0)
    assert alpha.activity().connections_accepted == 1
    assert [record.outcome for record in alpha.log] == [Outcome.COMPLETED] * 3


_JSON_BODY: dict[str, Any] = {"messages": "not a list"}


async def test_a_refused_request_uses_up_no_fault(
    alpha: SimulatedProvider, connect: Connect
) -> None:
    """Faults are for requests that would otherwise be answered."""
    alpha.inject(Fault(effect=Reset(), count=1))
    async with connect() as raw:
        await raw.ask(**_JSON_BODY)
        answer = await raw.answer()

    assert answer.status == 400
    assert alpha.log[-1].outcome is Outcome.REFUSED
    assert [active.left for active in alpha.faults] == [1]
