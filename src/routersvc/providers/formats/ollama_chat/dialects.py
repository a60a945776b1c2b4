"""What Ollama's own chat can express; one vendor speaks the format in one way."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.providers.dialects import Dialect

WIRE_FORMAT = "ollama_chat"
"""The format's name in the configuration and in wire extensions."""

_CAPABILITIES = frozenset(
    {
        Capability.TOOLS,
        Capability.JSON_OBJECT,
        Capability.JSON_SCHEMA,
        Capability.IMAGE_INPUT,
        Capability.REASONING,
        Capability.LOGPROBS,
        Capability.SEED,
        Capability.SAMPLING,
        Capability.TOP_K,
        Capability.MIN_P,
        Capability.PENALTIES,
        Capability.STOP_SEQUENCES,
        Capability.STREAMING,
        Capability.SYSTEM_PROMPT,
    }
)

DIALECT = Dialect(
    wire_format=WIRE_FORMAT,
    capabilities=_CAPABILITIES,
    probe_path="/api/tags",
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType({DIALECT.name: DIALECT})
"""The dialects by the names that the configuration uses."""
