"""What a prompt becomes in the Responses format, and what cannot be said there."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
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
from routersvc.providers.formats.openai_responses.dialects import DIALECTS, ResponsesDialect
from routersvc.providers.formats.openai_responses.requests import CONTRACT_FIELDS
from routersvc.providers.formats.openai_responses.wire import openai_responses

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]
HELLO = {"role": "user", "content": "Hello"}
SCHEMA = '{"type": "object", "properties": {"city": {"type": "string"}}}'
WEATHER = FunctionTool(
    name="weather", description="Tells the weather", parameters_json_schema=SCHEMA, strict=True
)
ENCRYPTED: JsonObject = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [],
    "encrypted_content": "Zz==",
}
ALL_DIALECTS = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())


def body(call: AttemptCall, dialect: str | ResponsesDialect = "openai") -> JsonObject:
    """Return the body of the request for a call."""
    wire_format = openai_responses(DIALECTS[dialect] if isinstance(dialect, str) else dialect)
    encoded: JsonObject = json.loads(wire_format.encode(call).body)
    return encoded


def refusal(call: AttemptCall, dialect: str = "openai") -> str:
    """Return the sentence with which a call is refused."""
    with pytest.raises(AttemptFailedError) as refused:
        body(call, dialect)
    assert refused.value.failure.failure_class is FailureClass.CAPABILITY_MISMATCH
    return str(refused.value)


def thinking(call: AttemptCall) -> AttemptCall:
    """Return the call with a model that thinks."""
    model = dataclasses.replace(
        call.deployment.model, capabilities=frozenset({Capability.REASONING})
    )
    return dataclasses.replace(call, deployment=dataclasses.replace(call.deployment, model=model))


def user(*parts: Part) -> tuple[Message, ...]:
    """Return a conversation of one turn."""
    return (Message(role=Role.USER, parts=parts),)


def turns(*parts: Part) -> tuple[Message, ...]:
    """Return a conversation in which the model has said these parts."""
    said = Message(role=Role.ASSISTANT, parts=parts)
    return (*user(TextPart(text="Hi")), said, *user(TextPart(text="More")))


def test_smallest_request(make_call: MakeCall) -> None:
    """Nothing but what is asked for is said, and that nothing be kept: vendors keep by default."""
    request = openai_responses(DIALECTS["openai"]).encode(make_call())

    assert (request.method, request.path) == ("POST", "/responses")
    assert (b"accept", b"application/json") in request.headers
    assert json.loads(request.body) == {
        "model": "large-2026-01",
        "input": [HELLO],
        "store": False,
    }


def test_stream_is_asked_for(make_call: MakeCall) -> None:
    """Usage comes with the last event unasked."""
    request = openai_responses(DIALECTS["openai"]).encode(make_call(streaming=True))

    assert (b"accept", b"text/event-stream") in request.headers
    assert json.loads(request.body)["stream"] is True


def test_whole_conversation(make_call: MakeCall) -> None:
    """Every role and part that the format has keeps its place and its words."""
    proof = json.dumps(ENCRYPTED).encode()
    messages = (
        Message(role=Role.SYSTEM, parts=(TextPart(text="Be brief."),)),
        Message(role=Role.DEVELOPER, parts=(TextPart(text="One."), TextPart(text="Two."))),
        Message(
            role=Role.USER,
            parts=(
                TextPart(text="Look:"),
                ImagePart(url="https://example.com/a.png", detail=ImageDetail.HIGH),
                ImagePart(data=b"\x89PNG", media_type="image/png"),
                FilePart(data=b"%PDF", media_type="application/pdf", name="a.pdf"),
                FilePart(url="https://example.com/a.pdf"),
                FilePart(file_id="file-1"),
            ),
        ),
        Message(
            role=Role.ASSISTANT,
            parts=(
                ThoughtPart(encrypted=proof),
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

    encoded = body(make_call(messages=messages))["input"]

    assert encoded == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "developer",
            "content": [
                {"type": "input_text", "text": "One."},
                {"type": "input_text", "text": "Two."},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Look:"},
                {
                    "type": "input_image",
                    "image_url": "https://example.com/a.png",
                    "detail": "high",
                },
                {
                    "type": "input_image",
                    "image_url": "data:image/png;base64,iVBORw==",
                    "detail": "auto",
                },
                {
                    "type": "input_file",
                    "filename": "a.pdf",
                    "file_data": "data:application/pdf;base64,JVBERg==",
                },
                {"type": "input_file", "file_url": "https://example.com/a.pdf"},
                {"type": "input_file", "file_id": "file-1"},
            ],
        },
        ENCRYPTED,
        {"role": "assistant", "content": "Let me see."},
        {
            "type": "function_call",
            "call_id": "call-1",
            "name": "weather",
            "arguments": '{"city": "Ulm"}',
        },
        {"type": "function_call", "call_id": "call-2", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call-1", "output": "sunny"},
        {
            "type": "function_call_output",
            "call_id": "call-2",
            "output": "The tool failed: no city",
        },
        {"role": "assistant", "content": "I will not."},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": "Why?"},
    ]


def test_everything_that_openai_can_be_asked_for(make_call: MakeCall) -> None:
    """The whole contract as far as the format can express it."""
    call = make_call(
        tools=(
            WEATHER,
            FunctionTool(name="now"),
            HostedTool(name="web_search", settings_json='{"search_context_size": "low"}'),
            HostedTool(name="code_interpreter"),
        ),
        tool_choice=ToolChoice(mode=ToolChoiceMode.FUNCTION, function_name="weather"),
        parallel_tool_calls=False,
        response_format=JsonSchemaFormat(
            name="city", json_schema=SCHEMA, description="A city", strict=True
        ),
        sampling=Sampling(temperature=0.5, top_p=0.9, max_output_tokens=100),
        reasoning=Reasoning(effort=ReasoningEffort.MAXIMUM, visibility=ReasoningVisibility.SUMMARY),
        output_modalities=(Modality.TEXT,),
        logprobs=3,
        verbosity=Verbosity.LOW,
        end_user_id="user-1",
        prompt_cache_key="key-1",
        service_tier=ServiceTier.FLEX,
        wire_extensions=(
            WireExtension(wire_format="openai_responses", fields_json='{"max_tool_calls": 3}'),
        ),
        zero_data_retention=True,
        no_training=True,
    )

    encoded = body(thinking(call))

    assert encoded == {
        "model": "large-2026-01",
        "input": [HELLO],
        "store": False,
        "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
        "tools": [
            {
                "type": "function",
                "name": "weather",
                "description": "Tells the weather",
                "parameters": json.loads(SCHEMA),
                "strict": True,
            },
            {
                "type": "function",
                "name": "now",
                "parameters": {"type": "object", "properties": {}},
                "strict": None,
            },
            {"type": "web_search", "search_context_size": "low"},
            {"type": "code_interpreter"},
        ],
        "tool_choice": {"type": "function", "name": "weather"},
        "parallel_tool_calls": False,
        "text": {
            "format": {
                "type": "json_schema",
                "name": "city",
                "schema": json.loads(SCHEMA),
                "description": "A city",
                "strict": True,
            },
            "verbosity": "low",
        },
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 100,
        "top_logprobs": 3,
        "reasoning": {"effort": "max", "summary": "auto"},
        "safety_identifier": "user-1",
        "prompt_cache_key": "key-1",
        "service_tier": "flex",
        "max_tool_calls": 3,
    }


def test_extension_adds_to_the_reasoning_settings(make_call: MakeCall) -> None:
    """A new setting of the vendor's goes beside those of the contract, and never over them."""
    adapter = openai_responses(DIALECTS["openai"])
    wanted = Reasoning(effort=ReasoningEffort.LOW)

    def call(**settings: str) -> AttemptCall:
        fields = json.dumps({"reasoning": settings})
        extension = WireExtension(wire_format="openai_responses", fields_json=fields)
        return make_call(reasoning=wanted, wire_extensions=(extension,))

    body = json.loads(adapter.encode(call(context="all_turns")).body)

    assert body["reasoning"] == {"effort": "low", "context": "all_turns"}
    with pytest.raises(AttemptFailedError):
        adapter.encode(call(effort="high"))


@pytest.mark.parametrize(
    ("dialect", "prompt", "fields"),
    [
        ("openai", {"response_format": JsonObjectFormat()},
         {"text": {"format": {"type": "json_object"}}}),
        ("openai", {"reasoning": Reasoning(visibility=ReasoningVisibility.FULL)},
         {"reasoning": {"summary": "detailed"}}),
        ("openai", {"reasoning": Reasoning(visibility=ReasoningVisibility.HIDDEN)}, {}),
        ("deepseek", {"reasoning": Reasoning(visibility=ReasoningVisibility.FULL)}, {}),
        ("openai", {"tool_choice": ToolChoice(mode=ToolChoiceMode.REQUIRED)},
         {"tool_choice": "required"}),
        ("openai", {"tool_choice": ToolChoice()}, {"tool_choice": "auto"}),
        ("openai", {"logprobs": 0}, {"include": ["message.output_text.logprobs"]}),
        ("azure", {"end_user_id": "u"}, {"user": "u"}),
        ("azure", {"service_tier": ServiceTier.PRIORITY}, {"service_tier": "priority"}),
        ("generic", {"sampling": Sampling(max_output_tokens=3)}, {"max_output_tokens": 3}),
        ("openai", {"zero_data_retention": True}, {}),
        ("openai", {"no_training": True}, {}),
    ],
)  # fmt: skip
def test_dialects_say_the_same_in_their_own_words(
    make_call: MakeCall, dialect: str, prompt: JsonObject, fields: JsonObject
) -> None:
    """A vendor's spelling is a fact of its dialect."""
    encoded = body(make_call(**prompt), dialect)

    assert encoded.pop("store") is False
    for name in ("model", "input"):
        encoded.pop(name)
    assert encoded == fields


@ALL_DIALECTS
@pytest.mark.parametrize("asked", [{}, {"zero_data_retention": True}, {"no_training": True}])
def test_nothing_is_ever_stored(
    make_call: MakeCall, dialect: ResponsesDialect, asked: JsonObject
) -> None:
    """The vendors' default is to keep every answer for weeks, and the router needs none of it."""
    assert body(make_call(**asked), dialect)["store"] is False


def test_encrypted_thoughts_are_asked_for_where_a_model_has_them(make_call: MakeCall) -> None:
    """Without them a thinking model forgets its thoughts; a model without any refuses the word."""
    hidden = make_call(reasoning=Reasoning(visibility=ReasoningVisibility.HIDDEN))

    assert body(thinking(make_call()))["include"] == ["reasoning.encrypted_content"]
    assert "include" not in body(make_call())
    assert "include" not in body(thinking(hidden))
    assert "include" not in body(thinking(make_call()), "deepseek")


def test_schema_of_a_tool_is_as_strict_as_the_caller_says(make_call: MakeCall) -> None:
    """OpenAI requires the field even at its default; others may not know it."""
    tools = make_call(tools=(FunctionTool(name="now"),))

    assert body(tools, "openai")["tools"][0]["strict"] is None
    assert "strict" not in body(tools, "generic")["tools"][0]


def test_developer_is_the_system_where_there_is_none(make_call: MakeCall) -> None:
    """The role is OpenAI's; others know the older word."""
    told = (
        Message(role=Role.DEVELOPER, parts=(TextPart(text="Be brief."),)),
        *user(TextPart(text="x")),
    )

    assert body(make_call(messages=told), "xai")["input"][0]["role"] == "developer"
    assert body(make_call(messages=told), "deepseek")["input"][0]["role"] == "system"


def test_thoughts_go_back_as_they_came(make_call: MakeCall) -> None:
    """A proof that comes back changed is refused by the vendor."""
    proof = {**ENCRYPTED, "summary": [{"type": "summary_text", "text": "Hm."}]}
    signed = ThoughtPart(text="Hm.", encrypted=json.dumps(proof).encode())
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    call = make_call(
        messages=turns(
            signed, ThoughtPart(encrypted=json.dumps(search).encode()), TextPart(text="Hello")
        )
    )

    assert body(call)["input"][1:4] == [proof, search, {"role": "assistant", "content": "Hello"}]
    assert "an encrypted thought" in refusal(call, "deepseek")


def test_plain_thoughts_go_back_where_the_vendor_shows_them(make_call: MakeCall) -> None:
    """Servers that show their thoughts take them back as they showed them."""
    call = make_call(
        messages=turns(ThoughtPart(text="Hm."), ThoughtPart(text="Ah."), TextPart(text="Hello"))
    )

    assert body(call, "deepseek")["input"][1:3] == [
        {
            "type": "reasoning",
            "id": f"rs_{number}",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": text}],
        }
        for number, text in ((1, "Hm."), (2, "Ah."))
    ]
    assert "without their proof" in refusal(call, "openai")


def test_call_of_a_custom_tool_goes_back_as_one(make_call: MakeCall) -> None:
    """Its input is text, and its result must be one of a custom call too."""
    called = ToolCall(
        call_id="call-1",
        name="calculate",
        arguments_json='{"input":"4 + 4"}',
        signature=b'{"type":"custom_tool_call"}',
    )
    result = Message(
        role=Role.TOOL, parts=(ToolResult(call_id="call-1", parts=(TextPart(text="8"),)),)
    )
    call = make_call(
        messages=(
            *user(TextPart(text="Hi")),
            Message(role=Role.ASSISTANT, parts=(called,)),
            result,
        )
    )

    assert body(call)["input"][1:] == [
        {
            "type": "custom_tool_call",
            "call_id": "call-1",
            "name": "calculate",
            "input": "4 + 4",
        },
        {"type": "custom_tool_call_output", "call_id": "call-1", "output": "8"},
    ]


def test_call_keeps_what_else_the_vendor_said_of_it(make_call: MakeCall) -> None:
    """A tool that a search has found is known by its namespace as well."""
    called = ToolCall(
        call_id="call-1",
        name="rate",
        arguments_json="{}",
        signature=b'{"type":"function_call","namespace":"money"}',
    )

    assert body(make_call(messages=turns(called)))["input"][1] == {
        "type": "function_call",
        "namespace": "money",
        "call_id": "call-1",
        "name": "rate",
        "arguments": "{}",
    }


def test_results_of_tools_may_hold_pictures_and_documents(make_call: MakeCall) -> None:
    """A tool that looks something up often finds more than text."""
    result = ToolResult(
        call_id="call-1",
        parts=(
            ImagePart(data=b"\x89PNG", media_type="image/png"),
            FilePart(data=b"%PDF", media_type="application/pdf"),
        ),
        is_error=True,
    )
    call = make_call(
        messages=(*user(TextPart(text="Hi")), Message(role=Role.TOOL, parts=(result,)))
    )

    assert [part["type"] for part in body(call)["input"][1]["output"]] == [
        "input_text",
        "input_image",
        "input_file",
    ]


def test_cache_markers_are_written_as_the_vendor_has_them(make_call: MakeCall) -> None:
    """A marker that is lost costs the caller the price of the whole prompt."""
    marked = make_call(messages=user(TextPart(text="Long", cache=CacheLifetime.DEFAULT)))
    for_an_hour = make_call(messages=user(TextPart(text="Long", cache=CacheLifetime.LONG)))

    assert body(marked)["input"][0]["content"] == [
        {"type": "input_text", "text": "Long", "prompt_cache_breakpoint": {"mode": "explicit"}}
    ]
    assert "lifetime `long`" in refusal(for_an_hour)
    assert "a cache marker" in refusal(marked, "xai")


@pytest.mark.parametrize(
    ("dialect", "prompt", "sentence"),
    [
        ("openai", {"sampling": Sampling(top_k=5)}, "`top_k`"),
        ("openai", {"sampling": Sampling(min_p=0.1)}, "`min_p`"),
        ("openai", {"sampling": Sampling(seed=5)}, "`seed`"),
        ("openai", {"sampling": Sampling(frequency_penalty=0.1)}, "`frequency_penalty`"),
        ("openai", {"sampling": Sampling(presence_penalty=0.1)}, "`presence_penalty`"),
        ("openai", {"sampling": Sampling(stop_sequences=("a",))}, "stop sequences"),
        ("openai", {"sampling": Sampling(logit_bias={1: 1.0})}, "logit bias"),
        ("openai", {"sampling": Sampling(max_output_tokens=15)}, "less than 16 output tokens"),
        ("openai", {"reasoning": Reasoning(max_tokens=100)}, "tokens spent on thinking"),
        ("xai", {"reasoning": Reasoning(effort=ReasoningEffort.MINIMAL)},
         "the reasoning effort `minimal`"),
        ("deepseek", {"reasoning": Reasoning(visibility=ReasoningVisibility.SUMMARY)},
         "a summary of the thoughts"),
        ("openai", {"output_modalities": (Modality.TEXT, Modality.AUDIO),
                    "audio_output": AudioOutput(voice="alloy", media_type="audio/wav")},
         "output of the kind `audio`"),
        ("openai", {"predicted_output": "x"}, "a predicted output"),
        ("generic", {"prompt_cache_key": "key-1"}, "a key for the prompt cache"),
        ("generic", {"service_tier": ServiceTier.FLEX}, "the service tier `flex`"),
        ("generic", {"verbosity": Verbosity.LOW}, "verbosity"),
        ("deepseek", {"logprobs": 1}, "log probabilities"),
        ("deepseek", {"messages": user(ImagePart(data=b"x", media_type="image/png"))}, "a picture"),
        ("openai", {"messages": user(AudioPart(data=b"x", media_type="audio/wav"))},
         "`Audio` in a user message"),
        ("openai", {"messages": (Message(role=Role.USER, name="a", parts=(TextPart(text="x"),)),)},
         "a participant's name"),
        ("openai", {"messages": (
            Message(role=Role.SYSTEM, parts=(ImagePart(url="https://example.com/a.png"),)),)},
         "`Image` in a system message"),
        ("openai", {"messages": turns(AudioPart(data=b"x", media_type="audio/wav"))},
         "`Audio` in an assistant message"),
        ("openai", {"messages": turns(ThoughtPart(signature=b"\x00"))}, "another provider signed"),
        ("openai", {"messages": turns(
            ToolCall(call_id="1", name="a", arguments_json="{}", signature=b"x"))},
         "a tool call that another provider signed"),
        ("openai", {"messages": turns(TextPart(text="x", cache=CacheLifetime.DEFAULT))},
         "a cache marker on an answer"),
        ("openai", {"messages": (*user(TextPart(text="x")),
                                 Message(role=Role.ASSISTANT, parts=(TextPart(text="y"),)))},
         "the beginning of the answer"),
        ("openai", {"wire_extensions": (WireExtension(wire_format="gemini", fields_json="{}"),)},
         "fields of the wire format `gemini`"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused(
    make_call: MakeCall, dialect: str, prompt: JsonObject, sentence: str
) -> None:
    """A field that is dropped silently changes the answer without anybody knowing."""
    assert sentence in refusal(make_call(**prompt), dialect)


@pytest.mark.parametrize("field", sorted(CONTRACT_FIELDS))
def test_extension_cannot_say_what_the_contract_says(make_call: MakeCall, field: str) -> None:
    """It could undo a constraint, such as that nothing is stored."""
    extension = WireExtension(wire_format="openai_responses", fields_json=json.dumps({field: 1}))

    assert f"`{field}` as an extension" in refusal(make_call(wire_extensions=(extension,)))


def test_settings_of_a_hosted_tool_cannot_make_it_another(make_call: MakeCall) -> None:
    """What the caller names is what is called."""
    tool = HostedTool(name="web_search", settings_json='{"type": "mcp"}')

    assert body(make_call(tools=(tool,)))["tools"] == [{"type": "web_search"}]


WHOLE: tuple[JsonObject, ...] = (
    {"messages": turns(ThoughtPart(encrypted=json.dumps(ENCRYPTED).encode()), TextPart(text="x"))},
    {
        "messages": turns(
            ToolCall(
                call_id="1",
                name="a",
                arguments_json='{"input": "x"}',
                signature=b'{"type": "custom_tool_call"}',
            )
        )
    },
    {
        "messages": (
            *turns(ToolCall(call_id="1", name="a", arguments_json="{}")),
            Message(
                role=Role.TOOL,
                parts=(
                    ToolResult(
                        call_id="1",
                        parts=(TextPart(text="x"), ImagePart(data=b"x", media_type="image/png")),
                    ),
                ),
            ),
        )
    },
)
"""Conversations beyond what capabilities need, for the schema."""


@pytest.mark.parametrize("dialect", ["openai", "azure", "xai"])
@pytest.mark.parametrize(
    "schema", ["openai.responses.request.schema.json", "openai.responses.request.sdk.schema.json"]
)
def test_conversations_obey_the_vendors_own_schema(
    make_call: MakeCall, shared: Path, dialect: str, schema: str
) -> None:
    """What goes back unchanged is in a shape that the vendor has published."""
    # A message with parts is an item of two kinds by this schema, which wants exactly one.
    text = (shared / "wire/specs" / schema).read_text().replace('"oneOf"', '"anyOf"')
    validator: Any = jsonschema.Draft202012Validator(json.loads(text))
    facts = dataclasses.replace(DIALECTS[dialect], strict_required=True)

    for prompt in WHOLE:
        encoded = body(thinking(make_call(**prompt)), facts)
        faults = [fault.message for fault in validator.iter_errors(encoded)]

        assert faults == [], prompt


def test_probe_costs_nothing() -> None:
    """The list of models is not billed."""
    request = openai_responses(DIALECTS["openai"]).probe()

    assert (request.method, request.path, request.body) == ("GET", "/models", b"")
