"""The whole contract in every wire format: said as declared, in bodies that the vendors take."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bench.wire.contract import PROMPTS, call_with
from bench.wire.contract_bodies import Said, contract_bodies
from bench.wire.published import faults_of, judges_of

from routersvc.app import wire_formats
from routersvc.domain.catalogue.capabilities import Capability

ADAPTERS = [
    f"{wire_format}/{dialect}"
    for wire_format, known in wire_formats.known_wire_formats().items()
    for dialect in known.dialects
]


@pytest.fixture(scope="module")
def said(shared: Path) -> Mapping[str, Said]:
    """Return what came of every dialect, by its name."""
    return {one.adapter: one for one in contract_bodies(shared / "wire")}


def test_every_capability_has_a_prompt() -> None:
    """A new capability must not go untested."""
    assert PROMPTS.keys() == set(Capability)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_exactly_what_is_declared_can_be_said(said: Mapping[str, Said], adapter: str) -> None:
    """The planner believes the declaration: it must be neither too bold nor too shy."""
    assert said[adapter].not_as_declared == []
    assert said[adapter].bodies == said[adapter].capabilities + said[adapter].conversations


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_requests_obey_what_the_vendor_publishes(said: Mapping[str, Said], adapter: str) -> None:
    """A schema or the types of an SDK judge every request that can be made."""
    assert said[adapter].faults == []


def test_every_format_has_a_judge() -> None:
    """Compatible servers publish no schema; each format has one."""
    judged = {adapter.partition("/")[0] for adapter in ADAPTERS if judges_of(adapter)}

    assert judged == wire_formats.known_wire_formats().keys()


@pytest.mark.parametrize("adapter", [name for name in ADAPTERS if judges_of(name)])
def test_judges_see_what_is_wrong(shared: Path, adapter: str) -> None:
    """A judge that takes anything would let every request pass."""
    wire_format, _, dialect = adapter.partition("/")
    call = call_with(wire_format, {})
    request = wire_formats.adapter(wire_format, dialect).encode(call)
    body: dict[str, Any] = json.loads(request.body)
    turns = "contents" if "contents" in body else "input" if "input" in body else "messages"
    body[turns] = [{"role": "user", "content": 5, "parts": 5}]
    broken = dataclasses.replace(request, body=json.dumps(body).encode())

    assert faults_of(shared / "wire", adapter, request, call.deployment.wire_model) == []
    assert faults_of(shared / "wire", adapter, broken, call.deployment.wire_model) != []
