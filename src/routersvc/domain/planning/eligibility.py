"""Which deployments may serve a request, without checking each of them for each request.

Fixed constraints (lists, regions, data classes, capabilities, ...) see `FixedLimits` alone, which
many requests share: what they leave is remembered under that value. Measured constraints (tokens,
dollars) are checked once per model, and not at all where they admit the narrowest of the models.
Whether a wire format can express a request is checked for unusual requests alone.

The result is always that of `exclusions`, deployment by deployment.
"""

from __future__ import annotations

import bisect
import dataclasses
from collections.abc import Collection, Mapping, Sequence

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.planning.exclusions import (
    format_refusal,
    is_excluded,
    is_excluded_by,
    open_constraints,
)
from routersvc.domain.planning.limits import FixedLimits, Limits
from routersvc.domain.planning.measured_constraints import ModelBounds, needed_tokens
from routersvc.domain.profiling.profiles import Profile
from routersvc.domain.profiling.prompt_shapes import shape_of
from routersvc.domain.profiling.token_estimates import TokenEstimate

MAX_REMEMBERED = 1_000
"""Results to remember; a service needs a few per tenant and policy. Above that all are dropped."""


class Eligibility:
    """Finds the deployments of one catalogue that may serve.

    Remembers by names of the catalogue only: requests that need a data class or a wire format that
    no deployment has are answered without the memory.
    """

    __slots__ = ("_catalogue", "_data_classes", "_remembered", "_wire_formats")

    def __init__(self, catalogue: Catalogue) -> None:
        deployments = catalogue.deployments.values()
        self._catalogue = catalogue
        self._data_classes = frozenset[str]().union(
            *(one.compliance.data_classes for one in deployments)
        )
        self._wire_formats = frozenset(one.provider.wire_format for one in deployments)
        self._remembered: dict[FixedLimits, _Remaining] = {}

    def find(self, limits: Limits) -> Sequence[Deployment]:
        """Return the deployments that may serve, in the order in which `limits` lists them."""
        fixed = limits.fixed
        remaining = self._remembered.get(fixed)
        if remaining is None:
            if fixed.data_classes - self._data_classes or fixed.wire_formats - self._wire_formats:
                return ()
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            remaining = _Remaining(
                [one for one in self.listed(fixed.listed) if not is_excluded(one, fixed)]
            )
            self._remembered[fixed] = remaining
        allowed = remaining.within(limits)
        shape = shape_of(limits.request.prompt)
        return allowed if shape is None else _expressible(allowed, shape)

    def listed(self, names: Collection[str]) -> list[Deployment]:
        """Return the deployments of these names."""
        deployments = self._catalogue.deployments
        return [deployments[name] for name in names if name in deployments]


def _expressible(deployments: Sequence[Deployment], shape: Prompt) -> Sequence[Deployment]:
    """Return the deployments whose formats can express a prompt of this shape."""
    known: dict[tuple[int, str, str], bool] = {}
    left: list[Deployment] = []
    for deployment in deployments:
        key = (
            id(deployment.provider.wire_rules),
            deployment.wire_model,
            deployment.model.name,
        )
        can = known.get(key)
        if can is None:
            can = known[key] = not format_refusal(deployment, shape)
        if can:
            left.append(deployment)
    return deployments if len(left) == len(deployments) else left


class _Remaining:
    """The deployments that the fixed constraints leave, and the bounds of their models."""

    __slots__ = ("_bounds", "_deployments", "_models")

    def __init__(self, deployments: Sequence[Deployment]) -> None:
        self._deployments = tuple(deployments)
        self._models = tuple({one.model.name: one.model for one in deployments}.values())
        self._bounds = ModelBounds.of(self._models)

    def within(self, limits: Limits) -> Sequence[Deployment]:
        """Return the deployments that the measured constraints admit too."""
        constraints = open_constraints(self._bounds, limits)
        if not constraints:
            return self._deployments
        excluded = {
            model.name for model in self._models if is_excluded_by(constraints, model, limits)
        }
        if not excluded:
            return self._deployments
        return [one for one in self._deployments if one.model.name not in excluded]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ContextWindows:
    """The context windows of a group of models: by token ratio, in ascending order."""

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

    def undecided(self, profile: Profile, tokens: TokenEstimate, *, reserve: int) -> bool:
        """Whether `tokens` is too vague: its lower bound fits some window, its upper does not."""
        for ratio, windows in self.by_ratio:
            least = needed_tokens(ratio, profile, tokens.low, reserve=reserve)
            most = needed_tokens(ratio, profile, tokens.high, reserve=reserve)
            at = bisect.bisect_left(windows, least)
            if at < len(windows) and windows[at] < most:
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
