"""The example with every vendor loads, and each of its deployments can be asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from routersvc.app import wire_formats
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.engine.ports import AttemptCall
from routersvc.settings.loading import load_settings
from routersvc.settings.settings import Settings

FILE = Path(__file__).parents[3] / "examples/vendors.yaml"


@pytest.fixture(scope="module")
def settings() -> Settings:
    """Return the example with a key in each variable that it names."""
    names = set(re.findall(r"env:(\w+)", FILE.read_text()))
    return load_settings(
        FILE,
        environment=dict.fromkeys(names, "a key of the test"),
        known_wire_formats=wire_formats.known_wire_formats(),
    )


def test_every_vendor_is_there(settings: Settings) -> None:
    """The example configures every vendor."""
    spoken = {
        f"{provider.wire_format}/{provider.dialect}" for provider in settings.endpoints.values()
    }

    assert spoken == {
        "anthropic_messages/anthropic",
        "anthropic_messages/vertex",
        "bedrock_converse/plain",
        "cohere_chat/plain",
        "gemini/gemini",
        "gemini/vertex",
        "ollama_chat/plain",
        "openai_chat/alibaba",
        "openai_chat/azure",
        "openai_chat/azure_deployments",
        "openai_chat/cerebras",
        "openai_chat/databricks",
        "openai_chat/deepseek",
        "openai_chat/fireworks",
        "openai_chat/groq",
        "openai_chat/huggingface",
        "openai_chat/llama_cpp",
        "openai_chat/lm_studio",
        "openai_chat/meta",
        "openai_chat/minimax",
        "openai_chat/mistral",
        "openai_chat/moonshot",
        "openai_chat/nvidia_nim",
        "openai_chat/openai",
        "openai_chat/openrouter",
        "openai_chat/perplexity",
        "openai_chat/sambanova",
        "openai_chat/sglang",
        "openai_chat/snowflake",
        "openai_chat/together",
        "openai_chat/vllm",
        "openai_chat/volcengine",
        "openai_chat/watsonx",
        "openai_chat/xai",
        "openai_chat/zai",
        "openai_responses/azure",
        "openai_responses/openai",
    }


def test_every_wire_format_is_there(settings: Settings) -> None:
    """A new one belongs into the example."""
    spoken = {provider.wire_format for provider in settings.endpoints.values()}

    assert spoken == wire_formats.known_wire_formats().keys()


def test_every_provider_is_used_and_can_be_asked(settings: Settings) -> None:
    """A deployment that no adapter writes a request for would be of no use."""
    deployments = settings.catalogue().deployments.values()

    for deployment in deployments:
        provider = settings.endpoints[deployment.provider.name]
        call = AttemptCall(
            deployment=deployment,
            prompt=Prompt(messages=(Message(role=Role.USER, parts=(TextPart(text="Hello"),)),)),
            streaming=True,
            connect_timeout=1.0,
            timeout=1.0,
        )
        request = wire_formats.adapter(provider.wire_format, provider.dialect).encode(call)
        assert b"Hello" in request.body
    assert {deployment.provider.name for deployment in deployments} == settings.endpoints.keys()
