"""Records that nobody has seen: each is a line of the report with a name, never a traceback."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from bench.wire import corpus
from bench.wire.outcomes import Outcome, Verdict, outcome_of_answer, outcomes
from bench.wire.readings import Counts, JsonObject, Reading, reading_of
from bench.wire.report import report
from bench.wire.round_trips import outcome_of_request, round_trips
from hypothesis import given
from hypothesis import strategies as st

from routersvc.app.replays.adapters import APIS

CHAT: JsonObject = {
    "id": "a",
    "model": "m",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}
ASKED: JsonObject = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
CONVERSE: JsonObject = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3},
}
MESSAGE: JsonObject = {
    "type": "message",
    "id": "a",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 2},
}
ITEM: JsonObject = {
    "type": "message",
    "id": "i",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
}
ANSWERS: Mapping[str, JsonObject] = {
    "chat_completions": CHAT,
    "converse": CONVERSE,
    "messages": MESSAGE,
    "vertex_raw_predict": MESSAGE,
    "responses": {
        "id": "r",
        "model": "m",
        "status": "completed",
        "output": [ITEM],
        "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
    },
    "generate_content": {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}
        ],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2},
        "modelVersion": "m",
        "responseId": "a",
    },
    "chat_v2": {
        "id": "a",
        "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
        "usage": {"tokens": {"input_tokens": 1, "output_tokens": 2}},
    },
    "ollama_chat": {
        "model": "m",
        "message": {"role": "assistant", "content": "Hi"},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 1,
        "eval_count": 2,
    },
}
REQUESTS: Mapping[str, JsonObject] = {
    "chat_completions": ASKED,
    "converse": {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]},
    "messages": {**ASKED, "max_tokens": 9},
    "vertex_raw_predict": {
        "anthropic_version": "vertex-2023-10-16",
        "messages": ASKED["messages"],
        "max_tokens": 9,
    },
    "responses": {"model": "m", "input": "Hello"},
    "generate_content": {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
    "chat_v2": ASKED,
    "ollama_chat": {**ASKED, "stream": False},
}
PATHS = {
    "converse": "/model/m/converse",
    "generate_content": "/v1beta/models/m:generateContent",
    "vertex_raw_predict": "/v1/projects/p/models/m:rawPredict",
}
NAMED = {Verdict.FAILED, Verdict.NO_READING, Verdict.NO_ADAPTER, Verdict.NO_BODY, Verdict.AT_FAULT}


def row_of(api: str, file: str = "x.json", provider: str = "unheard-of") -> corpus.Row:
    """Return a line of the manifest."""
    return corpus.Row(file=file, provider=provider, api=api, kind="new", streaming=False)


def record_of(api: str, **changes: object) -> dict[str, Any]:
    """Return a record of an API that is called."""
    return {
        "provider": "unheard-of",
        "api": api,
        "streaming": False,
        "request": {
            "url": f"https://vendor.invalid{PATHS.get(api, '')}",
            "json": REQUESTS.get(api, {}),
        },
        "response": {"status": 200, "json": ANSWERS.get(api, {})},
        **changes,
    }


def judged(folder: Path, api: str, record: object) -> tuple[Outcome, Outcome]:
    """Return what comes of a record's answer and of its request."""
    (folder / "x.json").write_text(json.dumps(record))
    return outcome_of_answer(folder, row_of(api)), outcome_of_request(folder, row_of(api))


@pytest.mark.parametrize("api", sorted(APIS))
def test_sound_record_of_an_unknown_provider_passes(tmp_path: Path, api: str) -> None:
    """What the mutations below begin with."""
    answer, request = judged(tmp_path, api, record_of(api))

    assert answer.verdict is Verdict.PASSED, answer
    assert request.verdict is Verdict.PASSED, request


TOKENS: JsonObject = {
    "content": [
        {"token": "H", "logprob": -0.25, "top_logprobs": [{"token": "Y", "logprob": -2.5}]},
        {"token": "i", "logprob": -0.5, "top_logprobs": []},
    ]
}
SPOKEN: JsonObject = {"id": "s", "data": "AAAA", "transcript": "Hi there"}
COUNTED: JsonObject = {
    "prompt_tokens": 9,
    "completion_tokens": 8,
    "total_tokens": 17,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 5},
}
RICH: Mapping[str, tuple[str, JsonObject, JsonObject]] = {
    "log probabilities and a stop sequence": (
        "chat_completions",
        {"logprobs": True, "top_logprobs": 1},
        {
            **CHAT,
            "usage": COUNTED,
            "choices": [{**CHAT["choices"][0], "logprobs": TOKENS, "stop_reason": "END"}],
        },
    ),
    "sound": (
        "chat_completions",
        {},
        {
            **CHAT,
            "usage": COUNTED,
            "choices": [{"message": {"audio": SPOKEN}, "finish_reason": "stop"}],
        },
    ),
    "a stop sequence": (
        "messages",
        {},
        {**MESSAGE, "stop_reason": "stop_sequence", "stop_sequence": "END"},
    ),
    "log probabilities of an output text": (
        "responses",
        {"include": ["message.output_text.logprobs"]},
        {
            **ANSWERS["responses"],
            "output": [
                {**ITEM, "content": [{**ITEM["content"][0], "logprobs": TOKENS["content"]}]}
            ],
        },
    ),
    "log probabilities of Ollama": (
        "ollama_chat",
        {"logprobs": True},
        {**ANSWERS["ollama_chat"], "logprobs": TOKENS["content"]},
    ),
    "log probabilities of Google": (
        "generate_content",
        {"generationConfig": {"responseLogprobs": True}},
        {
            **ANSWERS["generate_content"],
            "candidates": [
                {
                    **ANSWERS["generate_content"]["candidates"][0],
                    "logprobsResult": {
                        "chosenCandidates": [{"token": "Hi", "logProbability": -0.5}],
                        "topCandidates": [
                            {"candidates": [{"token": "Ho", "logProbability": -1.5}]}
                        ],
                    },
                }
            ],
        },
    ),
}


@pytest.mark.parametrize("what", RICH)
def test_what_few_answers_have_is_read_and_compared(tmp_path: Path, what: str) -> None:
    """Recordings have hardly any of these, so nothing else would show that they are read."""
    api, asked, answer = RICH[what]
    record = record_of(api, response={"status": 200, "json": answer})
    record["request"]["json"] = {**REQUESTS[api], **asked}

    found, _ = judged(tmp_path, api, record)
    reading = reading_of(corpus.record(tmp_path, "x.json"))

    assert found.verdict is Verdict.PASSED, found
    assert isinstance(reading, Reading)
    assert reading.logprobs or reading.stop_sequence or reading.media
    if reading.counts is not None and api == "chat_completions":
        assert reading.counts == Counts(9, 8, thinking=2, cached=4, heard=3, spoken=5)


def places_in(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Yield the path of every value in JSON."""
    yield path
    items: Sequence[tuple[object, object]] = ()
    if isinstance(value, dict):
        items = list(cast("JsonObject", value).items())
    elif isinstance(value, list):
        items = list(enumerate(cast("list[object]", value)))
    for key, one in items:
        yield from places_in(one, (*path, key))


ODD: tuple[Any, ...] = (
    *(None, True, -1, 2**70, 0.5, "", "unheard-of", "\ud800"),
    *([], {}, [{}], [None], {"type": "new"}),
)
odd_values: st.SearchStrategy[Any] = st.sampled_from(ODD) | st.recursive(
    st.integers() | st.text(), lambda inner: st.lists(inner, max_size=2), max_leaves=3
)


@pytest.mark.parametrize("api", sorted(APIS))
@given(data=st.data())
def test_anything_changed_in_a_record_is_no_traceback(api: str, data: st.DataObject) -> None:
    """What vendors will send next year is something here already."""
    record = json.loads(json.dumps(record_of(api)))
    path = data.draw(st.sampled_from([one for one in places_in(record) if one]))
    place: Any = record
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = data.draw(odd_values)

    with tempfile.TemporaryDirectory() as folder:
        found = judged(Path(folder), api, record)

    for outcome in found:
        assert isinstance(outcome.verdict, Verdict)
        if outcome.verdict in NAMED:
            assert outcome.reason


NEWS: tuple[tuple[str, JsonObject], ...] = (
    ("chat_completions", {"choices": [{"message": {"content": [{"type": "new"}]}}]}),
    ("messages", {**MESSAGE, "content": [{"type": "tool_use", "id": 5}]}),
    ("converse", {**CONVERSE, "output": {"message": {"content": [{"hologram": {}}]}}}),
    ("responses", {"output": [{"no": "type"}], "status": "completed"}),
)


@pytest.mark.parametrize(("api", "content"), NEWS)
def test_unknown_content_has_a_name(tmp_path: Path, api: str, content: object) -> None:
    """The report tells what the reader or the adapter did not know."""
    record = record_of(api, response={"status": 200, "json": content})

    answer, _ = judged(tmp_path, api, record)

    assert answer.verdict in {Verdict.FAILED, Verdict.NO_READING}
    assert answer.reason


def test_report_covers_what_nobody_has_seen(tmp_path: Path) -> None:
    """A corpus full of news is a whole report."""
    files: dict[str, tuple[str, object]] = {
        "known.json": ("chat_completions", record_of("chat_completions")),
        "new/api.json": ("telepathy", record_of("telepathy")),
        "new/name.json": ("../../odd api", record_of("../../odd api")),
        "helper.json": ("openai_sdk", record_of("openai_sdk")),
        "broken.json": ("messages", []),
        "errors/new.json": ("error", record_of("error", response={"status": 418, "text": "tea"})),
    }
    (tmp_path / "errors").mkdir()
    (tmp_path / "new").mkdir()
    for file, (_, record) in files.items():
        (tmp_path / file).write_text(json.dumps(record))
    with (tmp_path / "MANIFEST.csv").open("w", newline="") as manifest:
        lines = csv.writer(manifest)
        lines.writerow(["file", "provider", "api", "kind", "streaming"])
        lines.writerows([file, "unheard-of", api, "new", "no"] for file, (api, _) in files.items())
        lines.writerow(["missing.json", "unheard-of", "messages", "new", "yes"])
    (tmp_path / "errors/LABELS.csv").write_text(
        "file,expected_class\nerrors/new.json,tea_time\nerrors/missing.json,rate_limited\n"
    )

    answers, errors = outcomes(tmp_path)
    text = "\n".join(report(answers, errors, round_trips(tmp_path), []))

    found = {row.file: outcome.verdict for row, outcome in answers.items()}
    assert found == {
        "known.json": Verdict.PASSED,
        "new/api.json": Verdict.NO_READING,
        "new/name.json": Verdict.NO_READING,
        "helper.json": Verdict.NO_READING,
        "broken.json": Verdict.NO_BODY,
        "missing.json": Verdict.NO_BODY,
    }
    assert errors["errors/new.json"].verdict is Verdict.NO_READING
    assert errors["errors/missing.json"].verdict is Verdict.NO_BODY
    for file in ("new/api.json", "new/name.json", "helper.json", "missing.json", "errors/new.json"):
        assert f"`{file}`: " in text
