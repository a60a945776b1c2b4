"""The facts in which servers of the Messages format differ.

Each fact was seen in recorded traffic, the vendor's schema or its documentation; without evidence,
the cautious value stands. What differs from model to model (sampling parameters, prefills, schemas)
is a fact of the catalogue.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.credentials.authorisations import BEARER, CredentialHeader
from routersvc.providers.dialects import Dialect
from routersvc.providers.errors.vendor_errors import VendorErrors

WIRE_FORMAT = "anthropic_messages"
"""The format's name in the configuration and in wire extensions."""

_COMMON = frozenset(
    {
        Capability.TOOLS,
        Capability.TOOL_CHOICE,
        Capability.IMAGE_INPUT,
        Capability.REASONING,
        Capability.SAMPLING,
        Capability.TOP_K,
        Capability.STOP_SEQUENCES,
        Capability.STREAMING,
        Capability.SYSTEM_PROMPT,
    }
)
"""What every server of the format supports."""

_CLAUDE = _COMMON | {
    Capability.PARALLEL_TOOL_CALLS,
    Capability.JSON_SCHEMA,
    Capability.FILE_INPUT,
    Capability.PREFILL,
    Capability.PROMPT_CACHE,
}


_KEY_HEADER = CredentialHeader(name="x-api-key", scheme="")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AnthropicDialect(Dialect):
    """How one server speaks the Messages format.

    `path` and `stream_path` may contain `{model}`; then the body names none. `version_in_body`: the
    version is a field of the body instead of a header. `addresses`: images and documents may be
    given by URL. `system_turns`: a system message may follow the first turn. `unsigned_thoughts`:
    thoughts are accepted without a signature. `budgets_only`: thinking always takes a budget of
    tokens.
    """

    wire_format: str = WIRE_FORMAT
    path: str = "/messages"
    stream_path: str = "/messages"
    probe_path: str = "/models?limit=1"
    version: str = "2023-06-01"
    version_in_body: bool = False
    credential_header: CredentialHeader = _KEY_HEADER
    service_tiers: Mapping[ServiceTier, str] = dataclasses.field(
        default_factory=dict[ServiceTier, str]
    )
    end_user: bool = True
    addresses: bool = True
    file_ids: bool = False
    system_turns: bool = True
    unsigned_thoughts: bool = False
    budgets_only: bool = False


_ANTHROPIC = AnthropicDialect(
    name="anthropic",
    capabilities=_CLAUDE | {Capability.HOSTED_TOOLS, Capability.SERVICE_TIER},
    service_tiers=MappingProxyType(
        {ServiceTier.STANDARD: "standard_only", ServiceTier.PRIORITY: "auto"}
    ),
    file_ids=True,
    errors=VendorErrors(
        codes={
            FailureClass.QUOTA_EXHAUSTED: frozenset({"billing_error"}),
            FailureClass.CONTEXT_LENGTH: frozenset(
                {"context_window_exceeded", "request_too_large"}
            ),
            FailureClass.AUTHENTICATION: frozenset({"authentication_error"}),
            FailureClass.PERMISSION: frozenset({"permission_error"}),
            FailureClass.OVERLOADED: frozenset({"overloaded_error"}),
        },
        broad_codes={
            FailureClass.RATE_LIMITED: frozenset({"rate_limit_error"}),
            FailureClass.MODEL_NOT_FOUND: frozenset({"not_found_error"}),
        },
        decisive_codes=frozenset({"authentication_error", "billing_error"}),
        proof_phrases=(
            r"invalid `signature` in `(?:redacted_)?thinking` block",
            r"expected `thinking` or `redacted_thinking`",
            r"`thinking` or `redacted_thinking` blocks in the latest assistant message",
        ),
        phrases={
            FailureClass.QUOTA_EXHAUSTED: (r"credit balance is too low",),
            FailureClass.CONTENT_FILTERED: (r"output blocked by content filtering policy",),
            FailureClass.CONTEXT_LENGTH: (r"^input length and `max_tokens` exceed context limit",),
            FailureClass.PERMISSION: (r"^this organization has been disabled\.",),
            FailureClass.CAPABILITY_MISMATCH: (
                r"\bimage exceeds \d+ mb maximum",
                r"\bimage dimensions exceed",
                r"^unable to download the file",
                r": string should (?:have at most|match pattern)",
                r"cannot both be specified for this model",
                r"unexpected role",
                r"role .{0,20}is not supported on this model",
            ),
        },
        statuses={529: FailureClass.OVERLOADED},
        remaining_requests=("anthropic-ratelimit-requests-remaining",),
        # `tokens` is the limit that is nearest.
        remaining_tokens=(
            "anthropic-ratelimit-tokens-remaining",
            "anthropic-ratelimit-input-tokens-remaining",
        ),
    ),
)

_VERTEX = AnthropicDialect(
    name="vertex",
    capabilities=_CLAUDE | {Capability.HOSTED_TOOLS},
    path="/publishers/anthropic/models/{model}:rawPredict",
    stream_path="/publishers/anthropic/models/{model}:streamRawPredict",
    # The location itself: no list of models stands below a project's path.
    probe_path="",
    version="vertex-2023-10-16",
    version_in_body=True,
    credential_header=BEARER,
    cancel_stops_billing=False,
)

_OLLAMA = AnthropicDialect(
    name="ollama",
    capabilities=_COMMON - {Capability.TOOL_CHOICE},
    probe_path="/models",
    end_user=False,
    addresses=False,
    system_turns=False,
    unsigned_thoughts=True,
    budgets_only=True,
)

DIALECTS: Mapping[str, AnthropicDialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (_ANTHROPIC, _VERTEX, _OLLAMA)}
)
"""The dialects by the names that the configuration uses."""

DEFAULT_DIALECT = "anthropic"
"""The vendor that defined the format."""
