"""What Cohere's chat, version 2 can express; one vendor speaks the format in one way."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.dialects import Dialect
from routersvc.providers.errors.vendor_errors import VendorErrors

WIRE_FORMAT = "cohere_chat"
"""The format's name in the configuration and in wire extensions."""

_CAPABILITIES = frozenset(
    {
        Capability.TOOLS,
        Capability.TOOL_CHOICE,
        Capability.JSON_OBJECT,
        Capability.JSON_SCHEMA,
        Capability.IMAGE_INPUT,
        Capability.FILE_INPUT,
        Capability.REASONING,
        Capability.SEED,
        Capability.SAMPLING,
        Capability.TOP_K,
        Capability.PENALTIES,
        Capability.STOP_SEQUENCES,
        Capability.STREAMING,
        Capability.SYSTEM_PROMPT,
    }
)

DIALECT = Dialect(
    wire_format=WIRE_FORMAT,
    capabilities=_CAPABILITIES,
    probe_path="/v1/models?page_size=1",
    errors=VendorErrors(
        codes={FailureClass.BAD_ANSWER: frozenset({"invalid_tool_generation"})},
        # The monthly limit of trial keys.
        phrases={FailureClass.QUOTA_EXHAUSTED: (r"calls ?(?:/|per) ?month",)},
    ),
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType({DIALECT.name: DIALECT})
"""The dialects by the names that the configuration uses."""
