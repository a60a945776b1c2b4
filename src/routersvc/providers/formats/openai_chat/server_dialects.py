"""The dialects of servers that operators run themselves.

They render the conversation with the chat template of the model: its variables `enable_thinking`
and `thinking` switch thinking in the templates that have one of them, and are ignored by others.
vLLM is beside the hosted vendors in `vendors`.
"""

from __future__ import annotations

from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.providers.formats.openai_chat.dialects import (
    COMMON_CAPABILITIES,
    OpenAiDialect,
    PrefillForm,
    ThinkingSwitch,
    ThoughtForm,
)
from routersvc.providers.formats.openai_words import NONE_TO_HIGH

TEMPLATE_SWITCH = ThinkingSwitch(
    off=MappingProxyType({"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}),
    adaptive=MappingProxyType(
        {"chat_template_kwargs": {"enable_thinking": True, "thinking": True}}
    ),
)

_SAMPLERS = {Capability.TOP_K, Capability.MIN_P}

SGLANG = OpenAiDialect(
    name="sglang",
    capabilities=COMMON_CAPABILITIES | _SAMPLERS | {Capability.PREFILL},
    max_stop_sequences=None,
    thinking=TEMPLATE_SWITCH,
    thought_form=ThoughtForm.REASONING_CONTENT,
    prefill_form=PrefillForm.CONTINUE_FLAG,
)

LLAMA_CPP = OpenAiDialect(
    name="llama_cpp",
    capabilities=COMMON_CAPABILITIES | _SAMPLERS | {Capability.PREFILL, Capability.AUDIO_INPUT},
    max_stop_sequences=None,
    thinking=ThinkingSwitch(
        off=TEMPLATE_SWITCH.off,
        adaptive=TEMPLATE_SWITCH.adaptive,
        budget_field="thinking_budget_tokens",
    ),
    thought_form=ThoughtForm.REASONING_CONTENT,
    prefill_form=PrefillForm.PLAIN,
)

LM_STUDIO = OpenAiDialect(
    name="lm_studio",
    capabilities=(COMMON_CAPABILITIES | _SAMPLERS)
    - {Capability.PARALLEL_TOOL_CALLS, Capability.LOGPROBS},
    image_addresses=False,
    max_stop_sequences=None,
    efforts=MappingProxyType({**NONE_TO_HIGH, ReasoningEffort.XHIGH: "xhigh"}),
    thought_form=ThoughtForm.REASONING_CONTENT,
)

SERVERS = (SGLANG, LLAMA_CPP, LM_STUDIO)
