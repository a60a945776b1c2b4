"""OpenAI's request validation, with its messages and codes.

Each function returns the checked value or raises the refusal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from routersvc.simulator.formats.openai.errors import refusal
from routersvc.simulator.formats.replies import RefusedError

Json = Mapping[str, object]


def integer(
    body: Json, name: str, *, low: int | None = None, high: int | None = None
) -> int | None:
    """Return an optional whole number within bounds."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(name, "an integer", value)
    _check_bounds(name, value, low, high, "integer")
    return value


def number(body: Json, name: str, *, low: float, high: float) -> float | None:
    """Return an optional number within bounds."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise wrong_type(name, "a decimal", value)
    _check_bounds(name, value, low, high, "decimal")
    return value


def switch(body: Json, name: str, *, default: bool) -> bool:
    """Return an optional boolean."""
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise wrong_type(name, "a boolean", value)
    return value


def text(value: object, param: str) -> str:
    """Return a required text."""
    if value is None:
        raise missing(param)
    if not isinstance(value, str):
        raise wrong_type(param, "a string", value)
    return value


def mapping(value: object, param: str) -> Json:
    """Return a required object."""
    if value is None:
        raise missing(param)
    if not isinstance(value, dict):
        raise wrong_type(param, "an object", value)
    return cast("Json", value)


def array(value: object, param: str, entries: str = "objects") -> Sequence[object]:
    """Return a required array."""
    if value is None:
        raise missing(param)
    if not isinstance(value, list):
        raise wrong_type(param, f"an array of {entries}", value)
    return cast("Sequence[object]", value)


def one_of(value: object, param: str, allowed: Sequence[str]) -> str:
    """Return a text that must be one of the allowed."""
    given = text(value, param)
    if given not in allowed:
        quoted = [f"'{entry}'" for entry in allowed]
        listed = " and ".join(quoted)
        if len(quoted) > 2:  # noqa: PLR2004 - two are joined by `and` alone
            listed = f"{', '.join(quoted[:-1])}, and {quoted[-1]}"
        raise refusal(
            400,
            f"Invalid value: '{given}'. Supported values are: {listed}.",
            param=param,
            code="invalid_value",
        )
    return given


def missing(param: str) -> RefusedError:
    """Return the refusal of a request that lacks a parameter."""
    return refusal(
        400,
        f"Missing required parameter: '{param}'.",
        param=param,
        code="missing_required_parameter",
    )


def wrong_type(param: str, wanted: str, value: object) -> RefusedError:
    """Return the refusal of a parameter that has another JSON type."""
    return refusal(
        400,
        f"Invalid type for '{param}': expected {wanted}, but got {_type_name(value)} instead.",
        param=param,
        code="invalid_type",
    )


def unsupported(param: str) -> RefusedError:
    """Return the refusal of a parameter that this model does not support."""
    hint = " Use 'max_completion_tokens' instead." if param == "max_tokens" else ""
    return refusal(
        400,
        f"Unsupported parameter: '{param}' is not supported with this model.{hint}",
        param=param,
        code="unsupported_parameter",
    )


def unsupported_value(param: str, value: object, default: object) -> RefusedError:
    """Return the refusal of a value that this model does not support."""
    return refusal(
        400,
        f"Unsupported value: '{param}' does not support {value} with this model. "
        f"Only the default ({default}) value is supported.",
        param=param,
        code="unsupported_value",
    )


def _check_bounds(
    name: str, value: float, low: float | None, high: float | None, kind: str
) -> None:
    if low is not None and value < low:
        raise refusal(
            400,
            f"Invalid '{name}': {kind} below minimum value. "
            f"Expected a value >= {low:g}, but got {value} instead.",
            param=name,
            code=f"{kind}_below_min_value",
        )
    if high is not None and value > high:
        raise refusal(
            400,
            f"Invalid '{name}': {kind} above maximum value. "
            f"Expected a value <= {high:g}, but got {value} instead.",
            param=name,
            code=f"{kind}_above_max_value",
        )


def _type_name(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
