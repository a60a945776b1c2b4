"""What a model can do beyond text in, text out."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.conversation.parts import Modality


class Capability(enum.Enum):
    """Something a model or its provider must be able to do; the proto describes each."""

    __hash__ = object.__hash__  # `Enum` hashes the name in Python, dozens of times in a call.

    TOOLS = "tools"
    PARALLEL_TOOL_CALLS = "parallel_tool_calls"
    TOOL_CHOICE = "tool_choice"
    JSON_OBJECT = "json_object"
    JSON_SCHEMA = "json_schema"
    IMAGE_INPUT = "image_input"
    AUDIO_INPUT = "audio_input"
    FILE_INPUT = "file_input"
    AUDIO_OUTPUT = "audio_output"
    IMAGE_OUTPUT = "image_output"
    REASONING = "reasoning"
    LOGPROBS = "logprobs"
    SEED = "seed"
    SAMPLING = "sampling"
    TOP_K = "top_k"
    PENALTIES = "penalties"
    STOP_SEQUENCES = "stop_sequences"
    LOGIT_BIAS = "logit_bias"
    PREFILL = "prefill"
    STREAMING = "streaming"
    PROMPT_CACHE = "prompt_cache"
    PREDICTED_OUTPUT = "predicted_output"
    HOSTED_TOOLS = "hosted_tools"
    MIN_P = "min_p"
    VERBOSITY = "verbosity"
    SERVICE_TIER = "service_tier"
    SYSTEM_PROMPT = "system_prompt"


MODALITY_CAPABILITIES: Mapping[Modality, Capability] = MappingProxyType(
    {
        Modality.IMAGE: Capability.IMAGE_INPUT,
        Modality.AUDIO: Capability.AUDIO_INPUT,
        Modality.FILE: Capability.FILE_INPUT,
    }
)
"""The capability that each kind of content in a prompt requires; text requires none."""
