"""The wire formats by name, each imported when it is looked up."""

from __future__ import annotations

from pathlib import Path

import pytest

from routersvc.app import wire_formats
from routersvc.providers import formats


def test_every_folder_of_a_format_is_one_of_the_names() -> None:
    """A format that is written and not listed could not be configured."""
    folders = {file.parent.name for file in Path(formats.__file__).parent.glob("*/wire.py")}

    assert set(wire_formats.known_wire_formats()) == folders
    assert len(wire_formats.known_wire_formats()) == len(folders)


@pytest.mark.parametrize("name", wire_formats.NAMES)
def test_format_has_the_name_by_which_it_is_found(name: str) -> None:
    """A wrong case would send the requests of one format as those of another."""
    known = wire_formats.known_wire_formats()[name]

    assert wire_formats.adapter(name, known.default_dialect).name == name


def test_unknown_format_is_absent() -> None:
    """The settings ask before they look one up."""
    known = wire_formats.known_wire_formats()

    assert "smoke_signals" not in known
    assert known.get("smoke_signals") is None
    with pytest.raises(KeyError):
        wire_formats.adapter("smoke_signals", "plain")
