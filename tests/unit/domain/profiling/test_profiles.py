"""What a request needs is read off the whole of it."""

from __future__ import annotations

import dataclasses

import pytest

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import (
    AudioPart,
    CacheLifetime,
    FilePart,
    ImagePart,
    Modality,
    TextPart,
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
from routersvc.domain.profiling.profiles import Profiler, evidence_of
from routersvc.testing.worlds import scripted_request

ASKED = Message(role=Role.USER, parts=(TextPart(text="hello"),))
TOOL = FunctionTool(name="clock")


@pytest.mark.parametrize(
    ("prompt", "capability"),
    [
        (Prompt(messages=(ASKED,), tools=(TOOL,)), Capability.TOOLS),
        (Prompt(messages=(ASKED,), tools=(HostedTool(name="web"),)), Capability.HOSTED_TOOLS),
        (
            Prompt(messages=(ASKED,), tools=(dataclasses.replace(TOOL, deferred=True),)),
            Capability.HOSTED_TOOLS,
        ),
        (
            Prompt(
                messages=(ASKED,),
                tools=(dataclasses.replace(TOOL, cache=CacheLifetime.DEFAULT),),
            ),
            Capability.PROMPT_CACHE,
        ),
        (
            Prompt(
                messages=(ASKED,), tools=(TOOL,), tool_choice=ToolChoice(mode=ToolChoiceMode.NONE)
            ),
            Capability.TOOL_CHOICE,
        ),
        (Prompt(messages=(ASKED,), parallel_tool_calls=False), Capability.PARALLEL_TOOL_CALLS),
        (Prompt(messages=(ASKED,), response_format=JsonObjectFormat()), Capability.JSON_OBJECT),
        (
            Prompt(messages=(ASKED,), response_format=JsonSchemaFormat(name="n", json_schema="{}")),
            Capability.JSON_SCHEMA,
        ),
        (Prompt(messages=(ASKED,), sampling=Sampling(temperature=0.0)), Capability.SAMPLING),
        (Prompt(messages=(ASKED,), sampling=Sampling(top_p=0.5)), Capability.SAMPLING),
        (Prompt(messages=(ASKED,), sampling=Sampling(top_k=1)), Capability.TOP_K),
        (Prompt(messages=(ASKED,), sampling=Sampling(min_p=0.0)), Capability.MIN_P),
        (
            Prompt(messages=(ASKED,), sampling=Sampling(frequency_penalty=0.0)),
            Capability.PENALTIES,
        ),
        (Prompt(messages=(ASKED,), sampling=Sampling(presence_penalty=0.0)), Capability.PENALTIES),
        (Prompt(messages=(ASKED,), sampling=Sampling(seed=0)), Capability.SEED),
        (
            Prompt(messages=(ASKED,), sampling=Sampling(stop_sequences=("x",))),
            Capability.STOP_SEQUENCES,
        ),
        (Prompt(messages=(ASKED,), sampling=Sampling(logit_bias={1: 1.0})), Capability.LOGIT_BIAS),
        (
            Prompt(messages=(ASKED,), reasoning=Reasoning(effort=ReasoningEffort.LOW)),
            Capability.REASONING,
        ),
        (Prompt(messages=(ASKED,), reasoning=Reasoning(max_tokens=0)), Capability.REASONING),
        (Prompt(messages=(ASKED,), logprobs=0), Capability.LOGPROBS),
        (Prompt(messages=(ASKED,), verbosity=Verbosity.LOW), Capability.VERBOSITY),
        (Prompt(messages=(ASKED,), service_tier=ServiceTier.FLEX), Capability.SERVICE_TIER),
        (Prompt(messages=(ASKED,), predicted_output="x"), Capability.PREDICTED_OUTPUT),
        (
            Prompt(
                messages=(ASKED,),
                output_modalities=(Modality.AUDIO,),
                audio_output=AudioOutput(voice="v", media_type="audio/wav"),
            ),
            Capability.AUDIO_OUTPUT,
        ),
        (Prompt(messages=(ASKED,), output_modalities=(Modality.IMAGE,)), Capability.IMAGE_OUTPUT),
        (
            Prompt(messages=(Message(role=Role.SYSTEM, parts=()), ASKED)),
            Capability.SYSTEM_PROMPT,
        ),
        (
            Prompt(messages=(ASKED, Message(role=Role.ASSISTANT, parts=(TextPart(text="It"),)))),
            Capability.PREFILL,
        ),
        (
            Prompt(
                messages=(
                    Message(
                        role=Role.USER, parts=(TextPart(text="x", cache=CacheLifetime.DEFAULT),)
                    ),
                )
            ),
            Capability.PROMPT_CACHE,
        ),
        (
            Prompt(
                messages=(
                    Message(role=Role.USER, parts=(AudioPart(data=b"", media_type="audio/wav"),)),
                )
            ),
            Capability.AUDIO_INPUT,
        ),
        (
            Prompt(messages=(Message(role=Role.USER, parts=(FilePart(file_id="f"),)),)),
            Capability.FILE_INPUT,
        ),
    ],
)
def test_each_wish_asks_for_its_capability(prompt: Prompt, capability: Capability) -> None:
    """And the plain request asks for nothing."""
    request = dataclasses.replace(scripted_request(streaming=False), prompt=prompt)
    plain = scripted_request(streaming=False)

    assert capability in Profiler().profile(request).capabilities
    assert Profiler().profile(plain).capabilities == frozenset()


def test_leave_for_several_calls_asks_for_nothing() -> None:
    """Vendors without a switch allow them anyway; only one call at a time has to be asked for."""
    prompt = Prompt(messages=(ASKED,), parallel_tool_calls=True)
    request = dataclasses.replace(scripted_request(streaming=False), prompt=prompt)

    assert Profiler().profile(request).capabilities == frozenset()


def test_streaming_is_a_capability() -> None:
    """Not every server streams."""
    assert Profiler().profile(scripted_request(streaming=True)).capabilities == {
        Capability.STREAMING
    }


def test_picture_in_a_tool_result_is_seen() -> None:
    """Content hides in nested parts too."""
    result = ToolResult(call_id="c", parts=(ImagePart(url="https://example.test/x.png"),))
    prompt = Prompt(messages=(ASKED, Message(role=Role.TOOL, parts=(result,))))

    profile = Profiler().profile(dataclasses.replace(scripted_request(), prompt=prompt))

    assert Capability.IMAGE_INPUT in profile.capabilities
    assert Modality.IMAGE in profile.modalities
    assert profile.input_tokens == 1 + 2 * 4 + 765


def test_scripts_have_their_own_sizes() -> None:
    """A Japanese character is about a token, an English one a fifth of that."""
    japanese = Profiler().profile(scripted_request(text="日本語の文" * 100))
    english = Profiler().profile(scripted_request(text="words" * 100))

    assert japanese.input_tokens == 442
    assert english.input_tokens == 109


def test_expected_length_is_a_hint_and_a_limit_wins() -> None:
    """What the prompt allows bounds what the caller expects."""
    hinted = scripted_request(routing=Routing(expected_output_tokens=50))
    limited = dataclasses.replace(
        hinted, prompt=dataclasses.replace(hinted.prompt, sampling=Sampling(max_output_tokens=9))
    )

    assert Profiler().profile(scripted_request()).output_tokens == 1024
    assert Profiler().profile(hinted).output_tokens == 50
    assert Profiler().profile(limited).output_tokens == 9


def test_evidence_never_quotes_the_prompt() -> None:
    """An explanation may be shown to people who must not see the prompt."""
    request = scripted_request(text="the secret word is xyzzy")
    profile = Profiler().profile(request)

    evidence = evidence_of(profile, request)

    assert evidence
    assert "xyzzy" not in repr(evidence) + repr(profile) + repr(request)


@pytest.mark.parametrize(
    ("marks", "lifetime"),
    [
        ((None, None), None),
        ((CacheLifetime.SHORT, None), CacheLifetime.DEFAULT),
        ((CacheLifetime.DEFAULT, CacheLifetime.LONG), CacheLifetime.LONG),
    ],
)
def test_longest_mark_for_the_prompt_cache_is_known(
    marks: tuple[CacheLifetime | None, ...], lifetime: CacheLifetime | None
) -> None:
    """An hour costs more than minutes, and no mark costs nothing."""
    parts = tuple(TextPart(text="x", cache=mark) for mark in marks)
    prompt = Prompt(
        messages=(Message(role=Role.USER, parts=parts),), service_tier=ServiceTier.PRIORITY
    )

    profile = Profiler().profile(dataclasses.replace(scripted_request(), prompt=prompt))

    assert profile.cache_lifetime is lifetime
    assert profile.service_tier is ServiceTier.PRIORITY
