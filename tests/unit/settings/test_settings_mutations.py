"""However a file is spoiled, one kind of error tells it, at the right line and without secrets."""

import copy
import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from routersvc.settings.problems import KeyPath, SettingsError, key_text
from routersvc.settings.schema.schema import is_section, keys_at, node_at, optional_keys_at
from routersvc.settings.settings import Settings
from routersvc.settings.source.yaml_source import YamlDocument

Load = Callable[[str], Settings]
Outcome = Callable[[str], Settings | SettingsError]

KEY_CHARACTERS = st.characters(categories=("Ll", "Nd"), max_codepoint=127) | st.just("_")
SECRETS = st.sampled_from(
    [
        "sk-proj-Zr8KqT4vN2xW9bLm",
        "AKIAIOSFODNN7EXAMPLE",
        "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "Bearer eyJhbGciOiJIUzI1NiJ9.e30.Zr8KqT4vN2xW9bLm",
        "https://user:sk-proj-Zr8KqT4vN2xW9bLm@host/v1",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["env:ALPHA_API_KEY", "file:x", "2s", "-1s", "16MiB", "alpha", "default"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)


def known_keys(source: YamlDocument) -> list[KeyPath]:
    """Return the paths of all keys of the schema in a file."""
    return [path for path in source.key_places if path[-1] in keys_at(path[:-1])]


def replaced(content: object, path: KeyPath, value: object) -> object:
    """Return plain data with another value at `path`."""
    if not path:
        return value
    fresh = copy.deepcopy(content)
    holder: Any = fresh
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return fresh


def without(content: object, path: KeyPath) -> object:
    """Return plain data without the key or item at `path`."""
    fresh = copy.deepcopy(content)
    holder: Any = fresh
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    return fresh


@given(data=st.data())
def test_misspelled_key_is_told_at_its_line(
    load: Load, full: str, full_source: YamlDocument, data: st.DataObject
) -> None:
    """Whichever key it is, and however it is misspelled."""
    path = data.draw(st.sampled_from(known_keys(full_source)))
    place = full_source.key_places[path]
    key = str(path[-1])
    at = data.draw(st.integers(0, len(key) - 1))
    letter = data.draw(KEY_CHARACTERS)
    misspelled = data.draw(
        st.sampled_from(
            [
                key[:at] + letter + key[at:],
                key[:at] + key[at + 1 :],
                key[:at] + letter + key[at + 1 :],
            ]
        )
    )
    assume(misspelled and misspelled not in keys_at(path[:-1]))
    lines = full.splitlines()
    line = lines[place.line - 1]
    lines[place.line - 1] = (
        line[: place.column - 1] + misspelled + line[place.column - 1 + len(key) :]
    )

    with pytest.raises(SettingsError) as caught:
        load("\n".join(lines))

    found_problems = [
        (problem.line, problem.column, problem.key_path) for problem in caught.value.problems
    ]
    assert (place.line, place.column, key_text((*path[:-1], misspelled))) in found_problems


@given(data=st.data())
def test_missing_key_is_told_or_has_a_default(
    outcome: Outcome, full_source: YamlDocument, data: st.DataObject
) -> None:
    """Without one of its keys, a file lacks it or what nobody else can name."""
    path = data.draw(st.sampled_from(known_keys(full_source)))

    found = outcome(json.dumps(without(full_source.content, path)))

    found_problems = found.problems if isinstance(found, SettingsError) else ()
    missing = [problem.key_path for problem in found_problems if problem.message == "is missing"]
    optional = path[-1] in optional_keys_at(path[:-1])
    assert missing == ([] if optional else [key_text(path)])


@given(data=st.data())
def test_no_value_raises_anything_else(
    outcome: Outcome, full_source: YamlDocument, data: st.DataObject
) -> None:
    """Whatever stands anywhere: settings, or a list of problems in a line each."""
    path = data.draw(st.sampled_from(list(full_source.value_places)))
    spoiled = replaced(full_source.content, path, data.draw(VALUES))

    found = outcome(json.dumps(spoiled, ensure_ascii=False))

    if isinstance(found, SettingsError):
        assert found.problems
        assert str(found).count("\n") == len(found.problems) - 1
    else:
        assert set(found.policies()) == set(found.document.policies)
        assert found.fleet_rules().deployments.breaker.probe_timeout > 0
        assert set(found.catalogue().deployments) == set(found.document.deployments)


@given(secret=SECRETS, place=st.sampled_from(["value", "key"]), data=st.data())
def test_secret_in_any_wrong_place_is_not_shown(
    outcome: Outcome, full_source: YamlDocument, secret: str, place: str, data: st.DataObject
) -> None:
    """As a value, as a name or as a key; not in the error, nor in what it was raised from."""
    path = data.draw(st.sampled_from([path for path in full_source.key_places if path]))
    spoiled = replaced(full_source.content, path, secret)
    if place == "key":
        spoiled = replaced(without(full_source.content, path), (*path[:-1], secret), 1)

    found = outcome(json.dumps(spoiled))

    if isinstance(found, SettingsError):
        found_problems = [str(found), repr(found), repr(found.problems)]
        found_problems.extend(traceback.format_exception(found))
        assert not [text for text in found_problems if secret in text]


@pytest.mark.parametrize(
    "key",
    [
        "api_key: {0}",
        "credentials: {0}",
        "credentials: {{main: {0}}}",
        "credentials: [{0}]",
        "headers: {{authorization: {0}}}",
        "apikey: {0}",
        "base_url: 'https://{0}@host'",
    ],
)
def test_even_a_plain_password_is_not_shown(load: Load, minimal: str, key: str) -> None:
    """Where secrets belong, nothing is repeated, whatever it looks like."""
    text = "\n".join(
        line
        for line in minimal.splitlines()
        if not line.strip().startswith(("api_key", key.partition(":")[0]))
    ).replace("openai_chat", f"openai_chat\n    {key.format('hunter2')}")

    with pytest.raises(SettingsError) as caught:
        load(text)

    assert "hunter2" not in str(caught.value) + repr(caught.value)


def test_every_section_can_be_spoiled(full_source: YamlDocument) -> None:
    """The mutations reach all of the schema, or they would prove little."""
    reached = {path[:-1] for path in known_keys(full_source)}

    sections = [path for path in reached if is_section(node_at(path) or {})]
    assert len(sections) == len(reached)
    assert len(known_keys(full_source)) > 100
