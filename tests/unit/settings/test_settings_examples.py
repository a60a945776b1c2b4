"""The examples load, and the full one explains every key there is."""

import re
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from routersvc.settings.schema.key_facts import all_keys, general_path
from routersvc.settings.schema.schema import node_at, settings_json_schema
from routersvc.settings.settings import Settings
from routersvc.settings.source.yaml_source import parse_yaml

Load = Callable[[str], Settings]


def explanations(text: str) -> dict[tuple[str, ...], str]:
    """Return for each key the comment above the line where it stands first."""
    source = parse_yaml(text, "f")
    lines = text.splitlines()
    found: dict[tuple[str, ...], str] = {}
    for path, place in source.key_places.items():
        comment: list[str] = []
        for line in reversed(lines[: place.line - 1]):
            if not line.lstrip().startswith("#"):
                break
            comment.insert(0, line.lstrip(" #"))
        found.setdefault(general_path(path), " ".join(comment))
    return found


def test_minimal_example_loads(load: Load, minimal: str) -> None:
    """It is what a newcomer starts from."""
    assert list(load(minimal).catalogue().deployments) == ["alpha-large"]


def test_full_example_has_every_key(full: str) -> None:
    """A key that is added to the schema has to be explained here."""
    known = {key.path for key in all_keys()}

    assert known - explanations(full).keys() == set()


def test_full_example_explains_every_key(full: str) -> None:
    """In the words of the schema, with its default; `make generate` writes the comments."""
    explained = explanations(full)

    assert {key.path: explained[key.path] for key in all_keys()} == {
        key.path: key.comment for key in all_keys()
    }


def test_full_example_shows_the_defaults_of_the_rules(load: Load, full: str, minimal: str) -> None:
    """A copy has all defaults, except where names and addresses are made up."""
    shown, default = load(full).document, load(minimal).document

    assert shown.policy_defaults == default.policy_defaults
    assert shown.fleet == default.fleet
    assert shown.default_policy == default.default_policy
    assert shown.server.model_copy(update={"keepalive": default.server.keepalive}) == default.server


def test_examples_call_the_simulated_providers(load: Load, full: str) -> None:
    """The ports at which the tour of the README starts them."""
    endpoints = load(full).endpoints

    assert {name: endpoint.base_url for name, endpoint in endpoints.items()} == {
        "alpha": "http://127.0.0.1:4010/v1",
        "beta": "http://127.0.0.1:4011/v1",
        "gamma": "http://127.0.0.1:4012/v1",
    }


def _objects(node: object) -> Iterator[dict[str, object]]:
    if isinstance(node, dict):
        mapping = cast("dict[str, object]", node)
        yield mapping
        for value in mapping.values():
            yield from _objects(value)
    elif isinstance(node, list):
        for item in cast("list[object]", node):
            yield from _objects(item)


def test_json_schema_is_closed_and_described() -> None:
    """Editors underline what the service would refuse, and say what a key means."""
    schema = settings_json_schema()

    sections = [node for node in _objects(schema) if "properties" in node and "type" in node]
    assert len(sections) > 15
    for section in sections:
        assert section["additionalProperties"] is False
        keys = cast("dict[str, dict[str, object]]", section["properties"])
        assert all(key["description"] for key in keys.values())


def test_json_schema_writes_defaults_as_the_file_does() -> None:
    """An editor offers them."""
    server = node_at(("server",))

    assert server is not None
    assert server["properties"]["default_timeout"]["default"] == "2m"
    assert server["properties"]["max_message_bytes"]["default"] == "16MiB"
    assert server["properties"]["listen"]["default"] == ["127.0.0.1:50051"]


def test_json_schema_is_handed_out_as_a_copy() -> None:
    """What is done to it changes nothing."""
    settings_json_schema()["properties"].clear()

    assert "providers" in settings_json_schema()["properties"]


@pytest.mark.parametrize("key", list(all_keys()), ids=lambda key: ".".join(key.path))
def test_words_about_keys_are_sentences(key: object) -> None:
    """The reference page is made of them."""
    description = getattr(key, "description", "")

    assert re.fullmatch(r"[A-Z`].*\.", description), description
