"""Adds to a request what a caller says in a wire format's own words, beside the contract's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from routersvc.domain.conversation.prompts import (
    Prompt,
)
from routersvc.domain.outcomes.failures import (
    AttemptFailedError,
)
from routersvc.providers.reading.json_values import JsonObject, object_in

Refuse = Callable[[str], AttemptFailedError]
"""Returns the error that says that something has no place in the format."""


def add_extensions(
    body: JsonObject,
    prompt: Prompt,
    wire_format: str,
    contract_fields: frozenset[str],
    refuse: Refuse,
) -> None:
    """Add the fields of all extensions, but none that the contract has words of its own for.

    Raises:
        AttemptFailedError: an extension is for another format, or says what it may not.
    """
    for fields in extensions_for(prompt, wire_format, refuse):
        keep_out(fields.keys() & contract_fields, refuse)
        body.update(fields)


def extensions_for(prompt: Prompt, wire_format: str, refuse: Refuse) -> Iterator[JsonObject]:
    """Yield the fields of each extension.

    Raises:
        AttemptFailedError: an extension is for another format, or is no JSON object.
    """
    for extension in prompt.wire_extensions:
        if extension.wire_format != wire_format:
            raise refuse(f"fields of the wire format `{extension.wire_format}`")
        yield object_in(extension.fields_json, "wire_extensions.fields_json")


def keep_out(names: Iterable[str], refuse: Refuse) -> None:
    """Refuse an extension that says something that the contract has words for.

    Raises:
        AttemptFailedError: there is such a name.
    """
    for name in sorted(names):
        raise refuse(f"`{name}` as an extension: the contract has its own field")
