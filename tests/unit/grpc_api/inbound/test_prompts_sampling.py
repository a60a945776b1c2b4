"""What is wrong with how an answer is asked for is named by its exact path."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from tests.wording import Wording

from llmrouter.v1 import prompt_pb2 as p
from llmrouter.v1 import router_service_pb2 as service

Change = Callable[[p.Prompt], object]
ViolationsOf = Callable[[service.CompleteRequest], list[tuple[str, str]]]

UNKNOWN: Any = 99
"""A number that a newer contract may give a meaning."""


def sampling(given: p.Sampling) -> Change:
    """Return the change that asks for this."""
    return lambda it: it.sampling.CopyFrom(given)


CASES: dict[str, tuple[Change, str]] = {
    "temperature": (
        sampling(p.Sampling(temperature=2.5)),
        "prompt.sampling.temperature",
    ),
    "temperature not a number": (
        sampling(p.Sampling(temperature=math.nan)),
        "prompt.sampling.temperature",
    ),
    "top_p too large": (
        sampling(p.Sampling(top_p=1.5)),
        "prompt.sampling.top_p",
    ),
    "top_p zero": (sampling(p.Sampling(top_p=0.0)), "prompt.sampling.top_p"),
    "top_k": (sampling(p.Sampling(top_k=0)), "prompt.sampling.top_k"),
    "min_p": (
        sampling(p.Sampling(min_p=-0.1)),
        "prompt.sampling.min_p",
    ),
    "frequency_penalty": (
        sampling(p.Sampling(frequency_penalty=-2.1)),
        "prompt.sampling.frequency_penalty",
    ),
    "presence_penalty": (
        sampling(p.Sampling(presence_penalty=math.inf)),
        "prompt.sampling.presence_penalty",
    ),
    "max_output_tokens": (
        sampling(p.Sampling(max_output_tokens=-1)),
        "prompt.sampling.max_output_tokens",
    ),
    "stop sequences": (
        sampling(p.Sampling(stop_sequences=["x"] * 17)),
        "prompt.sampling.stop_sequences",
    ),
    "stop sequence empty": (
        sampling(p.Sampling(stop_sequences=["x", ""])),
        "prompt.sampling.stop_sequences[1]",
    ),
    "logit bias": (
        sampling(p.Sampling(logit_bias={7: 101.0})),
        "prompt.sampling.logit_bias[7]",
    ),
    "logit bias of no token": (
        sampling(p.Sampling(logit_bias={-7: 1.0})),
        "prompt.sampling.logit_bias[-7]",
    ),
    "reasoning effort unknown": (
        lambda it: it.reasoning.CopyFrom(p.Reasoning(effort=UNKNOWN)),
        "prompt.reasoning.effort",
    ),
    "reasoning visibility unknown": (
        lambda it: it.reasoning.CopyFrom(p.Reasoning(visibility=UNKNOWN)),
        "prompt.reasoning.visibility",
    ),
    "reasoning tokens": (
        lambda it: it.reasoning.CopyFrom(p.Reasoning(max_tokens=-1)),
        "prompt.reasoning.max_tokens",
    ),
    "output modality unset": (
        lambda it: it.output_modalities.append(p.MODALITY_UNSPECIFIED),
        "prompt.output_modalities[0]",
    ),
    "output modality unknown": (
        lambda it: it.output_modalities.append(UNKNOWN),
        "prompt.output_modalities[0]",
    ),
    "sound without a voice": (
        lambda it: it.output_modalities.append(p.MODALITY_AUDIO),
        "prompt.audio_output",
    ),
    "voice without sound": (
        lambda it: it.audio_output.CopyFrom(p.AudioOutput(voice="alloy", media_type="audio/wav")),
        "prompt.audio_output",
    ),
    "voice without name": (
        lambda it: it.MergeFrom(
            p.Prompt(
                output_modalities=[p.MODALITY_AUDIO],
                audio_output=p.AudioOutput(media_type="audio/wav"),
            )
        ),
        "prompt.audio_output.voice",
    ),
    "voice without media type": (
        lambda it: it.MergeFrom(
            p.Prompt(
                output_modalities=[p.MODALITY_AUDIO], audio_output=p.AudioOutput(voice="alloy")
            )
        ),
        "prompt.audio_output.media_type",
    ),
    "logprobs": (
        lambda it: it.logprobs.CopyFrom(p.Logprobs(top=21)),
        "prompt.logprobs.top",
    ),
    "verbosity unknown": (
        lambda it: it.MergeFrom(p.Prompt(verbosity=UNKNOWN)),
        "prompt.verbosity",
    ),
    "service tier unknown": (
        lambda it: it.MergeFrom(p.Prompt(service_tier=UNKNOWN)),
        "prompt.service_tier",
    ),
    "end user": (
        lambda it: it.MergeFrom(p.Prompt(end_user_id="a" * 129)),
        "prompt.end_user_id",
    ),
    "cache key": (
        lambda it: it.MergeFrom(p.Prompt(prompt_cache_key="ä" * 65)),
        "prompt.prompt_cache_key",
    ),
}


@pytest.mark.parametrize(("change", "field"), CASES.values(), ids=CASES)
def test_wrong_wish_is_refused_by_name(
    change: Change,
    field: str,
    hello: service.CompleteRequest,
    violations_of: ViolationsOf,
    wording: Wording,
) -> None:
    """The caller hears which field it is and what is right."""
    change(hello.prompt)

    ((found, description),) = violations_of(hello)
    assert found == field
    wording(description)
