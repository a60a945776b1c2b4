"""The independent readers of recorded traffic: what they share with the product, and what they see.

A reader that shared framing or merging with the product would repeat its mistakes.
"""

# botocore comes without types.
# pyright: reportMissingTypeStubs=false

from __future__ import annotations

import ast
import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from bench.wire.comparing import differences
from bench.wire.hearing import heard
from bench.wire.readings import (
    Call,
    Cited,
    Counts,
    Failing,
    Logprob,
    Medium,
    Ran,
    Reading,
    reading_of,
)
from bench.wire.traffic.events import Event, events_of, lacks_its_end, lines_of, payloads
from bench.wire.traffic.framing import Transport, framed
from bench.wire.traffic.records import Record, UnusableRecordError, record_in
from botocore.eventstream import EventStreamBuffer
from openai._streaming import SSEDecoder

from routersvc.domain.conversation.answers import AnswerEvent, Finished, Started
from routersvc.domain.conversation.deltas import (
    HostedDelta,
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.hosted_activities import HostedActivity, HostedSource
from routersvc.domain.conversation.logprobs import AlternativeLogprob, TokenLogprob
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.usage import Usage, UsageCounted

ROOT = Path(__file__).resolve().parents[3]
INDEPENDENT = ("bench/wire/readings", "bench/wire/traffic")
WORDS = (
    "routersvc.domain.conversation.finish_reasons",
    "routersvc.domain.outcomes.failure_rules",
)
"""All that readers take from the product: the names of ends and of failures."""


def imports_of(module: Path) -> Iterator[str]:
    """Yield the names of the modules that a module imports, wherever it does."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def file_of(name: str) -> Path | None:
    """Return the file of a module of `bench`."""
    place = ROOT.joinpath(*name.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in files if file.exists()), None)


def reachable(folder: str) -> Mapping[str, set[str]]:
    """Return what the modules of a folder import of the product, by the modules on the way."""
    left = sorted((ROOT / folder).rglob("*.py"))
    seen: dict[Path, set[str]] = {}
    while left:
        module = left.pop()
        if module in seen:
            continue
        names = set(imports_of(module))
        seen[module] = {name for name in names if name.split(".")[0] == "routersvc"}
        left += [file for name in names if name.startswith("bench.") and (file := file_of(name))]
    return {str(module.relative_to(ROOT)): names for module, names in seen.items()}


@pytest.mark.parametrize("folder", INDEPENDENT)
def test_readers_share_no_code_with_the_product(folder: str) -> None:
    """Framing, merging and usage are read from vendors' documents, and by vendors' SDKs."""
    shared = {
        module: names
        for module, found in reachable(folder).items()
        if (names := {name for name in found if not name.startswith(WORDS)})
    }

    assert shared == {}


def test_requests_are_read_without_the_formats() -> None:
    """A field that the product forgets must not be forgotten when the request is read."""
    found = set[str]().union(*reachable("bench/wire/requests").values())

    assert {
        name for name in found if name.startswith(("routersvc.providers", "routersvc.app"))
    } == (set())


@pytest.mark.parametrize(
    "body",
    [
        b"data: 1\n\ndata: 2\n\n",
        b"event: a\r\ndata: 1\r\ndata:2\r\n\r\n: note\r\nid: 7\r\n\r\n",
        b"data:  two spaces\n\ndata\n\nevent: lonely\n\ndata: \xc3\xa4\xe2\x80\xa8\n\n",
    ],
)
def test_events_are_those_of_another_implementation(body: bytes) -> None:
    """The standard is held against a decoder of a vendor."""
    theirs = [Event(one.event or "", one.data) for one in SSEDecoder().iter_bytes(iter([body]))]

    assert [one for one in events_of(body) if one.data] == [one for one in theirs if one.data]


def test_last_event_counts_if_it_is_complete() -> None:
    """Recorders strip the white space at the end, and cut as well."""
    assert payloads(b'\xef\xbb\xbfdata: {"a": 1}') == [{"a": 1}]
    assert payloads(b'data: {"a": 1}\n\ndata: {"a"') == [{"a": 1}]
    assert payloads(b"data: {}\n\ndata: [DONE]") == [{}]
    assert lines_of(b'{"a": 1}\n\n{"a": 2}') == [{"a": 1}, {"a": 2}]
    assert lacks_its_end(b"data: {}\n")
    assert not lacks_its_end(b"data: {}\r\n\r\n")
    assert not lacks_its_end(b"{}")


@pytest.mark.parametrize("api", ["chat_completions", "responses", "messages", "chat_v2"])
def test_no_terminator_is_invented(api: str) -> None:
    """Payloads alone stay payloads alone: a success must not be made by the bench."""
    record = record_of({"chunks": ['{"type": "x"}', "{}"]}, api=api, streaming=True)

    assert record.body == b'event: x\ndata: {"type": "x"}\n\ndata: {}\n\n'


def test_stripped_stream_stays_stripped() -> None:
    """What the recorder has cut off is not put back."""
    record = record_of({"text": "data: {}\n\ndata: [DONE]"}, streaming=True)

    assert record.body == b"data: {}\n\ndata: [DONE]"


def test_frames_are_those_that_botocore_reads() -> None:
    """Its checksums and headers are AWS's."""
    buffer: Any = EventStreamBuffer()
    buffer.add_data(framed(['{"messageStop": {"stopReason": "end_turn"}}'], Transport.FRAMES))

    (stop,) = buffer

    assert stop.headers[":event-type"] == "messageStop"
    assert json.loads(stop.payload) == {"stopReason": "end_turn"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"response": {"status": "200", "json": {}}}',
        b'{"response": {"status": 200}}',
        b'{"response": {"status": 200, "base64": "?"}}',
        b'{"response": {"status": 200, "text": "<elided base64 len=9>"}}',
    ],
)
def test_file_without_an_exchange_has_a_reason(data: bytes) -> None:
    """A broken file is a line of the report, not the end of it."""
    with pytest.raises(UnusableRecordError):
        record_in(data, "x")


def record_of(
    response: Mapping[str, object], *, api: str = "chat_completions", streaming: bool = False
) -> Record:
    """Return a record with a response."""
    fields: dict[str, Any] = {
        "provider": "openai",
        "api": api,
        "streaming": streaming,
        "response": {"status": 200, **response},
        "request": {"url": "https://vendor.invalid", "json": {}},
    }
    return record_in(json.dumps(fields).encode(), "x")


EVENTS: tuple[AnswerEvent, ...] = (
    Started(model_version="m", response_id="a"),
    ThoughtDelta(text="Hm", signature=b"maker:sig"),
    ThoughtDelta(encrypted=b'{"type":"web_search_call","id":"w"}'),
    TextDelta(
        text="Hi",
        logprobs=(
            TokenLogprob(
                token="Hi",
                logprob=-0.5,
                alternatives=(AlternativeLogprob(token="Ho", logprob=-1.5),),
            ),
        ),
    ),
    RefusalDelta(text="No"),
    MediaDelta(modality=Modality.AUDIO, media_type="audio/wav", data=b"xy", transcript="a"),
    MediaDelta(modality=Modality.AUDIO, media_type="audio/wav", data=b"z", transcript="b"),
    ToolCallDelta(index=0, call_id="c", name="f", arguments_json='{"a":'),
    ToolCallDelta(index=0, arguments_json=" 1}"),
    UsageCounted(usage=Usage(input_tokens=1)),
    UsageCounted(
        usage=Usage(
            input_tokens=9,
            output_tokens=8,
            reasoning_tokens=7,
            cached_input_tokens=6,
            cache_write_tokens=3,
            input_audio_tokens=2,
            output_audio_tokens=1,
        )
    ),
    Finished(
        reason=FinishReason.TOOL_CALLS, stop_sequence="END", model_version="m", response_id="a"
    ),
)
READING = Reading(
    judge="by hand",
    text="Hi",
    thoughts="Hm",
    refusal="No",
    calls=(Call(call_id="c", name="f", arguments={"a": 1}),),
    media=(Medium(size=3, transcript="ab"),),
    order=("thought", "text", "refusal", "medium", "call"),
    finish=FinishReason.TOOL_CALLS,
    stop_sequence="END",
    counts=Counts(taken=9, given=8, thinking=7, cached=6, written=3, heard=2, spoken=1),
    model="m",
    answer_id="a",
    signatures=("sig",),
    sealed=({"type": "web_search_call", "id": "w", "status": None},),
    logprobs=(Logprob(token="Hi", logprob=-0.5, others=(("Ho", -1.5),)),),
)
(CALL,) = READING.calls
COUNTS = READING.counts or Counts()
CHANGES: tuple[Mapping[str, object], ...] = (
    {"text": "x"},
    {"thoughts": "x"},
    {"refusal": "x"},
    {"calls": ()},
    {"calls": (CALL, CALL)},
    {"calls": (dataclasses.replace(CALL, name="x"),)},
    {"calls": (dataclasses.replace(CALL, call_id="x"),)},
    {"calls": (dataclasses.replace(CALL, arguments={"a": 2}),)},
    {"media": ()},
    {"media": (Medium(size=2, transcript="ab"), Medium(size=1))},
    {"media": (Medium(size=3, transcript="a"),)},
    {"order": ("text", "thought", "refusal", "medium", "call")},
    {"finish": FinishReason.OTHER},
    {"stop_sequence": ""},
    {"counts": None},
    *({"counts": COUNTS._replace(**{name: 5})} for name in Counts._fields),
    {"model": "x"},
    {"answer_id": "x"},
    {"signatures": ()},
    {"signatures": ("other",)},
    {"sealed": ()},
    {"sealed": ({"type": "web_search_call", "id": "v"},)},
    {"logprobs": ()},
    {"logprobs": (Logprob(token="Hi", logprob=-0.5, others=()),)},
)


def test_what_is_heard_is_what_was_said() -> None:
    """Pieces are put together, and envelopes of proofs make no difference."""
    assert differences(heard(EVENTS), READING) == []


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_comparison_sees_a_difference(change: Mapping[str, Any]) -> None:
    """A comparison that is blind would let every answer pass."""
    assert differences(heard(EVENTS), dataclasses.replace(READING, **change))


def test_everything_that_a_reading_says_is_compared() -> None:
    """A new field must not go unseen."""
    changed = {name for change in CHANGES for name in change}

    assert {field.name for field in dataclasses.fields(Reading)} - changed == {
        "judge",
        "citations",
        "ran",
    }


def test_what_tools_did_is_compared_where_both_say_it() -> None:
    """In any order: a stream says it when it is done, a whole answer in its items' order."""
    search = HostedActivity(
        tool="web_search",
        activity_id="ws",
        queries=("rain",),
        output="x",
        sources=(HostedSource(url="https://a.invalid"),),
    )
    code = HostedActivity(tool="code_execution", activity_id="ci", code="1")
    ours = heard(
        (*EVENTS[:-1], HostedDelta(activity=search), HostedDelta(activity=code), EVENTS[-1])
    )
    told = Ran(call_id="ws", asked=("rain",), output="x", sources=("https://a.invalid",))
    other = Ran(call_id="ci", asked=("1",))

    assert differences(ours, dataclasses.replace(READING, ran=(other, told))) == []
    assert differences(ours, dataclasses.replace(READING, ran=(told,))) != []
    for field in Ran._fields:
        value: Any = ("y",) if field in {"asked", "sources"} else "y"
        changed = told._replace(**{field: value})
        assert differences(ours, dataclasses.replace(READING, ran=(changed, other))) != [], field


def test_citations_are_compared_where_both_say_them() -> None:
    """How often and in which order a source is named differs between a stream and a whole."""
    one, other = Cited(source="https://a.invalid"), Cited(source="b", title="B")
    ours = dataclasses.replace(heard(EVENTS), citations=(one, other, one))

    assert differences(ours, dataclasses.replace(READING, citations=(other, one))) == []
    assert differences(ours, dataclasses.replace(READING, citations=(one,))) != []
    assert differences(ours, dataclasses.replace(READING, citations=())) != []


def test_ids_that_a_vendor_leaves_out_or_repeats_may_be_made_good() -> None:
    """The router gives such calls ids of their own: any, but different ones."""
    other = ToolCallDelta(index=1, call_id="d", name="f", arguments_json="{}")
    ours = heard((*EVENTS[:-1], other, EVENTS[-1]))
    second = Call(call_id="c", name="f", arguments={})
    same = heard((*EVENTS[:-1], dataclasses.replace(other, call_id="c"), EVENTS[-1]))

    for their_id in ("", "c", "d"):
        theirs = dataclasses.replace(
            READING, calls=(CALL, dataclasses.replace(second, call_id=their_id))
        )
        assert differences(ours, theirs) == [], their_id
        assert differences(same, theirs) != [], their_id


@pytest.mark.parametrize(
    ("api", "body"),
    [
        ("chat_completions", {"error": {"message": "no"}}),
        ("messages", {"type": "error", "error": {"type": "overloaded_error", "message": "no"}}),
        ("responses", {"type": "response.failed", "response": {}}),
        ("generate_content", {"promptFeedback": {"blockReason": "SAFETY"}}),
        ("ollama_chat", {"error": "no"}),
    ],
)
def test_answer_that_says_that_it_failed_is_read_as_that(
    api: str, body: Mapping[str, object]
) -> None:
    """No list of files is needed to know a failure."""
    record = record_of({"chunks": [body]}, api=api, streaming=True)

    assert isinstance(reading_of(record), Failing)
