"""Reloads the settings: on SIGHUP, and when their file or one that they refer to has changed.

    asked, or files changed and still ─▶ read and checked in a thread ─▶ prepared ─▶ swapped at once
                                                │ any problem
                                                ▼
                                     refused: nothing changes, log, metric, status

One reload runs at a time; requests that come meanwhile become one more.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

from routersvc.engine.reload_status import ReloadStatus
from routersvc.settings.problems import SettingsError
from routersvc.settings.settings import Settings

logger = logging.getLogger(__name__)

SHOWN_PROBLEMS = 5
"""Problems of a refused file in the log; `routersvc check` shows all."""

Signature = Mapping[Path, tuple[int, ...] | None]
"""What tells whether files have changed; `None` for one that is not there."""


def signature_of(paths: Iterable[Path]) -> Signature:
    """Return the signature of files. Links are followed: mounted secrets are replaced by links."""
    found: dict[Path, tuple[int, ...] | None] = {}
    for path in paths:
        try:
            status = path.stat()
        except (OSError, ValueError):
            found[path] = None
        else:
            found[path] = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
    return found


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Reload:
    """How settings are loaded and applied. `load` runs in a thread, `apply` does not.

    `apply` changes everything or, where it raises, nothing. `watched` is the settings file; the
    files that settings refer to are watched too.
    """

    load: Callable[[], Settings]
    apply: Callable[[Settings], Awaitable[None]]
    watched: Path | None


class Reloader:
    """Reloads until it is cancelled. `interval` is that of looking at files, `None` for never."""

    def __init__(
        self,
        reload: Reload,
        settings: Settings,
        *,
        status: ReloadStatus,
        interval: float | None,
        wall_clock: Callable[[], float],
    ) -> None:
        self._reload = reload
        self._settings = settings
        self._status = status
        self._interval = interval
        self._wall_clock = wall_clock
        self._asked = asyncio.Event()
        self._seen: Signature = {}
        self.is_watching = False
        """Whether changes are noticed from now on."""

    def ask(self) -> None:
        """Reload soon."""
        self._asked.set()

    async def run(self) -> None:
        """Reload whenever asked, and whenever files have changed."""
        self._seen = await self._look()
        self.is_watching = True
        while True:
            changed = await self._wait()
            self._asked.clear()
            # Before reading: what changes while it is read is read again.
            self._seen = await self._look()
            await self.reload("files changed" if changed else "signal")
            # Settings may refer to other files than before.
            fresh = await self._look()
            self._seen = {path: self._seen.get(path, it) for path, it in fresh.items()}

    async def reload(self, cause: str) -> bool:
        """Reload once; return whether the settings are in force now."""
        try:
            settings = await asyncio.to_thread(self._reload.load)
            await self._reload.apply(settings)
        except SettingsError as error:
            self._refused(cause, [str(problem) for problem in error.problems])
        except Exception as error:
            logger.exception("settings not reloaded: unexpected error")
            self._refused(cause, [type(error).__name__])
        else:
            self._settings = settings
            fields = {"cause": cause, "digest": settings.digest}
            if self._status.waiting_for_restart:
                fields["waiting_for_restart"] = ", ".join(self._status.waiting_for_restart)
            logger.info("settings reloaded", extra={"fields": fields})
            return True
        return False

    def _refused(self, cause: str, problems: list[str]) -> None:
        self._status.refuse(len(problems), self._wall_clock())
        fields = {
            "cause": cause,
            "problems": len(problems),
            "first": "; ".join(problems[:SHOWN_PROBLEMS]),
            "digest": self._status.digest,
        }
        logger.error("settings refused: those in force stay", extra={"fields": fields})

    async def _wait(self) -> bool:
        """Wait until a reload is due; return whether that is because of files."""
        pending: Signature | None = None
        while True:
            try:
                async with asyncio.timeout(self._interval):
                    await self._asked.wait()
            except TimeoutError:
                now = await self._look()
                if now != self._seen and now == pending:
                    return True
                pending = now
            else:
                return False

    async def _look(self) -> Signature:
        watched = self._reload.watched
        if watched is None or self._interval is None:
            return {}
        # A folder of the network may take its time.
        return await asyncio.to_thread(signature_of, (watched, *self._settings.files))
