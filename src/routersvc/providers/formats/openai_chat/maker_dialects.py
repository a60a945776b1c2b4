"""The dialects of vendors that serve the models they make.

Sources: the vendors' API references. Their models answer with or without thinking, and most refuse
a forced choice of tools while they think: a choice other than `auto` counts as not supported.
"""

from __future__ import annotations

from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.providers.formats.openai_chat import maker_errors
from routersvc.providers.formats.openai_chat.dialects import (
    COMMON_CAPABILITIES,
    OpenAiDialect,
    PrefillForm,
    ThinkingSwitch,
    ThoughtForm,
)
from routersvc.providers.formats.openai_words import ALL_EFFORTS, LOW_TO_HIGH

THINKING_TYPE = ThinkingSwitch(
    off=MappingProxyType({"thinking": {"type": "disabled"}}),
    adaptive=MappingProxyType({"thinking": {"type": "enabled"}}),
)
"""DeepSeek, Moonshot and others: models think as much as they like unless told otherwise."""

_WITHOUT_CHOICE = COMMON_CAPABILITIES - {
    Capability.TOOL_CHOICE,
    Capability.PARALLEL_TOOL_CALLS,
    Capability.LOGPROBS,
    Capability.LOGIT_BIAS,
}

MOONSHOT = OpenAiDialect(
    name="moonshot",
    capabilities=(_WITHOUT_CHOICE | {Capability.PREFILL}) - {Capability.SEED},
    max_tokens_field="max_completion_tokens",
    end_user_field=None,
    prompt_cache_key=True,
    max_stop_sequences=5,
    image_addresses=False,
    # Kimi K3 takes these efforts and always thinks; K2 models take only the switch.
    efforts=MappingProxyType(
        {
            ReasoningEffort.LOW: "low",
            ReasoningEffort.HIGH: "high",
            ReasoningEffort.MAXIMUM: "max",
        }
    ),
    thinking=THINKING_TYPE,
    thought_form=ThoughtForm.REASONING_CONTENT,
    prefill_form=PrefillForm.PARTIAL_FLAG,
    errors=maker_errors.MOONSHOT,
)

ZAI = OpenAiDialect(
    name="zai",
    capabilities=_WITHOUT_CHOICE - {Capability.JSON_SCHEMA, Capability.SEED, Capability.PENALTIES},
    end_user_field="user_id",
    participant_names=False,
    stream_options=False,
    tool_stream_field="tool_stream",
    max_stop_sequences=1,
    efforts=MappingProxyType(
        {effort: word for effort, word in ALL_EFFORTS.items() if effort is not ReasoningEffort.NONE}
    ),
    thinking=ThinkingSwitch(
        off=THINKING_TYPE.off,
        adaptive=THINKING_TYPE.adaptive,
        beside_effort=MappingProxyType({"thinking": {"type": "enabled"}}),
    ),
    thought_form=ThoughtForm.REASONING_CONTENT,
    errors=maker_errors.ZAI,
)

ALIBABA = OpenAiDialect(
    name="alibaba",
    capabilities=(
        COMMON_CAPABILITIES | {Capability.TOP_K, Capability.PREFILL, Capability.AUDIO_INPUT}
    )
    - {Capability.TOOL_CHOICE, Capability.LOGIT_BIAS},
    end_user_field=None,
    efforts=MappingProxyType({**LOW_TO_HIGH, ReasoningEffort.XHIGH: "xhigh"}),
    thinking=ThinkingSwitch(
        off=MappingProxyType({"enable_thinking": False}),
        adaptive=MappingProxyType({"enable_thinking": True}),
        beside_effort=MappingProxyType({"enable_thinking": True}),
        budget_field="thinking_budget",
    ),
    thought_form=ThoughtForm.REASONING_CONTENT,
    prefill_form=PrefillForm.PARTIAL_FLAG,
    errors=maker_errors.ALIBABA,
)

MINIMAX = OpenAiDialect(
    name="minimax",
    capabilities=_WITHOUT_CHOICE
    - {
        Capability.JSON_OBJECT,
        Capability.JSON_SCHEMA,
        Capability.SEED,
        Capability.PENALTIES,
        Capability.STOP_SEQUENCES,
    },
    max_tokens_field="max_completion_tokens",
    end_user_field=None,
    # M3 thinks as much as it finds necessary, or not at all; there are no efforts.
    efforts=MappingProxyType({}),
    thinking=ThinkingSwitch(
        off=MappingProxyType({"thinking": {"type": "disabled"}}),
        adaptive=MappingProxyType({"thinking": {"type": "adaptive"}}),
    ),
    thought_form=ThoughtForm.REASONING_DETAILS,
    errors=maker_errors.MINIMAX,
)

META = OpenAiDialect(
    name="meta",
    capabilities=COMMON_CAPABILITIES - {Capability.LOGPROBS, Capability.LOGIT_BIAS},
    max_tokens_field="max_completion_tokens",
    efforts=ALL_EFFORTS,
    thought_form=ThoughtForm.REASONING_CONTENT,
)

VOLCENGINE = OpenAiDialect(
    name="volcengine",
    capabilities=COMMON_CAPABILITIES - {Capability.SEED},
    max_tokens_field="max_completion_tokens",
    end_user_field=None,
    efforts=MappingProxyType({ReasoningEffort.MINIMAL: "minimal", **LOW_TO_HIGH}),
    thinking=ThinkingSwitch(
        off=MappingProxyType({"thinking": {"type": "disabled"}}),
        adaptive=MappingProxyType({"thinking": {"type": "auto"}}),
    ),
    thought_form=ThoughtForm.REASONING_CONTENT,
    errors=maker_errors.VOLCENGINE,
)

MAKERS = (MOONSHOT, ZAI, ALIBABA, MINIMAX, META, VOLCENGINE)
