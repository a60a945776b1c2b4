"""What tools of the vendors did is told to the caller, and goes back to its vendor alone."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.providers.formats.claude_bodies import read
from tests.unit.providers.formats.test_formats_proofs import VENDORS, deployment_at

from routersvc.app.wire_formats import adapter
from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.hosted_activities import (
    HostedActivity,
    HostedSource,
    HostedStatus,
)
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import HostedPart, Part, TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.proofs import LeftOut, LeftOutKind, prompt_for
from routersvc.engine.ports import AttemptCall
from routersvc.providers.json_wire_format import JsonWireFormat

URL = "https://weather.test"
PAGE = HostedSource(url=URL, title="Weather")
COMPLETED, FAILED = HostedStatus.COMPLETED, HostedStatus.FAILED
SEARCHED = HostedActivity(tool="web_search", status=COMPLETED, sources=(PAGE,))
TEXT = {"type": "text", "text": "Rain"}

CLAUDE: tuple[Any, ...] = (
    {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "rain"}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "s",
        "content": [
            {
                "type": "web_search_result",
                "url": URL,
                "title": "Weather",
                "encrypted_content": "x",
            }
        ],
    },
    {"type": "server_tool_use", "id": "b", "name": "bash_code_execution",
     "input": {"command": "false"}},
    {
        "type": "bash_code_execution_tool_result",
        "tool_use_id": "b",
        "content": {"type": "bash_code_execution_result", "stdout": "", "stderr": "no",
                    "return_code": 1, "content": []},
    },
    {"type": "web_fetch_tool_result", "tool_use_id": "f",
     "content": {"type": "web_fetch_tool_result_error", "error_code": "url_not_allowed"}},
    {"type": "mcp_tool_use", "id": "m", "name": "echo", "server_name": "docs", "input": {"a": 1}},
    {"type": "mcp_tool_result", "tool_use_id": "m", "is_error": False,
     "content": [{"type": "text", "text": "a"}]},
)  # fmt: skip
ITEMS = (
    {"type": "web_search_call", "id": "ws", "status": "completed",
     "action": {"type": "search", "query": "rain", "sources": [{"type": "url", "url": URL}]}},
    {"type": "code_interpreter_call", "id": "ci", "status": "completed", "code": "1",
     "container_id": "c", "outputs": [{"type": "logs", "logs": "1"}]},
    {"type": "file_search_call", "id": "fs", "status": "failed", "queries": ["rain"],
     "results": [{"file_id": "f-1", "filename": "a.md", "text": "It rains", "score": 0.5}]},
    {"type": "mcp_call", "id": "mcp", "name": "echo", "server_label": "docs",
     "arguments": '{"a":1}', "error": {"type": "mcp_protocol_error", "message": "gone"}},
    {"type": "mcp_approval_request", "id": "ma", "name": "echo", "server_label": "docs",
     "arguments": "{}"},
)  # fmt: skip
GOOGLE = (
    {"executableCode": {"language": "PYTHON", "code": "print(1)"}, "thoughtSignature": "c2ln"},
    {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "no"}},
)
AMAZON = (
    {"toolUse": {"toolUseId": "t", "name": "nova_code_interpreter", "input": {"snippet": "1"},
                 "type": "server_tool_use"}},
    {"toolResult": {"toolUseId": "t", "type": "nova_code_interpreter_result", "status": "success",
                    "content": [{"json": {"stdOut": "1", "stdErr": "", "exitCode": 0,
                                          "isError": False}}]}},
)  # fmt: skip


def claude(blocks: tuple[Any, ...]) -> bytes:
    """Return a whole answer of Anthropic's."""
    return json.dumps(
        {"type": "message", "content": [*blocks, TEXT], "stop_reason": "end_turn"}
    ).encode()


def responses(items: tuple[Any, ...]) -> bytes:
    """Return a whole answer of the Responses format."""
    said = {"type": "message", "content": [{"type": "output_text", "text": "Rain"}]}
    return json.dumps({"id": "r", "status": "completed", "output": [*items, said]}).encode()


def google(parts: tuple[Any, ...], **beside: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return a whole answer of Google's."""
    content = {"role": "model", "parts": [*parts, {"text": "Rain"}]}
    return json.dumps(
        {"candidates": [{"content": content, "finishReason": "STOP", **beside}]}
    ).encode()


def amazon(blocks: tuple[Any, ...]) -> bytes:
    """Return a whole answer of Converse."""
    message = {"role": "assistant", "content": [*blocks, {"text": "Rain"}]}
    return json.dumps({"output": {"message": message}, "stopReason": "end_turn"}).encode()


def chat(message: Mapping[str, Any], **beside: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return a whole chat completion."""
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": "Rain", **message}}
    return json.dumps({"id": "c", "choices": [choice], **beside}).encode()


WITH_PROOFS: Mapping[str, tuple[Any, Any, tuple[HostedActivity, ...]]] = {
    "claude": (claude, CLAUDE, (
        HostedActivity(tool="web_search", activity_id="s", input_json='{"query":"rain"}',
                       queries=("rain",)),
        HostedActivity(tool="web_search", activity_id="s", status=COMPLETED, sources=(PAGE,)),
        HostedActivity(tool="code_execution", name="bash_code_execution", activity_id="b",
                       input_json='{"command":"false"}', code="false"),
        HostedActivity(tool="code_execution", name="bash_code_execution", activity_id="b",
                       status=FAILED, error="no"),
        HostedActivity(tool="web_fetch", activity_id="f", status=FAILED, error="url_not_allowed"),
        HostedActivity(tool="mcp", name="echo", server="docs", activity_id="m",
                       input_json='{"a":1}'),
        HostedActivity(tool="mcp", name="echo", server="docs", activity_id="m", status=COMPLETED,
                       output="a"),
    )),
    "openai": (responses, ITEMS, (
        HostedActivity(
            tool="web_search", activity_id="ws", queries=("rain",), status=COMPLETED,
            input_json=json.dumps(ITEMS[0]["action"], separators=(",", ":")),
            sources=(HostedSource(url=URL),),
        ),
        HostedActivity(tool="code_execution", activity_id="ci", input_json='{"code":"1"}', code="1",
                       status=COMPLETED, output="1"),
        HostedActivity(
            tool="file_search", activity_id="fs", input_json='{"queries":["rain"]}',
            queries=("rain",), status=FAILED,
            sources=(HostedSource(title="a.md", text="It rains", source_id="f-1"),),
        ),
        HostedActivity(tool="mcp", name="echo", server="docs", activity_id="mcp",
                       input_json='{"a":1}', status=FAILED, error="gone"),
        HostedActivity(tool="mcp", name="echo", server="docs", activity_id="ma", input_json="{}",
                       status=HostedStatus.WAITING),
    )),
    "gemini": (google, GOOGLE, (
        HostedActivity(tool="code_execution", code="print(1)"),
        HostedActivity(tool="code_execution", status=FAILED, output="no", error="OUTCOME_FAILED"),
    )),
    "nova": (amazon, AMAZON, (
        HostedActivity(tool="code_execution", name="nova_code_interpreter", activity_id="t",
                       input_json='{"snippet":"1"}', code="1"),
        HostedActivity(tool="code_execution", name="nova_code_interpreter", activity_id="t",
                       status=COMPLETED, output="1"),
    )),
}  # fmt: skip
"""By vendor: how its answer is written, the blocks of its tools, and what they say."""

WITHOUT_PROOFS = {
    "gemini": (
        google((), groundingMetadata={
            "webSearchQueries": ["rain"],
            "groundingChunks": [{"web": {"uri": URL, "title": "Weather"}}],
        }, urlContextMetadata={"urlMetadata": [
            {"retrievedUrl": URL, "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"}
        ]}),
        (HostedActivity(tool="web_fetch", status=FAILED, error="URL_RETRIEVAL_STATUS_ERROR",
                        sources=(HostedSource(url=URL),)),
         dataclasses.replace(SEARCHED, queries=("rain",))),
    ),
    "chat": (
        chat({}, citations=[URL], search_results=[{"url": URL, "title": "Weather"}]),
        (SEARCHED,),
    ),
    "generic": (
        chat({"executed_tools": [
            {"index": 0, "type": "search", "arguments": '{"query": "rain"}', "output": "It rains",
             "search_results": {"results": [{"url": URL, "title": "Weather"}]}}
        ]}),
        (dataclasses.replace(SEARCHED, input_json='{"query": "rain"}', queries=("rain",),
                             output="It rains"),),
    ),
}  # fmt: skip
"""By vendor: an answer whose tools need nothing back, and what it says that they did."""


def format_of(vendor: str) -> JsonWireFormat:
    """Return the adapter of a vendor."""
    wire_format, dialect, _ = VENDORS[vendor]
    return adapter(wire_format, dialect)


def activities_of(vendor: str, body: bytes) -> tuple[HostedActivity, ...]:
    """Return what an answer says that tools did."""
    parts = collect(read(format_of(vendor), "application/json", body)).parts
    assert [part.text for part in parts if isinstance(part, TextPart)] == ["Rain"]
    return tuple(part.activity for part in parts if isinstance(part, HostedPart))


def prompt_after(*activities: HostedActivity) -> Prompt:
    """Return a conversation that goes on after these activities."""
    said: tuple[Part, ...] = (
        *(HostedPart(activity=one) for one in activities),
        TextPart(text="Rain"),
    )
    return Prompt(
        messages=(
            Message(role=Role.USER, parts=(TextPart(text="Weather?"),)),
            Message(role=Role.ASSISTANT, parts=said),
            Message(role=Role.USER, parts=(TextPart(text="And now?"),)),
        )
    )


def sent_to(vendor: str, prompt: Prompt) -> tuple[str, tuple[LeftOut, ...]]:
    """Return the body that a vendor is sent, and what was left out of it."""
    deployment = deployment_at(vendor)
    prompt, left_out = prompt_for(
        prompt, maker=deployment.maker, plain_thoughts=deployment.plain_thoughts
    )
    call = AttemptCall(
        deployment=deployment, prompt=prompt, streaming=False, connect_timeout=1.0, timeout=1.0
    )
    return format_of(vendor).encode(call).body.decode(), left_out


@pytest.mark.parametrize("vendor", WITH_PROOFS)
def test_blocks_of_tools_are_read_and_kept_whole(vendor: str) -> None:
    """The tool, what it was asked and what came of it; and all of the block as its proof."""
    written, blocks, expected = WITH_PROOFS[vendor]

    found = activities_of(vendor, written(blocks))

    assert tuple(dataclasses.replace(one, proof=b"") for one in found) == expected
    assert [json.loads(one.proof) for one in found] == list(blocks)


@pytest.mark.parametrize("vendor", WITHOUT_PROOFS)
def test_activities_beside_the_answer_are_read(vendor: str) -> None:
    """Vendors that say what was found, and want nothing of it back."""
    body, expected = WITHOUT_PROOFS[vendor]

    assert activities_of(vendor, body) == expected


@pytest.mark.parametrize("vendor", WITH_PROOFS)
def test_blocks_of_tools_go_back_to_their_maker_as_they_came(vendor: str) -> None:
    """In their order, unchanged."""
    written, blocks, _ = WITH_PROOFS[vendor]
    maker = deployment_at(vendor).maker
    activities = (
        dataclasses.replace(one, maker=maker) for one in activities_of(vendor, written(blocks))
    )

    body, left_out = sent_to(vendor, prompt_after(*activities))

    places = [body.find(json.dumps(block, separators=(",", ":"))) for block in blocks]
    assert -1 not in places
    assert places == sorted(places)
    assert left_out == ()


@pytest.mark.parametrize("vendor", WITH_PROOFS)
@pytest.mark.parametrize("other", VENDORS)
def test_blocks_of_tools_go_to_nobody_else(vendor: str, other: str) -> None:
    """The text stays, and the report counts what was left out."""
    written, blocks, _ = WITH_PROOFS[vendor]
    maker = deployment_at(vendor).maker
    if deployment_at(other).maker == maker:
        return
    activities = [
        dataclasses.replace(one, maker=maker) for one in activities_of(vendor, written(blocks))
    ]
    found = HostedActivity(tool="web_search", output="a secret", maker=maker)

    body, left_out = sent_to(other, prompt_after(*activities, found))

    assert "Rain" in body
    assert not any(json.dumps(block, separators=(",", ":"))[1:-1] in body for block in blocks)
    assert "a secret" not in body
    assert set(left_out) == {
        LeftOut(kind=LeftOutKind.ENCRYPTED, maker=maker, count=len(blocks)),
        LeftOut(kind=LeftOutKind.HOSTED_ACTIVITY, maker=maker, count=1),
    }


JUNK: tuple[Any, ...] = (None, 7, True, "x", [], [7], {}, {"a": [None]}, [[{}]])


@pytest.mark.parametrize("junk", JUNK)
def test_unreadable_fields_of_tools_cost_no_answer(junk: object) -> None:
    """What cannot be read is left out; the proof has it all the same."""
    for vendor, (written, blocks, _) in WITH_PROOFS.items():
        for block in blocks:
            for strange in _with_junk(block, junk):
                assert activities_of(vendor, written((strange,)))[0].proof


def _with_junk(block: Mapping[str, Any], junk: object) -> list[Mapping[str, Any]]:
    """Return a block with junk in each of its fields but its type, one at a time."""
    kept = {"type", "toolUse", "toolResult", "executableCode", "codeExecutionResult"}
    kept |= {"name"} if "server_tool_use" in str(block) else set()
    strange: list[Mapping[str, Any]] = [{**block, field: junk} for field in block.keys() - kept]
    for field in block.keys() & (kept - {"type", "name"}):
        inner = block[field]
        strange += [{**block, field: {**inner, one: junk}} for one in inner.keys() - {"type"}]
    return strange
