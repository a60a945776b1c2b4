"""The `rules` of a policy: which requests go to which deployments, in exactly that order."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from routersvc.domain.catalogue.route_rules import (
    RouteHours,
    RouteMatch,
    RouteRule,
)
from routersvc.domain.catalogue.tasks import (
    Task,
)
from routersvc.settings.types.fields import (
    FilledNames,
    Name,
    Names,
    Ratio,
    Section,
    TimeOfDay,
    unique,
)

LabelValue = Annotated[str, StringConstraints(min_length=1, max_length=256)]
"""What a label says."""

TokenLimit = Annotated[int, Field(ge=0, le=1 << 30)]
"""A number of tokens that may be 0."""


class Weekday(enum.Enum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class HoursSection(Section):
    """A part of the day in UTC; it goes over midnight where its end is the earlier time."""

    start: TimeOfDay = Field(description="When it begins.")
    end: TimeOfDay = Field(description="When it is over; `24:00` is the end of the day.")
    weekdays: Annotated[tuple[Weekday, ...], AfterValidator(unique)] = Field(
        default=(), description="Only on these days, by the day on which it begins."
    )

    def value(self) -> RouteHours:
        """Return the part of the day."""
        days = list(Weekday)
        return RouteHours(
            start=self.start,
            end=self.end,
            weekdays=frozenset(days.index(day) for day in self.weekdays),
        )


class MatchSection(Section):
    """What a request has to be like. All that is said has to hold."""

    tasks: Annotated[tuple[Task, ...], AfterValidator(unique)] = Field(
        default=(), description="It is of one of these kinds."
    )
    min_complexity: Ratio | None = Field(default=None, description="It is at least this hard.")
    max_complexity: Ratio | None = Field(default=None, description="It is at most this hard.")
    min_input_tokens: TokenLimit | None = Field(
        default=None, description="Its prompt has at least about so many tokens, counted by o200k."
    )
    max_input_tokens: TokenLimit | None = Field(
        default=None, description="Its prompt has at most about so many tokens."
    )
    labels: Mapping[Name, LabelValue] = Field(
        default={}, description="It carries these labels with these values."
    )
    tenants: Names = Field(
        default=(), description="It is of one of these tenants: names under `tenants`."
    )
    hours: HoursSection | None = Field(
        default=None, description="It comes in this part of the day. Left out: at any time."
    )

    def value(self) -> RouteMatch:
        """Return what a request has to be like."""
        return RouteMatch(
            tasks=frozenset(self.tasks),
            min_complexity=0.0 if self.min_complexity is None else self.min_complexity,
            max_complexity=1.0 if self.max_complexity is None else self.max_complexity,
            min_input_tokens=self.min_input_tokens or 0,
            max_input_tokens=self.max_input_tokens,
            labels=dict(self.labels),
            tenants=frozenset(self.tenants),
            hours=None if self.hours is None else self.hours.value(),
        )


class RouteRuleSection(Section):
    """Where requests of one kind go."""

    name: Name = Field(description="What it is called in explanations.")
    match: MatchSection = Field(
        default=MatchSection(), description="What a request has to be like."
    )
    deployments: FilledNames = Field(
        description="Where such requests go, in the order in which they are tried: names under "
        "`deployments`."
    )

    def value(self) -> RouteRule:
        """Return the rule."""
        return RouteRule(name=self.name, match=self.match.value(), deployments=self.deployments)
