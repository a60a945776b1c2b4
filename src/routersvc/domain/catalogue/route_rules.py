"""Static routing rules of a policy: the first rule that matches a request determines its route.

A rule lists deployments in the order in which they are tried, without ranking or balancing.
Constraints apply to them as to any others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from routersvc.domain.catalogue.tasks import Task

DAY = 86_400
_THURSDAY = 3
"""The weekday of 1 January 1970; Monday is 0."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RouteHours:
    """A part of the day in UTC, in seconds after midnight.

    It lasts past midnight if `end` is before `start`. `weekdays` are from Monday, 0, to
    Sunday, 6, by the day on which the part begins; empty for every day.
    """

    start: int
    end: int
    weekdays: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if not 0 <= self.start < DAY or not 0 < self.end <= DAY or self.start == self.end:
            raise ValueError("`start` and `end` are different times of one day")
        if not all(0 <= day < 7 for day in self.weekdays):  # noqa: PLR2004 - days of a week
            raise ValueError("`weekdays` are numbers from 0 to 6")

    def holds(self, at: float) -> bool:
        """Whether an instant, in seconds since the epoch, is within these hours."""
        day, second = divmod(int(at), DAY)
        if self.start < self.end:
            within = self.start <= second < self.end
        else:
            within = second >= self.start or second < self.end
            if second < self.end:
                day -= 1
        weekday = (day + _THURSDAY) % 7
        return within and (not self.weekdays or weekday in self.weekdays)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RouteQuestion:
    """The facts about a request that rules match. `at` is seconds since the epoch.

    `task` and `complexity` are unset only where no rule of the policy depends on them.
    """

    task: Task | None
    complexity: float | None
    input_tokens: int
    labels: Mapping[str, str]
    tenant: str
    at: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RouteMatch:
    """Conditions on a request. All that are set have to hold."""

    tasks: frozenset[Task] = frozenset()
    min_complexity: float = 0.0
    max_complexity: float = 1.0
    min_input_tokens: int = 0
    max_input_tokens: int | None = None
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str], hash=False)
    tenants: frozenset[str] = frozenset()
    hours: RouteHours | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.min_complexity <= self.max_complexity <= 1:
            raise ValueError("`min_complexity` and `max_complexity` lie between 0 and 1, in order")
        least = self.min_input_tokens
        if least < 0 or (self.max_input_tokens is not None and self.max_input_tokens < least):
            raise ValueError("`min_input_tokens` is at least 0 and at most `max_input_tokens`")

    @property
    def depends_on_task(self) -> bool:
        """Whether there is a condition on the task or the complexity."""
        return bool(self.tasks) or self.min_complexity > 0 or self.max_complexity < 1

    def fits(self, question: RouteQuestion) -> bool:
        """Whether a request meets all conditions; an unset complexity is any."""
        most = self.max_input_tokens
        complexity = question.complexity
        return (
            (not self.tasks or question.task in self.tasks)
            and (complexity is None or self.min_complexity <= complexity <= self.max_complexity)
            and self.min_input_tokens <= question.input_tokens
            and (most is None or question.input_tokens <= most)
            and all(question.labels.get(key) == value for key, value in self.labels.items())
            and (not self.tenants or question.tenant in self.tenants)
            and (self.hours is None or self.hours.holds(question.at))
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RouteRule:
    """The deployments for requests that `match`, in the order in which they are tried."""

    name: str
    match: RouteMatch
    deployments: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.deployments:
            raise ValueError("a rule names at least one deployment")


def first_match(rules: Sequence[RouteRule], question: RouteQuestion) -> RouteRule | None:
    """Return the first rule that matches, `None` if none does."""
    return next((rule for rule in rules if rule.match.fits(question)), None)
