"""Recorded exchanges and captured responses: found, framed, read and delivered."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer  # pyright: ignore[reportMissingTypeStubs]
from hypothesis import given
from hypothesis import strategies as st
from tests.wording import Wording

from routersvc.app.replays.adapters import APIS, NoAdapterError, adapter_for, adapter_named
from routersvc.app.replays.framing import Framing, framed
from routersvc.app.replays.recordings import UnusableRecordError
from routersvc.app.replays.replaying import Delivery, Replay, adapter_of, recording_in, replay
from routersvc.app.wire_formats import known_wire_formats
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.outcomes.failure_rules import FailureClass

JsonObject = dict[str, Any]
ANSWER: JsonObject = {
    "id": "r-1",
    "model": "m-1",
    "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}],
}
CHUNKS = (
    json.dumps({"choices": [{"index": 0, "delta": {"content": "Hi"}}]}),
    json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
)
STREAM = "".join(f"data: {chunk}\n\n" for chunk in CHUNKS) + "data: [DONE]\n\n"


def record(response: object, **more: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return a record of an exchange with Groq."""
    known: JsonObject = {"provider": "groq", "api": "chat_completions", "streaming": False}
    return json.dumps({**known, "request": {}, "response": response, **more}).encode()


def replayed(data: bytes, adapter: str | None = None, delivery: Delivery | None = None) -> Replay:
    """Return what comes of the bytes of a file."""
    recording = recording_in(data)
    return replay(recording, adapter_of(recording, adapter), delivery or Delivery())


@pytest.mark.parametrize(
    ("response", "streaming"),
    [
        ({"status": 200, "json": ANSWER}, False),
        ({"status": 200, "text": json.dumps(ANSWER)}, False),
        ({"status": 200, "headers": {"Content-Type": "application/json"}, "json": ANSWER}, False),
        ({"status": 200, "base64": base64.b64encode(json.dumps(ANSWER).encode()).decode()}, False),
        ({"status": 200, "text": base64.b64encode(json.dumps(ANSWER).encode()).decode()}, False),
        ({"status": 200, "chunks": list(CHUNKS)}, True),
        ({"status": 200, "chunks": [json.loads(chunk) for chunk in CHUNKS]}, True),
        ({"status": 200, "text": STREAM}, True),
        ({"status": 200, "text": STREAM.rstrip()}, True),
        ({"status": 200, "text": STREAM, "headers": {"content-type": ["text/event-stream"]}}, True),
    ],
    ids=["json", "text", "header", "base64", "text in base64", "chunks", "objects", "stream",
         "stripped", "headers in lists"],
)  # fmt: skip
def test_record_is_read_in_every_form(response: JsonObject, *, streaming: bool) -> None:
    """Recorders keep bodies in different ways."""
    found = replayed(record(response, streaming=streaming))

    assert found.failure is None
    assert found.answer.parts == (TextPart(text="Hi"),)
    assert found.answer.finish.reason is FinishReason.STOP
    assert found.adapter == "openai_chat/groq"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "neither a JSON object nor an HTTP response"),
        (b"[]", "neither a JSON object nor an HTTP response"),
        (b"\xff\xfe", "neither a JSON object nor an HTTP response"),
        (b"{}", "no `response`"),
        (record([]), "no `response`"),
        (record({}), "no HTTP status"),
        (record({"status": "200"}), "no HTTP status"),
        (record({"status": 7, "json": {}}), "no HTTP status"),
        (record({"status": 200}), "none of `json`, `text`, `chunks`, `base64`"),
        (record({"status": 200, "text": None}), "none of `json`, `text`, `chunks`, `base64`"),
        (record({"status": 200, "chunks": {}}), "`response.chunks` is no list"),
        (record({"status": 200, "base64": "!"}), "`response.base64` is not base64"),
        (record({"status": 200, "text": "<elided base64 len=9>"}), "left out of the record"),
        (b"HTTP/1.1 OK\r\n\r\n", "no HTTP status line"),
        (b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "no header"),
        (b"HTTP/1.1 200 OK\r\n\r\n\x1f\x8bnonsense", "compressed body is broken"),
    ],
)
def test_file_without_an_exchange_says_why(data: bytes, sentence: str) -> None:
    """The message helps to mend the file."""
    with pytest.raises(UnusableRecordError, match=sentence):
        recording_in(data)


@pytest.mark.parametrize(
    "extra",
    [
        {"request": None},
        {"request": {"json": [], "url": 5}},
        {"request": {"json": {"response_format": 3, "text": 1, "include": 2, "format": []}}},
        {"model": 3, "tags": None, "kind": 1},
    ],
)
def test_odd_records_are_read_all_the_same(extra: JsonObject) -> None:
    """Only the response matters."""
    assert replayed(record({"status": 200, "json": ANSWER}, **extra)).failure is None


def test_promised_format_is_that_of_the_request() -> None:
    """Prose is a bad answer only where JSON was asked for."""
    asked = {"json": {"response_format": {"type": "json_object"}}}

    failure = replayed(record({"status": 200, "json": ANSWER}, request=asked)).failure

    assert failure is not None
    assert failure.failure_class is FailureClass.BAD_ANSWER


def test_error_is_read_with_its_headers() -> None:
    """They say when to come back."""
    response: JsonObject = {"status": 429, "headers": {"Retry-After": "7"}, "json": {"error": {}}}

    failure = replayed(record(response)).failure

    assert failure is not None
    assert (failure.failure_class, failure.retry_after) == (FailureClass.RATE_LIMITED, 7.0)


def capture(head: str, body: bytes = b"", *, line_end: str = "\r\n") -> bytes:
    """Return a response as `curl -i` writes it."""
    return (head.replace("\n", line_end) + line_end * 2).encode() + body


WHOLE = json.dumps(ANSWER).encode()
OK = "HTTP/1.1 200 OK\nContent-Type: application/json"


@pytest.mark.parametrize(
    "data",
    [
        capture(OK, WHOLE),
        capture(OK, WHOLE, line_end="\n"),
        capture(OK.replace("HTTP/1.1 200 OK", "HTTP/2 200"), WHOLE),
        capture("HTTP/1.1 100 Continue", capture(OK, WHOLE)),
        capture("HTTP/1.1 200 Connection established", capture(OK, WHOLE)),
        capture("HTTP/1.1 301 Moved\nLocation: /x", capture(OK, WHOLE)),
        capture(f"{OK}\nTransfer-Encoding: chunked", WHOLE),
        capture(
            f"{OK}\nTransfer-Encoding: chunked",
            b"%x\r\n%b\r\n%x;a=b\r\n%b\r\n0\r\n\r\n" % (5, WHOLE[:5], len(WHOLE) - 5, WHOLE[5:]),
        ),
        capture(f"{OK}\nContent-Encoding: gzip", gzip.compress(WHOLE, mtime=0)),
        b"\xef\xbb\xbf" + capture(OK, WHOLE),
        capture("HTTP/1.1 200 OK\nContent-Type: text/event-stream", STREAM.encode()),
    ],
    ids=["crlf", "lf", "http2", "interim", "proxy", "redirect", "put together", "chunked", "gzip",
         "byte order mark", "stream"],
)  # fmt: skip
def test_captured_response_is_read(data: bytes) -> None:
    """The record does not name the provider, so the adapter is an option."""
    found = replayed(data, "openai_chat")

    assert found.failure is None
    assert found.answer.parts == (TextPart(text="Hi"),)
    assert found.adapter == "openai_chat/generic"


def test_captured_error_is_read() -> None:
    """With the headers that came with it, and even where its body was cut away."""
    head = "HTTP/1.1 503 Service Unavailable\nRetry-After: 3"

    failure = replayed(capture(head), "openai_responses/openai").failure

    assert failure is not None
    assert (failure.failure_class, failure.retry_after) == (FailureClass.OVERLOADED, 3.0)


def test_captured_response_does_not_name_its_adapter() -> None:
    """Guessing could tell a user nonsense."""
    with pytest.raises(NoAdapterError, match="name the adapter"):
        adapter_of(recording_in(capture(OK, WHOLE)), None)


@pytest.mark.parametrize(
    ("provider", "api", "url", "status", "name"),
    [
        ("groq", "chat_completions", "", 200, "openai_chat/groq"),
        ("azure", "chat_completions", "", 200, "openai_chat/azure"),
        ("never-heard-of", "chat_completions", "", 200, "openai_chat/generic"),
        ("azure", "responses", "", 200, "openai_responses/azure"),
        ("lmstudio", "responses", "", 200, "openai_responses/generic"),
        ("openai", "error", "https://x.test/v1/responses?a=b", 200, "openai_responses/openai"),
        ("openai", "error", "https://x.test/v1/chat/completions", 400, "openai_chat/openai"),
        ("openai", "something-new", "", 200, "openai_chat/openai"),
        ("openai", "embeddings", "https://x.test/v1/embeddings", 404, "openai_chat/openai"),
    ],
)
def test_adapter_is_that_of_provider_and_api(
    provider: str, api: str, url: str, status: int, name: str
) -> None:
    """Where neither says anything, the address does, then what the provider is called by."""
    assert adapter_for(provider, api, url=url, status=status).name == name


def test_api_that_is_not_called_has_no_adapter() -> None:
    """And the sentence says why it is not."""
    with pytest.raises(NoAdapterError, match=r"embeddings.*routes answers"):
        adapter_for("openai", "embeddings", url="", status=200)


@pytest.mark.parametrize(
    ("name", "known"), [("nonsense", "openai_chat"), ("openai_chat/nonsense", "groq")]
)
def test_unknown_adapter_is_answered_with_those_there_are(
    name: str, known: str, wording: Wording
) -> None:
    """A user should not have to look them up."""
    with pytest.raises(NoAdapterError) as refused:
        adapter_named(name)

    assert known in str(refused.value)
    wording(str(refused.value).partition("; known: ")[0])


def test_table_names_only_what_there_is() -> None:
    """A dialect that no format has would fail only when such a record comes."""
    known = known_wire_formats()

    for api in APIS.values():
        assert set(api.dialects.values()) <= known[api.wire_format].dialects.keys()
        assert api.default_dialect in {"", *known[api.wire_format].dialects}


def test_cut_and_split_deliver_what_they_say() -> None:
    """A cut stream is broken, a split one is the same."""
    data = record({"status": 200, "text": STREAM}, streaming=True)
    whole = replayed(data)

    cut = replayed(data, None, Delivery(cut=len(STREAM) - 20))
    nothing = replayed(data, None, Delivery(cut=0))

    assert replayed(data, None, Delivery(split=1)).events == whole.events
    assert cut.failure is not None
    assert cut.failure.failure_class is FailureClass.TRUNCATED
    assert cut.has_content
    assert cut.answer.parts == (TextPart(text="Hi"),)
    assert nothing.failure is not None
    assert not nothing.has_content


def test_payloads_are_framed_as_the_format_has_them() -> None:
    """Recordings that hold payloads alone are put back into what a socket would bring."""
    named = '{"type":"message_stop"}'

    assert framed([named, "{}"], Framing.SSE) == (
        b'event: message_stop\ndata: {"type":"message_stop"}\n\ndata: {}\n\n'
    )
    assert framed(["{}", "{}"], Framing.LINES) == b"{}\n{}\n"
    assert framed(["1\n2"], Framing.SSE) == b"data: 1\ndata: 2\n\n"


def test_event_stream_is_one_that_botocore_reads() -> None:
    """Its checksums and headers are AWS's."""
    buffer: Any = EventStreamBuffer()
    buffer.add_data(
        framed(['{"messageStop":{"stopReason":"end_turn"}}', '{"a":1,"b":2}'], Framing.EVENT_STREAM)
    )

    stop, other = buffer

    assert stop.headers[":event-type"] == "messageStop"
    assert json.loads(stop.payload) == {"stopReason": "end_turn"}
    assert other.headers[":event-type"] == "chunk"
    assert base64.b64decode(json.loads(other.payload)["bytes"]) == b'{"a":1,"b":2}'


odd_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "provider",
                    "api",
                    "streaming",
                    "request",
                    "response",
                    "status",
                    "headers",
                    "json",
                    "text",
                    "chunks",
                    "base64",
                    "url",
                    "error",
                    "choices",
                    "message",
                    "output",
                    "category",
                    "body",
                    "content-type",
                    "format",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(value=odd_values, status=st.sampled_from([200, 400, 429, 500]), whole=st.booleans())
def test_any_record_is_replayed_or_refused_by_name(
    value: object, status: int, *, whole: bool
) -> None:
    """Users bring records of any shape."""
    response: JsonObject = {"status": status, "headers": {}, "json": value}
    data = json.dumps({"provider": "x", "response": response} if whole else value).encode()

    with contextlib.suppress(UnusableRecordError, NoAdapterError):
        found = replayed(data)
        assert found.failure is not None or found.has_content


@given(body=st.binary(max_size=200), head=st.text(st.characters(codec="ascii"), max_size=60))
def test_any_capture_is_replayed_or_refused_by_name(body: bytes, head: str) -> None:
    """A capture may be cut, copied or edited."""
    for data in (b"HTTP/" + body, f"HTTP/1.1 200 OK\n{head}\n\n".encode() + body):
        with contextlib.suppress(UnusableRecordError):
            found = replayed(data, "openai_responses")
            assert found.failure is not None or found.has_content
