"""Reads the payloads of server-sent events in the plainest way."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bench.wire.readings import JsonObject


def payloads(body: bytes) -> Sequence[JsonObject]:
    """Return every JSON object of a stream whose events have one line of data each."""
    text = body.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    found = [
        line.removeprefix("data:").strip() for line in text.split("\n") if line.startswith("data:")
    ]
    return [json.loads(payload) for payload in found if payload and payload != "[DONE]"]
