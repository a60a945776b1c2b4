"""What Converse can say, and how what it cannot is refused."""

from __future__ import annotations

from routersvc.domain.catalogue.capabilities import (
    Capability,
)
from routersvc.domain.outcomes.failures import (
    AttemptFailedError,
)
from routersvc.providers.errors import mismatches

WIRE_FORMAT = "bedrock_converse"
"""The format's name in the configuration and in wire extensions."""

CAPABILITIES = frozenset(
    {
        Capability.TOOLS,
        Capability.TOOL_CHOICE,
        Capability.JSON_SCHEMA,
        Capability.IMAGE_INPUT,
        Capability.AUDIO_INPUT,
        Capability.FILE_INPUT,
        Capability.REASONING,
        Capability.SAMPLING,
        Capability.TOP_K,
        Capability.STOP_SEQUENCES,
        Capability.PREFILL,
        Capability.STREAMING,
        Capability.PROMPT_CACHE,
        Capability.HOSTED_TOOLS,
        Capability.SERVICE_TIER,
        Capability.SYSTEM_PROMPT,
    }
)
"""What a request can ask for. Which model takes what of it is a fact of the catalogue."""

CANCEL_STOPS_BILLING = False
"""The model goes on when a stream is closed, and so does the bill."""


def cannot_express(what: str) -> AttemptFailedError:
    """Return the error that says that `what` cannot be said here."""
    return mismatches.cannot_express(WIRE_FORMAT, what)
