"""The wall clock of the machine, so that the times of all processes are comparable.

The simulator and the router tell times of the same clock. The simulator's are those of its event
loop's last turn, to a millisecond.
"""

from __future__ import annotations

import datetime as dt
import time

_OFFSET = dt.datetime.now(tz=dt.UTC).timestamp() - time.monotonic()


def now() -> float:
    """Return the seconds since 1970; never decreases."""
    return time.monotonic() + _OFFSET


def instant(text: str) -> float:
    """Return the seconds since 1970 of a time in RFC 3339."""
    return dt.datetime.fromisoformat(text).timestamp()
