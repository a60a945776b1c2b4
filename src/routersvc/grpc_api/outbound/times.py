"""From seconds to the contract's lengths and instants of time."""

from __future__ import annotations

import math

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

_NANOS = 1_000_000_000


def duration_of(seconds: float) -> Duration:
    """Return a length of time, to the nanosecond; no length is negative."""
    duration = Duration()
    write_duration(seconds, duration)
    return duration


def optional_duration_of(seconds: float | None) -> Duration | None:
    """Return a length of time, `None` for one that is not known or that never ends."""
    return None if seconds is None or math.isinf(seconds) else duration_of(seconds)


def write_duration(seconds: float, into: Duration) -> None:
    """Set a length of time, to the nanosecond; no length is negative."""
    into.seconds, into.nanos = divmod(max(0, round(seconds * _NANOS)), _NANOS)


def timestamp_of(seconds: float) -> Timestamp:
    """Return an instant, from seconds since the epoch, to the microsecond a float can tell."""
    timestamp = Timestamp()
    write_timestamp(seconds, timestamp)
    return timestamp


def write_timestamp(seconds: float, into: Timestamp) -> None:
    """Set an instant, from seconds since the epoch, to the microsecond a float can tell."""
    whole, micros = divmod(round(seconds * 1_000_000), 1_000_000)
    into.seconds, into.nanos = whole, micros * 1000
