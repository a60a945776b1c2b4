"""The wire formats that this service speaks: what the settings may name, and what serves them.

One entry of `_FORMATS` is all that a wire format needs to be known everywhere.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol, TypeVar

from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.providers.formats.anthropic_messages import dialects as anthropic_dialects
from routersvc.providers.formats.anthropic_messages.wire import AnthropicMessages
from routersvc.providers.formats.bedrock_converse import facts as bedrock_facts
from routersvc.providers.formats.bedrock_converse.wire import BedrockConverse
from routersvc.providers.formats.cohere_chat.wire import CohereChat
from routersvc.providers.formats.gemini import dialects as gemini_dialects
from routersvc.providers.formats.gemini.wire import Gemini
from routersvc.providers.formats.ollama_chat.wire import OllamaChat
from routersvc.providers.formats.openai_chat import dialects as openai_chat_dialects
from routersvc.providers.formats.openai_chat import requests as openai_chat_requests
from routersvc.providers.formats.openai_chat.wire import OpenAiChat
from routersvc.providers.formats.openai_responses import dialects as openai_responses_dialects
from routersvc.providers.formats.openai_responses import requests as openai_responses_requests
from routersvc.providers.formats.openai_responses.wire import OpenAiResponses
from routersvc.providers.wire_format import WireFormat
from routersvc.settings import wire_formats

DEFAULT_DIALECT = "generic"
"""What servers are taken for that no vendor's name is stated of."""

ONLY_DIALECT = "plain"
"""The dialect of formats that one vendor speaks in one way."""


class _Dialect(Protocol):
    @property
    def capabilities(self) -> frozenset[Capability]: ...
    @property
    def cancel_stops_billing(self) -> bool: ...


_D = TypeVar("_D", bound=_Dialect)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Format:
    """A wire format: an adapter for each dialect, and what the settings are told of it."""

    adapters: Mapping[str, WireFormat]
    known: wire_formats.WireFormat


def _format(
    adapter_of: Callable[[_D], WireFormat],
    dialects: Mapping[str, _D],
    default_dialect: str = DEFAULT_DIALECT,
) -> _Format:
    return _Format(
        adapters={name: adapter_of(dialect) for name, dialect in dialects.items()},
        known=wire_formats.WireFormat(
            dialects={
                name: wire_formats.Dialect(
                    expressible=dialect.capabilities,
                    cancel_stops_billing=dialect.cancel_stops_billing,
                )
                for name, dialect in dialects.items()
            },
            default_dialect=default_dialect,
        ),
    )


def _plain(adapter: WireFormat, *, cancel_stops_billing: bool) -> _Format:
    """Return a format that one vendor speaks in one way."""
    return _Format(
        adapters={ONLY_DIALECT: adapter},
        known=wire_formats.WireFormat(
            dialects={
                ONLY_DIALECT: wire_formats.Dialect(
                    expressible=adapter.expressible, cancel_stops_billing=cancel_stops_billing
                )
            },
            default_dialect=ONLY_DIALECT,
        ),
    )


_FORMATS: Mapping[str, _Format] = MappingProxyType(
    {
        openai_chat_requests.WIRE_FORMAT: _format(OpenAiChat, openai_chat_dialects.DIALECTS),
        openai_responses_requests.WIRE_FORMAT: _format(
            OpenAiResponses, openai_responses_dialects.DIALECTS
        ),
        anthropic_dialects.WIRE_FORMAT: _format(
            AnthropicMessages, anthropic_dialects.DIALECTS, anthropic_dialects.DEFAULT_DIALECT
        ),
        bedrock_facts.WIRE_FORMAT: _plain(
            BedrockConverse(), cancel_stops_billing=bedrock_facts.CANCEL_STOPS_BILLING
        ),
        gemini_dialects.WIRE_FORMAT: _format(
            Gemini, gemini_dialects.DIALECTS, gemini_dialects.DEFAULT_DIALECT
        ),
        **{
            adapter.name: _plain(adapter, cancel_stops_billing=True)
            for adapter in (CohereChat(), OllamaChat())
        },
    }
)


def known_wire_formats() -> Mapping[str, wire_formats.WireFormat]:
    """Return what the settings need to know of every wire format, by name."""
    return {name: wire_format.known for name, wire_format in _FORMATS.items()}


def adapter(wire_format: str, dialect: str) -> WireFormat:
    """Return the adapter for a dialect of a wire format.

    Raises:
        KeyError: there is none; settings that were checked name no such thing.
    """
    return _FORMATS[wire_format].adapters[dialect]
