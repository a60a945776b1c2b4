"""Hard limits as request, policy and tenant state them, and their combination.

Merging only tightens: a value is allowed if every part allows it, and denied or required if any
part says so. Allow lists without a common value allow nothing, which differs from no limit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

REQUEST = "request"
POLICY = "policy"
TENANT = "tenant"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Constraints:
    """Hard limits as one source states them. Empty and unset mean no limit."""

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
    """The limits in force. `None` is no limit; an empty allow list allows nothing.

    `sources` gives for each limited field the sources that determine its value.
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


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _MergeRule:
    """How the values that sources state for one constraint combine.

    `combine` takes the stated values, at least one, in the order of their sources. With
    `only_equal`, a source determines the result only if it stated exactly that value.
    """

    combine: Callable[[Sequence[Any]], Any]
    only_equal: bool = False


def _in_common(stated: Sequence[frozenset[str]]) -> frozenset[str]:
    first, *others = stated
    return first.intersection(*others)


_COMMON = _MergeRule(combine=_in_common)
_UNITED = _MergeRule(combine=lambda stated: frozenset[str]().union(*stated))
_REQUIRED = _MergeRule(combine=any)
_LOWEST = _MergeRule(combine=min, only_equal=True)
_HIGHEST = _MergeRule(combine=max, only_equal=True)

_MERGE_RULES: Mapping[str, _MergeRule] = {
    "allowed_regions": _COMMON,
    "data_classes": _UNITED,
    "zero_data_retention": _REQUIRED,
    "no_training": _REQUIRED,
    "allowed_providers": _COMMON,
    "denied_providers": _UNITED,
    "max_cost_usd": _LOWEST,
    "context_reserve_tokens": _HIGHEST,
}

# A field without a rule fails here, on import: it would never be merged, and so never enforced.
_FIELDS = tuple(
    (field.name, field.default, _MERGE_RULES[field.name])
    for field in dataclasses.fields(Constraints)
)

UNLIMITED = Constraints()
_NO_LIMITS = MergedConstraints()


def merged(parts: Sequence[tuple[str, Constraints]]) -> MergedConstraints:
    """Return the combination of all parts; each comes with the name of its source."""
    # The identity spares most requests the comparison of all fields.
    stating = [
        (source, part) for source, part in parts if part is not UNLIMITED and part != UNLIMITED
    ]
    if not stating:
        return _NO_LIMITS
    values: dict[str, Any] = {}
    sources: dict[str, tuple[str, ...]] = {}
    for name, unset, rule in _FIELDS:
        stated = [
            (source, value) for source, part in stating if (value := getattr(part, name)) != unset
        ]
        if not stated:
            continue
        combined = values[name] = rule.combine([value for _, value in stated])
        sources[name] = tuple(
            dict.fromkeys(
                source for source, value in stated if not rule.only_equal or value == combined
            )
        )
    return MergedConstraints(**values, sources=sources)
