"""The `rules` of a policy: which requests go to which deployments, in order."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from routersvc.domain.catalogue.route_rules import RouteHours, RouteMatch, RouteRule
from routersvc.domain.catalogue.tasks import Task
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
"""The value of a label."""

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
    """A daily period in UTC, which can extend past midnight."""

    start: TimeOfDay = Field(description="The beginning, in UTC.")
    end: TimeOfDay = Field(
        description="The end, in UTC; `24:00` is the end of the day. An end before `start` is on "
        "the next day."
    )
    weekdays: Annotated[tuple[Weekday, ...], AfterValidator(unique)] = Field(
        default=(), description="The days on which the period begins. Empty means every day."
    )

    def value(self) -> RouteHours:
        """Return the period."""
        days = list(Weekday)
        return RouteHours(
            start=self.start,
            end=self.end,
            weekdays=frozenset(days.index(day) for day in self.weekdays),
        )


class MatchSection(Section):
    """Conditions on a request, which all have to hold."""

    tasks: Annotated[tuple[Task, ...], AfterValidator(unique)] = Field(
        default=(), description="The request has one of these tasks. Empty matches all."
    )
    min_complexity: Ratio | None = Field(
        default=None, description="The lowest complexity, from 0 to 1."
    )
    max_complexity: Ratio | None = Field(
        default=None, description="The highest complexity, from 0 to 1."
    )
    min_input_tokens: TokenLimit | None = Field(
        default=None, description="The smallest estimated prompt, in tokens of OpenAI's o200k."
    )
    max_input_tokens: TokenLimit | None = Field(
        default=None, description="The largest estimated prompt, in tokens of OpenAI's o200k."
    )
    labels: Mapping[Name, LabelValue] = Field(
        default={}, description="Labels of the request, all with these values."
    )
    tenants: Names = Field(
        default=(),
        description="The request belongs to one of these tenants: names under `tenants`. Empty "
        "matches all.",
    )
    hours: HoursSection | None = Field(
        default=None, description="A daily period in which the request arrives. If unset, any time."
    )

    def value(self) -> RouteMatch:
        """Return the conditions."""
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
    """A rule that sends matching requests to certain deployments."""

    name: Name = Field(description="The name of the rule in explanations.")
    match: MatchSection = Field(
        default=MatchSection(), description="The conditions, which all have to hold."
    )
    deployments: FilledNames = Field(
        description="The deployments of matching requests, in the order in which they are tried: "
        "names under `deployments`."
    )

    def value(self) -> RouteRule:
        """Return the rule."""
        return RouteRule(name=self.name, match=self.match.value(), deployments=self.deployments)
