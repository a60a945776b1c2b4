"""The wire formats that this service speaks: what the settings may name, and what serves them."""

from __future__ import annotations

from collections.abc import Mapping

from routersvc.providers.cohere_chat.wire import CohereChat
from routersvc.providers.gemini import dialects as gemini
from routersvc.providers.gemini.wire import Gemini
from routersvc.providers.ollama_chat.wire import OllamaChat
from routersvc.providers.openai_chat import dialects as openai_chat
from routersvc.providers.openai_chat.requests import WIRE_FORMAT
from routersvc.providers.openai_chat.wire import OpenAiChat
from routersvc.providers.wire_format import WireFormat
from routersvc.settings import wire_formats

DEFAULT_DIALECT = "generic"
"""What servers that speak chat completions are taken for where no vendor's name is stated."""

ONLY_DIALECT = "plain"
"""The dialect of formats that one vendor speaks in one way."""


def known_wire_formats() -> Mapping[str, wire_formats.WireFormat]:
    """Return what the settings need to know of every wire format, by name."""
    return {
        WIRE_FORMAT: wire_formats.WireFormat(
            dialects={
                name: wire_formats.Dialect(
                    expressible=dialect.capabilities,
                    cancel_stops_billing=dialect.cancel_stops_billing,
                )
                for name, dialect in openai_chat.DIALECTS.items()
            },
            default_dialect=DEFAULT_DIALECT,
        ),
        gemini.WIRE_FORMAT: wire_formats.WireFormat(
            dialects={
                name: wire_formats.Dialect(
                    expressible=dialect.capabilities,
                    cancel_stops_billing=dialect.cancel_stops_billing,
                )
                for name, dialect in gemini.DIALECTS.items()
            },
            default_dialect=gemini.DEFAULT_DIALECT,
        ),
        **{plain.name: _single(plain) for plain in (CohereChat(), OllamaChat())},
    }


def adapter(wire_format: str, dialect: str) -> WireFormat:
    """Return the adapter for a dialect of a wire format.

    Raises:
        KeyError: there is none; settings that were checked name no such thing.
    """
    if wire_format == WIRE_FORMAT:
        return OpenAiChat(openai_chat.DIALECTS[dialect])
    if wire_format == gemini.WIRE_FORMAT:
        return Gemini(gemini.DIALECTS[dialect])
    return {plain.name: plain for plain in (CohereChat(), OllamaChat())}[wire_format]


def _single(plain: WireFormat) -> wire_formats.WireFormat:
    """Return what the settings need to know of a format without dialects."""
    return wire_formats.WireFormat(
        dialects={ONLY_DIALECT: wire_formats.Dialect(expressible=plain.expressible)},
        default_dialect=ONLY_DIALECT,
    )
