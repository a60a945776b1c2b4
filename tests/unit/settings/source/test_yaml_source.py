"""YAML is read as JSON reads it, and everything that could surprise is refused with its place."""

import contextlib
import json
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wording import Wording

from routersvc.settings.problems import SettingsError
from routersvc.settings.source.yaml_source import MAX_FILE_SIZE, parse_yaml, read_yaml
from routersvc.settings.source.yaml_values import MAX_MERGES, MAX_VALUES


def refusal(text: str) -> str:
    """Return the problem of a text that cannot be parsed."""
    with pytest.raises(SettingsError) as caught:
        parse_yaml(text, "f")
    return str(caught.value)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-7", -7),
        ("12.50", 12.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("0755", "0755"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("22:30", "22:30"),
        ("2026-11-01", "2026-11-01"),
        ("2026-11-01T10:00:00Z", "2026-11-01T10:00:00Z"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
        ("'1'", "1"),
        ('"true"', "true"),
        ("=", "="),
    ],
)
def test_scalars_are_what_json_makes_of_them(written: str, read: object) -> None:
    """YAML 1.1 turns `no` into false and `22:30` into 1350; here they stay what was written."""
    document = parse_yaml(f"key: {written}\n", "f")

    value = cast("dict[str, object]", document.content)["key"]
    assert value == read
    assert type(value) is type(read)


def test_keys_are_always_text() -> None:
    """A name may look like a number, a truth value or nothing."""
    document = parse_yaml("404: a\ntrue: b\n1.5: c\n", "f")

    assert document.content == {"404": "a", "true": "b", "1.5": "c"}


def test_places_count_from_one() -> None:
    """Editors and compilers count so."""
    document = parse_yaml("a:\n  - b: 1\n    c: [x, 2]\n", "f")

    key, value = ("a", 0, "c"), ("a", 0, "c", 1)
    assert (document.place_of_key(key).line, document.place_of_key(key).column) == (3, 5)
    assert (document.place_of_value(value).line, document.place_of_value(value).column) == (3, 12)
    assert document.place_of_value(("a", 0, "missing", "too")).line == 2


def test_anchors_and_merge_keys_work() -> None:
    """Own keys win over merged ones, earlier merged ones over later ones."""
    document = parse_yaml(
        "a: &a {x: 1, y: 1}\nb: &b {<<: *a, y: 2, z: 2}\nc: {<<: [*b, {x: 9, w: 9}], v: *a}\n", "f"
    )

    assert document.problems == ()
    assert document.content == {
        "a": {"x": 1, "y": 1},
        "b": {"x": 1, "y": 2, "z": 2},
        "c": {"x": 1, "y": 2, "z": 2, "w": 9, "v": {"x": 1, "y": 1}},
    }
    assert document.place_of_key(("c", "z")).line == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "a: 1\nb: {c: 1, c: 2}\na: 3\n",
            "f:2:11: b.c",
        ),
        (
            "b: !secret x\n",
            "f:1:4: b",
        ),
        (
            "b: {<<: 5}\n",
            'f:1:9: b."<<"',
        ),
        (
            'b: "a\\u0007b"\n',
            "f:1:4: b",
        ),
        (
            'b: "\\ud800"\n',
            "f:1:4: b",
        ),
    ],
)
def test_oddities_are_told_beside_all_other_problems(
    text: str, problem: str, wording: Wording
) -> None:
    """They do not keep the rest of the file from being checked."""
    document = parse_yaml(text, "f")

    found = document.problems[0]
    assert f"{found.file}:{found.line}:{found.column}: {found.key_path}" == problem
    wording(str(found))


def test_each_of_several_duplicates_is_reported() -> None:
    """Whoever mends a file wants to mend it once."""
    document = parse_yaml("a: 1\na: 2\nb: 1\nb: 2\n", "f")

    assert [(problem.line, problem.key_path) for problem in document.problems] == [
        (2, "a"),
        (4, "b"),
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "f"),
        ("# nothing\n", "f"),
        ("a: 1\n---\nb: 1\n", "f:2:1"),
        ("a:\n\tb: 1\n", "f:2:1"),
        (
            "a:\n  b: 1\n c: 2\n",
            "f:3:2",
        ),
        (
            "a: b: c\n",
            "f:1:5",
        ),
        ("a: 1\nb\n", "f:3:1"),
        (
            "a: @b\n",
            "f:1:4",
        ),
        ("a: \x00\n", "f:1:4"),
        ('a: 1\nb: "\\UFFFFFFFF"\n', "f:2:1"),
        ("a: *b\n", "f:1:4"),
        ("a: &a {b: *a}\n", "f:1:11"),
        ("? [a]\n: b\n", "f:1:3"),
        ("a: &a {}\n*a : b\n", "f:2:1"),
        ("[" * 100, "f:1:33"),
        ("a: [1\n", "f:2:1"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(
    text: str, place: str, wording: Wording
) -> None:
    """The first thing that keeps a parser from going on is all it can tell."""
    assert refusal(text).partition(": ")[0] == place
    wording(refusal(text))


def test_aliases_that_multiply_are_refused_early() -> None:
    """Nine levels of nine aliases are 400 million values in half a kilobyte."""
    levels = ["a0: &a0 [x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    assert refusal("\n".join(levels)).endswith(f"(allowed: at most {MAX_VALUES} values)")


def test_merges_that_multiply_are_refused_early() -> None:
    """Merged mappings take no place in the result, so they are counted on their own."""
    levels = ["a0: &a0 {x: 1}"]
    levels += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 10)]

    assert refusal("\n".join(levels)).endswith(f"(allowed: at most {MAX_MERGES} merges)")


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**29), 10**29)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=40),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=40),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_json_is_read_as_json(value: object) -> None:
    """Every JSON document is a settings file that says the same."""
    document = parse_yaml(json.dumps(value, ensure_ascii=False), "f")

    assert document.problems == ()
    assert document.content == value


@given(st.text(st.characters() | st.sampled_from("{}[]:,&*!|>'\"%@`-?#\n\t \\x0"), max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    """PyYAML lets some errors of Python through."""
    with contextlib.suppress(SettingsError):
        document = parse_yaml(text, "f")

        assert document.value_places[()].line >= 1


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"a: 1\nb: \xff\n", ":2:4"),
        ("a: 1\n".encode("utf-16"), ":1:1"),
        (b"#" * (MAX_FILE_SIZE + 1), ""),
    ],
)
def test_bytes_that_are_no_settings_are_refused(
    tmp_path: Path, data: bytes, place: str, wording: Wording
) -> None:
    """A wrong path may lead to any file."""
    path = tmp_path / "settings.yaml"
    path.write_bytes(data)

    with pytest.raises(SettingsError) as caught:
        read_yaml(path)

    assert str(caught.value).startswith(f"{path}{place}: ")
    wording(caught.value.problems[0].message)
    assert caught.value.__context__ is None


def test_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    """Some editors write one."""
    path = tmp_path / "settings.yaml"
    path.write_bytes("a: é\n".encode("utf-8-sig"))

    assert read_yaml(path).content == {"a": "é"}


def test_file_that_cannot_be_read_is_reported(tmp_path: Path, wording: Wording) -> None:
    """The reason is the system's own."""
    with pytest.raises(SettingsError) as caught:
        read_yaml(tmp_path)
    with pytest.raises(SettingsError) as absent:
        read_yaml(tmp_path / "absent")
    with pytest.raises(SettingsError) as impossible:
        read_yaml(Path("\0"))

    assert str(caught.value).endswith(": is a directory")
    assert str(absent.value).endswith(": no such file or directory")
    wording(str(impossible.value))
