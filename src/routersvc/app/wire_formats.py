"""The wire formats that this service speaks: what the settings may name, and what serves them."""

from __future__ import annotations

from collections.abc import Mapping

from routersvc.providers.openai_chat.dialects import DIALECTS
from routersvc.providers.openai_chat.requests import WIRE_FORMAT
from routersvc.providers.openai_chat.wire import OpenAiChat
from routersvc.providers.wire_format import WireFormat
from routersvc.settings import wire_formats

DEFAULT_DIALECT = "generic"
"""What servers are taken for that no vendor's name is stated of."""


def known_wire_formats() -> Mapping[str, wire_formats.WireFormat]:
    """Return what the settings need to know of every wire format, by name."""
    return {
        WIRE_FORMAT: wire_formats.WireFormat(
            dialects={
                name: wire_formats.Dialect(
                    expressible=dialect.capabilities,
                    cancel_stops_billing=dialect.cancel_stops_billing,
                )
                for name, dialect in DIALECTS.items()
            },
            default_dialect=DEFAULT_DIALECT,
        )
    }


def adapter(wire_format: str, dialect: str) -> WireFormat:
    """Return the adapter for a dialect of a wire format.

    Raises:
        KeyError: there is none; settings that were checked name no such thing.
    """
    return {WIRE_FORMAT: OpenAiChat}[wire_format](DIALECTS[dialect])
