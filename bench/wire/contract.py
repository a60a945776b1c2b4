"""Prompts that ask for one capability of the contract each, and conversations that use several.

Every wire format is asked for all of them: what it declares it must write, in a body that its
vendor's published schema or SDK takes, and what it does not declare it must refuse by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    AudioPart,
    CacheLifetime,
    FilePart,
    ImagePart,
    Modality,
    Part,
    TextPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.prompts import (
    AudioOutput,
    Prompt,
    Sampling,
    ServiceTier,
    Verbosity,
)
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoice, ToolChoiceMode
from routersvc.engine.ports import AttemptCall
from routersvc.providers.json_wire_format import JsonWireFormat

Fields = Mapping[str, Any]
"""The fields of a prompt, `streaming`, and a `model` other than the usual one."""

SCHEMA = json.dumps({"type": "object", "properties": {"city": {"type": "string"}}})
LOOKUP = FunctionTool(name="lookup", description="Looks up.", parameters_json_schema=SCHEMA)

_MODELS = {
    "anthropic_messages": "claude-sonnet-4-6",
    "bedrock_converse": "us.anthropic.claude-sonnet-4-6",
    "gemini": "gemini-3-pro-preview",
}
"""Models of formats that say the same to different generations in different words."""


def user(*parts: Part) -> tuple[Message, ...]:
    """Return a conversation of one turn."""
    return (Message(role=Role.USER, parts=parts),)


PROMPTS: Mapping[Capability, Fields] = {
    Capability.TOOLS: {"tools": (LOOKUP,), "tool_choice": ToolChoice()},
    Capability.PARALLEL_TOOL_CALLS: {"tools": (LOOKUP,), "parallel_tool_calls": False},
    Capability.TOOL_CHOICE: {
        "tools": (LOOKUP,),
        "tool_choice": ToolChoice(mode=ToolChoiceMode.REQUIRED),
    },
    Capability.JSON_OBJECT: {"response_format": JsonObjectFormat()},
    Capability.JSON_SCHEMA: {"response_format": JsonSchemaFormat(name="a", json_schema=SCHEMA)},
    Capability.IMAGE_INPUT: {"messages": user(ImagePart(data=b"x", media_type="image/png"))},
    Capability.AUDIO_INPUT: {"messages": user(AudioPart(data=b"x", media_type="audio/wav"))},
    Capability.FILE_INPUT: {"messages": user(FilePart(data=b"x", media_type="application/pdf"))},
    Capability.AUDIO_OUTPUT: {
        "output_modalities": (Modality.TEXT, Modality.AUDIO),
        "audio_output": AudioOutput(voice="alloy", media_type="audio/wav"),
    },
    Capability.IMAGE_OUTPUT: {"output_modalities": (Modality.TEXT, Modality.IMAGE)},
    Capability.REASONING: {"reasoning": Reasoning(effort=ReasoningEffort.HIGH)},
    Capability.LOGPROBS: {"logprobs": 2},
    Capability.SEED: {"sampling": Sampling(seed=1)},
    Capability.SAMPLING: {"sampling": Sampling(temperature=0.1, top_p=0.5)},
    Capability.TOP_K: {"sampling": Sampling(top_k=3)},
    Capability.MIN_P: {"sampling": Sampling(min_p=0.1)},
    Capability.PENALTIES: {"sampling": Sampling(frequency_penalty=0.1, presence_penalty=0.1)},
    Capability.STOP_SEQUENCES: {"sampling": Sampling(stop_sequences=("a",))},
    Capability.LOGIT_BIAS: {"sampling": Sampling(logit_bias={1: 5.0})},
    Capability.PREFILL: {
        "messages": (
            *user(TextPart(text="x")),
            Message(role=Role.ASSISTANT, parts=(TextPart(text="y"),)),
        )
    },
    Capability.STREAMING: {"streaming": True},
    Capability.PROMPT_CACHE: {"messages": user(TextPart(text="x", cache=CacheLifetime.DEFAULT))},
    Capability.PREDICTED_OUTPUT: {"predicted_output": "x"},
    Capability.HOSTED_TOOLS: {"tools": (HostedTool(name="web_search"),)},
    Capability.VERBOSITY: {"verbosity": Verbosity.LOW},
    Capability.SERVICE_TIER: {"service_tier": ServiceTier.STANDARD},
    Capability.SYSTEM_PROMPT: {
        "messages": (
            Message(role=Role.SYSTEM, parts=(TextPart(text="x"),)),
            Message(role=Role.DEVELOPER, parts=(TextPart(text="y"),)),
            *user(TextPart(text="z")),
        )
    },
}

_OTHER_WORDS: Mapping[tuple[str, Capability], Fields] = {
    # Google speaks without text beside it, and sends samples without a head.
    # Cohere's documents are text.
    ("cohere_chat", Capability.FILE_INPUT): {
        "messages": user(
            TextPart(text="x"), FilePart(data=b"x", media_type="text/plain", name="a.txt")
        )
    },
    # Amazon runs tools for its own models.
    ("bedrock_converse", Capability.HOSTED_TOOLS): {
        "tools": (HostedTool(name="web_search"),),
        "model": "us.amazon.nova-2-lite-v1:0",
    },
    ("gemini", Capability.AUDIO_OUTPUT): {
        "output_modalities": (Modality.AUDIO,),
        "audio_output": AudioOutput(voice="Kore", media_type="audio/pcm"),
    },
}
"""Where a format has a capability for less than the prompt above asks for."""

_CALL = ToolCall(call_id="call-1", name="lookup", arguments_json='{"city": "Ulm"}')

CONVERSATIONS: Mapping[str, Fields] = {
    "a tool is called and answers": {
        "tools": (LOOKUP,),
        "messages": (
            *user(TextPart(text="Hello")),
            Message(role=Role.ASSISTANT, parts=(TextPart(text="Let me see."), _CALL)),
            Message(
                role=Role.TOOL,
                parts=(ToolResult(call_id="call-1", parts=(TextPart(text="sunny"),)),),
            ),
        ),
    },
    "a tool is called and fails": {
        "tools": (LOOKUP,),
        "messages": (
            *user(TextPart(text="Hello")),
            Message(role=Role.ASSISTANT, parts=(_CALL,)),
            Message(
                role=Role.TOOL,
                parts=(
                    ToolResult(call_id="call-1", parts=(TextPart(text="no city"),), is_error=True),
                ),
            ),
            *user(TextPart(text="And now?")),
        ),
    },
}
"""Conversations beyond what single capabilities need; every format with tools can say them."""


def prompt_for(adapter: JsonWireFormat, capability: Capability) -> Fields:
    """Return a prompt that asks this adapter for a capability."""
    if capability is Capability.REASONING:
        efforts = adapter.efforts(_MODELS.get(adapter.name, "any"))
        if efforts and ReasoningEffort.HIGH not in efforts:
            return {"reasoning": Reasoning(effort=next(iter(efforts)))}
    return _OTHER_WORDS.get((adapter.name, capability), PROMPTS[capability])


def call_with(wire_format: str, fields: Fields) -> AttemptCall:
    """Return an attempt on a reasoning model of this format's vendor."""
    fields = {"messages": user(TextPart(text="Hello")), **fields}
    streaming = bool(fields.pop("streaming", False))
    model = str(fields.pop("model", _MODELS.get(wire_format, "any")))
    return AttemptCall(
        deployment=Deployment(
            name="any",
            provider=Provider(name="any", wire_format=wire_format),
            model=Model(
                name="any", context_window=8192, capabilities=frozenset({Capability.REASONING})
            ),
            wire_model=model,
            credential="",
        ),
        prompt=Prompt(**fields),
        streaming=streaming,
        connect_timeout=1.0,
        timeout=1.0,
    )
