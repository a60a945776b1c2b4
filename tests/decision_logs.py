"""Runs calls against scripted deployments and logs their decisions, for several tests."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from routersvc.domain.catalogue.modes import OrderMode
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.explaining.explanations import Explanation
from routersvc.domain.explaining.recorded_decisions import DecisionRecord
from routersvc.domain.outcomes.errors import CallFailedError, RefusedError
from routersvc.telemetry.decision_log.files import DecisionFiles
from routersvc.telemetry.decision_log.log import FileDecisionLog, Redact
from routersvc.telemetry.decision_log.reading import read_records
from routersvc.telemetry.options import LoggedContent
from routersvc.testing.scripted import Script
from routersvc.testing.virtual_time import run_in_virtual_time
from routersvc.testing.worlds import World, scripted_policy


@dataclasses.dataclass(frozen=True, kw_only=True)
class Logged:
    """What was logged of some calls, and how the router explained them while it still ran."""

    directory: Path
    records: Sequence[DecisionRecord]
    explanations: Mapping[str, Explanation]

    @property
    def text(self) -> str:
        """The files as they are."""
        return "".join(path.read_text("utf-8") for path in sorted(self.directory.iterdir()))


def logged_calls(
    directory: Path,
    scripts: Mapping[str, Sequence[Script]],
    requests: Sequence[Request],
    *,
    order: OrderMode = OrderMode.FIXED,
    content: LoggedContent = LoggedContent.NONE,
    redact: Redact | None = None,
    **options: object,
) -> Logged:
    """Make calls one after the other, and return what was logged of them in a directory.

    `options` are those of `World`.
    """
    files = DecisionFiles(
        directory,
        max_file_bytes=1 << 20,
        max_total_bytes=1 << 24,
        process="p",
        wall_clock=lambda: 1_767_225_600.0,
    )
    decision_log = FileDecisionLog(files, content=content, redact=redact)
    explanations: dict[str, Explanation] = {}

    async def calls() -> None:
        policy = scripted_policy(list(scripts), order=order)
        world = World(
            scripts,
            **{"policy": policy, "wall_clock": 1_767_225_600.0, **options},  # type: ignore[arg-type]
            decision_log=decision_log,
        )
        for request in requests:
            with contextlib.suppress(RefusedError):
                opened = world.router.open(request)
                with contextlib.suppress(CallFailedError):
                    async with opened:
                        while not isinstance((await opened.receive())[-1], Finished):
                            pass
                with contextlib.suppress(RefusedError):
                    explanations[opened.decision_id] = world.router.explain_decision(
                        opened.decision_id, tenant=request.tenant
                    )

    run_in_virtual_time(calls())
    decision_log.writer.close()
    assert decision_log.writer.dropped == 0
    records = list(read_records([directory])) if directory.exists() else []
    return Logged(
        directory=directory,
        records=[record for record in records if isinstance(record, DecisionRecord)],
        explanations=explanations,
    )
