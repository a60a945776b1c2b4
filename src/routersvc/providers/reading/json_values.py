"""JSON as this package handles it, and the JSON texts that the contract carries."""

from __future__ import annotations

from typing import Any, cast

import orjson

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure

JsonObject = dict[str, Any]


def object_in(text: str, field: str) -> JsonObject:
    """Return the JSON object that `text` holds.

    Raises:
        AttemptFailedError: it holds something else.
    """
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise AttemptFailedError(
            Failure(
                failure_class=FailureClass.INVALID_REQUEST,
                message=f"`{field}` is not a JSON object",
            )
        )
    return cast("JsonObject", value)


def is_json(text: str) -> bool:
    """Return whether `text` is one JSON value."""
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def json_object(data: bytes | str) -> JsonObject | None:
    """Return the JSON object that `data` holds; `None` where it holds something else."""
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return cast("JsonObject", value) if isinstance(value, dict) else None


def text_of(value: object) -> str:
    """Return a text, empty where there is none.

    Raises:
        TypeError: it is something else.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def count_of(value: object) -> int:
    """Return a count, 0 where there is none.

    Raises:
        TypeError: it is something else, or less than nothing.
    """
    if value is None:
        return 0
    if not isinstance(value, int) or value < 0:
        raise TypeError("a count was expected")
    return value
