"""The `decision_log` section: every decision in files, for questions that come later."""

from __future__ import annotations

from pydantic import Field

from routersvc.settings.source.problem_list import ProblemList
from routersvc.settings.types.fields import ByteSize, FilePath, Section
from routersvc.telemetry.options import LoggedContent


class DecisionLogSection(Section):
    """Every decision that has ended, as one line of JSON in rotated files."""

    directory: FilePath | None = Field(
        default=None,
        description="Where the files are written; it is made if it does not exist, and several "
        "routers can share it. If unset, decisions are not logged.",
    )
    content: LoggedContent = Field(
        default=LoggedContent.NONE,
        description="What is logged of prompts. `none`: nothing. `redacted`: texts without the "
        "identifiers and the keys that are detected, whatever `detection` says. `full`: texts as "
        "they are. Pictures, audio and files are never logged, nor are answers.",
    )
    max_file_size: ByteSize = Field(
        default=64 * 1024 * 1024, description="The size at which the next file begins."
    )
    max_total_size: ByteSize = Field(
        default=1024 * 1024 * 1024,
        description="The size of all files in the directory, above which the oldest are removed.",
    )


def check_decision_log(section: DecisionLogSection, problems: ProblemList) -> None:
    """Report a file that is larger than all files together may be."""
    if section.max_file_size > section.max_total_size:
        problems.at_key(
            ("decision_log", "max_file_size"),
            "exceeds `max_total_size`, which holds for all files",
            "at most `max_total_size`",
        )
