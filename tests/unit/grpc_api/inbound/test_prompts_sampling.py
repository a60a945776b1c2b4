"""What is wrong with how an answer is asked for is named by its exact path."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from llmrouter.v1 import prompt_pb2 as p
from llmrouter.v1 import router_service_pb2 as service

Change = Callable[[p.Prompt], object]
ViolationsOf = Callable[[service.CompleteRequest], list[tuple[str, str]]]

UNKNOWN: Any = 99
"""A number that a newer contract may give a meaning."""


def sampling(given: p.Sampling) -> Change:
    """Return the change that asks for this."""
    return lambda it: it.sampling.CopyFrom(given)


CASES: dict[str, tuple[Change, str, str]] = {
    "temperature": (
        sampling(p.Sampling(temperature=2.5)),
        "prompt.sampling.temperature",
        "must lie between 0 and 2, not at 2.5",
    ),
    "temperature not a number": (
        sampling(p.Sampling(temperature=math.nan)),
        "prompt.sampling.temperature",
        "must be a finite number",
    ),
    "top_p too large": (
        sampling(p.Sampling(top_p=1.5)),
        "prompt.sampling.top_p",
        "must lie between 0 and 1, not at 1.5",
    ),
    "top_p zero": (sampling(p.Sampling(top_p=0.0)), "prompt.sampling.top_p", "must be above 0"),
    "top_k": (sampling(p.Sampling(top_k=0)), "prompt.sampling.top_k", "must be at least 1, not 0"),
    "min_p": (
        sampling(p.Sampling(min_p=-0.1)),
        "prompt.sampling.min_p",
        "must lie between 0 and 1, not at -0.1",
    ),
    "frequency_penalty": (
        sampling(p.Sampling(frequency_penalty=-2.1)),
        "prompt.sampling.frequency_penalty",
        "must lie between -2 and 2, not at -2.1",
    ),
    "presence_penalty": (
        sampling(p.Sampling(presence_penalty=math.inf)),
        "prompt.sampling.presence_penalty",
        "must be a finite number",
    ),
    "max_output_tokens": (
        sampling(p.Sampling(max_output_tokens=-1)),
        "prompt.sampling.max_output_tokens",
        "must be at least 1, not -1",
    ),
    "stop sequences": (
        sampling(p.Sampling(stop_sequences=["x"] * 17)),
        "prompt.sampling.stop_sequences",
        "must be at most 16",
    ),
    "stop sequence empty": (
        sampling(p.Sampling(stop_sequences=["x", ""])),
        "prompt.sampling.stop_sequences[1]",
        "must not be empty",
    ),
    "logit bias": (
        sampling(p.Sampling(logit_bias={7: 101.0})),
        "prompt.sampling.logit_bias[7]",
        "must lie between -100 and 100, not at 101",
    ),
    "logit bias of no token": (
        sampling(p.Sampling(logit_bias={-7: 1.0})),
        "prompt.sampling.logit_bias[-7]",
        "must name a token by an id of at least 0",
    ),
    "reasoning effort unknown": (
        lambda it: it.reasoning.CopyFrom(p.Reasoning(effort=UNKNOWN)),
        "prompt.reasoning.effort",
        "99 is not a value that this version knows",
    ),
    "reasoning visibility unknown": (
        lambda it: it.reasoning.CopyFrom(p.Reasoning(visibility=UNKNOWN)),
        "prompt.reasoning.visibility",
        "99 is not a value that this version knows",
    ),
    "reasoning tokens": (
        lambda it: it.reasoning.CopyFrom(p.Reasoning(max_tokens=-1)),
        "prompt.reasoning.max_tokens",
        "must be at least 0, not -1",
    ),
    "output modality unset": (
        lambda it: it.output_modalities.append(p.MODALITY_UNSPECIFIED),
        "prompt.output_modalities[0]",
        "must be set",
    ),
    "output modality unknown": (
        lambda it: it.output_modalities.append(UNKNOWN),
        "prompt.output_modalities[0]",
        "99 is not a value that this version knows",
    ),
    "sound without a voice": (
        lambda it: it.output_modalities.append(p.MODALITY_AUDIO),
        "prompt.audio_output",
        "must be set where `output_modalities` names audio",
    ),
    "voice without sound": (
        lambda it: it.audio_output.CopyFrom(p.AudioOutput(voice="alloy", media_type="audio/wav")),
        "prompt.audio_output",
        "stands only where `output_modalities` names audio",
    ),
    "voice without name": (
        lambda it: it.MergeFrom(
            p.Prompt(
                output_modalities=[p.MODALITY_AUDIO],
                audio_output=p.AudioOutput(media_type="audio/wav"),
            )
        ),
        "prompt.audio_output.voice",
        "must not be empty",
    ),
    "voice without media type": (
        lambda it: it.MergeFrom(
            p.Prompt(
                output_modalities=[p.MODALITY_AUDIO], audio_output=p.AudioOutput(voice="alloy")
            )
        ),
        "prompt.audio_output.media_type",
        "must name the media type, for example `image/png`",
    ),
    "logprobs": (
        lambda it: it.logprobs.CopyFrom(p.Logprobs(top=21)),
        "prompt.logprobs.top",
        "must lie between 0 and 20, not at 21",
    ),
    "verbosity unknown": (
        lambda it: it.MergeFrom(p.Prompt(verbosity=UNKNOWN)),
        "prompt.verbosity",
        "99 is not a value that this version knows",
    ),
    "service tier unknown": (
        lambda it: it.MergeFrom(p.Prompt(service_tier=UNKNOWN)),
        "prompt.service_tier",
        "99 is not a value that this version knows",
    ),
    "end user": (
        lambda it: it.MergeFrom(p.Prompt(end_user_id="a" * 129)),
        "prompt.end_user_id",
        "must have at most 128 bytes",
    ),
    "cache key": (
        lambda it: it.MergeFrom(p.Prompt(prompt_cache_key="ä" * 65)),
        "prompt.prompt_cache_key",
        "must have at most 128 bytes",
    ),
}


@pytest.mark.parametrize(("change", "field", "description"), CASES.values(), ids=CASES)
def test_wrong_wish_is_refused_by_name(
    change: Change,
    field: str,
    description: str,
    hello: service.CompleteRequest,
    violations_of: ViolationsOf,
) -> None:
    """The caller hears which field it is and what is right."""
    change(hello.prompt)

    assert violations_of(hello) == [(field, description)]
