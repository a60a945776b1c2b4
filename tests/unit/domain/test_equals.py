"""Deployments of one model share its place in the order."""

from __future__ import annotations

from routersvc.domain.catalogue import Deployment, Model
from routersvc.domain.equals import balanced, in_order
from routersvc.drills.worlds import scripted_deployment


def deployment(name: str, model: str) -> Deployment:
    """Return a deployment of a model."""
    return scripted_deployment(name, model=Model(name=model, context_window=1000))


LARGE_A = deployment("large-a", "large")
SMALL_A = deployment("small-a", "small")
LARGE_B = deployment("large-b", "large")
SMALL_B = deployment("small-b", "small")


def backwards(equals: object) -> list[Deployment]:
    """Stand for a picker."""
    assert isinstance(equals, list)
    return list(reversed(equals))


def test_equal_deployments_stand_where_the_first_of_them_stood() -> None:
    """The operator ranks models; which deployment of a model is called is for the load to say."""
    listed = [LARGE_A, SMALL_A, LARGE_B, SMALL_B]

    ordered = balanced(listed, in_order)

    assert ordered == (LARGE_A, LARGE_B, SMALL_A, SMALL_B)


def test_only_equals_change_places() -> None:
    """A faster deployment of a lesser model never comes first."""
    listed = [LARGE_A, SMALL_A, LARGE_B, SMALL_B]

    ordered = balanced(listed, backwards)

    assert ordered == (LARGE_B, LARGE_A, SMALL_B, SMALL_A)


def test_who_has_no_equal_is_not_asked_about() -> None:
    """The common case costs nothing."""

    def never(equals: object) -> list[Deployment]:
        raise AssertionError(equals)

    assert balanced([LARGE_A, SMALL_A], never) == (LARGE_A, SMALL_A)
