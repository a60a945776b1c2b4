"""Conversations move between all makers of proofs; no proof goes to anybody but its maker."""

from __future__ import annotations

import base64
import itertools

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.app.wire_formats import adapter
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import Part, TextPart, ThoughtPart, ToolCall, ToolResult
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.proofs import prompt_for, prompt_without_proofs
from routersvc.engine.ports import AttemptCall

VENDORS = {
    "claude": ("anthropic_messages", "anthropic", "claude-sonnet-4-6"),
    "gemini": ("gemini", "gemini", "gemini-3-pro-preview"),
    "openai": ("openai_responses", "openai", "gpt-5"),
    "azure": ("openai_responses", "azure", "gpt-5"),
    "xai": ("openai_responses", "xai", "grok-4"),
    "openrouter": ("openai_chat", "openrouter", "anthropic/claude"),
    "openrouter_google": ("openai_chat", "openrouter", "google/gemini"),
    "generic": ("openai_chat", "generic", "m"),
    "deepseek": ("openai_chat", "deepseek", "m"),
    "mistral": ("openai_chat", "mistral", "m"),
    "chat": ("openai_chat", "openai", "gpt-5"),
    "nova": ("bedrock_converse", "plain", "amazon.nova-2-lite"),
    "cohere": ("cohere_chat", "plain", "m"),
    "ollama": ("ollama_chat", "plain", "m"),
}


def maker_of(vendor: str) -> str:
    """Return the name of a vendor's proofs, as the settings give it to a deployment."""
    wire_format, dialect, model = VENDORS[vendor]
    return adapter(wire_format, dialect).maker(model) or f"provider/{vendor}"


def secret_of(vendor: str) -> str:
    """Return the proof that a vendor gives."""
    return base64.b64encode(f"A proof by {vendor} and by nobody else".encode()).decode()


def proofs_of(vendor: str) -> list[Part]:
    """Return the parts with proofs of a vendor, in the shape in which its adapter reads them."""
    secret, maker = secret_of(vendor), maker_of(vendor)
    match VENDORS[vendor][0]:
        case "anthropic_messages":
            block = {"type": "web_search_tool_result", "content": secret}
            return [
                ThoughtPart(text="hm", signature=secret.encode(), maker=maker),
                ThoughtPart(encrypted=secret.encode(), maker=maker),
                ThoughtPart(encrypted=orjson.dumps(block), maker=maker),
            ]
        case "gemini":
            return [
                ThoughtPart(signature=b"text:" + secret.encode(), maker=maker),
                call_by(maker, secret.encode()),
            ]
        case "openai_responses":
            item = {"type": "reasoning", "encrypted_content": secret}
            return [ThoughtPart(text="hm", encrypted=orjson.dumps(item), maker=maker)]
        case "bedrock_converse":
            return [ThoughtPart(encrypted=b"\xff" + secret.encode(), maker=maker)]
        case "openai_chat" if "openrouter" in vendor:
            detail = {"type": "reasoning.text", "signature": secret}
            return [ThoughtPart(text="hm", signature=orjson.dumps(detail), maker=maker)]
        case "openai_chat" if vendor == "generic":
            extra = {"extra_content": {"google": {"thought_signature": secret}}}
            return [call_by(maker, orjson.dumps(extra))]
        case _:
            return [ThoughtPart(text="hm")]


def call_by(maker: str, signature: bytes) -> ToolCall:
    """Return a call that `maker` signed."""
    return ToolCall(call_id="c", name="f", arguments_json="{}", signature=signature, maker=maker)


def deployment_at(vendor: str) -> Deployment:
    """Return a deployment at a vendor, as the settings make it."""
    wire_format, dialect, model = VENDORS[vendor]
    rules = adapter(wire_format, dialect)
    return Deployment(
        name=vendor,
        provider=Provider(name=vendor, wire_format=wire_format),
        model=Model(name="m", context_window=128_000),
        wire_model=model,
        credential="",
        maker=maker_of(vendor),
        plain_thoughts=rules.takes_plain_thoughts(model),
    )


def written_at(vendor: str, prompt: Prompt) -> str:
    """Return the body that a vendor is sent."""
    wire_format, dialect, _ = VENDORS[vendor]
    call = AttemptCall(
        deployment=deployment_at(vendor),
        prompt=prompt,
        streaming=False,
        connect_timeout=1.0,
        timeout=1.0,
    )
    return adapter(wire_format, dialect).encode(call).body.decode()


def conversation(*answers: list[Part]) -> Prompt:
    """Return a conversation with these answers, each followed by results or a question."""
    messages = [Message(role=Role.USER, parts=(TextPart(text="question"),))]
    for parts in answers:
        messages.append(Message(role=Role.ASSISTANT, parts=(*parts, TextPart(text="answer"))))
        results = tuple(
            ToolResult(call_id=part.call_id, parts=(TextPart(text="found"),))
            for part in parts
            if isinstance(part, ToolCall)
        )
        if results:
            messages.append(Message(role=Role.TOOL, parts=results))
        messages.append(Message(role=Role.USER, parts=(TextPart(text="and then?"),)))
    return Prompt(messages=tuple(messages))


@given(
    makers=st.lists(st.sampled_from(sorted(VENDORS)), min_size=1, max_size=4),
    following=st.sampled_from(sorted(VENDORS)),
)
def test_no_conversation_carries_a_foreign_proof_or_fails_for_one(
    makers: list[str], following: str
) -> None:
    """Own proofs go back as they came; the words of everybody stay."""
    deployment = deployment_at(following)
    prompt, _ = prompt_for(
        conversation(*(proofs_of(maker) for maker in makers)),
        maker=deployment.maker,
        plain_thoughts=deployment.plain_thoughts,
    )

    body = written_at(following, prompt)

    for maker in makers:
        if maker_of(maker) != deployment.maker:
            assert not any(trace in body for trace in traces_of(maker))
        elif any(
            isinstance(part, ThoughtPart | ToolCall) and part.maker for part in proofs_of(maker)
        ):
            assert any(trace in body for trace in traces_of(maker))
    assert "answer" in body


@pytest.mark.parametrize(("maker", "following"), list(itertools.permutations(sorted(VENDORS), 2)))
def test_proof_of_an_unknown_maker_never_fails_the_writing(maker: str, following: str) -> None:
    """Callers may not name it; without its proofs every conversation can be written too."""
    unnamed = [unsigned(part) for part in proofs_of(maker)]
    prompt = conversation(unnamed)

    assert "answer" in written_at(following, prompt)

    plain_thoughts = deployment_at(following).plain_thoughts
    stripped, _ = prompt_without_proofs(prompt, plain_thoughts=plain_thoughts)
    body = written_at(following, stripped)
    assert not any(trace in body for trace in traces_of(maker))


def unsigned(part: Part) -> Part:
    """Return a part whose maker is not known."""
    match part:
        case ThoughtPart():
            return ThoughtPart(text=part.text, signature=part.signature, encrypted=part.encrypted)
        case ToolCall():
            return call_by("", part.signature)
        case _:
            return part


def traces_of(vendor: str) -> set[str]:
    """Return texts of which one stands in whatever holds a vendor's proof."""
    secret = secret_of(vendor)
    return {secret, base64.b64encode(b"\xff" + secret.encode()).decode()}
