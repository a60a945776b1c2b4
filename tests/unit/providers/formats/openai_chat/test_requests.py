"""What a prompt becomes on the wire, and what cannot be said there."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    AudioPart,
    CacheLifetime,
    FilePart,
    ImageDetail,
    ImagePart,
    Modality,
    Part,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import (
    AudioOutput,
    Sampling,
    ServiceTier,
    Verbosity,
    WireExtension,
)
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort, ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.openai_chat.dialects import (
    CacheMarkerForm,
    FileForm,
    OpenAiDialect,
    PrefillForm,
    WebSearchForm,
)
from routersvc.providers.formats.openai_chat.requests import CONTRACT_FIELDS
from routersvc.providers.formats.openai_chat.vendors import DIALECTS
from routersvc.providers.formats.openai_chat.wire import openai_chat

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]
HELLO = {"role": "user", "content": "Hello"}
SCHEMA = '{"type": "object", "properties": {"city": {"type": "string"}}}'
WEATHER = FunctionTool(
    name="weather", description="Tells the weather", parameters_json_schema=SCHEMA, strict=True
)
ALL_DIALECTS = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())


def body(call: AttemptCall, dialect: str | OpenAiDialect = "openai") -> JsonObject:
    """Return the body of the request for a call."""
    wire_format = openai_chat(DIALECTS[dialect] if isinstance(dialect, str) else dialect)
    encoded: JsonObject = json.loads(wire_format.encode(call).body)
    return encoded


def refusal(call: AttemptCall, dialect: str = "openai") -> str:
    """Return the sentence with which a call is refused."""
    with pytest.raises(AttemptFailedError) as refused:
        body(call, dialect)
    assert refused.value.failure.failure_class is FailureClass.CAPABILITY_MISMATCH
    return str(refused.value)


def user(*parts: Part) -> tuple[Message, ...]:
    """Return a conversation of one turn."""
    return (Message(role=Role.USER, parts=parts),)


def test_smallest_request(make_call: MakeCall) -> None:
    """What is not asked for is not on the wire."""
    request = openai_chat(DIALECTS["openai"]).encode(make_call())

    assert (request.method, request.path) == ("POST", "/chat/completions")
    assert (b"accept", b"application/json") in request.headers
    assert json.loads(request.body) == {"model": "large-2026-01", "messages": [HELLO]}


def test_stream_asks_for_its_usage(make_call: MakeCall) -> None:
    """Without it most vendors count nothing in a stream, and cost is booked from it."""
    request = openai_chat(DIALECTS["openai"]).encode(make_call(streaming=True))

    assert (b"accept", b"text/event-stream") in request.headers
    assert json.loads(request.body) == {
        "model": "large-2026-01",
        "messages": [HELLO],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_stream_options_are_left_out_where_they_are_unknown(make_call: MakeCall) -> None:
    """Mistral refuses unknown fields and sends usage by itself."""
    assert "stream_options" not in body(make_call(streaming=True), "mistral")


def test_whole_conversation(make_call: MakeCall) -> None:
    """Every role and part that the format has keeps its place and its words."""
    messages = (
        Message(role=Role.SYSTEM, parts=(TextPart(text="Be brief."),)),
        Message(role=Role.DEVELOPER, parts=(TextPart(text="One."), TextPart(text="Two."))),
        Message(
            role=Role.USER,
            name="ada",
            parts=(
                TextPart(text="Look:"),
                ImagePart(url="https://example.com/a.png", detail=ImageDetail.HIGH),
                ImagePart(data=b"\x89PNG", media_type="image/png"),
                AudioPart(data=b"RIFF", media_type="audio/wav", transcript="hi"),
                FilePart(data=b"%PDF", media_type="application/pdf", name="a.pdf"),
                FilePart(file_id="file-1"),
            ),
        ),
        Message(
            role=Role.ASSISTANT,
            parts=(
                TextPart(text="Let me see."),
                ToolCall(call_id="call-1", name="weather", arguments_json='{"city": "Ulm"}'),
                ToolCall(call_id="call-2", name="weather", arguments_json="{}"),
            ),
        ),
        Message(
            role=Role.TOOL,
            parts=(
                ToolResult(call_id="call-1", parts=(TextPart(text="sunny"),)),
                ToolResult(call_id="call-2", parts=(TextPart(text="no city"),), is_error=True),
            ),
        ),
        Message(role=Role.ASSISTANT, parts=(RefusalPart(text="I will not."),)),
        Message(role=Role.ASSISTANT, parts=()),
        Message(role=Role.USER, parts=(TextPart(text="Why?"),)),
    )

    encoded = body(make_call(messages=messages))["messages"]

    assert encoded == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "developer",
            "content": [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}],
        },
        {
            "role": "user",
            "name": "ada",
            "content": [
                {"type": "text", "text": "Look:"},
                {
                    "type": "image_url",
                    "image_url": {"url": "https://example.com/a.png", "detail": "high"},
                },
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
                {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
                {
                    "type": "file",
                    "file": {
                        "file_data": "data:application/pdf;base64,JVBERg==",
                        "filename": "a.pdf",
                    },
                },
                {"type": "file", "file": {"file_id": "file-1"}},
            ],
        },
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [
                {
                    "id": "call-1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city": "Ulm"}'},
                },
                {
                    "id": "call-2",
                    "type": "function",
                    "function": {"name": "weather", "arguments": "{}"},
                },
            ],
        },
        {"role": "tool", "tool_call_id": "call-1", "content": "sunny"},
        {"role": "tool", "tool_call_id": "call-2", "content": "The tool failed: no city"},
        {"role": "assistant", "refusal": "I will not."},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "Why?"},
    ]


def test_everything_that_openai_can_be_asked_for(make_call: MakeCall) -> None:
    """The whole contract as far as the format can express it."""
    call = make_call(
        tools=(WEATHER, FunctionTool(name="now")),
        tool_choice=ToolChoice(mode=ToolChoiceMode.FUNCTION, function_name="weather"),
        parallel_tool_calls=False,
        response_format=JsonSchemaFormat(
            name="city", json_schema=SCHEMA, description="A city", strict=True
        ),
        sampling=Sampling(
            temperature=0.5,
            top_p=0.9,
            frequency_penalty=0.1,
            presence_penalty=-0.1,
            seed=7,
            stop_sequences=("END",),
            max_output_tokens=100,
            logit_bias={50256: -100.0, 7: 0.5},
        ),
        reasoning=Reasoning(effort=ReasoningEffort.MINIMAL),
        output_modalities=(Modality.TEXT, Modality.AUDIO),
        audio_output=AudioOutput(voice="alloy", media_type="audio/mpeg"),
        logprobs=3,
        verbosity=Verbosity.LOW,
        predicted_output="as before",
        end_user_id="user-1",
        prompt_cache_key="key-1",
        service_tier=ServiceTier.STANDARD,
        wire_extensions=(
            WireExtension(wire_format="openai_chat", fields_json='{"metadata": {"a": "b"}}'),
        ),
        zero_data_retention=True,
    )

    encoded = body(call)

    assert encoded == {
        "model": "large-2026-01",
        "messages": [HELLO],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "Tells the weather",
                    "parameters": json.loads(SCHEMA),
                    "strict": True,
                },
            },
            {
                "type": "function",
                "function": {"name": "now", "parameters": {"type": "object", "properties": {}}},
            },
        ],
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
        "parallel_tool_calls": False,
        "response_format": {
            "type": "json_schema",
            "json_schema": {
                "name": "city",
                "schema": json.loads(SCHEMA),
                "description": "A city",
                "strict": True,
            },
        },
        "temperature": 0.5,
        "top_p": 0.9,
        "frequency_penalty": 0.1,
        "presence_penalty": -0.1,
        "seed": 7,
        "stop": ["END"],
        "max_completion_tokens": 100,
        "logit_bias": {"50256": -100, "7": 0.5},
        "reasoning_effort": "minimal",
        "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "mp3"},
        "logprobs": True,
        "top_logprobs": 3,
        "verbosity": "low",
        "prediction": {"type": "content", "content": "as before"},
        "user": "user-1",
        "prompt_cache_key": "key-1",
        "service_tier": "default",
        "metadata": {"a": "b"},
        "store": False,
    }


@pytest.mark.parametrize(
    ("dialect", "prompt", "fields"),
    [
        ("mistral", {"sampling": Sampling(seed=7, max_output_tokens=9)},
         {"random_seed": 7, "max_tokens": 9}),
        ("vllm", {"sampling": Sampling(top_k=5, min_p=0.1)}, {"top_k": 5, "min_p": 0.1}),
        ("groq", {"service_tier": ServiceTier.PRIORITY}, {"service_tier": "performance"}),
        ("openrouter", {"reasoning": Reasoning(effort=ReasoningEffort.HIGH, max_tokens=2000)},
         {"reasoning": {"effort": "high", "max_tokens": 2000}}),
        ("openrouter", {"reasoning": Reasoning(visibility=ReasoningVisibility.HIDDEN)},
         {"reasoning": {"exclude": True}}),
        ("openrouter", {"zero_data_retention": True, "no_training": True},
         {"provider": {"zdr": True, "data_collection": "deny"}}),
        ("openrouter", {"output_modalities": (Modality.IMAGE, Modality.TEXT)},
         {"modalities": ["image", "text"]}),
        ("openai", {"response_format": JsonObjectFormat()},
         {"response_format": {"type": "json_object"}}),
        ("openai", {"tool_choice": ToolChoice(), "tools": (FunctionTool(name="now"),)},
         {"tool_choice": "auto"}),
        ("openai", {"logprobs": 0}, {"logprobs": True}),
        ("openai", {"no_training": True}, {"store": False}),
        ("openai", {"output_modalities": (Modality.TEXT,)}, {}),
        ("openai", {"reasoning": Reasoning(visibility=ReasoningVisibility.FULL)}, {}),
        ("vllm", {"zero_data_retention": True}, {}),
        ("openai", {"reasoning": Reasoning(effort=ReasoningEffort.XHIGH)},
         {"reasoning_effort": "xhigh"}),
        ("deepseek", {"reasoning": Reasoning(effort=ReasoningEffort.NONE)},
         {"thinking": {"type": "disabled"}}),
        ("deepseek", {"reasoning": Reasoning(effort=ReasoningEffort.MAXIMUM)},
         {"reasoning_effort": "max"}),
        ("moonshot", {"reasoning": Reasoning(effort=ReasoningEffort.NONE),
                      "sampling": Sampling(max_output_tokens=9)},
         {"thinking": {"type": "disabled"}, "max_completion_tokens": 9}),
        ("zai", {"reasoning": Reasoning(effort=ReasoningEffort.HIGH),
                 "tools": (FunctionTool(name="now"),), "streaming": True},
         {"thinking": {"type": "enabled"}, "reasoning_effort": "high", "tool_stream": True,
          "stream": True}),
        ("alibaba", {"reasoning": Reasoning(effort=ReasoningEffort.NONE)},
         {"enable_thinking": False}),
        ("alibaba", {"reasoning": Reasoning(max_tokens=500)},
         {"enable_thinking": True, "thinking_budget": 500}),
        ("minimax", {"reasoning": Reasoning(effort=ReasoningEffort.ADAPTIVE)},
         {"thinking": {"type": "adaptive"}}),
        ("volcengine", {"reasoning": Reasoning(effort=ReasoningEffort.ADAPTIVE)},
         {"thinking": {"type": "auto"}}),
        ("together", {"reasoning": Reasoning(effort=ReasoningEffort.NONE)},
         {"reasoning": {"enabled": False}}),
        ("groq", {"reasoning": Reasoning(effort=ReasoningEffort.ADAPTIVE)},
         {"reasoning_effort": "default"}),
        ("llama_cpp", {"reasoning": Reasoning(max_tokens=500)}, {"thinking_budget_tokens": 500}),
        *(
            (server, {"reasoning": Reasoning(effort=ReasoningEffort.NONE)},
             {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}})
            for server in (
                "vllm", "sglang", "gpustack", "llama_cpp", "nvidia_nim", "sambanova", "watsonx"
            )
        ),
        *(
            (vendor, {"reasoning": Reasoning(effort=ReasoningEffort.ADAPTIVE)},
             {"thinking": {"type": "enabled"}})
            for vendor in ("deepseek", "moonshot", "zai")
        ),
        ("alibaba", {"reasoning": Reasoning(effort=ReasoningEffort.ADAPTIVE)},
         {"enable_thinking": True}),
        *(
            (vendor, {"reasoning": Reasoning(effort=ReasoningEffort.ADAPTIVE)},
             {"reasoning": {"enabled": True}})
            for vendor in ("openrouter", "vercel_gateway")
        ),
        ("openrouter", {"reasoning": Reasoning(effort=ReasoningEffort.ADAPTIVE,
                                               visibility=ReasoningVisibility.HIDDEN)},
         {"reasoning": {"enabled": True, "exclude": True}}),
        ("bedrock", {"service_tier": ServiceTier.STANDARD,
                     "reasoning": Reasoning(effort=ReasoningEffort.LOW)},
         {"service_tier": "default", "reasoning_effort": "low"}),
        ("lm_studio", {"reasoning": Reasoning(effort=ReasoningEffort.XHIGH)},
         {"reasoning_effort": "xhigh"}),
        ("fireworks", {"reasoning": Reasoning(effort=ReasoningEffort.MAXIMUM)},
         {"reasoning_effort": "max"}),
        ("perplexity", {"reasoning": Reasoning(effort=ReasoningEffort.MINIMAL),
                        "sampling": Sampling(top_k=3)},
         {"reasoning_effort": "minimal", "top_k": 3}),
        ("vercel_gateway", {"reasoning": Reasoning(effort=ReasoningEffort.XHIGH)},
         {"reasoning": {"effort": "xhigh"}}),
    ],
)  # fmt: skip
def test_dialects_say_the_same_in_their_own_words(
    make_call: MakeCall, dialect: str, prompt: JsonObject, fields: JsonObject
) -> None:
    """A vendor's spelling is a fact of its dialect."""
    encoded = body(make_call(**prompt), dialect)

    for name in ("model", "messages", "tools"):
        encoded.pop(name, None)
    assert encoded == fields


def test_thoughts_go_back_where_the_vendor_has_them(make_call: MakeCall) -> None:
    """Thinking models continue their tool calls only with their own thoughts."""
    turns = (
        Message(role=Role.USER, parts=(TextPart(text="Hi"),)),
        Message(role=Role.ASSISTANT, parts=(ThoughtPart(text="Hm."), TextPart(text="Hello"))),
        Message(role=Role.USER, parts=(TextPart(text="More"),)),
    )
    call = make_call(messages=turns)

    assert body(call, "deepseek")["messages"][1] == {
        "role": "assistant",
        "reasoning_content": "Hm.",
        "content": "Hello",
    }
    assert body(call, "vllm")["messages"][1]["reasoning"] == "Hm."
    assert body(call, "mistral")["messages"][1]["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
        {"type": "text", "text": "Hello"},
    ]
    assert body(call, "openrouter")["messages"][1]["reasoning_details"] == [
        {"type": "reasoning.text", "text": "Hm."}
    ]
    assert body(call, "openai")["messages"][1] == {"role": "assistant", "content": "Hello"}


def test_signed_thoughts_go_back_as_they_came(make_call: MakeCall) -> None:
    """A proof that comes back changed is refused by the vendor."""
    signed = ThoughtPart(
        text="Hm.",
        signature=b'{"type":"reasoning.text","format":"anthropic-claude-v1","signature":"Ab=="}',
    )
    encrypted = ThoughtPart(encrypted=b'{"type":"reasoning.encrypted","data":"Zz==","id":"t1"}')
    turn = Message(role=Role.ASSISTANT, parts=(signed, encrypted, TextPart(text="Hello")))
    call = make_call(messages=(*user(TextPart(text="Hi")), turn, *user(TextPart(text="More"))))

    details = body(call, "openrouter")["messages"][1]["reasoning_details"]

    assert details == [
        {
            "type": "reasoning.text",
            "format": "anthropic-claude-v1",
            "signature": "Ab==",
            "text": "Hm.",
        },
        {"type": "reasoning.encrypted", "data": "Zz==", "id": "t1"},
    ]
    assert body(call, "deepseek")["messages"][1] == {
        "role": "assistant",
        "reasoning_content": "Hm.",
        "content": "Hello",
    }


def test_thought_that_another_format_signed_is_left_out(make_call: MakeCall) -> None:
    """Its proof means nothing here, and the conversation goes on without it."""
    turn = Message(
        role=Role.ASSISTANT, parts=(ThoughtPart(signature=b"\x00\x01"), TextPart(text="Hello"))
    )
    call = make_call(messages=(*user(TextPart(text="Hi")), turn, *user(TextPart(text="More"))))

    assert body(call, "openrouter")["messages"][1] == {"role": "assistant", "content": "Hello"}


def test_further_field_of_a_call_goes_back_to_a_server_of_its_kind_alone(
    make_call: MakeCall,
) -> None:
    """Google's compatible endpoint has the call's signature there; others refuse the field."""
    signature = b'{"extra_content":{"google":{"thought_signature":"c2ln"}}}'
    called = ToolCall(call_id="1", name="a", arguments_json="{}", signature=signature)
    turn = Message(role=Role.ASSISTANT, parts=(called,))
    call = make_call(messages=(*user(TextPart(text="Hi")), turn, *user(TextPart(text="More"))))

    sent = body(call, "generic")["messages"][1]["tool_calls"][0]
    elsewhere = body(call, "openai")["messages"][1]["tool_calls"][0]

    assert sent == {**elsewhere, "extra_content": {"google": {"thought_signature": "c2ln"}}}


def test_call_ids_follow_the_vendor(make_call: MakeCall) -> None:
    """Mistral takes nine letters and digits."""
    called = ToolCall(call_id="call_abcdefgh", name="a", arguments_json="{}")
    result = ToolResult(call_id="call_abcdefgh", parts=(TextPart(text="r"),))
    call = make_call(
        messages=(
            *user(TextPart(text="Hi")),
            Message(role=Role.ASSISTANT, parts=(called,)),
            Message(role=Role.TOOL, parts=(result,)),
        )
    )

    _, turn, answer = body(call, "mistral")["messages"]

    assert turn["tool_calls"][0]["id"] == answer["tool_call_id"]
    assert len(answer["tool_call_id"]) == 9


def test_beginning_of_the_answer_is_marked(make_call: MakeCall) -> None:
    """A vendor that does not know of it would answer something else."""
    turn = Message(role=Role.ASSISTANT, parts=(TextPart(text="Once upon"),))
    call = make_call(messages=(*user(TextPart(text="A tale")), turn))

    assert body(call, "mistral")["messages"][1]["prefix"] is True
    assert body(call, "moonshot")["messages"][1]["partial"] is True
    assert body(call, "vllm")["continue_final_message"] is True
    assert body(call, "vllm")["add_generation_prompt"] is False
    assert body(call, "openrouter")["messages"][1] == {"role": "assistant", "content": "Once upon"}
    assert "beginning of the answer" in refusal(call, "openai")


def test_cache_markers_are_written_as_the_vendor_has_them(make_call: MakeCall) -> None:
    """A marker that is lost costs the caller the price of the whole prompt."""
    marked = make_call(messages=user(TextPart(text="Long", cache=CacheLifetime.DEFAULT)))
    for_an_hour = make_call(messages=user(TextPart(text="Long", cache=CacheLifetime.LONG)))

    assert body(marked, "openai")["messages"][0]["content"] == [
        {"type": "text", "text": "Long", "prompt_cache_breakpoint": {"mode": "explicit"}}
    ]
    assert body(for_an_hour, "openrouter")["messages"][0]["content"] == [
        {"type": "text", "text": "Long", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    ]
    assert "lifetime `long`" in refusal(for_an_hour, "openai")
    assert "a cache marker" in refusal(marked, "vllm")


def test_documents_and_pictures_are_written_as_the_vendor_has_them(make_call: MakeCall) -> None:
    """Some take addresses and some take bytes only."""
    document = make_call(messages=user(FilePart(url="https://example.com/a.pdf", name="a.pdf")))
    picture = make_call(messages=user(ImagePart(url="https://example.com/a.png")))
    inline = make_call(messages=user(ImagePart(url="data:image/png;base64,AA==")))

    assert body(document, "mistral")["messages"][0]["content"] == [
        {
            "type": "document_url",
            "document_url": "https://example.com/a.pdf",
            "document_name": "a.pdf",
        }
    ]
    assert body(document, "openrouter")["messages"][0]["content"][0]["file"] == {
        "file_data": "https://example.com/a.pdf",
        "filename": "a.pdf",
    }
    assert "a document by its address" in refusal(document, "openai")
    assert "a document" in refusal(document, "groq")
    assert "a picture by its address" in refusal(picture, "ollama")
    assert body(inline, "ollama")["messages"][0]["content"][0]["type"] == "image_url"


@pytest.mark.parametrize(
    ("dialect", "prompt", "sentence"),
    [
        ("openai", {"sampling": Sampling(top_k=5)}, "`top_k`"),
        ("openai", {"sampling": Sampling(min_p=0.1)}, "`min_p`"),
        ("openai", {"sampling": Sampling(stop_sequences=("a", "b", "c", "d", "e"))},
         "more than 4 stop sequences"),
        ("openai", {"tools": (HostedTool(name="web_fetch"),)}, "the hosted tool `web_fetch`"),
        ("openai", {"reasoning": Reasoning(max_tokens=100)}, "tokens spent on thinking"),
        ("openai", {"reasoning": Reasoning(visibility=ReasoningVisibility.SUMMARY)},
         "a summary of the thoughts"),
        ("openai", {"output_modalities": (Modality.IMAGE,)}, "pictures in the answer"),
        ("openai", {"output_modalities": (Modality.VIDEO,)}, "output of the kind `video`"),
        ("openai", {"output_modalities": (Modality.AUDIO,)}, "without a voice"),
        ("openai", {"wire_extensions": (WireExtension(wire_format="gemini", fields_json="{}"),)},
         "fields of the wire format `gemini`"),
        ("openai", {"messages": user(AudioPart(data=b"x", media_type="audio/ogg"))},
         "sound of the type `audio/ogg`"),
        ("groq", {"messages": user(AudioPart(data=b"x", media_type="audio/wav"))}, "sound"),
        ("deepseek", {"messages": user(ImagePart(data=b"x", media_type="image/png"))}, "a picture"),
        ("groq", {"reasoning": Reasoning(effort=ReasoningEffort.MINIMAL)},
         "the reasoning effort `minimal`"),
        ("mistral", {"reasoning": Reasoning(effort=ReasoningEffort.LOW)},
         "the reasoning effort `low`"),
        ("mistral", {"end_user_id": "user-1"}, "an end user's id"),
        ("groq", {"prompt_cache_key": "key-1"}, "a key for the prompt cache"),
        ("generic", {"service_tier": ServiceTier.FLEX}, "the service tier `flex`"),
        ("generic", {"verbosity": Verbosity.LOW}, "verbosity"),
        ("generic", {"predicted_output": "x"}, "a predicted output"),
        ("groq", {"logprobs": 1}, "log probabilities"),
        ("groq", {"sampling": Sampling(logit_bias={1: 1.0})}, "logit bias"),
        ("deepseek", {"response_format": JsonSchemaFormat(name="a", json_schema="{}")},
         "an answer that obeys a schema"),
        ("ollama", {"tool_choice": ToolChoice(mode=ToolChoiceMode.REQUIRED)}, "a choice of tools"),
        ("ollama", {"parallel_tool_calls": False}, "called in parallel"),
        ("mistral", {"messages": (Message(role=Role.USER, name="a", parts=(TextPart(text="x"),)),)},
         "a participant's name"),
        ("openai", {"messages": (
            Message(role=Role.SYSTEM, parts=(ImagePart(url="https://example.com/a.png"),)),)},
         "`Image` in a system message"),
        ("openai", {"messages": (
            *user(TextPart(text="x")),
            Message(role=Role.ASSISTANT, parts=(AudioPart(data=b"x", media_type="audio/wav"),)),
            *user(TextPart(text="x")))}, "`Audio` in an assistant message"),
        ("openai", {"messages": (
            *user(TextPart(text="x")),
            Message(role=Role.TOOL, parts=(
                ToolResult(call_id="1", parts=(ImagePart(data=b"x", media_type="image/png"),)),)))},
         "`Image` in a tool's result"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused(
    make_call: MakeCall, dialect: str, prompt: JsonObject, sentence: str
) -> None:
    """A field that is dropped silently changes the answer without anybody knowing."""
    assert sentence in refusal(make_call(**prompt), dialect)


@pytest.mark.parametrize(
    ("dialect", "written"), [("openai", {"parallel_tool_calls": True}), ("ollama", {})]
)
def test_several_calls_are_what_vendors_without_a_switch_allow(
    make_call: MakeCall, dialect: str, written: JsonObject
) -> None:
    """What is allowed anyway need not be written."""
    encoded = body(make_call(parallel_tool_calls=True), dialect)

    assert {k: v for k, v in encoded.items() if k == "parallel_tool_calls"} == written


@pytest.mark.parametrize("field", sorted(CONTRACT_FIELDS))
def test_extension_cannot_say_what_the_contract_says(make_call: MakeCall, field: str) -> None:
    """It could undo a constraint, such as that nothing is stored."""
    extension = WireExtension(wire_format="openai_chat", fields_json=json.dumps({field: True}))

    assert f"`{field}` as an extension" in refusal(make_call(wire_extensions=(extension,)))


@pytest.mark.parametrize(
    ("effort", "fields", "written"),
    [
        (None, {"clear_thinking": False}, {"clear_thinking": False}),
        (
            ReasoningEffort.HIGH,
            {"clear_thinking": False},
            {"type": "enabled", "clear_thinking": False},
        ),
    ],
)
def test_extension_may_add_to_what_switches_thinking(
    make_call: MakeCall, effort: ReasoningEffort | None, fields: JsonObject, written: JsonObject
) -> None:
    """Vendors put more into this object than whether the model thinks."""
    extension = WireExtension(
        wire_format="openai_chat", fields_json=json.dumps({"thinking": fields})
    )
    call = make_call(reasoning=Reasoning(effort=effort), wire_extensions=(extension,))

    assert body(call, "zai")["thinking"] == written


@pytest.mark.parametrize("field", ["type", "budget_tokens", "effort"])
def test_extension_may_not_switch_thinking(make_call: MakeCall, field: str) -> None:
    """That is what the contract's effort and its limit say."""
    extension = WireExtension(
        wire_format="openai_chat", fields_json=json.dumps({"thinking": {field: 1}})
    )

    assert f"`thinking.{field}` as an extension" in refusal(
        make_call(wire_extensions=(extension,)), "zai"
    )


@pytest.mark.parametrize(
    "prompt",
    [
        {"tools": (FunctionTool(name="a", parameters_json_schema='{}},"store":true,"x":{'),)},
        {"response_format": JsonSchemaFormat(name="a", json_schema="[]")},
        {"wire_extensions": (WireExtension(wire_format="openai_chat", fields_json="{"),)},
    ],
    ids=["tool", "schema", "extension"],
)
def test_text_that_is_no_json_object_never_reaches_the_wire(
    make_call: MakeCall, prompt: JsonObject
) -> None:
    """Text that is pasted into the body could add fields of its own."""
    with pytest.raises(AttemptFailedError, match="is not a JSON object") as refused:
        body(make_call(**prompt))

    assert refused.value.failure.failure_class is FailureClass.INVALID_REQUEST


@ALL_DIALECTS
def test_declared_capabilities_agree_with_the_facts(dialect: OpenAiDialect) -> None:
    """A capability that the encoder refuses would let a request be planned in vain."""
    declared = dialect.capabilities

    assert (Capability.PREFILL in declared) == (dialect.prefill_form is not PrefillForm.NONE)
    assert (Capability.FILE_INPUT in declared) == (dialect.file_form is not FileForm.NONE)
    assert (Capability.SERVICE_TIER in declared) == bool(dialect.service_tiers)
    assert (Capability.PROMPT_CACHE in declared) == (
        dialect.cache_marker_form is not CacheMarkerForm.NONE
    )
    assert (Capability.HOSTED_TOOLS in declared) == (
        dialect.web_search_form is not WebSearchForm.NONE
    )
    assert Capability.STREAMING in declared


def test_probe_costs_nothing() -> None:
    """The list of models is not billed."""
    request = openai_chat(DIALECTS["openai"]).probe()

    assert (request.method, request.path, request.body) == ("GET", "/models", b"")


def test_another_vendor_is_a_handful_of_facts(make_call: MakeCall) -> None:
    """No code is needed for a compatible vendor with habits of its own."""
    dialect = dataclasses.replace(
        DIALECTS["generic"], name="acme", max_tokens_field="max_new_tokens", developer_role=True
    )
    call = make_call(
        messages=(
            Message(role=Role.DEVELOPER, parts=(TextPart(text="Be brief."),)),
            *user(TextPart(text="Hello")),
        ),
        sampling=Sampling(max_output_tokens=5),
    )

    encoded = body(call, dialect)

    assert encoded["max_new_tokens"] == 5
    assert encoded["messages"][0]["role"] == "developer"
