"""Expands dataclasses of options into the parameters of a command.

Typer reads options from the signature of a function. A command that takes a dataclass of options
gets a signature in which every field of the dataclass is a parameter of its own:

    @with_option_groups
    def complete(call: Annotated[CallOptions, Without("quiet")]) -> None: ...
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Annotated, Any, get_args, get_origin, get_type_hints


class Without:
    """Leaves options of a group out of one command: they keep their defaults."""

    def __init__(self, *names: str) -> None:
        self.names = frozenset(names)


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with each dataclass parameter replaced by the fields of the dataclass."""
    groups: dict[str, tuple[type[Any], list[str]]] = {}
    parameters: list[inspect.Parameter] = []
    hints = get_type_hints(command, include_extras=True)
    for parameter in inspect.signature(command).parameters.values():
        hint: Any = hints[parameter.name]
        group, *details = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        if dataclasses.is_dataclass(group) and isinstance(group, type):
            fields = list(_parameters_of(group, details))
            groups[parameter.name] = (group, [field.name for field in fields])
            parameters += fields
        else:
            parameters.append(
                parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hint)
            )

    @functools.wraps(command)
    def expanded(**values: object) -> None:
        grouped = {
            name: group(**{field: values.pop(field) for field in fields})
            for name, (group, fields) in groups.items()
        }
        command(**grouped, **values)

    expanded.__annotations__ = {
        parameter.name: parameter.annotation for parameter in parameters
    } | {"return": None}
    expanded.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return expanded


def _parameters_of(group: type[Any], details: list[Any]) -> Iterator[inspect.Parameter]:
    left_out = {name for detail in details if isinstance(detail, Without) for name in detail.names}
    hints = get_type_hints(group, include_extras=True)
    for field in dataclasses.fields(group):
        if field.name not in left_out:
            yield inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=hints[field.name],
            )
