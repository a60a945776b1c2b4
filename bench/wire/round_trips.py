"""The result of one recorded request: written again by the adapter, or the reason why not."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from bench.wire import corpus
from bench.wire.adapted import adapter_of
from bench.wire.outcomes import Outcome, Verdict, without_a_traceback
from bench.wire.published import faults_of, judges_at
from bench.wire.requests import Asked, JsonObject, NotExpressibleError, module_of
from bench.wire.traffic.records import Record, UnusableRecordError
from routersvc.app.replays.adapters import APIS, NamedAdapter, NoAdapterError
from routersvc.domain.outcomes.failures import AttemptFailedError

VALID = "valid"
BEYOND = "more than the schema"
UNJUDGED = "no schema"
"""What the vendors' published schemas say of a request that is written the same again."""


def outcome_of_request(wire: Path, row: corpus.Row) -> Outcome:
    """Return whether a recorded request says the same when the adapter has written it."""
    try:
        record = corpus.record(wire, row.file)
        adapter = adapter_of(record)
    except (UnusableRecordError, NoAdapterError) as error:
        return Outcome(Verdict.NO_BODY, reason=str(error))
    if not record.request:
        return Outcome(Verdict.NO_BODY, reason="the record has no request body")
    module = module_of(row.api)
    if module is None:
        return Outcome(Verdict.NO_READING, reason=f"nobody reads requests for `{row.api}` yet")
    try:
        theirs: JsonObject = module.plain(copy.deepcopy(record.request), row.provider)
        asked = _asked(record, module)
    except NotExpressibleError as error:
        return Outcome(Verdict.AT_FAULT, reason=f"beyond the contract: {error}")
    except Exception as error:  # noqa: BLE001 - the readers know what was recorded so far
        told = f"{type(error).__name__}: {str(error)[:120]!r}"
        return Outcome(Verdict.NO_READING, reason=f"the reader of requests cannot read it ({told})")
    return without_a_traceback(
        lambda: _outcome(wire, record, adapter, module, asked=asked, theirs=theirs)
    )


def _asked(record: Record, module: ModuleType) -> Asked:
    asked: Asked = module.call_of(copy.deepcopy(record.request), streaming=record.streaming)
    if hasattr(module, "model_at"):
        asked = dataclasses.replace(asked, model=module.model_at(record.url))
    return asked


def _outcome(
    wire: Path,
    record: Record,
    adapter: NamedAdapter,
    module: ModuleType,
    *,
    asked: Asked,
    theirs: JsonObject,
) -> Outcome:
    try:
        written = adapter.wire_format.encode(asked.call)
    except AttemptFailedError as error:
        return Outcome(Verdict.AT_FAULT, reason=f"refused: {error}")
    ours: JsonObject = module.plain(json.loads(written.body), record.provider)
    if hasattr(module, "without_new"):
        ours = module.without_new(ours, copy.deepcopy(theirs))
    differing = sorted(
        name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name)
    )
    if differing:
        return Outcome(Verdict.FAILED, adapter.name, f"differs in {', '.join(differing)}")
    faults = faults_of(wire, adapter.name, written, asked.model)
    if not faults:
        return Outcome(Verdict.PASSED, VALID if judges_at(wire, adapter.name) else UNJUDGED)
    as_recorded = dataclasses.replace(written, body=json.dumps(record.request).encode())
    if faults_of(wire, adapter.name, as_recorded, asked.model):
        # The vendor took it: its schema says less than it takes.
        return Outcome(Verdict.PASSED, BEYOND)
    return Outcome(Verdict.FAILED, adapter.name, "; ".join(faults))


def round_trips(wire: Path) -> Mapping[corpus.Row, Outcome]:
    """Return what came of the requests of every API that the router calls."""
    labels = corpus.labels(wire)
    return {
        row: outcome_of_request(wire, row)
        for row in corpus.rows(wire)
        if row.api in APIS and row.file not in labels
    }
