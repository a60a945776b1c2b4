"""What a tool may say beyond its schema: markers for the prompt cache, and deferral to a search."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from routersvc.app import wire_formats
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    CacheLifetime,
    FilePart,
    TextPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.tools import FunctionTool
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

TOOL = FunctionTool(name="look", description="Looks out")
EPHEMERAL = {"type": "ephemeral", "ttl": "1h"}

MARKED: dict[str, Any] = {
    "anthropic_messages/anthropic": [
        {
            "name": "look",
            "description": "Looks out",
            "input_schema": {"type": "object", "properties": {}},
            "cache_control": EPHEMERAL,
        }
    ],
    "openai_chat/openrouter": [
        {
            "type": "function",
            "function": {
                "name": "look",
                "description": "Looks out",
                "parameters": {"type": "object", "properties": {}},
            },
            "cache_control": EPHEMERAL,
        }
    ],
    "bedrock_converse/plain": [
        {
            "toolSpec": {
                "name": "look",
                "description": "Looks out",
                "inputSchema": {"json": {"type": "object", "properties": {}}},
            }
        },
        {"cachePoint": {"type": "default", "ttl": "1h"}},
    ],
}
DEFERRED = ("anthropic_messages/anthropic", "openai_responses/openai")
ADAPTERS = [
    f"{wire_format}/{dialect}"
    for wire_format, known in wire_formats.known_wire_formats().items()
    for dialect in known.dialects
    if Capability.TOOLS in wire_formats.adapter(wire_format, dialect).expressible
]


def body_of(adapter: str, make_call: MakeCall, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - of a prompt
    """Return what an adapter writes."""
    wire_format, _, dialect = adapter.partition("/")
    request = wire_formats.adapter(wire_format, dialect).encode(make_call(**fields))
    found: dict[str, Any] = json.loads(request.body)
    return found


@pytest.mark.parametrize("adapter", sorted(MARKED))
def test_tool_can_end_a_prefix_for_the_cache(make_call: MakeCall, adapter: str) -> None:
    """Tools are the first part of the prefix, and often the longest."""
    marked = dataclasses.replace(TOOL, cache=CacheLifetime.LONG)

    body = body_of(adapter, make_call, tools=(marked,))

    assert body.get("tools", body.get("toolConfig", {}).get("tools")) == MARKED[adapter]


@pytest.mark.parametrize("adapter", DEFERRED)
def test_tool_can_wait_for_a_search(make_call: MakeCall, adapter: str) -> None:
    """The model sees the function only after the vendor's search has found it."""
    body = body_of(adapter, make_call, tools=(dataclasses.replace(TOOL, deferred=True),))

    assert body["tools"][0]["defer_loading"] is True


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("options", [{"cache": CacheLifetime.DEFAULT}, {"deferred": True}])
def test_options_are_written_or_refused(
    make_call: MakeCall, adapter: str, options: dict[str, Any]
) -> None:
    """Nothing that was asked for is dropped silently."""
    plain = body_of(adapter, make_call, tools=(TOOL,))
    refused: AttemptFailedError | None = None
    body = plain

    try:
        body = body_of(adapter, make_call, tools=(dataclasses.replace(TOOL, **options),))
    except AttemptFailedError as error:
        refused = error

    assert (body == plain) == (refused is not None)
    if refused is not None:
        assert refused.failure.failure_class is FailureClass.CAPABILITY_MISMATCH


def test_marked_call_reaches_a_gateway_that_takes_markers(make_call: MakeCall) -> None:
    """A marker on a call is written where the vendor has a place for it."""
    call = ToolCall(call_id="c", name="look", arguments_json="{}", cache=CacheLifetime.DEFAULT)
    messages = (
        Message(role=Role.USER, parts=(TextPart(text="Look"),)),
        Message(role=Role.ASSISTANT, parts=(call,)),
        Message(role=Role.TOOL, parts=(ToolResult(call_id="c", parts=(TextPart(text="sun"),)),)),
    )

    body = body_of("openai_chat/vercel_gateway", make_call, messages=messages, tools=(TOOL,))

    assert body["messages"][1]["tool_calls"][0]["cache_control"] == {"type": "ephemeral"}
    with pytest.raises(AttemptFailedError):
        body_of("openai_chat/openai", make_call, messages=messages, tools=(TOOL,))


def test_result_in_json_is_one_for_bedrock(make_call: MakeCall) -> None:
    """Bedrock tells results in JSON from texts and documents."""
    result = ToolResult(
        call_id="c", parts=(FilePart(data=b'{"sun": true}', media_type="application/json"),)
    )
    messages = (
        Message(role=Role.USER, parts=(TextPart(text="Look"),)),
        Message(
            role=Role.ASSISTANT, parts=(ToolCall(call_id="c", name="look", arguments_json="{}"),)
        ),
        Message(role=Role.TOOL, parts=(result,)),
    )

    body = body_of("bedrock_converse/plain", make_call, messages=messages, tools=(TOOL,))

    (block,) = body["messages"][2]["content"]
    assert block["toolResult"]["content"] == [{"json": {"sun": True}}]
