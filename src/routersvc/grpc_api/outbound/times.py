"""Converts seconds to protobuf durations and timestamps."""

from __future__ import annotations

import math

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

_NANOS = 1_000_000_000


def duration_of(seconds: float) -> Duration:
    """Return a duration, to the nanosecond; negative values become 0."""
    duration = Duration()
    write_duration(seconds, duration)
    return duration


def optional_duration_of(seconds: float | None) -> Duration | None:
    """Return a duration, `None` if it is unknown or infinite."""
    return None if seconds is None or math.isinf(seconds) else duration_of(seconds)


def write_duration(seconds: float, into: Duration) -> None:
    """Set a duration, to the nanosecond; negative values become 0."""
    into.seconds, into.nanos = divmod(max(0, round(seconds * _NANOS)), _NANOS)


def timestamp_of(seconds: float) -> Timestamp:
    """Return a timestamp from seconds since the epoch, to the microsecond that a float holds."""
    timestamp = Timestamp()
    write_timestamp(seconds, timestamp)
    return timestamp


def write_timestamp(seconds: float, into: Timestamp) -> None:
    """Set a timestamp from seconds since the epoch, to the microsecond that a float holds."""
    whole, micros = divmod(round(seconds * 1_000_000), 1_000_000)
    into.seconds, into.nanos = whole, micros * 1000
