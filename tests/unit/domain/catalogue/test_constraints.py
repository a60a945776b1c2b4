"""What request, policy and tenant demand together is never looser than what any of them does."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.catalogue.constraints import (
    POLICY,
    REQUEST,
    TENANT,
    UNLIMITED,
    Constraints,
    MergedConstraints,
    merged,
)

names = st.frozensets(st.sampled_from(["a", "b", "c"]))
constraints = st.builds(
    Constraints,
    allowed_regions=names,
    data_classes=names,
    zero_data_retention=st.booleans(),
    no_training=st.booleans(),
    allowed_providers=names,
    denied_providers=names,
    max_cost_usd=st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0])),
    context_reserve_tokens=st.sampled_from([0, 10, 20]),
)
parts = st.lists(st.tuples(st.sampled_from([TENANT, POLICY, REQUEST]), constraints), max_size=4)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What matters of a deployment for a request."""

    region: str
    provider: str
    cleared: frozenset[str]
    keeps_nothing: bool
    does_not_train: bool
    cost: float
    room: int


facts = st.builds(
    Facts,
    region=st.sampled_from(["a", "b", "c", "d"]),
    provider=st.sampled_from(["a", "b", "c", "d"]),
    cleared=names,
    keeps_nothing=st.booleans(),
    does_not_train=st.booleans(),
    cost=st.sampled_from([0.0, 0.5, 0.75, 1.0, 2.0]),
    room=st.sampled_from([0, 10, 20, 30]),
)


def lets_pass(limits: Constraints | MergedConstraints, it: Facts) -> bool:
    """Whether limits are kept, read in the plainest way."""
    if isinstance(limits, Constraints):
        regions, providers = limits.allowed_regions or None, limits.allowed_providers or None
    else:
        regions, providers = limits.allowed_regions, limits.allowed_providers
    return (
        (regions is None or it.region in regions)
        and (providers is None or it.provider in providers)
        and it.provider not in limits.denied_providers
        and limits.data_classes <= it.cleared
        and (it.keeps_nothing or not limits.zero_data_retention)
        and (it.does_not_train or not limits.no_training)
        and (limits.max_cost_usd is None or it.cost <= limits.max_cost_usd)
        and limits.context_reserve_tokens <= it.room
    )


@given(parts=parts, it=facts)
def test_merged_limits_let_pass_what_every_part_lets_pass(
    parts: list[tuple[str, Constraints]], it: Facts
) -> None:
    """Neither more, which would loosen a part, nor less, which would refuse what may serve."""
    assert lets_pass(merged(parts), it) == all(lets_pass(part, it) for _, part in parts)


@given(parts=parts, further=constraints, it=facts)
def test_a_further_part_only_tightens(
    parts: list[tuple[str, Constraints]], further: Constraints, it: Facts
) -> None:
    """A further source can only tighten."""
    assert lets_pass(merged(parts), it) or not lets_pass(merged([*parts, (REQUEST, further)]), it)


@given(parts=parts)
def test_every_limit_in_force_has_its_sources(parts: list[tuple[str, Constraints]]) -> None:
    """A source states what it is said to have set, and nothing unset has one."""
    together = merged(parts)

    unset = MergedConstraints()
    for field in dataclasses.fields(Constraints):
        value = getattr(together, field.name)
        sources = together.sources.get(field.name, ())
        assert bool(sources) == (value != getattr(unset, field.name)), field.name
        for source in sources:
            stated = [getattr(part, field.name) for who, part in parts if who == source]
            assert any(each != getattr(UNLIMITED, field.name) for each in stated)


def test_nothing_in_common_allows_nothing() -> None:
    """It is not taken for having no limit."""
    together = merged(
        [
            (TENANT, Constraints(allowed_regions=frozenset({"eu"}))),
            (REQUEST, Constraints(allowed_regions=frozenset({"us"}))),
        ]
    )

    assert together.allowed_regions == frozenset()
    assert together.sources == {"allowed_regions": (TENANT, REQUEST)}


def test_the_lowest_ceiling_is_its_owners() -> None:
    """The one above it decides nothing and is not named."""
    together = merged(
        [
            (TENANT, Constraints(max_cost_usd=1.0, context_reserve_tokens=5)),
            (POLICY, Constraints(max_cost_usd=0.5)),
            (REQUEST, Constraints(max_cost_usd=2.0, context_reserve_tokens=9)),
        ]
    )

    assert (together.max_cost_usd, together.context_reserve_tokens) == (0.5, 9)
    assert together.sources == {
        "max_cost_usd": (POLICY,),
        "context_reserve_tokens": (REQUEST,),
    }


def test_nothing_set_is_no_limit() -> None:
    """As where there are no tenants."""
    assert merged([(TENANT, UNLIMITED), (REQUEST, UNLIMITED)]) == MergedConstraints()
