"""Prompts that ask for one capability each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from routersvc.domain.catalogue import Capability
from routersvc.domain.prompts import (
    Audio,
    AudioOutput,
    CacheLifetime,
    File,
    FunctionTool,
    HostedTool,
    Image,
    JsonObjectFormat,
    JsonSchemaFormat,
    Message,
    Modality,
    Part,
    Reasoning,
    ReasoningEffort,
    Role,
    Sampling,
    ServiceTier,
    Text,
    ToolChoice,
    ToolChoiceMode,
    Verbosity,
)

SCHEMA = json.dumps({"type": "object", "properties": {"a": {"type": "string"}}})
LOOKUP = FunctionTool(name="lookup", description="Looks up.", parameters_json_schema=SCHEMA)


def user(*parts: Part) -> tuple[Message, ...]:
    """Return a conversation of one turn."""
    return (Message(role=Role.USER, parts=parts),)


PROMPTS: Mapping[Capability, dict[str, Any]] = {
    Capability.TOOLS: {"tools": (LOOKUP,), "tool_choice": ToolChoice()},
    Capability.PARALLEL_TOOL_CALLS: {"tools": (LOOKUP,), "parallel_tool_calls": False},
    Capability.TOOL_CHOICE: {
        "tools": (LOOKUP,),
        "tool_choice": ToolChoice(mode=ToolChoiceMode.REQUIRED),
    },
    Capability.JSON_OBJECT: {"response_format": JsonObjectFormat()},
    Capability.JSON_SCHEMA: {
        "response_format": JsonSchemaFormat(name="answer", json_schema=SCHEMA)
    },
    Capability.IMAGE_INPUT: {"messages": user(Image(data=b"png", media_type="image/png"))},
    Capability.AUDIO_INPUT: {"messages": user(Audio(data=b"wav", media_type="audio/wav"))},
    Capability.FILE_INPUT: {"messages": user(File(data=b"%PDF", media_type="application/pdf"))},
    Capability.AUDIO_OUTPUT: {
        "output_modalities": (Modality.TEXT, Modality.AUDIO),
        "audio_output": AudioOutput(voice="v", media_type="audio/wav"),
    },
    Capability.IMAGE_OUTPUT: {"output_modalities": (Modality.TEXT, Modality.IMAGE)},
    Capability.REASONING: {"reasoning": Reasoning(effort=ReasoningEffort.LOW)},
    Capability.LOGPROBS: {"logprobs": 2},
    Capability.SEED: {"sampling": Sampling(seed=1)},
    Capability.SAMPLING: {"sampling": Sampling(temperature=0.1, top_p=0.5)},
    Capability.TOP_K: {"sampling": Sampling(top_k=3)},
    Capability.MIN_P: {"sampling": Sampling(min_p=0.1)},
    Capability.PENALTIES: {"sampling": Sampling(frequency_penalty=0.1)},
    Capability.STOP_SEQUENCES: {"sampling": Sampling(stop_sequences=("a",))},
    Capability.LOGIT_BIAS: {"sampling": Sampling(logit_bias={1: 5.0})},
    Capability.PREFILL: {
        "messages": (*user(Text(text="x")), Message(role=Role.ASSISTANT, parts=(Text(text="y"),)))
    },
    Capability.STREAMING: {"streaming": True},
    Capability.PROMPT_CACHE: {"messages": user(Text(text="x", cache=CacheLifetime.LONG))},
    Capability.PREDICTED_OUTPUT: {"predicted_output": "x"},
    Capability.HOSTED_TOOLS: {"tools": (HostedTool(name="web_search"),)},
    Capability.VERBOSITY: {"verbosity": Verbosity.LOW},
    Capability.SERVICE_TIER: {"service_tier": ServiceTier.PRIORITY},
    Capability.SYSTEM_PROMPT: {
        "messages": (
            Message(role=Role.SYSTEM, parts=(Text(text="x"),)),
            Message(role=Role.DEVELOPER, parts=(Text(text="y"),)),
            *user(Text(text="z")),
        )
    },
}
"""A prompt that needs nothing but this capability."""
