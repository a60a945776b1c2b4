"""The simulator's clock: the event loop's time, and wall time derived from it."""

from __future__ import annotations

import asyncio
import datetime as dt
import email.utils


class Clock:
    """The clock of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._date = ""
        self._date_second = 0
        self._offset = dt.datetime.now(tz=dt.UTC).timestamp() - loop.time()

    def now(self) -> float:
        """Return the loop's time in seconds, for measuring."""
        return self._loop.time()

    def wall(self) -> float:
        """Return the seconds since 1970."""
        return self._loop.time() + self._offset

    def http_date(self) -> str:
        """Return the wall time for the HTTP header `date`."""
        second = int(self.wall())
        if second != self._date_second:
            self._date_second = second
            self._date = email.utils.formatdate(second, usegmt=True)
        return self._date

    async def sleep_until(self, due: float) -> None:
        """Wait until the loop's time is `due`; return without yielding if it is past."""
        left = due - self._loop.time()
        if left > 0:
            await asyncio.sleep(left)
