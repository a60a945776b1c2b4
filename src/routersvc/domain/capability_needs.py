"""What would have to change in a request for it to do without a capability, in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue import Capability

UNNEEDED_IF: Mapping[Capability, str] = MappingProxyType(
    {
        Capability.TOOLS: "the request had no tools",
        Capability.PARALLEL_TOOL_CALLS: "`parallel_tool_calls` were unset",
        Capability.TOOL_CHOICE: "`tool_choice` were unset or `auto`",
        Capability.JSON_OBJECT: "`response_format` were text",
        Capability.JSON_SCHEMA: "`response_format` were text",
        Capability.IMAGE_INPUT: "the prompt held no pictures",
        Capability.AUDIO_INPUT: "the prompt held no sound",
        Capability.FILE_INPUT: "the prompt held no documents",
        Capability.AUDIO_OUTPUT: "`output_modalities` did not name sound",
        Capability.IMAGE_OUTPUT: "`output_modalities` did not name pictures",
        Capability.REASONING: "`reasoning` were unset",
        Capability.LOGPROBS: "`logprobs` were unset",
        Capability.SEED: "`seed` were unset",
        Capability.SAMPLING: "`temperature` and `top_p` were unset",
        Capability.TOP_K: "`top_k` were unset",
        Capability.PENALTIES: "`frequency_penalty` and `presence_penalty` were unset",
        Capability.STOP_SEQUENCES: "`stop_sequences` were empty",
        Capability.LOGIT_BIAS: "`logit_bias` were empty",
        Capability.PREFILL: "the last message were not the assistant's",
        Capability.STREAMING: "the answer were not streamed",
        Capability.PROMPT_CACHE: "no part were marked for the prompt cache",
        Capability.PREDICTED_OUTPUT: "`predicted_output` were unset",
        Capability.HOSTED_TOOLS: "no tool were hosted by the provider",
        Capability.MIN_P: "`min_p` were unset",
        Capability.VERBOSITY: "`verbosity` were unset",
        Capability.SERVICE_TIER: "`service_tier` were unset",
        Capability.SYSTEM_PROMPT: "the prompt had no system instructions",
    }
)
