"""Hard limits as request, policy and tenant state them, and what they come to together.

Merging only ever tightens: what several allow is what all of them allow, what any denies or demands
holds. Nothing that all may share is not the same as no limit: it allows nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

REQUEST = "request"
POLICY = "policy"
TENANT = "tenant"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Constraints:
    """Hard limits; each only tightens what policy and tenant set. Empty and unset mean no limit."""

    allowed_regions: frozenset[str] = frozenset()
    data_classes: frozenset[str] = frozenset()
    zero_data_retention: bool = False
    no_training: bool = False
    allowed_providers: frozenset[str] = frozenset()
    denied_providers: frozenset[str] = frozenset()
    max_cost_usd: float | None = None
    context_reserve_tokens: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MergedConstraints:
    """The limits in force. `None` is no limit; an empty set of what is allowed allows nothing.

    `sources` names for each field who made it what it is.
    """

    allowed_regions: frozenset[str] | None = None
    data_classes: frozenset[str] = frozenset()
    zero_data_retention: bool = False
    no_training: bool = False
    allowed_providers: frozenset[str] | None = None
    denied_providers: frozenset[str] = frozenset()
    max_cost_usd: float | None = None
    context_reserve_tokens: int = 0
    sources: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict[str, tuple[str, ...]]
    )


UNLIMITED = Constraints()
_NO_LIMITS = MergedConstraints()


def merged(parts: Sequence[tuple[str, Constraints]]) -> MergedConstraints:
    """Return what all parts demand together; each comes with the name of who states it."""
    stating = [(source, part) for source, part in parts if part != UNLIMITED]
    if not stating:
        return _NO_LIMITS
    constraints = [part for _, part in stating]
    ceiling = min(
        (part.max_cost_usd for part in constraints if part.max_cost_usd is not None), default=None
    )
    reserve = max(part.context_reserve_tokens for part in constraints)
    deciding: Mapping[str, Callable[[Constraints], bool]] = {
        "allowed_regions": lambda part: bool(part.allowed_regions),
        "data_classes": lambda part: bool(part.data_classes),
        "zero_data_retention": lambda part: part.zero_data_retention,
        "no_training": lambda part: part.no_training,
        "allowed_providers": lambda part: bool(part.allowed_providers),
        "denied_providers": lambda part: bool(part.denied_providers),
        "max_cost_usd": lambda part: part.max_cost_usd is not None and part.max_cost_usd == ceiling,
        "context_reserve_tokens": lambda part: 0 < part.context_reserve_tokens == reserve,
    }
    return MergedConstraints(
        allowed_regions=_shared(part.allowed_regions for part in constraints),
        data_classes=_all(part.data_classes for part in constraints),
        zero_data_retention=any(part.zero_data_retention for part in constraints),
        no_training=any(part.no_training for part in constraints),
        allowed_providers=_shared(part.allowed_providers for part in constraints),
        denied_providers=_all(part.denied_providers for part in constraints),
        max_cost_usd=ceiling,
        context_reserve_tokens=reserve,
        sources={
            name: tuple(dict.fromkeys(source for source, part in stating if decides(part)))
            for name, decides in deciding.items()
            if any(map(decides, constraints))
        },
    )


def _shared(allowed: Iterable[frozenset[str]]) -> frozenset[str] | None:
    """Return what all allow that limit anything, `None` where none does."""
    shared: frozenset[str] | None = None
    for each in allowed:
        if each:
            shared = each if shared is None else shared & each
    return shared


def _all(demanded: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*demanded)
