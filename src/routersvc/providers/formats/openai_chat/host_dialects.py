"""The dialects of vendors that host the models of others.

Sources: the vendors' API references. What depends on the hosted model is a fact of the catalogue.
"""

from __future__ import annotations

from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.errors.vendor_errors import VendorErrors
from routersvc.providers.formats.openai_chat.dialects import (
    COMMON_CAPABILITIES,
    OpenAiDialect,
    ThoughtForm,
)
from routersvc.providers.formats.openai_chat.server_dialects import TEMPLATE_SWITCH
from routersvc.providers.formats.openai_words import (
    ALL_EFFORTS,
    ALL_TIERS,
    LOW_TO_HIGH,
    NONE_TO_HIGH,
)

FIREWORKS = OpenAiDialect(
    name="fireworks",
    capabilities=COMMON_CAPABILITIES | {Capability.TOP_K, Capability.MIN_P},
    efforts=ALL_EFFORTS,
    thought_form=ThoughtForm.REASONING_CONTENT,
)

PERPLEXITY = OpenAiDialect(
    name="perplexity",
    # The models search by themselves and take no tools.
    capabilities=frozenset(
        {
            Capability.STREAMING,
            Capability.SYSTEM_PROMPT,
            Capability.SAMPLING,
            Capability.TOP_K,
            Capability.PENALTIES,
            Capability.JSON_SCHEMA,
            Capability.IMAGE_INPUT,
            Capability.REASONING,
        }
    ),
    # There is no list of models; that of asynchronous requests is free.
    probe_path="/async/chat/completions",
    end_user_field=None,
    participant_names=False,
    stream_options=False,
    efforts=MappingProxyType({ReasoningEffort.MINIMAL: "minimal", **LOW_TO_HIGH}),
)

SAMBANOVA = OpenAiDialect(
    name="sambanova",
    capabilities=(COMMON_CAPABILITIES | {Capability.TOP_K})
    - {Capability.LOGPROBS, Capability.LOGIT_BIAS, Capability.PENALTIES, Capability.SEED},
    image_addresses=False,
    thinking=TEMPLATE_SWITCH,
    thought_form=ThoughtForm.REASONING,
)

NVIDIA_NIM = OpenAiDialect(
    name="nvidia_nim",
    capabilities=COMMON_CAPABILITIES - {Capability.LOGIT_BIAS},
    thinking=TEMPLATE_SWITCH,
    thought_form=ThoughtForm.REASONING_CONTENT,
)

WATSONX = OpenAiDialect(
    name="watsonx",
    capabilities=COMMON_CAPABILITIES - {Capability.PARALLEL_TOOL_CALLS},
    thinking=TEMPLATE_SWITCH,
    thought_form=ThoughtForm.REASONING_CONTENT,
)

HUGGINGFACE = OpenAiDialect(
    name="huggingface",
    # The router of inference providers; each passes on what it knows.
    capabilities=COMMON_CAPABILITIES - {Capability.LOGIT_BIAS, Capability.PARALLEL_TOOL_CALLS},
    errors=VendorErrors(
        phrases={
            FailureClass.QUOTA_EXHAUSTED: (
                r"^you have (?:exceeded|depleted|used up) your monthly (?:included )?credits",
            )
        }
    ),
    end_user_field=None,
    thought_form=ThoughtForm.REASONING_CONTENT,
)

DATABRICKS = OpenAiDialect(
    name="databricks",
    capabilities=COMMON_CAPABILITIES - {Capability.LOGIT_BIAS, Capability.SEED},
    end_user_field=None,
    efforts=MappingProxyType({**NONE_TO_HIGH, ReasoningEffort.MINIMAL: "minimal"}),
    thought_form=ThoughtForm.NONE,
)

BEDROCK = OpenAiDialect(
    name="bedrock",
    capabilities=COMMON_CAPABILITIES | {Capability.AUDIO_INPUT, Capability.SERVICE_TIER},
    efforts=NONE_TO_HIGH,
    service_tiers=ALL_TIERS,
    thought_form=ThoughtForm.REASONING,
)

HOSTS = (FIREWORKS, PERPLEXITY, SAMBANOVA, NVIDIA_NIM, WATSONX, HUGGINGFACE, DATABRICKS, BEDROCK)
