"""What a prompt becomes in Anthropic's Messages, and what is refused by name."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from bench.wire.contract import SCHEMA, user

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    CacheLifetime,
    FilePart,
    ImageDetail,
    ImagePart,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import Sampling, ServiceTier, WireExtension
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort, ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.credentials.authorisations import CredentialHeader
from routersvc.providers.formats.anthropic_messages.dialects import DIALECTS
from routersvc.providers.formats.anthropic_messages.wire import anthropic_messages

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]
ANTHROPIC = anthropic_messages(DIALECTS["anthropic"])


def body_of(
    make_call: MakeCall,
    *,
    model: str = "claude-sonnet-4-6",
    dialect: str = "anthropic",
    **prompt: Any,  # noqa: ANN401 - the fields of a prompt
) -> JsonObject:
    """Return the body of a request."""
    call = make_call(**prompt)
    deployment = dataclasses.replace(call.deployment, wire_model=model)
    wire = anthropic_messages(DIALECTS[dialect]).encode(
        dataclasses.replace(call, deployment=deployment)
    )
    body: JsonObject = json.loads(wire.body)
    return body


def refusal_of(make_call: MakeCall, **prompt: Any) -> str:  # noqa: ANN401 - passed on
    """Return the sentence with which a request is refused."""
    with pytest.raises(AttemptFailedError) as refused:
        body_of(make_call, **prompt)
    assert refused.value.failure.failure_class is FailureClass.CAPABILITY_MISMATCH
    return refused.value.failure.message


def assistant(*parts: Any) -> Message:  # noqa: ANN401 - parts
    """Return a turn of the model's."""
    return Message(role=Role.ASSISTANT, parts=parts)


def test_version_is_stated(make_call: MakeCall) -> None:
    """The vendor requires one; the meaning of another version is unknown."""
    headers = dict(ANTHROPIC.encode(make_call(streaming=True)).headers)

    assert headers == {
        b"content-type": b"application/json",
        b"accept": b"text/event-stream",
        b"anthropic-version": b"2023-06-01",
    }
    assert ANTHROPIC.credential_header == CredentialHeader(name="x-api-key", scheme="")


def test_vertex_has_the_model_in_the_path_and_the_version_in_the_body(make_call: MakeCall) -> None:
    """As Google's door to Anthropic's models wants it."""
    call = make_call(streaming=True)
    deployment = dataclasses.replace(call.deployment, wire_model="claude-sonnet-4@20250514")
    wire = anthropic_messages(DIALECTS["vertex"]).encode(
        dataclasses.replace(call, deployment=deployment)
    )

    body = json.loads(wire.body)
    assert wire.path == "/publishers/anthropic/models/claude-sonnet-4@20250514:streamRawPredict"
    assert body["anthropic_version"] == "vertex-2023-10-16"
    assert "model" not in body
    assert b"anthropic-version" not in dict(wire.headers)


def test_longest_answer_is_the_models_own_where_nobody_says(make_call: MakeCall) -> None:
    """The vendor wants one; the contract means the model's maximum."""
    call = make_call()
    model = dataclasses.replace(call.deployment.model, max_output_tokens=64_000)
    deployment = dataclasses.replace(call.deployment, model=model)

    body = json.loads(ANTHROPIC.encode(dataclasses.replace(call, deployment=deployment)).body)

    assert body["max_tokens"] == 64_000


def test_system_messages_stand_at_the_head_or_where_they_came(make_call: MakeCall) -> None:
    """An instruction in the middle means what follows it."""
    body = body_of(
        make_call,
        messages=(
            Message(role=Role.SYSTEM, parts=(TextPart(text="a", cache=CacheLifetime.SHORT),)),
            Message(role=Role.DEVELOPER, parts=(TextPart(text="b"),)),
            *user(TextPart(text="c")),
            Message(role=Role.SYSTEM, parts=(TextPart(text="d"),)),
        ),
    )

    assert body["system"] == [
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "5m"}},
        {"type": "text", "text": "b"},
    ]
    assert [turn["role"] for turn in body["messages"]] == ["user", "system"]


def test_conversation_with_tools_is_written(make_call: MakeCall) -> None:
    """Results of calls that were made together come back together, failures marked."""
    body = body_of(
        make_call,
        messages=(
            *user(TextPart(text="?")),
            assistant(
                TextPart(text=""),
                ThoughtPart(text="hm", signature=b"sig"),
                ToolCall(call_id="1", name="f", arguments_json='{"a": 1}'),
                ToolCall(
                    call_id="2",
                    name="f",
                    arguments_json="",
                    signature=b'{"type":"code_execution_20250825","tool_id":"t"}',
                ),
            ),
            Message(
                role=Role.TOOL,
                parts=(
                    ToolResult(
                        call_id="1",
                        parts=(TextPart(text="r"), ImagePart(data=b"i", media_type="image/png")),
                        cache=CacheLifetime.DEFAULT,
                    ),
                ),
            ),
            Message(role=Role.TOOL, parts=(ToolResult(call_id="2", parts=(), is_error=True),)),
        ),
    )

    picture = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(b"i").decode()}
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sig"},
                {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
                {
                    "type": "tool_use",
                    "id": "2",
                    "name": "f",
                    "input": {},
                    "caller": {"type": "code_execution_20250825", "tool_id": "t"},
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "1",
                    "content": [
                        {"type": "text", "text": "r"},
                        {"type": "image", "source": picture},
                    ],
                    "cache_control": {"type": "ephemeral"},
                },
                {"type": "tool_result", "tool_use_id": "2", "is_error": True},
            ],
        },
    ]


def test_thoughts_go_back_as_they_came(make_call: MakeCall) -> None:
    """A changed one is refused by the vendor."""
    kept = b'{"type":"server_tool_use","id":"s","name":"web_search","input":{}}'
    body = body_of(
        make_call,
        messages=(
            *user(TextPart(text="?")),
            assistant(
                ThoughtPart(signature=b"only-a-signature"),
                ThoughtPart(encrypted=b"EroH"),
                ThoughtPart(encrypted=kept),
                RefusalPart(text="No."),
            ),
            *user(TextPart(text="!")),
        ),
    )

    assert body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "", "signature": "only-a-signature"},
        {"type": "redacted_thinking", "data": "EroH"},
        json.loads(kept),
        {"type": "text", "text": "No."},
    ]


def test_media_are_written(make_call: MakeCall) -> None:
    """By value, by address, by an address that holds the value, and by id."""
    call = make_call(
        messages=user(
            ImagePart(url="https://a/b.png"),
            ImagePart(url="data:image/gif;base64,R0lG"),
            FilePart(url="https://a/b.pdf", name="b"),
            FilePart(data=b"%PDF", media_type="application/pdf"),
            FilePart(data="é".encode(), media_type="text/markdown", name="notes"),
            FilePart(file_id="file_1"),
        )
    )

    wire = ANTHROPIC.encode(call)

    (turn,) = json.loads(wire.body)["messages"]
    assert [block["source"] for block in turn["content"]] == [
        {"type": "url", "url": "https://a/b.png"},
        {"type": "base64", "media_type": "image/gif", "data": "R0lG"},
        {"type": "url", "url": "https://a/b.pdf"},
        {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
        {"type": "text", "media_type": "text/plain", "data": "é"},
        {"type": "file", "file_id": "file_1"},
    ]
    assert [block.get("title") for block in turn["content"]] == [
        None,
        None,
        "b",
        None,
        "notes",
        None,
    ]
    assert dict(wire.headers)[b"anthropic-beta"] == b"files-api-2025-04-14"


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (ToolChoice(), None, {"type": "auto"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice(mode=ToolChoiceMode.NONE), False, {"type": "none"}),
        (
            ToolChoice(mode=ToolChoiceMode.REQUIRED),
            True,
            {"type": "any", "disable_parallel_tool_use": False},
        ),
        (
            ToolChoice(mode=ToolChoiceMode.FUNCTION, function_name="f"),
            None,
            {"type": "tool", "name": "f"},
        ),
    ],
)
def test_choice_of_tools_is_written(
    make_call: MakeCall, choice: ToolChoice | None, parallel: object, expected: JsonObject
) -> None:
    """Whether calls may be made together is part of it here."""
    body = body_of(
        make_call,
        tools=(FunctionTool(name="f", strict=True),),
        tool_choice=choice,
        parallel_tool_calls=parallel,
    )

    assert body["tool_choice"] == expected
    assert body["tools"] == [
        {"name": "f", "input_schema": {"type": "object", "properties": {}}, "strict": True}
    ]


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (
            HostedTool(name="web_search", settings_json='{"max_uses": 2}'),
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
        ),
        (
            HostedTool(name="tool_search_tool_regex_20251119"),
            {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"},
        ),
        (
            HostedTool(name="tool_search_tool_bm25_20251119"),
            {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"},
        ),
        (
            HostedTool(name="text_editor_20250728"),
            {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
        ),
        (
            HostedTool(name="search", settings_json='{"type": "web_search_20260318"}'),
            {"type": "web_search_20260318", "name": "search"},
        ),
    ],
)
def test_the_vendors_own_tools_are_written(
    make_call: MakeCall, tool: HostedTool, expected: JsonObject
) -> None:
    """Each has a version in its type and a name without one."""
    assert body_of(make_call, tools=(tool,))["tools"] == [expected]


@pytest.mark.parametrize(
    ("model", "reasoning", "expected"),
    [
        (
            "claude-sonnet-4-6",
            Reasoning(effort=ReasoningEffort.MINIMAL),
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        ),
        (
            "claude-opus-4-7",
            Reasoning(effort=ReasoningEffort.XHIGH),
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}},
        ),
        (
            "claude-opus-5",
            Reasoning(effort=ReasoningEffort.ADAPTIVE, visibility=ReasoningVisibility.SUMMARY),
            {"thinking": {"type": "adaptive", "display": "summarized"}},
        ),
        (
            "claude-opus-5",
            Reasoning(effort=ReasoningEffort.MAXIMUM, visibility=ReasoningVisibility.HIDDEN),
            {
                "thinking": {"type": "adaptive", "display": "omitted"},
                "output_config": {"effort": "max"},
            },
        ),
        (
            "claude-opus-5",
            Reasoning(visibility=ReasoningVisibility.FULL),
            {"thinking": {"type": "adaptive", "display": "summarized"}},
        ),
        ("claude-opus-5", Reasoning(visibility=ReasoningVisibility.HIDDEN), {}),
        (
            "claude-opus-5",
            Reasoning(effort=ReasoningEffort.NONE),
            {"thinking": {"type": "disabled"}},
        ),
        (
            "claude-sonnet-4-5-20250929",
            Reasoning(effort=ReasoningEffort.HIGH),
            {"thinking": {"type": "enabled", "budget_tokens": 8_000}},
        ),
        (
            "claude-3-7-sonnet-20250219",
            Reasoning(effort=ReasoningEffort.MINIMAL),
            {"thinking": {"type": "enabled", "budget_tokens": 1_024}},
        ),
        (
            "claude-opus-4-1",
            Reasoning(effort=ReasoningEffort.HIGH, max_tokens=2_000),
            {"thinking": {"type": "enabled", "budget_tokens": 2_000}},
        ),
        ("claude-haiku-4-5", Reasoning(visibility=ReasoningVisibility.SUMMARY), {}),
    ],
)
def test_each_generation_is_told_to_think_in_its_own_words(
    make_call: MakeCall, model: str, reasoning: Reasoning, expected: JsonObject
) -> None:
    """Each refuses the other's."""
    body = body_of(
        make_call,
        model=model,
        reasoning=reasoning,
        sampling=Sampling(max_output_tokens=10_000),
    )

    assert {key: body[key] for key in ("thinking", "output_config") if key in body} == expected


def test_schema_and_effort_share_a_field(make_call: MakeCall) -> None:
    """One must not replace the other."""
    body = body_of(
        make_call,
        response_format=JsonSchemaFormat(name="n", json_schema=SCHEMA, description="What it is."),
        reasoning=Reasoning(effort=ReasoningEffort.LOW),
    )

    assert body["output_config"] == {
        "effort": "low",
        "format": {
            "type": "json_schema",
            "schema": {"description": "What it is.", **json.loads(SCHEMA)},
        },
    }


def test_account_fields_are_written(make_call: MakeCall) -> None:
    """End user, service tier, and fields of this format alone."""
    body = body_of(
        make_call,
        end_user_id="u",
        service_tier=ServiceTier.STANDARD,
        wire_extensions=(
            WireExtension(wire_format="anthropic_messages", fields_json='{"container": "c"}'),
        ),
    )

    assert body["metadata"] == {"user_id": "u"}
    assert body["service_tier"] == "standard_only"
    assert body["container"] == "c"


SIGNED = ThoughtPart(text="a", signature=b"s")


@pytest.mark.parametrize(
    ("prompt", "what"),
    [
        ({"messages": user(ImagePart(url="u", detail=ImageDetail.LOW))}, "how closely a picture"),
        (
            {"messages": user(ImagePart(data=b"a", media_type="image/bmp"))},
            "a picture of the type `image/bmp`",
        ),
        (
            {"messages": user(FilePart(data=b"a", media_type="application/zip"))},
            "a document of the type `application/zip`",
        ),
        ({"messages": user(FilePart(data=b"\xff", media_type="text/plain"))}, "that is not UTF-8"),
        (
            {"messages": (assistant(ThoughtPart(text="a")), *user())},
            "a thought without a signature",
        ),
        (
            {"messages": (assistant(dataclasses.replace(SIGNED, encrypted=b"x")), *user())},
            "shown and encrypted at once",
        ),
        (
            {"messages": (assistant(ThoughtPart(encrypted=b"{other")), *user())},
            "that another provider encrypted",
        ),
        (
            {"messages": (assistant(ThoughtPart(signature=b"\xff")), *user())},
            "that another provider signed",
        ),
        (
            {
                "messages": (
                    assistant(dataclasses.replace(SIGNED, cache=CacheLifetime.SHORT)),
                    *user(),
                )
            },
            "a cache marker on a thought",
        ),
        (
            {
                "messages": (
                    assistant(
                        ToolCall(call_id="1", name="f", arguments_json="{}", signature=b"gemini")
                    ),
                    *user(),
                )
            },
            "a tool call that another provider signed",
        ),
        ({"messages": (Message(role=Role.USER, parts=(), name="ann"),)}, "a participant's name"),
        ({"messages": user(SIGNED)}, "a part of the kind `Thought` in a user message"),
        ({"tools": (HostedTool(name="telepathy"),)}, "the hosted tool `telepathy`"),
        ({"sampling": Sampling(temperature=1.5)}, "a temperature above 1"),
        ({"service_tier": ServiceTier.FLEX}, "the service tier `flex`"),
        ({"prompt_cache_key": "k"}, "a key for the prompt cache"),
        (
            {"reasoning": Reasoning(max_tokens=1_000)},
            "1000 tokens of thinking in an answer of 4096",
        ),
        (
            {"reasoning": Reasoning(max_tokens=4_096)},
            "4096 tokens of thinking in an answer of 4096",
        ),
        (
            {"reasoning": Reasoning(effort=ReasoningEffort.NONE, max_tokens=2_000)},
            "no thinking beside a limit",
        ),
        (
            {"wire_extensions": (WireExtension(wire_format="openai_chat", fields_json="{}"),)},
            "fields of the wire format `openai_chat`",
        ),
        (
            {
                "wire_extensions": (
                    WireExtension(wire_format="anthropic_messages", fields_json='{"system": 1}'),
                )
            },
            "`system` as an extension",
        ),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(
    make_call: MakeCall, prompt: JsonObject, what: str
) -> None:
    """Nothing is left out silently."""
    assert what in refusal_of(make_call, **prompt)


@pytest.mark.parametrize(
    ("prompt", "what"),
    [
        ({"messages": user(ImagePart(url="https://a/b.png"))}, "a picture by its address"),
        ({"end_user_id": "u"}, "an end user's id"),
        (
            {"messages": (*user(), Message(role=Role.SYSTEM, parts=(TextPart(text="x"),)))},
            "a system message in the middle",
        ),
    ],
)
def test_ollama_is_not_asked_for_what_it_ignores(
    make_call: MakeCall, prompt: JsonObject, what: str
) -> None:
    """It would answer as if nothing had been said."""
    assert what in refusal_of(make_call, dialect="ollama", **prompt)


def test_ollamas_models_sign_no_thoughts(make_call: MakeCall) -> None:
    """And think by budget, whatever their name."""
    body = body_of(
        make_call,
        dialect="ollama",
        model="gpt-oss:20b",
        messages=(
            *user(TextPart(text="?")),
            assistant(ThoughtPart(text="hm")),
            *user(TextPart(text="!")),
        ),
        reasoning=Reasoning(effort=ReasoningEffort.MEDIUM),
    )

    assert body["messages"][1]["content"] == [{"type": "thinking", "thinking": "hm"}]
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 2_048}


def test_arguments_that_are_no_object_are_the_callers_mistake(make_call: MakeCall) -> None:
    """Another model would refuse them too."""
    call = ToolCall(call_id="1", name="f", arguments_json="[1]")

    with pytest.raises(AttemptFailedError) as refused:
        body_of(make_call, messages=(assistant(call), *user()))

    assert refused.value.failure.failure_class is FailureClass.INVALID_REQUEST


@pytest.mark.parametrize(
    ("dialect", "path"),
    [("anthropic", "/models?limit=1"), ("vertex", ""), ("ollama", "/models")],
)
def test_probe_costs_nothing(dialect: str, path: str) -> None:
    """Lists are not billed."""
    request = anthropic_messages(DIALECTS[dialect]).probe()

    assert (request.method, request.path, request.body) == ("GET", path, b"")
