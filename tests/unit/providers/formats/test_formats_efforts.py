"""Reasoning efforts of every format: written exactly where the planner believes they can be."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from bench.wire.contract import call_with
from bench.wire.published import faults_of

from routersvc.app import wire_formats
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.engine.ports import AttemptCall

_MODELS = {
    "anthropic_messages": ("claude-haiku-4-5", "claude-opus-4-8"),
    "bedrock_converse": (
        "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "eu.anthropic.claude-opus-5",
        "us.amazon.nova-2-lite-v1:0",
        "amazon.nova-pro-v1:0",
        "openai.gpt-oss-120b-1:0",
        "qwen.qwen3-32b-v1:0",
    ),
    "gemini": ("gemini-2.5-flash", "gemini-3.8-flash"),
}
"""A model of each generation or family, where its name decides how it is asked."""

CASES = [
    (f"{wire_format}/{dialect}", model)
    for wire_format, known in wire_formats.known_wire_formats().items()
    for dialect in known.dialects
    for model in _MODELS.get(wire_format, ("any",))
]


def asking(wire_format: str, model: str, effort: ReasoningEffort) -> AttemptCall:
    """Return an attempt that asks a model for an effort."""
    call = call_with(wire_format, {"reasoning": Reasoning(effort=effort)})
    deployment = dataclasses.replace(call.deployment, wire_model=model)
    return dataclasses.replace(call, deployment=deployment)


@pytest.mark.parametrize("effort", ReasoningEffort)
@pytest.mark.parametrize(("name", "model"), CASES)
def test_declared_efforts_are_those_that_can_be_written(
    shared: Path, name: str, model: str, effort: ReasoningEffort
) -> None:
    """What the planner admits is written and obeys the vendor's schema; the rest is refused."""
    wire_format, _, dialect = name.partition("/")
    adapter = wire_formats.adapter(wire_format, dialect)
    call = asking(wire_format, model, effort)

    if effort in adapter.efforts(model):
        request = adapter.encode(call)

        assert faults_of(shared / "wire", name, request, model) == []
    else:
        with pytest.raises(AttemptFailedError) as caught:
            adapter.encode(call)

        assert caught.value.failure.failure_class is FailureClass.CAPABILITY_MISMATCH


@pytest.mark.parametrize(("name", "model"), CASES)
def test_each_effort_is_written_differently_from_none(name: str, model: str) -> None:
    """An answer without thinking is never asked for in the words of one with it."""
    wire_format, _, dialect = name.partition("/")
    adapter = wire_formats.adapter(wire_format, dialect)
    bodies = {
        effort: adapter.encode(asking(wire_format, model, effort)).body
        for effort in adapter.efforts(model)
    }
    off = bodies.pop(ReasoningEffort.NONE, None)

    assert off not in bodies.values()
    assert adapter.encode(call_with(wire_format, {})).body not in [off, *bodies.values()]
