"""Compares what an adapter read with an independent reading of the same bytes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from bench.wire.readings import Call, Cited, JsonObject, Reading

_AS_THEY_ARE = (
    "text", "thoughts", "refusal", "media", "finish", "stop_sequence", "counts", "model",
    "answer_id",
)  # fmt: skip
_WHERE_TOLD = ("order", "logprobs")
"""What not every format or way of hearing has; it is compared where both have it."""


def differences(ours: Reading, theirs: Reading) -> list[str]:
    """Return the differences, each as `what: read, not expected`."""
    return [
        f"{what}: {_short(mine)}, not {_short(yours)}"
        for what, mine, yours in _pairs(ours, theirs)
        if mine != yours
    ]


def _pairs(ours: Reading, theirs: Reading) -> Iterator[tuple[str, object, object]]:
    for name in _AS_THEY_ARE:
        yield name.replace("_", " "), getattr(ours, name), getattr(theirs, name)
    for name in _WHERE_TOLD:
        mine, yours = getattr(ours, name), getattr(theirs, name)
        if mine is not None and yours is not None:
            yield name, mine, yours
    if ours.citations is not None and theirs.citations is not None:
        yield "cited sources", _sources(ours.citations), _sources(theirs.citations)
        yield "cited titles", _titles(ours.citations), _titles(theirs.citations)
    if ours.ran is not None and theirs.ran is not None:
        yield "what the vendor's tools did", sorted(ours.ran), sorted(theirs.ran)
    yield "tool calls", _said(ours.calls), _said(theirs.calls)
    ids = [call.call_id for call in ours.calls]
    yield "ids of tool calls", ids, _expected_ids(ours.calls, theirs.calls)
    yield "number of different ids of tool calls", len(set(filter(None, ids))), len(ids)
    for name in ("signatures", "sealed"):
        mine, yours = getattr(ours, name), getattr(theirs, name)
        yield f"number of {name}", len(mine), len(yours)
        yield name, [], [one for one in yours if not any(_holds(held, one) for held in mine)]


def _sources(citations: Sequence[Cited]) -> list[str]:
    return sorted({one.source for one in citations})


def _titles(citations: Sequence[Cited]) -> list[str]:
    return sorted({one.title for one in citations} - {""})


def _said(calls: Sequence[Call]) -> list[tuple[str, object]]:
    return [(call.name, call.arguments) for call in calls]


def _expected_ids(ours: Sequence[Call], theirs: Sequence[Call]) -> list[str]:
    """Return the ids as sent; the router makes one where it is missing or was given before."""
    expected: list[str] = []
    for index, call in enumerate(theirs):
        made = ours[index].call_id if index < len(ours) else ""
        expected.append(made if call.call_id in {"", *expected} else call.call_id)
    return expected


def _holds(held: str, proof: str | JsonObject) -> bool:
    """Return whether what the contract holds has a proof, in whatever envelope."""
    if isinstance(proof, str):
        in_base64 = base64.b64encode(proof.encode("utf-8", "surrogateescape")).decode()
        return proof in held or in_base64 in held
    try:
        kept: object = json.loads(held[held.index("{") :])
    except ValueError:
        return False
    return bool(_without_nulls(proof) == _without_nulls(kept))


def _without_nulls(value: object) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, object]", value)
        return {key: _without_nulls(one) for key, one in fields.items() if one is not None}
    if isinstance(value, list):
        return [_without_nulls(one) for one in cast("list[object]", value)]
    return value


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - a line of the report
