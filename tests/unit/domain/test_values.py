"""Values are immutable, compare by content, and are copied as dataclasses are."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

import pytest

from routersvc import domain, engine, telemetry
from routersvc.domain.outcomes.attempt_reports import AttemptReport
from routersvc.domain.values import Value
from routersvc.grpc_api import inbound


class Point(Value, frozen=True, kw_only=True):
    """A value."""

    x: int
    y: int = 0


def test_copy_has_the_changes_and_everything_else() -> None:
    """Tests and explanations change single fields of values."""
    point = Point(x=1, y=2)

    assert dataclasses.replace(point, y=3) == Point(x=1, y=3)
    assert point == Point(x=1, y=2)
    assert hash(point) == hash(Point(x=1, y=2))


def test_value_never_changes() -> None:
    """It is shared by calls that know nothing of each other."""
    point = Point(x=1)

    with pytest.raises(AttributeError):
        point.x = 2  # type: ignore[misc] # this is what is tested


def test_unknown_field_is_no_change() -> None:
    """A typo is found at once."""
    with pytest.raises(TypeError):
        dataclasses.replace(Point(x=1), z=2)  # type: ignore[call-arg] # this is what is tested


def test_types_have_their_own_fields() -> None:
    """The fields of one are never taken for those of another."""

    class Other(Value, frozen=True, kw_only=True):
        z: int

    names = [[field.name for field in dataclasses.fields(each)] for each in (Point, Other)]

    assert names == [["x", "y"], ["z"]]


def test_no_value_has_a_field_of_a_dataclass_for_a_default() -> None:
    """`dataclasses.field` says nothing to a struct: it would be the default itself."""
    for package in (domain, engine, inbound, telemetry):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    types = Value.__subclasses__()

    assert AttemptReport in types
    assert not [
        each.__name__
        for each in types
        for default in each.__struct_defaults__
        if isinstance(default, dataclasses.Field)
    ]
