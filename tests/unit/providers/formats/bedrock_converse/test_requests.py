"""What a prompt becomes in Bedrock's Converse, and what is refused by name."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from bench.wire.contract import LOOKUP, SCHEMA, user

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    AudioPart,
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
from routersvc.domain.conversation.tools import HostedTool, ToolChoice, ToolChoiceMode
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.credentials.authorisations import BEARER
from routersvc.providers.formats.bedrock_converse.wire import bedrock_converse

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]
CONVERSE = bedrock_converse()
CLAUDE = "us.anthropic.claude-sonnet-4-6"


def body_of(
    make_call: MakeCall,
    *,
    model: str = CLAUDE,
    **prompt: Any,  # noqa: ANN401 - the fields of a prompt
) -> JsonObject:
    """Return the body of a request."""
    call = make_call(**prompt)
    deployment = dataclasses.replace(call.deployment, wire_model=model)
    body: JsonObject = json.loads(
        CONVERSE.encode(dataclasses.replace(call, deployment=deployment)).body
    )
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


@pytest.mark.parametrize(
    ("model", "streaming", "path"),
    [
        ("amazon.nova-pro-v1:0", False, "/model/amazon.nova-pro-v1%3A0/converse"),
        (
            "arn:aws:bedrock:us-east-1:0:inference-profile/us.amazon.nova",
            True,
            (
                "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A0%3Ainference-profile%2Fus.amazon.nova"
                "/converse-stream"
            ),
        ),
    ],
)
def test_model_stands_in_the_path(
    make_call: MakeCall, model: str, path: str, *, streaming: bool
) -> None:
    """An ARN is one step of it."""
    call = make_call(streaming=streaming)
    deployment = dataclasses.replace(call.deployment, wire_model=model)

    wire = CONVERSE.encode(dataclasses.replace(call, deployment=deployment))

    assert wire.path == path
    assert CONVERSE.credential_header is BEARER
    assert "modelId" not in json.loads(wire.body)


def test_neighbours_of_one_side_become_one_turn(make_call: MakeCall) -> None:
    """The vendor wants turns that alternate; what tools returned is the user's."""
    body = body_of(
        make_call,
        messages=(
            Message(role=Role.SYSTEM, parts=(TextPart(text="s", cache=CacheLifetime.DEFAULT),)),
            *user(TextPart(text="a")),
            *user(TextPart(text="b", cache=CacheLifetime.LONG), TextPart(text="")),
            assistant(
                ThoughtPart(text="hm", signature=b"sig"),
                ThoughtPart(encrypted=b"\x01\x02"),
                ThoughtPart(encrypted=b'{"toolUse":{"type":"server_tool_use"}}'),
                ToolCall(call_id="1", name="f", arguments_json='{"a": 1}'),
                RefusalPart(text="No."),
            ),
            Message(
                role=Role.TOOL,
                parts=(
                    ToolResult(
                        call_id="1",
                        parts=(
                            TextPart(text="r"),
                            ImagePart(data=b"i", media_type="image/jpeg"),
                            FilePart(data=b"d", media_type="text/csv", name="sums (1).csv"),
                        ),
                        is_error=True,
                    ),
                ),
            ),
            *user(TextPart(text="c")),
        ),
    )

    assert body["system"] == [{"text": "s"}, {"cachePoint": {"type": "default"}}]
    assert body["messages"] == [
        {
            "role": "user",
            "content": [
                {"text": "a"},
                {"text": "b"},
                {"cachePoint": {"type": "default", "ttl": "1h"}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
                {"reasoningContent": {"redactedContent": "AQI="}},
                {"toolUse": {"type": "server_tool_use"}},
                {"toolUse": {"toolUseId": "1", "name": "f", "input": {"a": 1}}},
                {"text": "No."},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "1",
                        "content": [
                            {"text": "r"},
                            {"image": {"format": "jpeg", "source": {"bytes": "aQ=="}}},
                            {
                                "document": {
                                    "format": "csv",
                                    "name": "sums (1)-csv",
                                    "source": {"bytes": "ZA=="},
                                }
                            },
                        ],
                        "status": "error",
                    }
                },
                {"text": "c"},
            ],
        },
    ]


def test_models_that_sign_no_thoughts_get_them_back_as_they_are(make_call: MakeCall) -> None:
    """Only Claude does."""
    body = body_of(
        make_call,
        model="openai.gpt-oss-120b-1:0",
        messages=(assistant(ThoughtPart(text="hm")), *user(TextPart(text="!"))),
    )

    assert body["messages"][0]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "hm"}}}
    ]


def test_media_are_written(make_call: MakeCall) -> None:
    """By value, or as an object in S3; a document needs a name."""
    body = body_of(
        make_call,
        messages=user(
            ImagePart(url="s3://bucket/b.png", media_type="image/png"),
            ImagePart(url="data:image/webp;base64,UklG"),
            AudioPart(data=b"a", media_type="audio/mpeg"),
            FilePart(url="s3://bucket/b.pdf", media_type="application/pdf"),
        ),
    )

    assert body["messages"][0]["content"] == [
        {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/b.png"}}}},
        {"image": {"format": "webp", "source": {"bytes": "UklG"}}},
        {"audio": {"format": "mp3", "source": {"bytes": "YQ=="}}},
        {
            "document": {
                "format": "pdf",
                "name": "document",
                "source": {"s3Location": {"uri": "s3://bucket/b.pdf"}},
            }
        },
    ]


def test_settings_are_written(make_call: MakeCall) -> None:
    """Each where the vendor has it."""
    body = body_of(
        make_call,
        tools=(dataclasses.replace(LOOKUP, strict=True), HostedTool(name="nova_grounding")),
        tool_choice=ToolChoice(mode=ToolChoiceMode.FUNCTION, function_name="lookup"),
        sampling=Sampling(
            temperature=0.5, top_p=0.9, max_output_tokens=5, stop_sequences=("END",), top_k=3
        ),
        response_format=JsonSchemaFormat(name="n", json_schema=SCHEMA, description="d"),
        service_tier=ServiceTier.FLEX,
        wire_extensions=(
            WireExtension(
                wire_format="bedrock_converse",
                fields_json=json.dumps(
                    {
                        "performanceConfig": {"latency": "optimized"},
                        "additionalModelRequestFields": {"anthropic_beta": ["x"]},
                    }
                ),
            ),
        ),
    )

    del body["messages"]
    schema = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"].pop("schema")
    assert json.loads(schema) == json.loads(SCHEMA)
    assert body == {
        "inferenceConfig": {
            "maxTokens": 5,
            "temperature": 0.5,
            "topP": 0.9,
            "stopSequences": ["END"],
        },
        "toolConfig": {
            "tools": [
                {
                    "toolSpec": {
                        "name": "lookup",
                        "description": "Looks up.",
                        "inputSchema": {"json": json.loads(SCHEMA)},
                        "strict": True,
                    }
                },
                {"systemTool": {"name": "nova_grounding"}},
            ],
            "toolChoice": {"tool": {"name": "lookup"}},
        },
        "outputConfig": {
            "textFormat": {
                "type": "json_schema",
                "structure": {"jsonSchema": {"name": "n", "description": "d"}},
            }
        },
        "serviceTier": {"type": "flex"},
        "performanceConfig": {"latency": "optimized"},
        "additionalModelRequestFields": {"top_k": 3, "anthropic_beta": ["x"]},
    }


@pytest.mark.parametrize(
    ("model", "prompt", "expected"),
    [
        (
            CLAUDE,
            {"reasoning": Reasoning(effort=ReasoningEffort.HIGH)},
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}},
        ),
        (
            "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
            {"reasoning": Reasoning(max_tokens=2_048)},
            {"thinking": {"type": "enabled", "budget_tokens": 2_048}},
        ),
        (
            "us.amazon.nova-2-lite-v1:0",
            {"reasoning": Reasoning(effort=ReasoningEffort.LOW), "sampling": Sampling(top_k=10)},
            {
                "inferenceConfig": {"topK": 10},
                "reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"},
            },
        ),
        (
            "amazon.nova-lite-v1:0",
            {"sampling": Sampling(top_k=10)},
            {"inferenceConfig": {"topK": 10}},
        ),
        (
            "openai.gpt-oss-120b-1:0",
            {"reasoning": Reasoning(effort=ReasoningEffort.MAXIMUM)},
            {"reasoning_effort": "high"},
        ),
        (
            "qwen.qwen3-32b-v1:0",
            {"reasoning": Reasoning(effort=ReasoningEffort.MEDIUM)},
            {"reasoning_config": "medium"},
        ),
        ("mistral.mixtral-8x7b-instruct-v0:1", {"sampling": Sampling(top_k=3)}, {"top_k": 3}),
        ("cohere.command-r-v1:0", {"sampling": Sampling(top_k=3)}, {"k": 3}),
    ],
)
def test_what_converse_lacks_is_told_to_the_models_that_know_it(
    make_call: MakeCall, model: str, prompt: JsonObject, expected: JsonObject
) -> None:
    """Each family has words of its own."""
    body = body_of(make_call, model=model, **prompt)

    assert body["additionalModelRequestFields"] == expected


META = "us.meta.llama4-maverick-17b-instruct-v1:0"


@pytest.mark.parametrize(
    ("model", "prompt", "what"),
    [
        (META, {"sampling": Sampling(top_k=1)}, "`top_k` to this model"),
        (
            META,
            {"reasoning": Reasoning(effort=ReasoningEffort.LOW)},
            "the reasoning effort `low` to this model",
        ),
        (
            "amazon.nova-lite-v1:0",
            {"reasoning": Reasoning(effort=ReasoningEffort.LOW)},
            "the reasoning effort `low` to Nova",
        ),
        (
            "openai.gpt-oss-120b-1:0",
            {"reasoning": Reasoning(max_tokens=2_000)},
            "a limit to the tokens spent on thinking to gpt-oss",
        ),
        (
            META,
            {"reasoning": Reasoning(visibility=ReasoningVisibility.SUMMARY)},
            "a summary of the thoughts to this model",
        ),
        (CLAUDE, {"messages": user(ImagePart(url="https://a/b.png"))}, "unless that is in S3"),
        (
            CLAUDE,
            {
                "messages": user(
                    ImagePart(data=b"a", media_type="image/png", detail=ImageDetail.HIGH)
                )
            },
            "how closely a picture",
        ),
        (
            CLAUDE,
            {"messages": user(FilePart(data=b"a", media_type="application/zip"))},
            "a document of the type `application/zip`",
        ),
        (CLAUDE, {"messages": user(FilePart(file_id="f"))}, "a document by its id"),
        (
            CLAUDE,
            {"messages": user(AudioPart(data=b"a", media_type="audio/midi"))},
            "sound of the type `audio/midi`",
        ),
        (CLAUDE, {"messages": user(ThoughtPart(text="a"))}, "`Thought` in a user message"),
        (
            CLAUDE,
            {"messages": (assistant(ThoughtPart(text="a", cache=CacheLifetime.SHORT)), *user())},
            "a cache marker on a thought",
        ),
        (
            CLAUDE,
            {
                "messages": (
                    Message(
                        role=Role.TOOL,
                        parts=(
                            ToolResult(
                                call_id="1",
                                parts=(TextPart(text="r", cache=CacheLifetime.SHORT),),
                            ),
                        ),
                    ),
                )
            },
            "a cache marker inside a tool's result",
        ),
        (CLAUDE, {"messages": (Message(role=Role.USER, parts=(), name="ann"),)}, "a participant"),
        (
            CLAUDE,
            {"tools": (LOOKUP,), "tool_choice": ToolChoice(mode=ToolChoiceMode.NONE)},
            "that no tool may be called",
        ),
        (
            CLAUDE,
            {"tools": (HostedTool(name="t", settings_json='{"a": 1}'),)},
            "settings of the hosted tool `t`",
        ),
        (CLAUDE, {"sampling": Sampling(temperature=1.1)}, "a temperature above 1"),
        (CLAUDE, {"end_user_id": "u"}, "an end user's id"),
        (CLAUDE, {"prompt_cache_key": "k"}, "a key for the prompt cache"),
        (
            CLAUDE,
            {"wire_extensions": (WireExtension(wire_format="openai_chat", fields_json="{}"),)},
            "fields of the wire format `openai_chat`",
        ),
        (
            CLAUDE,
            {
                "wire_extensions": (
                    WireExtension(wire_format="bedrock_converse", fields_json='{"system": []}'),
                )
            },
            "`system` as an extension",
        ),
        (
            CLAUDE,
            {
                "sampling": Sampling(top_k=1),
                "wire_extensions": (
                    WireExtension(
                        wire_format="bedrock_converse",
                        fields_json='{"additionalModelRequestFields": {"top_k": 2}}',
                    ),
                ),
            },
            "`top_k` as an extension",
        ),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(
    make_call: MakeCall, model: str, prompt: JsonObject, what: str
) -> None:
    """Nothing is left out silently."""
    assert what in refusal_of(make_call, model=model, **prompt)


def test_probe_costs_nothing() -> None:
    """The runtime has one list, and it is free."""
    request = CONVERSE.probe()

    assert (request.method, request.path, request.body) == (
        "GET",
        "/async-invoke?maxResults=1",
        b"",
    )
