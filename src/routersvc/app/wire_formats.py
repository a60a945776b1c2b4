"""The wire formats that this service speaks: one name in `NAMES` and one case of `_entry` each.

The settings learn of them through `known_wire_formats`. A format is imported when it is looked up,
so that a service loads the formats of its own providers only.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from routersvc.providers.json_wire_format import FormatEntry, JsonWireFormat
from routersvc.settings import wire_formats

NAMES = (
    "openai_chat",
    "openai_responses",
    "anthropic_messages",
    "bedrock_converse",
    "gemini",
    "cohere_chat",
    "ollama_chat",
)


def known_wire_formats() -> Mapping[str, wire_formats.WireFormat]:
    """Return what the settings need to know of every wire format, by name."""
    return _KnownFormats()


def adapter(wire_format: str, dialect: str) -> JsonWireFormat:
    """Return the adapter for a dialect of a wire format.

    Raises:
        KeyError: there is none; the settings refuse such names.
    """
    return _entry(wire_format).adapters[dialect]


class _KnownFormats(Mapping[str, wire_formats.WireFormat]):
    """All formats by name; looking one up imports it."""

    def __getitem__(self, name: str) -> wire_formats.WireFormat:
        return _known(name)

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


@functools.cache
def _known(name: str) -> wire_formats.WireFormat:
    entry = _entry(name)
    return wire_formats.WireFormat(
        dialects={
            name: wire_formats.Dialect(
                expressible=it.expressible,
                cancel_stops_billing=it.dialect.cancel_stops_billing,
                efforts=it.efforts,
                rules=it,
            )
            for name, it in entry.adapters.items()
        },
        default_dialect=entry.default_dialect,
    )


def _entry(name: str) -> FormatEntry:
    # ruff: noqa: PLC0415 - see the docstring of this module
    match name:
        case "openai_chat":
            from routersvc.providers.formats.openai_chat.wire import FORMAT
        case "openai_responses":
            from routersvc.providers.formats.openai_responses.wire import FORMAT
        case "anthropic_messages":
            from routersvc.providers.formats.anthropic_messages.wire import FORMAT
        case "bedrock_converse":
            from routersvc.providers.formats.bedrock_converse.wire import FORMAT
        case "gemini":
            from routersvc.providers.formats.gemini.wire import FORMAT
        case "cohere_chat":
            from routersvc.providers.formats.cohere_chat.wire import FORMAT
        case "ollama_chat":
            from routersvc.providers.formats.ollama_chat.wire import FORMAT
        case _:
            raise KeyError(name)
    return FORMAT
