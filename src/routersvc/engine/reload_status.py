"""Which configuration is in force, since when, and what became of attempts to replace it."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(slots=True)
class ReloadStatus:
    """The status of one router; instants are seconds since the epoch.

    `failed_at` is the last attempt that was refused since then, `None` without one; `problems` is
    how many problems it had. `applied` and `refused` count attempts since the start.
    `waiting_for_restart` names the settings that differ from those in force until a restart.
    """

    digest: str
    in_force_since: float
    failed_at: float | None = None
    problems: int = 0
    applied: int = 0
    refused: int = 0
    waiting_for_restart: tuple[str, ...] = ()

    def replaced(self, digest: str, now: float) -> None:
        """Record that another configuration is in force, or the same one again."""
        if digest != self.digest:
            self.in_force_since = now
        self.digest = digest
        self.failed_at = None
        self.problems = 0
        self.applied += 1

    def refuse(self, problems: int, now: float) -> None:
        """Record that a configuration was refused."""
        self.failed_at = now
        self.problems = problems
        self.refused += 1
