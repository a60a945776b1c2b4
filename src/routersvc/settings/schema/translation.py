"""Turns pydantic's errors into problems of the file.

Shows a value only where the key accepts single values that are not secrets.
"""

from __future__ import annotations

from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from routersvc.settings.problems import KeyPath, did_you_mean, kind, listing, shown
from routersvc.settings.schema.allowed_values import allowed_at, allowed_names_at
from routersvc.settings.schema.schema import keys_at, node_at, optional_keys_at
from routersvc.settings.source.problem_list import ProblemList
from routersvc.settings.types.fields import REFUSED

_KEY_MARK = "[key]"
"""Pydantic appends this to the location of an error in a key, not in its value."""

_HIDDEN_KINDS = frozenset({"secret", "header", "url"})
"""Kinds of values that are secrets, or that secrets are often put into by mistake."""


def translate(error: ValidationError, problems: ProblemList) -> None:
    """Add a problem for each error of pydantic."""
    for details in error.errors(include_url=False):
        _translate(details, problems)


def _translate(details: ErrorDetails, problems: ProblemList) -> None:
    path: KeyPath = details["loc"]
    value: object = details["input"]
    context: dict[str, Any] = details.get("ctx", {})
    if details["type"] == "too_short" and value:
        # The items are invalid, which is reported item by item.
        return
    if details["type"] == "extra_forbidden":
        known = keys_at(path[:-1])
        hint = did_you_mean(str(path[-1]), known)
        problems.at_key(path, f"unknown key{hint}", listing(known))
    elif details["type"] == "missing":
        problems.at_value(path, "is missing", allowed_at(path))
    elif path and path[-1] == _KEY_MARK:
        path = path[:-1]
        problems.at_key(path, f"invalid name {shown(value)}", allowed_names_at(path[:-1]))
    elif details["type"] == REFUSED:
        sentence = str(context["message"])
        at: int | None = context["at"]
        if at is not None:
            item = cast("list[object]", value)[at]
            problems.at_value((*path, at), f"{shown(item)} {sentence}", "each item once")
        elif _is_hidden(path):
            problems.at_value(path, sentence, allowed_at(path))
        else:
            problems.at_value(path, f"{shown(value)} {sentence}", allowed_at(path))
    else:
        problems.at_value(path, _refusal(path, value), allowed_at(path))


def _is_scalar(value: object) -> bool:
    return not isinstance(value, dict | list)


def _is_hidden(path: KeyPath) -> bool:
    return (node_at(path) or {}).get("x-kind") in _HIDDEN_KINDS


def _refusal(path: KeyPath, value: object) -> str:
    """Return the message about a value of the wrong type or out of range."""
    node = node_at(path) or {}
    takes_many = node.get("type") in {"object", "array"}
    match value:
        case None:
            return "has no value" + _hint_without_value(path)
        case [] | {} if takes_many:
            return "is empty"
        case _ if takes_many or _is_hidden(path) or not _is_scalar(value):
            return f"must not be {kind(value)}"
        case bool() | int() | float() if node.get("type") == "string":
            return f"must be text, not {kind(value)}: {shown(value)}; use quotes"
        case str():
            return f"invalid value {shown(value)}{did_you_mean(value, node.get('enum', ()))}"
        case _:
            return f"invalid value {shown(value)}"


def _hint_without_value(path: KeyPath) -> str:
    """Return the hint for a key with a default, empty for any other key."""
    has_default = path[-1:] and path[-1] in optional_keys_at(path[:-1])
    return "; remove the key to use the default" if has_default else ""
