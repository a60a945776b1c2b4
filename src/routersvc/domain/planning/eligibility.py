"""Which deployments may serve, found in less time than it takes to ask each of them.

What limits a request falls into two parts. The fixed part (lists, regions, data classes,
capabilities, ...) is the same for many requests: what it leaves is remembered by its values. The
measured part (tokens, dollars) differs with each request, and depends on the model alone: it is
asked once a model, and not at all where the narrowest model has room.

The answer is always that of `exclusions`, deployment by deployment. What is remembered holds names
of the configuration and nothing else of a request: no prompt, and no name that a caller made up.
"""

from __future__ import annotations

import bisect
import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence

from routersvc.domain.catalogue.catalogue import (
    Catalogue,
)
from routersvc.domain.catalogue.deployments import (
    Deployment,
)
from routersvc.domain.catalogue.models import (
    Model,
)
from routersvc.domain.planning.exclusions import (
    is_fixed_out,
    is_measured_out,
    needed_data_classes,
)
from routersvc.domain.planning.limits import (
    Limits,
)
from routersvc.domain.profiling.profiles import (
    Profile,
)
from routersvc.domain.profiling.token_estimates import (
    TokenEstimate,
)

MAX_REMEMBERED = 1_000
"""Fixed parts; a service has a few for each tenant and policy. Then all are forgotten."""


class Eligibility:
    """Finds the deployments of one catalogue that may serve."""

    __slots__ = ("_catalogue", "_data_classes", "_regions", "_remembered", "_wire_formats")

    def __init__(self, catalogue: Catalogue) -> None:
        deployments = catalogue.deployments.values()
        self._catalogue = catalogue
        self._regions = frozenset(
            one.compliance.region for one in deployments if one.compliance.region is not None
        )
        self._data_classes = frozenset[str]().union(
            *(one.compliance.data_classes for one in deployments)
        )
        self._wire_formats = frozenset(one.provider.wire_format for one in deployments)
        self._remembered: dict[object, _Remaining] = {}

    @property
    def remembered(self) -> int:
        """How many fixed parts are remembered."""
        return len(self._remembered)

    def find(self, limits: Limits) -> Sequence[Deployment]:
        """Return the deployments that may serve, as `limits` lists them."""
        constraints = limits.constraints
        data_classes = needed_data_classes(limits)
        if data_classes - self._data_classes or limits.wire_formats - self._wire_formats:
            # Nobody here has what is asked for.
            return ()
        regions = constraints.allowed_regions
        key = (
            limits.listed,
            limits.request.routing.pinned_deployment,
            limits.models,
            limits.wire_formats,
            limits.profile.capabilities,
            None if regions is None else regions & self._regions,
            data_classes,
            constraints.zero_data_retention,
            constraints.no_training,
            constraints.allowed_providers,
            constraints.denied_providers,
        )
        remaining = self._remembered.get(key)
        if remaining is None:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            remaining = _Remaining(
                [one for one in self.listed(limits.listed) if not is_fixed_out(one, limits)]
            )
            self._remembered[key] = remaining
        return remaining.that_have_room(limits)

    def listed(self, names: Collection[str]) -> list[Deployment]:
        """Return the deployments of these names."""
        deployments = self._catalogue.deployments
        return [deployments[name] for name in names if name in deployments]


class _Remaining:
    """What a fixed part leaves, with the least that any of its models can take."""

    __slots__ = ("_deployments", "_highest_ratio", "_least_output", "_least_window", "_models")

    def __init__(self, deployments: Sequence[Deployment]) -> None:
        self._deployments = tuple(deployments)
        self._models = tuple({one.model.name: one for one in deployments}.values())
        models = [one.model for one in self._models]
        self._highest_ratio = max((model.token_ratio for model in models), default=1.0)
        self._least_window = min((model.context_window for model in models), default=0)
        self._least_output = min(
            (m.max_output_tokens for m in models if m.max_output_tokens is not None),
            default=math.inf,
        )

    def that_have_room(self, limits: Limits) -> Sequence[Deployment]:
        if self._have_all_room(limits):
            return self._deployments
        out = {one.model.name for one in self._models if is_measured_out(one, limits)}
        if not out:
            return self._deployments
        return [one for one in self._deployments if one.model.name not in out]

    def _have_all_room(self, limits: Limits) -> bool:
        """Whether there is room without looking at each model; `False` where that is open."""
        constraints = limits.constraints
        if constraints.max_cost_usd is not None or limits.budget is not None:
            return False
        profile = limits.profile
        asked = limits.request.prompt.sampling.max_output_tokens
        needed = (
            math.ceil(profile.input_tokens * self._highest_ratio)
            + profile.output_tokens
            + constraints.context_reserve_tokens
        )
        return needed <= self._least_window and (asked is None or asked <= self._least_output)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ContextWindows:
    """The context windows that a policy can lead to: by token ratio, the windows in order."""

    by_ratio: tuple[tuple[float, tuple[int, ...]], ...]

    @classmethod
    def of(cls, models: Collection[Model]) -> ContextWindows:
        """Return the windows of these models."""
        found: dict[float, set[int]] = {}
        for model in models:
            found.setdefault(model.token_ratio, set()).add(model.context_window)
        return cls(
            by_ratio=tuple((ratio, tuple(sorted(windows))) for ratio, windows in found.items())
        )

    def are_open(self, profile: Profile, tokens: TokenEstimate, *, reserve: int) -> bool:
        """Whether the bounds of `tokens` leave open for some model whether a prompt fits it."""
        more = profile.output_tokens + reserve
        for ratio, windows in self.by_ratio:
            at = bisect.bisect_left(windows, math.ceil(tokens.low * ratio) + more)
            if at < len(windows) and windows[at] < math.ceil(tokens.high * ratio) + more:
                return True
        return False


def windows_of(
    catalogue: Catalogue, names: Mapping[str, Sequence[str]]
) -> dict[str, ContextWindows]:
    """Return the windows of each group of deployments, by the name of the group."""
    return {
        group: ContextWindows.of(
            [catalogue.deployments[name].model for name in members if name in catalogue.deployments]
        )
        for group, members in names.items()
    }
