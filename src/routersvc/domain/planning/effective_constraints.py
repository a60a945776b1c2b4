"""The limits in force for a request, as explanations list them."""

from __future__ import annotations

import dataclasses

from routersvc.domain.planning.fixed_constraints import FIXED_CONSTRAINTS
from routersvc.domain.planning.limits import Limits
from routersvc.domain.planning.measured_constraints import MEASURED_CONSTRAINTS


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class EffectiveConstraint:
    """One limit in force and who set it: `request`, `policy` or `tenant`."""

    name: str
    value: str
    source: str


def effective_constraints(limits: Limits) -> tuple[EffectiveConstraint, ...]:
    """Return the limits in force, in the order of the tables of constraints."""
    sources = limits.constraints.sources
    return tuple(
        EffectiveConstraint(
            name=constraint.name,
            value=value,
            source=", ".join(sources.get(constraint.name, (constraint.set_by,))),
        )
        for constraint in (*FIXED_CONSTRAINTS, *MEASURED_CONSTRAINTS)
        if (value := constraint.in_force(limits))
    )
