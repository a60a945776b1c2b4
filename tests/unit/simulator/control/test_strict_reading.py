"""Strict reading: plain data becomes frozen values, or a sentence that names the key."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wording import Wording

from routersvc.simulator import BEHAVIOURS, Behaviour, Fault, SettingError, Stall
from routersvc.simulator.control.strict_reading import read, read_mapping, to_plain


class _Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Circle:
    kind: ClassVar[str] = "circle"
    shorthand: ClassVar[str] = "radius"

    radius: float = 1.0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Square:
    kind: ClassVar[str] = "square"

    side: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Drawing:
    title: str
    shape: _Circle | _Square
    colour: _Colour = _Colour.RED
    size: int = 1
    shown: bool = True
    note: str | None = None
    layers: tuple[str, ...] = ()
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    secret: str = dataclasses.field(default="", metadata={"secret": True})

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError("`size` must be at least 1")


def test_all_kinds_of_values_are_read() -> None:
    """One reader serves settings files and control calls alike."""
    drawing = read(
        _Drawing,
        {
            "title": "t",
            "shape": {"kind": "square", "side": 2},
            "colour": "blue",
            "size": 3,
            "shown": False,
            "note": None,
            "layers": ["a", "b"],
            "labels": {"k": "v"},
        },
    )

    assert drawing.shape == _Square(side=2.0)
    assert drawing.colour is _Colour.BLUE
    assert (drawing.size, drawing.shown, drawing.note) == (3, False, None)
    assert drawing.layers == ("a", "b")
    assert dict(drawing.labels) == {"k": "v"}


@pytest.mark.parametrize(
    ("shorthand", "shape"),
    [("circle", _Circle()), (3, _Circle(radius=3.0)), (0.5, _Circle(radius=0.5))],
)
def test_a_kind_can_be_given_by_its_name_or_by_its_number(
    shorthand: object, shape: _Circle
) -> None:
    """`time_to_first_token: 0.1` is what people write."""
    assert read(_Drawing, {"title": "t", "shape": shorthand}).shape == shape


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"titel": "x"}, ("titel",)),
        ({"title": 3}, ("title",)),
        ({"title": None}, ("title",)),
        ({"size": "3"}, ("size",)),
        ({"size": True}, ("size",)),
        ({"size": 0}, ()),
        ({"shown": 1}, ("shown",)),
        ({"colour": "green"}, ("colour",)),
        ({"layers": "a"}, ("layers",)),
        ({"layers": [1]}, ("layers", 0)),
        ({"labels": {"k": 1}}, ("labels", "k")),
        ({"labels": [1]}, ("labels",)),
        ({"labels": {1: "v"}}, ("labels",)),
        ({"shape": {"side": 2}}, ("shape", "kind")),
        ({"shape": "oval"}, ("shape", "kind")),
        ({"shape": "square"}, ("shape", "side")),
        ({"shape": None}, ("shape",)),
        ({"shape": float("inf")}, ("shape", "radius")),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    change: dict[str, object], path: tuple[str | int, ...], wording: Wording
) -> None:
    """A typo in a drill must not silently do nothing."""
    with pytest.raises(SettingError) as refused:
        read(_Drawing, {"title": "t", "shape": "circle", **change})

    assert refused.value.path == path
    wording(refused.value.problem)


def test_missing_keys_are_refused() -> None:
    """A value without a default has no silent one."""
    with pytest.raises(SettingError, match=r"^`title`: is required$"):
        read(_Drawing, {"shape": "circle"})


def test_the_path_is_written_as_people_write_it() -> None:
    """The sentence leads to the place."""
    error = SettingError("is required", path=("providers", 2, "name"), file="sim.yaml", line=7)

    assert str(error) == "sim.yaml:7: `providers[2].name`: is required"


def test_secrets_are_left_out_of_plain_data() -> None:
    """What the control endpoint shows is made by this function."""
    drawing = _Drawing(title="t", shape=_Circle(), secret="hush")

    assert "hush" not in str(to_plain(drawing))


def test_a_fault_is_read_flat_and_named_alone() -> None:
    """In a curl command effect and conditions stand beside each other."""
    flat = read(Fault, {"kind": "stall", "after_tokens": 3, "count": 2, "model": "m"})

    assert flat == Fault(effect=Stall(after_tokens=3), count=2, model="m")
    assert read(Fault, "stall") == Fault(effect=Stall())


def test_an_unknown_key_of_a_fault_is_answered_with_the_keys_of_both() -> None:
    """The message for a mistyped condition lists the allowed ones."""
    with pytest.raises(SettingError) as refused:
        read(Fault, {"kind": "stall", "cuont": 3})

    assert refused.value.unknown_key
    assert "did you mean `count`?" in refused.value.problem
    assert "after_tokens" in refused.value.problem


@pytest.mark.parametrize("name", sorted(BEHAVIOURS))
def test_shipped_behaviours_survive_being_written_and_read(name: str) -> None:
    """PATCH writes a behaviour to plain data and reads it back."""
    behaviour = BEHAVIOURS[name]

    assert read(Behaviour, read_mapping(to_plain(behaviour))) == behaviour


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "stall", "count", "after_tokens", "answer", "rate_limit"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(value=_JSON)
def test_whatever_comes_is_read_or_refused_with_a_path(value: object) -> None:
    """A control call never meets a traceback."""
    for expected in (Fault, Behaviour):
        try:
            result: object = read(expected, value)
        except SettingError as error:
            result = error
        assert isinstance(result, expected | SettingError)
        assert str(result)
