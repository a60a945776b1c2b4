"""The wire formats that this service speaks: one entry of `_FORMATS` each.

The settings learn of them through `known_wire_formats`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.providers.formats.anthropic_messages import wire as anthropic_messages
from routersvc.providers.formats.bedrock_converse import wire as bedrock_converse
from routersvc.providers.formats.cohere_chat import wire as cohere_chat
from routersvc.providers.formats.gemini import wire as gemini
from routersvc.providers.formats.ollama_chat import wire as ollama_chat
from routersvc.providers.formats.openai_chat import wire as openai_chat
from routersvc.providers.formats.openai_responses import wire as openai_responses
from routersvc.providers.json_wire_format import FormatEntry, JsonWireFormat
from routersvc.settings import wire_formats

_FORMATS: Mapping[str, FormatEntry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            openai_chat.FORMAT,
            openai_responses.FORMAT,
            anthropic_messages.FORMAT,
            bedrock_converse.FORMAT,
            gemini.FORMAT,
            cohere_chat.FORMAT,
            ollama_chat.FORMAT,
        )
    }
)


def known_wire_formats() -> Mapping[str, wire_formats.WireFormat]:
    """Return what the settings need to know of every wire format, by name."""
    return {name: _known(entry) for name, entry in _FORMATS.items()}


def adapter(wire_format: str, dialect: str) -> JsonWireFormat:
    """Return the adapter for a dialect of a wire format.

    Raises:
        KeyError: there is none; the settings refuse such names.
    """
    return _FORMATS[wire_format].adapters[dialect]


def _known(entry: FormatEntry) -> wire_formats.WireFormat:
    return wire_formats.WireFormat(
        dialects={
            name: wire_formats.Dialect(
                expressible=it.expressible,
                cancel_stops_billing=it.dialect.cancel_stops_billing,
                efforts=it.efforts,
            )
            for name, it in entry.adapters.items()
        },
        default_dialect=entry.default_dialect,
    )
