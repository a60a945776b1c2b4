"""Every constraint that can be stated is enforced and shown."""

from __future__ import annotations

import dataclasses

import pytest

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.constraints import REQUEST, Constraints
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.planning.effective_constraints import (
    EffectiveConstraint,
    effective_constraints,
)
from routersvc.domain.planning.fixed_constraints import FIXED_CONSTRAINTS
from routersvc.domain.planning.measured_constraints import MEASURED_CONSTRAINTS
from routersvc.domain.planning.planner import Planner
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request

STATED = {
    "allowed_regions": (frozenset({"us", "eu"}), "eu, us"),
    "data_classes": (frozenset({"pii", "phi"}), "phi, pii"),
    "zero_data_retention": (True, "required"),
    "no_training": (True, "required"),
    "allowed_providers": (frozenset({"a"}), "a"),
    "denied_providers": (frozenset({"a"}), "a"),
    "max_cost_usd": (0.25, "0.25"),
    "context_reserve_tokens": (500, "500"),
}


def test_each_constraint_has_one_entry_in_the_tables() -> None:
    """One without an entry would be merged and never enforced."""
    names = [each.name for each in (*FIXED_CONSTRAINTS, *MEASURED_CONSTRAINTS)]

    assert len(names) == len(set(names))
    assert {field.name for field in dataclasses.fields(Constraints)} <= set(names)


@pytest.mark.parametrize("field", dataclasses.fields(Constraints), ids=lambda field: field.name)
def test_stated_constraint_is_shown_with_its_source(field: dataclasses.Field[object]) -> None:
    """A constraint that excludes deployments is never missing in an explanation."""
    value, shown = STATED[field.name]
    constraints = dataclasses.replace(Constraints(), **{field.name: value})  # type: ignore[arg-type] # one of its fields
    planner = Planner(
        catalogue=Catalogue(deployments={"a": scripted_deployment("a")}),
        policies={"drill": scripted_policy(["a"])},
        default_policy="drill",
    )

    limits = planner.limits(scripted_request(routing=Routing(constraints=constraints)))

    assert effective_constraints(limits) == (
        EffectiveConstraint(name=field.name, value=shown, source=REQUEST),
    )
