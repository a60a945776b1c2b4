"""Tells keys in the file from defaults, so that problems are reported at the right line."""

from __future__ import annotations

from collections.abc import Sequence

from routersvc.settings.problems import KeyPath
from routersvc.settings.source.problem_list import ProblemList
from routersvc.settings.source.yaml_source import YamlDocument
from routersvc.settings.types.units import duration_text

Limit = tuple[Sequence[KeyPath], float]
"""Where a limit may have been written, and what it is."""


class WrittenKeys:
    """The keys that stand in a file, and the problems with what they say together."""

    def __init__(self, source: YamlDocument, problems: ProblemList) -> None:
        self.problems = problems
        self._source = source

    def first(self, candidates: Sequence[KeyPath]) -> KeyPath | None:
        """Return the first of `candidates` that was written."""
        return next((path for path in candidates if path in self._source.value_places), None)

    def report(self, candidates: Sequence[KeyPath], message: str, allowed: float | str) -> None:
        """Report at the first of `candidates` that was written; a number allows up to so many s."""
        words = allowed if isinstance(allowed, str) else f"at most {duration_text(allowed)}"
        self.problems.at_value(self.first(candidates) or candidates[0], message, words)

    def check_order(self, lower: Limit, upper: Limit, *, in_seconds: bool = True) -> None:
        """Report a lower limit above its upper one, at the lower one where that was written."""
        (lower_places, least), (upper_places, most) = lower, upper
        if least <= most:
            return
        words = duration_text if in_seconds else "{:g}".format
        allowed = f"at most {words(most)}"
        if self.first(lower_places) is None:
            allowed = f"at least {words(least)}"
        self.report(
            [*lower_places, *upper_places],
            f"contradict each other: `{lower_places[0][-1]}` is above `{upper_places[0][-1]}`",
            allowed,
        )
