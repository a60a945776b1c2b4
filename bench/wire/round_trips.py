"""The result of one recorded request: written again by the adapter, or the reason why not."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

from bench.wire import corpus
from bench.wire.outcomes import Outcome, Verdict
from bench.wire.published import faults_of, judges_of
from bench.wire.requests import Asked, JsonObject, NotExpressibleError, module_of
from routersvc.app.replays.adapters import APIS, NoAdapterError
from routersvc.app.replays.recordings import UnusableRecordError
from routersvc.app.replays.replaying import adapter_of
from routersvc.domain.outcomes.failures import AttemptFailedError

VALID = "valid"
BEYOND = "more than the schema"
UNJUDGED = "no schema"
"""What the vendors' published schemas say of a request that is written the same again."""


def outcome_of_request(wire: Path, row: corpus.Row) -> Outcome:
    """Return whether a recorded request says the same when the adapter has written it."""
    try:
        recording = corpus.recording(wire, row.file)
        adapter = adapter_of(recording, None)
    except (UnusableRecordError, NoAdapterError) as error:
        return Outcome(Verdict.NO_BODY, reason=str(error))
    body: JsonObject = recording.request
    if not body:
        return Outcome(Verdict.NO_BODY, reason="the record has no request body")
    module = module_of(row.api)
    if module is None:
        return Outcome(Verdict.NO_READING, reason=f"nobody reads requests for `{row.api}` yet")
    try:
        asked: Asked = module.call_of(copy.deepcopy(body), streaming=row.streaming)
        if hasattr(module, "model_at"):
            asked = dataclasses.replace(asked, model=module.model_at(recording.url))
        written = adapter.wire_format.encode(asked.call)
        encoded: JsonObject = json.loads(written.body)
    except NotExpressibleError as error:
        return Outcome(Verdict.AT_FAULT, reason=f"beyond the contract: {error}")
    except AttemptFailedError as error:
        return Outcome(Verdict.AT_FAULT, reason=f"refused: {error}")
    theirs = module.plain(copy.deepcopy(body), row.provider)
    ours = module.plain(copy.deepcopy(encoded), row.provider)
    if hasattr(module, "without_new"):
        ours = module.without_new(ours, theirs)
    differing = sorted(
        name for name in theirs.keys() | ours.keys() if theirs.get(name) != ours.get(name)
    )
    if differing:
        return Outcome(Verdict.FAILED, adapter.name, f"differs in {', '.join(differing)}")
    faults = faults_of(wire, adapter.name, written, asked.model)
    if not faults:
        return Outcome(Verdict.PASSED, VALID if judges_of(adapter.name) else UNJUDGED)
    as_recorded = dataclasses.replace(written, body=json.dumps(body).encode())
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
