"""The requests that each wire format writes for the whole contract, checked by vendors' schemas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.wire.contract import CONVERSATIONS, call_with, prompt_for
from bench.wire.published import BEYOND, faults_of, judges_of
from routersvc.app import wire_formats
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError


class Said(NamedTuple):
    """What one dialect expresses: how many bodies it wrote, their judges, and what these found.

    `conversations` are those with tools, if it has tools.

    `not_as_declared` are capabilities that are declared and refused, or the other way round.
    """

    adapter: str
    capabilities: int
    conversations: int
    bodies: int
    judges: Sequence[str]
    faults: Sequence[str]
    not_as_declared: Sequence[str]

    @property
    def beyond(self) -> int:
        """How many of the bodies the vendor takes although its schema does not say so."""
        return len(BEYOND.get(self.adapter, {}))


def contract_bodies(wire: Path) -> Sequence[Said]:
    """Return what every dialect of every wire format makes of the contract."""
    return [
        _said(wire, wire_format, dialect)
        for wire_format, known in wire_formats.known_wire_formats().items()
        for dialect in known.dialects
    ]


def _said(wire: Path, wire_format: str, dialect: str) -> Said:
    name = f"{wire_format}/{dialect}"
    adapter = wire_formats.adapter(wire_format, dialect)
    bodies = 0
    faults: list[str] = []
    not_as_declared: list[str] = []
    conversations = CONVERSATIONS if Capability.TOOLS in adapter.expressible else ()
    for asked in (*Capability, *conversations):
        is_capability = isinstance(asked, Capability)
        fields = prompt_for(adapter, asked) if is_capability else CONVERSATIONS[asked]
        words = asked.value if is_capability else asked
        declared = not is_capability or asked in adapter.expressible
        call = call_with(wire_format, fields)
        try:
            request = adapter.encode(call)
        except AttemptFailedError as error:
            if declared or error.failure.failure_class is not FailureClass.CAPABILITY_MISMATCH:
                not_as_declared.append(words)
            continue
        bodies += 1
        if not declared:
            not_as_declared.append(words)
        if asked not in BEYOND.get(name, {}):
            found = faults_of(wire, name, request, call.deployment.wire_model)
            faults += [f"{words}: {fault}" for fault in found]
    return Said(
        adapter=name,
        capabilities=len(adapter.expressible),
        conversations=len(conversations),
        bodies=bodies,
        judges=[judge.name for judge in judges_of(name)],
        faults=faults,
        not_as_declared=not_as_declared,
    )


def beyond() -> Iterator[str]:
    """Yield what a vendor takes although its schema does not say so, and why."""
    for adapter, capabilities in BEYOND.items():
        for capability, reason in capabilities.items():
            yield f"`{adapter}`, {capability.value}: {reason}"
