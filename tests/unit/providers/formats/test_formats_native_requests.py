"""What a prompt becomes at Google, Cohere and Ollama, and what cannot be said there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from routersvc.app.wire_formats import adapter, known_wire_formats
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
from routersvc.domain.conversation.prompts import AudioOutput, Sampling, ServiceTier, WireExtension
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort, ReasoningVisibility
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.cohere_chat import requests as cohere_requests
from routersvc.providers.formats.gemini import requests as gemini_requests
from routersvc.providers.formats.ollama_chat import requests as ollama_requests
from routersvc.providers.wire_format import WireFormat, WireRequest

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]

FORMATS: Mapping[str, WireFormat] = {
    "gemini": adapter("gemini", "gemini"),
    "vertex": adapter("gemini", "vertex"),
    "cohere": adapter("cohere_chat", "plain"),
    "ollama": adapter("ollama_chat", "plain"),
}
ALL = pytest.mark.parametrize("vendor", FORMATS)
SCHEMA = '{"type": "object", "properties": {"city": {"type": "string"}}}'
WEATHER = FunctionTool(
    name="weather", description="Tells the weather", parameters_json_schema=SCHEMA
)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
PICTURE = ImagePart(data=b"\x89PNG", media_type="image/png")


def request_for(call: AttemptCall, vendor: str) -> WireRequest:
    """Return the request for a call."""
    return FORMATS[vendor].encode(call)


def body(call: AttemptCall, vendor: str) -> JsonObject:
    """Return the body of the request for a call."""
    encoded: JsonObject = json.loads(request_for(call, vendor).body)
    return encoded


def refusal(call: AttemptCall, vendor: str) -> str:
    """Return the sentence with which a call is refused."""
    with pytest.raises(AttemptFailedError) as refused:
        body(call, vendor)
    assert refused.value.failure.failure_class is FailureClass.CAPABILITY_MISMATCH
    return str(refused.value)


def user(*parts: Part) -> tuple[Message, ...]:
    """Return a conversation of one turn."""
    return (Message(role=Role.USER, parts=parts),)


def after_hello(*messages: Message) -> tuple[Message, ...]:
    """Return a conversation that goes on after a greeting and ends with a question."""
    return (*user(TextPart(text="Hello")), *messages, *user(TextPart(text="And?")))


CALL = ToolCall(call_id="call-1", name="weather", arguments_json='{"city": "Ulm"}')
TURNS = after_hello(
    Message(
        role=Role.ASSISTANT, parts=(ThoughtPart(text="Hm."), TextPart(text="Let me see."), CALL)
    ),
    Message(role=Role.TOOL, parts=(ToolResult(call_id="call-1", parts=(TextPart(text="sunny"),)),)),
)
FAILING_TURNS = after_hello(
    Message(role=Role.ASSISTANT, parts=(CALL,)),
    Message(
        role=Role.TOOL,
        parts=(ToolResult(call_id="call-1", parts=(TextPart(text="no city"),), is_error=True),),
    ),
)


@pytest.mark.parametrize(
    ("vendor", "streaming", "path", "expected"),
    [
        ("gemini", False, "/models/large-2026-01:generateContent",
         {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}),
        ("gemini", True, "/models/large-2026-01:streamGenerateContent?alt=sse",
         {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}),
        ("vertex", False, "/publishers/google/models/large-2026-01:generateContent",
         {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}),
        ("cohere", False, "/v2/chat",
         {"model": "large-2026-01", "stream": False,
          "messages": [{"role": "user", "content": "Hello"}]}),
        ("ollama", True, "/api/chat",
         {"model": "large-2026-01", "stream": True,
          "messages": [{"role": "user", "content": "Hello"}]}),
    ],
)  # fmt: skip
def test_smallest_request(
    make_call: MakeCall, vendor: str, path: str, expected: JsonObject, *, streaming: bool
) -> None:
    """What is not asked for is not on the wire."""
    request = request_for(make_call(streaming=streaming), vendor)

    assert (request.method, request.path) == ("POST", path)
    assert json.loads(request.body) == expected


@pytest.mark.parametrize(
    ("vendor", "messages", "expected"),
    [
        ("gemini", TURNS, [
            {"role": "model", "parts": [
                {"thought": True, "text": "Hm."},
                {"text": "Let me see."},
                {"functionCall": {"id": "call-1", "name": "weather", "args": {"city": "Ulm"}}}]},
            {"role": "user", "parts": [{"functionResponse": {
                "id": "call-1", "name": "weather", "response": {"output": "sunny"}}}]}]),
        ("gemini", FAILING_TURNS, [
            {"role": "model", "parts": [
                {"functionCall": {"id": "call-1", "name": "weather", "args": {"city": "Ulm"}}}]},
            {"role": "user", "parts": [{"functionResponse": {
                "id": "call-1", "name": "weather", "response": {"error": "no city"}}}]}]),
        ("cohere", TURNS, [
            {"role": "assistant", "tool_plan": "Hm.", "content": "Let me see.", "tool_calls": [
                {"id": "call-1", "type": "function",
                 "function": {"name": "weather", "arguments": '{"city": "Ulm"}'}}]},
            {"role": "tool", "tool_call_id": "call-1", "content": "sunny"}]),
        ("cohere", FAILING_TURNS, [
            {"role": "assistant", "tool_calls": [
                {"id": "call-1", "type": "function",
                 "function": {"name": "weather", "arguments": '{"city": "Ulm"}'}}]},
            {"role": "tool", "tool_call_id": "call-1", "content": "The tool failed: no city"}]),
        ("cohere", after_hello(
            Message(role=Role.ASSISTANT, parts=(ThoughtPart(text="Hm."), TextPart(text="No.")))), [
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "No."}]}]),
        ("ollama", TURNS, [
            {"role": "assistant", "content": "Let me see.", "thinking": "Hm.", "tool_calls": [
                {"id": "call-1", "function": {"name": "weather", "arguments": {"city": "Ulm"}}}]},
            {"role": "tool", "tool_call_id": "call-1", "tool_name": "weather",
             "content": "sunny"}]),
        ("ollama", FAILING_TURNS, [
            {"role": "assistant", "content": "", "tool_calls": [
                {"id": "call-1", "function": {"name": "weather", "arguments": {"city": "Ulm"}}}]},
            {"role": "tool", "tool_call_id": "call-1", "tool_name": "weather",
             "content": "The tool failed: no city"}]),
    ],
)  # fmt: skip
def test_earlier_turns_keep_their_places(
    make_call: MakeCall, vendor: str, messages: tuple[Message, ...], expected: list[JsonObject]
) -> None:
    """Thoughts, calls and results go back in the vendor's own words."""
    encoded = body(make_call(messages=messages), vendor)

    assert encoded["contents" if vendor == "gemini" else "messages"][1:-1] == expected


def test_long_results_are_sent_as_text(make_call: MakeCall) -> None:
    """A result of megabytes is not parsed, because that would hold up every other call."""
    short, long = ('{"lines": ["' + "a" * number + '"]}' for number in (10, 100_000))
    for text, is_parsed in ((short, True), (long, False)):
        result = ToolResult(call_id="call-1", parts=(TextPart(text=text),))
        messages = after_hello(
            Message(role=Role.ASSISTANT, parts=(CALL,)), Message(role=Role.TOOL, parts=(result,))
        )

        encoded = body(make_call(messages=messages), "gemini")

        response = encoded["contents"][2]["parts"][0]["functionResponse"]["response"]
        assert response == (json.loads(text) if is_parsed else {"output": text})


WORDS: Sequence[tuple[str, JsonObject, JsonObject]] = [
    ("gemini", {"sampling": Sampling(
        temperature=0.5, top_p=0.9, top_k=40, frequency_penalty=0.1, presence_penalty=-0.1,
        seed=7, stop_sequences=("END",), max_output_tokens=100)},
     {"generationConfig": {
         "temperature": 0.5, "topP": 0.9, "topK": 40, "frequencyPenalty": 0.1,
         "presencePenalty": -0.1, "seed": 7, "stopSequences": ["END"],
         "maxOutputTokens": 100}}),
    ("gemini", {"tools": (WEATHER, FunctionTool(name="now")), "tool_choice": ToolChoice(
        mode=ToolChoiceMode.FUNCTION, function_name="weather")},
     {"tools": [{"functionDeclarations": [
         {"name": "weather", "description": "Tells the weather", "parametersJsonSchema": CITY},
         {"name": "now"}]}],
      "toolConfig": {"functionCallingConfig": {
          "mode": "ANY", "allowedFunctionNames": ["weather"]}}}),
    ("gemini", {"tools": (FunctionTool(name="now", strict=True),)},
     {"tools": [{"functionDeclarations": [{"name": "now"}]}],
      "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}}}),
    ("gemini", {"tool_choice": ToolChoice(mode=ToolChoiceMode.NONE)},
     {"toolConfig": {"functionCallingConfig": {"mode": "NONE"}}}),
    ("gemini", {"response_format": JsonSchemaFormat(name="city", json_schema=SCHEMA)},
     {"generationConfig": {
         "responseMimeType": "application/json", "responseJsonSchema": CITY}}),
    ("gemini", {"response_format": JsonObjectFormat(), "logprobs": 3},
     {"generationConfig": {"responseMimeType": "application/json", "responseLogprobs": True,
                           "logprobs": 3}}),
    ("gemini", {"output_modalities": (Modality.AUDIO,),
                "audio_output": AudioOutput(voice="Kore", media_type="audio/pcm")},
     {"generationConfig": {"responseModalities": ["AUDIO"], "speechConfig": {
         "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}}}),
    ("gemini", {"output_modalities": (Modality.TEXT, Modality.IMAGE)},
     {"generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}}),
    ("gemini", {"reasoning": Reasoning(
        effort=ReasoningEffort.LOW, visibility=ReasoningVisibility.SUMMARY)},
     {"generationConfig": {"thinkingConfig": {
         "thinkingLevel": "LOW", "includeThoughts": True}}}),
    ("gemini", {"reasoning": Reasoning(
        max_tokens=500, visibility=ReasoningVisibility.HIDDEN)},
     {"generationConfig": {"thinkingConfig": {
         "thinkingBudget": 500, "includeThoughts": False}}}),
    ("gemini", {"service_tier": ServiceTier.FLEX}, {"serviceTier": "flex"}),
    ("gemini", {"zero_data_retention": True}, {"store": False}),
    ("gemini", {"no_training": True}, {"store": False}),
    ("vertex", {"zero_data_retention": True, "no_training": True}, {}),
    ("vertex", {"service_tier": ServiceTier.STANDARD}, {}),
    ("gemini", {"wire_extensions": (WireExtension(
        wire_format="gemini",
        fields_json='{"safety_settings": [], "generationConfig": {"imageConfig": {}}}'),)},
     {"safetySettings": [], "generationConfig": {"imageConfig": {}}}),
    ("cohere", {"sampling": Sampling(
        temperature=0.5, top_p=0.9, top_k=40, frequency_penalty=0.1, presence_penalty=0.2,
        seed=7, stop_sequences=("END",), max_output_tokens=100)},
     {"temperature": 0.5, "p": 0.9, "k": 40, "frequency_penalty": 0.1,
      "presence_penalty": 0.2, "seed": 7, "stop_sequences": ["END"], "max_tokens": 100}),
    ("cohere", {"tools": (WEATHER, FunctionTool(name="now")), "tool_choice": ToolChoice(
        mode=ToolChoiceMode.FUNCTION, function_name="weather")},
     {"tool_choice": "REQUIRED", "tools": [{"type": "function", "function": {
         "name": "weather", "description": "Tells the weather", "parameters": CITY}}]}),
    ("cohere", {"tools": (FunctionTool(name="now", strict=True),),
                "tool_choice": ToolChoice(mode=ToolChoiceMode.NONE)},
     {"tool_choice": "NONE", "strict_tools": True, "tools": [{"type": "function", "function": {
         "name": "now", "parameters": {"type": "object", "properties": {}}}}]}),
    ("cohere", {"response_format": JsonSchemaFormat(name="city", json_schema=SCHEMA)},
     {"response_format": {"type": "json_object", "json_schema": CITY}}),
    ("cohere", {"reasoning": Reasoning(effort=ReasoningEffort.NONE)},
     {"thinking": {"type": "disabled"}}),
    ("cohere", {"reasoning": Reasoning(effort=ReasoningEffort.HIGH, max_tokens=500)},
     {"thinking": {"type": "enabled", "token_budget": 500}}),
    ("cohere", {"reasoning": Reasoning(max_tokens=0)}, {"thinking": {"type": "disabled"}}),
    ("cohere", {"wire_extensions": (WireExtension(
        wire_format="cohere_chat", fields_json='{"safety_mode": "OFF"}'),)},
     {"safety_mode": "OFF"}),
    ("ollama", {"sampling": Sampling(
        temperature=0.5, top_p=0.9, top_k=40, min_p=0.1, frequency_penalty=0.1,
        presence_penalty=0.2, seed=7, stop_sequences=("END",), max_output_tokens=100)},
     {"options": {
         "temperature": 0.5, "top_p": 0.9, "top_k": 40, "min_p": 0.1,
         "frequency_penalty": 0.1, "presence_penalty": 0.2, "seed": 7, "stop": ["END"],
         "num_predict": 100}}),
    ("ollama", {"response_format": JsonSchemaFormat(name="city", json_schema=SCHEMA)},
     {"format": CITY}),
    ("ollama", {"reasoning": Reasoning(effort=ReasoningEffort.NONE)}, {"think": False}),
    ("ollama", {"reasoning": Reasoning(effort=ReasoningEffort.MAXIMUM)}, {"think": "max"}),
    ("ollama", {"logprobs": 2}, {"logprobs": True, "top_logprobs": 2}),
    ("ollama", {"wire_extensions": (WireExtension(
        wire_format="ollama_chat",
        fields_json='{"keep_alive": "5m", "options": {"num_ctx": 8192}}'),)},
     {"keep_alive": "5m", "options": {"num_ctx": 8192}}),
]  # fmt: skip


@pytest.mark.parametrize(("vendor", "prompt", "fields"), WORDS)
def test_everything_is_said_in_the_vendors_words(
    make_call: MakeCall, vendor: str, prompt: JsonObject, fields: JsonObject
) -> None:
    """The whole contract as far as the formats can express it."""
    encoded = body(make_call(**prompt), vendor)

    for name in ("model", "messages", "contents", "stream"):
        encoded.pop(name, None)
    assert encoded == fields


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (PICTURE, {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}),
        (ImagePart(url="data:image/gif;base64,AA==", detail=ImageDetail.LOW),
         {"inlineData": {"mimeType": "image/gif", "data": "AA=="},
          "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}}),
        (ImagePart(url="https://example.com/a.JPG?size=2"),
         {"fileData": {"fileUri": "https://example.com/a.JPG?size=2", "mimeType": "image/jpeg"}}),
        (ImagePart(url="https://example.com/a", media_type="image/png"),
         {"fileData": {"fileUri": "https://example.com/a", "mimeType": "image/png"}}),
        (AudioPart(data=b"RIFF", media_type="audio/wav"),
         {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}}),
        (FilePart(data=b"%PDF", media_type="application/pdf"),
         {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}}),
        (FilePart(file_id="gs://bucket/a.pdf", media_type="application/pdf"),
         {"fileData": {"fileUri": "gs://bucket/a.pdf", "mimeType": "application/pdf"}}),
        (FilePart(file_id="files/abc"), {"fileData": {"fileUri": "files/abc"}}),
    ],
    ids=["bytes", "data", "address", "typed", "sound", "document", "bucket", "uploaded"],
)  # fmt: skip
def test_media_are_written_as_google_has_them(
    make_call: MakeCall, part: Part, expected: JsonObject
) -> None:
    """Bytes with their type, or an address with its type: nothing is fetched on the way."""
    assert body(make_call(messages=user(part)), "vertex")["contents"][0]["parts"] == [expected]


def test_pictures_are_written_as_the_others_have_them(make_call: MakeCall) -> None:
    """Cohere takes addresses and bytes, Ollama bytes alone."""
    by_value = make_call(messages=user(TextPart(text="Look:"), PICTURE))
    by_address = make_call(
        messages=user(ImagePart(url="https://example.com/a.png", detail=ImageDetail.HIGH))
    )

    assert body(by_value, "cohere")["messages"][0]["content"] == [
        {"type": "text", "text": "Look:"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
    ]
    assert body(by_address, "cohere")["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "high"}}
    ]
    assert body(by_value, "ollama")["messages"][0] == {
        "role": "user",
        "content": "Look:",
        "images": ["iVBORw=="],
    }


def test_instructions_have_a_place_of_their_own_at_google(make_call: MakeCall) -> None:
    """They are no turn of the conversation there."""
    call = make_call(
        messages=(
            Message(role=Role.SYSTEM, parts=(TextPart(text="Be brief."),)),
            Message(role=Role.DEVELOPER, parts=(TextPart(text="Be kind."),)),
            *user(TextPart(text="Hello")),
        )
    )

    assert body(call, "gemini") == {
        "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]},
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
    }


def test_signatures_go_back_to_the_parts_that_they_stood_on(make_call: MakeCall) -> None:
    """Gemini 3 refuses a conversation whose call has lost its signature."""
    turn = Message(
        role=Role.ASSISTANT,
        parts=(
            ThoughtPart(text="Hm.", signature=b"dGhvdWdodA=="),
            ThoughtPart(signature=b"text:dGV4dA=="),
            TextPart(text="One"),
            TextPart(text="Two"),
            ImagePart(data=b"\x89PNG", media_type="image/png"),
            ThoughtPart(signature=b"media:bWVkaWE="),
            ToolCall(call_id="1", name="a", arguments_json="", signature=b"Y2FsbA=="),
            ToolCall(call_id="2", name="b", arguments_json="{}"),
        ),
    )

    parts = body(make_call(messages=after_hello(turn)), "gemini")["contents"][1]["parts"]

    assert parts == [
        {"thought": True, "text": "Hm.", "thoughtSignature": "dGhvdWdodA=="},
        {"text": "One"},
        {"text": "Two", "thoughtSignature": "dGV4dA=="},
        {
            "inlineData": {"mimeType": "image/png", "data": "iVBORw=="},
            "thoughtSignature": "bWVkaWE=",
        },
        {
            "functionCall": {"id": "1", "name": "a", "args": {}},
            "thoughtSignature": "Y2FsbA==",
        },
        {"functionCall": {"id": "2", "name": "b", "args": {}}},
    ]


def test_signature_without_its_part_stands_on_an_empty_text(make_call: MakeCall) -> None:
    """So Google itself ends a stream whose last words have gone already."""
    turn = Message(role=Role.ASSISTANT, parts=(ThoughtPart(signature=b"text:dGV4dA=="), CALL))

    parts = body(make_call(messages=after_hello(turn)), "gemini")["contents"][1]["parts"]

    assert parts[-1] == {"text": "", "thoughtSignature": "dGV4dA=="}


def test_results_hold_objects_and_pictures_at_google(make_call: MakeCall) -> None:
    """An object is the response itself; what is shown stands beside it."""
    results = (
        ToolResult(call_id="call-1", parts=(TextPart(text='{"sun": true}'), PICTURE)),
        ToolResult(call_id="call-2", parts=(TextPart(text="{broken"),)),
        ToolResult(call_id="call-2", parts=(TextPart(text="{}"),)),
    )
    again = ToolCall(call_id="call-2", name="now", arguments_json="{}")
    call = make_call(
        messages=(
            *user(TextPart(text="Hello")),
            Message(role=Role.ASSISTANT, parts=(CALL, again)),
            Message(role=Role.TOOL, parts=results),
        )
    )

    parts = body(call, "gemini")["contents"][2]["parts"]

    assert [part["functionResponse"]["response"] for part in parts] == [
        {"sun": True},
        {"output": "{broken"},
        {},
    ]
    assert parts[0]["functionResponse"]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}}
    ]


@pytest.mark.parametrize(
    ("model", "effort", "config"),
    [
        ("gemini-2.5-flash", ReasoningEffort.NONE, {"thinkingBudget": 0}),
        ("gemini-2.5-pro", ReasoningEffort.HIGH, {"thinkingBudget": 24_576}),
        ("publishers/google/models/gemini-2.5-pro", ReasoningEffort.LOW, {"thinkingBudget": 1_024}),
        ("gemini-2.5-flash", ReasoningEffort.ADAPTIVE, {"thinkingBudget": -1}),
        ("gemini-4-hydrogen", ReasoningEffort.XHIGH, {"thinkingLevel": "XHIGH"}),
        ("gemini-4-hydrogen", ReasoningEffort.ADAPTIVE, {"thinkingBudget": -1}),
        ("gemini-3-pro-preview", ReasoningEffort.HIGH, {"thinkingLevel": "HIGH"}),
        ("gemini-3.5-flash", ReasoningEffort.MINIMAL, {"thinkingLevel": "MINIMAL"}),
        ("gemini-flash-latest", ReasoningEffort.MEDIUM, {"thinkingLevel": "MEDIUM"}),
        ("gemini-25-flash", ReasoningEffort.MEDIUM, {"thinkingLevel": "MEDIUM"}),
    ],
)
def test_generations_of_gemini_think_by_budget_or_by_level(
    make_call: MakeCall, model: str, effort: ReasoningEffort, config: JsonObject
) -> None:
    """Each refuses the other's word."""
    call = make_call(wire_model=model, reasoning=Reasoning(effort=effort))

    assert body(call, "gemini")["generationConfig"]["thinkingConfig"] == config


def test_limit_of_thoughts_lowers_the_budget_of_an_effort(make_call: MakeCall) -> None:
    """Both were asked for, and both are kept."""
    wanted = Reasoning(effort=ReasoningEffort.HIGH, max_tokens=500)
    call = make_call(wire_model="gemini-2.5-flash", reasoning=wanted)

    assert body(call, "gemini")["generationConfig"]["thinkingConfig"] == {"thinkingBudget": 500}


def test_tiers_of_vertex_are_a_header(make_call: MakeCall) -> None:
    """The standard tier is what is there without one."""
    flex = request_for(make_call(service_tier=ServiceTier.FLEX), "vertex")
    standard = request_for(make_call(service_tier=ServiceTier.STANDARD), "vertex")

    assert (b"x-vertex-ai-llm-shared-request-type", b"flex") in flex.headers
    assert standard.headers == ((b"content-type", b"application/json"),)


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("tunedModels/mine", "/tunedModels/mine:generateContent"),
        ("endpoints/123", "/endpoints/123:generateContent"),
        ("gemini 3?x#y", "/publishers/google/models/gemini%203%3Fx%23y:generateContent"),
    ],
)
def test_model_with_a_path_keeps_it(make_call: MakeCall, model: str, path: str) -> None:
    """Tuned models and endpoints stand elsewhere; nothing in a name leaves its place."""
    assert request_for(make_call(wire_model=model), "vertex").path == path


@pytest.mark.parametrize(
    ("vendor", "prompt", "sentence"),
    [
        ("gemini", {"messages": (
            Message(role=Role.SYSTEM, parts=(PICTURE,)), *user(TextPart(text="x")))},
         "`Image` in a system message"),
        ("gemini", {"messages": (
            *user(TextPart(text="x")),
            Message(role=Role.TOOL, parts=(ToolResult(call_id="1", parts=()),)))},
         "the result of a call that the conversation does not hold"),
        ("vertex", {"messages": user(ImagePart(url="https://example.com/picture"))},
         "a picture by its address without its media type"),
        ("vertex", {"messages": user(FilePart(url="https://example.com/document"))},
         "a document by its address without its media type"),
        ("gemini", {"messages": user(ImagePart(url="data:image/svg+xml,<svg/>"))},
         "a `data:` address without base64"),
        ("gemini", {"sampling": Sampling(seed=2**40)}, "a seed of more than 32 bits"),
        ("gemini", {"sampling": Sampling(stop_sequences=tuple("abcdef"))},
         "more than 5 stop sequences"),
        ("gemini", {"reasoning": Reasoning(effort=ReasoningEffort.NONE)},
         "the reasoning effort `none`"),
        ("gemini", {"wire_model": "gemini-2.5-pro",
                    "reasoning": Reasoning(effort=ReasoningEffort.MAXIMUM)},
         "the reasoning effort `maximum`"),
        ("gemini", {"reasoning": Reasoning(effort=ReasoningEffort.LOW, max_tokens=5)},
         "a reasoning effort beside a limit to its tokens"),
        ("gemini", {"output_modalities": (Modality.VIDEO,)}, "output of the kind `video`"),
        ("gemini", {"output_modalities": (Modality.AUDIO,)}, "without a voice"),
        ("gemini", {"output_modalities": (Modality.AUDIO,),
                    "audio_output": AudioOutput(voice="Kore", media_type="audio/mpeg")},
         "spoken output of the type `audio/mpeg`"),
        ("gemini", {"wire_extensions": (
            WireExtension(wire_format="gemini", fields_json='{"generation_config": 1}'),)},
         "`generationConfig` that is no object"),
        ("cohere", {"sampling": Sampling(frequency_penalty=-0.5)},
         "a `frequency_penalty` outside of 0 to 1"),
        ("cohere", {"sampling": Sampling(stop_sequences=tuple("abcdef"))},
         "more than 5 stop sequences"),
        ("cohere", {"reasoning": Reasoning(effort=ReasoningEffort.LOW)},
         "the reasoning effort `low`"),
        ("cohere", {"messages": after_hello(Message(role=Role.TOOL, parts=(
            ToolResult(call_id="1", parts=(PICTURE,)),)))}, "`Image` in a tool's result"),
        ("ollama", {"messages": user(ImagePart(url="https://example.com/a.png"))},
         "a picture by its address"),
        ("ollama", {"messages": user(ImagePart(
            data=b"x", media_type="image/png", detail=ImageDetail.LOW))},
         "how closely to look at a picture"),
        ("ollama", {"tools": (FunctionTool(name="now", strict=True),)},
         "that a tool's arguments obey their schema"),
        ("ollama", {"reasoning": Reasoning(max_tokens=5)}, "tokens spent on thinking"),
        ("ollama", {"reasoning": Reasoning(effort=ReasoningEffort.MINIMAL)},
         "the reasoning effort `minimal`"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused(
    make_call: MakeCall, vendor: str, prompt: JsonObject, sentence: str
) -> None:
    """A field that is dropped silently changes the answer without anybody knowing."""
    assert sentence in refusal(make_call(**prompt), vendor)


@ALL
@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ({"end_user_id": "user-1"}, "an end user's id"),
        ({"prompt_cache_key": "key-1"}, "a key for the prompt cache"),
        ({"tools": (HostedTool(name="telepathy"),)}, "the hosted tool `telepathy`"),
        ({"messages": (Message(role=Role.USER, name="ada", parts=(TextPart(text="x"),)),)},
         "a participant's name"),
        ({"messages": user(TextPart(text="x", cache=CacheLifetime.SHORT))}, "a cache marker"),
        ({"wire_extensions": (WireExtension(wire_format="other", fields_json="{}"),)},
         "fields of the wire format `other`"),
        ({"messages": after_hello(Message(role=Role.ASSISTANT, parts=(
            FilePart(data=b"x", media_type="application/pdf"),)))},
         "`File` in an assistant message"),
        ({"messages": after_hello(Message(role=Role.TOOL, parts=(TextPart(text="x"),)))},
         "`Text` in a tool message"),
        ({"messages": after_hello(Message(role=Role.USER, parts=(RefusalPart(text="x"),)))},
         "`Refusal` in a user message"),
    ],
)  # fmt: skip
def test_what_nobody_here_has_words_for_is_refused(
    make_call: MakeCall, vendor: str, prompt: JsonObject, sentence: str
) -> None:
    """The declarations leave no room for these, so the encoder must not either."""
    assert sentence in refusal(make_call(**prompt), vendor)


EXTENSIONS: list[tuple[str, JsonObject]] = [
    *(("gemini", {name: True}) for name in gemini_requests.CONTRACT_FIELDS),
    *(
        ("gemini", {"generationConfig": {name: True}})
        for name in gemini_requests.CONTRACT_GENERATION_FIELDS
    ),
    ("gemini", {"system_instruction": {}}),
    ("gemini", {"generation_config": {"top_k": 1}}),
    *(("cohere", {name: True}) for name in cohere_requests.CONTRACT_FIELDS),
    *(("ollama", {name: True}) for name in ollama_requests.CONTRACT_FIELDS),
    *(("ollama", {"options": {name: 1}}) for name in ollama_requests.CONTRACT_OPTIONS),
    ("ollama", {"Messages": []}),
]


@pytest.mark.parametrize(("vendor", "fields"), sorted(EXTENSIONS, key=repr), ids=repr)
def test_extension_cannot_say_what_the_contract_says(
    make_call: MakeCall, vendor: str, fields: JsonObject
) -> None:
    """It could undo what was asked for, whichever of the vendor's spellings it uses."""
    name = FORMATS[vendor].name
    extension = WireExtension(wire_format=name, fields_json=json.dumps(fields))

    assert "as an extension" in refusal(make_call(wire_extensions=(extension,)), vendor)


@pytest.mark.parametrize(
    ("vendor", "path"),
    [
        ("gemini", "/models?pageSize=1"),
        ("vertex", ""),
        ("cohere", "/v1/models?page_size=1"),
        ("ollama", "/api/tags"),
    ],
)
def test_probe_costs_nothing(vendor: str, path: str) -> None:
    """Lists of models and the location itself are not billed."""
    request = FORMATS[vendor].probe()

    assert (request.method, request.path, request.body) == ("GET", path, b"")


@pytest.mark.parametrize(
    ("vendor", "header"),
    [
        ("gemini", ("x-goog-api-key", "")),
        ("vertex", ("x-goog-api-key", "")),
        ("cohere", ("authorization", "Bearer")),
        ("ollama", ("authorization", "Bearer")),
    ],
)
def test_keys_go_where_the_vendor_looks_for_them(vendor: str, header: tuple[str, str]) -> None:
    """Google refuses a key that comes as a token."""
    found = FORMATS[vendor].credential_header

    assert (found.name, found.scheme) == header


def test_google_bills_to_the_end() -> None:
    """A hedge that it loses costs its full price."""
    known = known_wire_formats()

    assert not any(d.cancel_stops_billing for d in known["gemini"].dialects.values())
    assert known["cohere_chat"].dialects["plain"].cancel_stops_billing
    assert known["ollama_chat"].dialects["plain"].cancel_stops_billing


@ALL
@pytest.mark.parametrize(
    "prompt",
    [
        {"tools": (FunctionTool(name="a", parameters_json_schema="[]"),)},
        {"response_format": JsonSchemaFormat(name="a", json_schema="[]")},
    ],
    ids=["tool", "schema"],
)
def test_text_that_is_no_json_object_never_reaches_the_wire(
    make_call: MakeCall, vendor: str, prompt: JsonObject
) -> None:
    """The caller is told what is wrong with it."""
    with pytest.raises(AttemptFailedError, match="is not a JSON object") as refused:
        body(make_call(**prompt), vendor)

    assert refused.value.failure.failure_class is FailureClass.INVALID_REQUEST
