"""Adds the wire extensions of a request: fields in the wire format's own terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import cast

from routersvc.domain.conversation.prompts import Prompt
from routersvc.providers.dialects import Dialect
from routersvc.providers.reading.json_values import JsonObject, object_in

NOTHING_INSIDE: Mapping[str, frozenset[str]] = MappingProxyType({})


def add_extensions(
    body: JsonObject,
    prompt: Prompt,
    dialect: Dialect,
    contract_fields: frozenset[str],
    inside: Mapping[str, frozenset[str]] = NOTHING_INSIDE,
) -> None:
    """Add the fields of all extensions to `body`; none may be in `contract_fields`.

    `inside` names objects to which an extension may add further fields, and the fields in them that
    belong to the contract.

    Raises:
        AttemptFailedError: an extension is for another format, or has a field of the contract.
    """
    for fields in extensions_for(prompt, dialect):
        for name in inside:
            more = fields.get(name)
            if isinstance(more, dict):
                del fields[name]
                added = cast("JsonObject", more)
                keep_out((f"{name}.{key}" for key in added.keys() & inside[name]), dialect)
                body[name] = {**body.get(name, {}), **added}
        keep_out(fields.keys() & contract_fields, dialect)
        body.update(fields)


def extensions_for(prompt: Prompt, dialect: Dialect) -> Iterator[JsonObject]:
    """Yield the fields of each extension.

    Raises:
        AttemptFailedError: an extension is for another format, or is no JSON object.
    """
    for extension in prompt.wire_extensions:
        if extension.wire_format != dialect.wire_format:
            raise dialect.cannot_express(f"fields of the wire format `{extension.wire_format}`")
        yield object_in(extension.fields_json, "wire_extensions.fields_json")


def keep_out(names: Iterable[str], dialect: Dialect) -> None:
    """Refuse the names of fields that an extension may not set.

    Raises:
        AttemptFailedError: there is such a name.
    """
    for name in sorted(names):
        raise dialect.cannot_express(f"`{name}` as an extension: the contract has its own field")
