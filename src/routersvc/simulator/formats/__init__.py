"""The wire formats of simulated providers, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.formats.anthropic.messages import AnthropicMessagesFormat
from routersvc.simulator.formats.azure.azure_openai import AzureOpenAIFormat
from routersvc.simulator.formats.bedrock.converse import BedrockConverseFormat
from routersvc.simulator.formats.cohere.chat import CohereChatFormat
from routersvc.simulator.formats.gemini.generate_content import GeminiFormat
from routersvc.simulator.formats.mistral.chat import MistralChatFormat
from routersvc.simulator.formats.openai.chat import OpenAIChatFormat
from routersvc.simulator.formats.openai.responses import OpenAIResponsesFormat
from routersvc.simulator.formats.wire_format import WireFormat

WIRE_FORMATS: Mapping[str, Callable[[tuple[SimulatedModel, ...], int], WireFormat]] = (
    MappingProxyType(
        {
            "openai_chat": OpenAIChatFormat,
            "openai_responses": OpenAIResponsesFormat,
            "anthropic_messages": AnthropicMessagesFormat,
            "gemini": GeminiFormat,
            "azure_openai": AzureOpenAIFormat,
            "bedrock_converse": BedrockConverseFormat,
            "cohere_chat": CohereChatFormat,
            "mistral_chat": MistralChatFormat,
        }
    )
)
