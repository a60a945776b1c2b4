"""Distinguishes keys in the file from defaults, so that problems are reported at the right line."""

from __future__ import annotations

from collections.abc import Sequence

from routersvc.settings.problems import KeyPath
from routersvc.settings.source.problem_list import ProblemList
from routersvc.settings.source.yaml_source import YamlDocument
from routersvc.settings.types.units import duration_text

Limit = tuple[Sequence[KeyPath], float]
"""Where a limit can be set, and its value."""


class WrittenKeys:
    """The keys that are set in a file, and the problems of their values."""

    def __init__(self, source: YamlDocument, problems: ProblemList) -> None:
        self.problems = problems
        self._source = source

    def first(self, candidates: Sequence[KeyPath]) -> KeyPath | None:
        """Return the first of `candidates` that is set in the file."""
        return next((path for path in candidates if path in self._source.value_places), None)

    def report(self, candidates: Sequence[KeyPath], message: str, allowed: float | str) -> None:
        """Report at the first of `candidates` in the file; a number is seconds at most."""
        words = allowed if isinstance(allowed, str) else f"at most {duration_text(allowed)}"
        self.problems.at_value(self.first(candidates) or candidates[0], message, words)

    def check_order(self, lower: Limit, upper: Limit, *, in_seconds: bool = True) -> None:
        """Report a lower limit above its upper limit, at the lower limit if it is in the file."""
        (lower_places, least), (upper_places, most) = lower, upper
        if least <= most:
            return
        words = duration_text if in_seconds else "{:g}".format
        allowed = f"at most {words(most)}"
        if self.first(lower_places) is None:
            allowed = f"at least {words(least)}"
        self.report(
            [*lower_places, *upper_places],
            f"`{lower_places[0][-1]}` is above `{upper_places[0][-1]}`",
            allowed,
        )
