"""Reads the cases, strictly: an unknown key would be a case that tests less than it says."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

import yaml

Json: TypeAlias = dict[str, Any]

CALLS = ("complete", "stream", "explain", "health", "models")
_DEEDS = ("fault", "behave", "kill", "revive", "hold", "drain", "restart", "stop", "log")
_MEANWHILE = ("after_events", "in_flight", "cancel")
_CALL_KEYS = {"request", "ask", "timeout", "wait"}
_CLIENT_KEYS = {"default_timeout", "token", "tls", "ca_file", "stream_recovery"}
_EXPECT_KEYS = {"outcome", "response", "error", "events", "first", "last", "text", "answer"}


class CaseError(Exception):
    """A case says what no runner understands."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing that happens, or one call with what is expected of it."""

    kind: str
    value: Any
    client: Json = dataclasses.field(default_factory=dict[str, Any])
    meanwhile: tuple[Step, ...] = ()
    expect: Json = dataclasses.field(default_factory=dict[str, Any])


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """What is set up, and what happens. `server` set, even if empty: a server of its own.

    With `script` a server of the runner stands where the router would.
    """

    name: str
    about: str
    steps: tuple[Step, ...]
    providers: Json
    policy: Json
    model: Json
    server: Json | None
    tenants: Json | None
    script: Json | None
    needs: tuple[str, ...]

    @property
    def is_alone(self) -> bool:
        """Whether no other case shares its server."""
        return not (self.server is None and self.tenants is None and self.script is None)

    @property
    def slug(self) -> str:
        """The name where no slash can stand."""
        return self.name.replace("/", "-")


def load_cases(folder: Path) -> tuple[Case, ...]:
    """Return every case of a folder.

    Raises:
        CaseError: a case cannot be understood, or two have one name.
    """
    cases: list[Case] = []
    for file in sorted(folder.glob("*.yaml")):
        document = cast("Json", yaml.safe_load(file.read_text(encoding="utf-8")))
        for entry in document["cases"]:
            try:
                cases.append(_case(entry))
            except (CaseError, KeyError, TypeError) as error:
                place = len(cases) + 1
                raise CaseError(f"{file.name}: case {place} of all: {error}") from error
    names = [case.name for case in cases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise CaseError(f"two cases are named {', '.join(sorted(twice))}")
    return tuple(cases)


def _case(entry: Json) -> Case:
    known = {field.name for field in dataclasses.fields(Case)}
    _refuse_unknown(entry, known)
    return Case(
        name=entry["name"],
        about=entry["about"],
        steps=tuple(_step(step) for step in entry["steps"]),
        providers=entry.get("providers", {"alpha": {}}),
        policy=entry.get("policy", {}),
        model=entry.get("model", {}),
        server=entry.get("server"),
        tenants=entry.get("tenants"),
        script=entry.get("script"),
        needs=tuple(entry.get("needs", ())),
    )


def _step(entry: Json) -> Step:
    kinds = [key for key in entry if key in (*CALLS, *_DEEDS, *_MEANWHILE)]
    if len(kinds) != 1:
        raise CaseError(f"a step is one of {', '.join((*CALLS, *_DEEDS, *_MEANWHILE))}: {entry}")
    (kind,) = kinds
    if kind not in CALLS:
        _refuse_unknown(entry, {kind})
        return Step(kind=kind, value=expanded(entry[kind]))
    _refuse_unknown(entry, {kind, "client", "meanwhile", "expect"})
    _refuse_unknown(entry[kind], _CALL_KEYS)
    _refuse_unknown(entry.get("client", {}), _CLIENT_KEYS)
    _refuse_unknown(entry["expect"], _EXPECT_KEYS)
    return Step(
        kind=kind,
        value=expanded(entry[kind]),
        client=entry.get("client", {}),
        meanwhile=tuple(_step(step) for step in entry.get("meanwhile", ())),
        expect=cast("Json", expanded(entry["expect"])),
    )


def _refuse_unknown(entry: Mapping[str, object], known: set[str]) -> None:
    unknown = sorted(entry.keys() - known)
    if unknown:
        raise CaseError(f"unknown key `{unknown[0]}`; known: {', '.join(sorted(known))}")


def expanded(value: object) -> Any:  # noqa: ANN401 - any value of YAML
    """Return a value with its long texts written out."""
    if isinstance(value, dict):
        entries = cast("Json", value)
        if "$repeat" in entries:
            return str(entries["$repeat"]) * int(entries["times"])
        return {key: expanded(each) for key, each in entries.items()}
    if isinstance(value, list):
        return [expanded(each) for each in cast("list[object]", value)]
    return value
