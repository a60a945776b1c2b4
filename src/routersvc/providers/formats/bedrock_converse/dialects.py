"""What Converse can express; AWS speaks the format in one way."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.dialects import Dialect
from routersvc.providers.errors.vendor_errors import VendorErrors

WIRE_FORMAT = "bedrock_converse"
"""The format's name in the configuration and in wire extensions."""

_CAPABILITIES = frozenset(
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
"""What a request can ask for; the catalogue says which models support it."""

DIALECT = Dialect(
    wire_format=WIRE_FORMAT,
    capabilities=_CAPABILITIES,
    # The list of asynchronous calls, the runtime's one free list. The credential needs the
    # permission `bedrock:ListAsyncInvokes` for it.
    probe_path="/async-invoke?maxResults=1",
    # Closing a stream stops neither generation nor billing.
    cancel_stops_billing=False,
    errors=VendorErrors(
        codes={
            FailureClass.QUOTA_EXHAUSTED: frozenset({"servicequotaexceededexception"}),
            FailureClass.AUTHENTICATION: frozenset(
                {
                    "expiredtokenexception",
                    "incompletesignatureexception",
                    "invalidsignatureexception",
                    "missingauthenticationtokenexception",
                    "unrecognizedclientexception",
                }
            ),
            FailureClass.OVERLOADED: frozenset({"modelnotreadyexception"}),
        },
        broad_codes={
            FailureClass.RATE_LIMITED: frozenset({"throttlingexception"}),
            FailureClass.OVERLOADED: frozenset({"serviceunavailableexception"}),
            FailureClass.MODEL_NOT_FOUND: frozenset({"resourcenotfoundexception"}),
            FailureClass.PERMISSION: frozenset({"accessdeniedexception"}),
            FailureClass.INVALID_REQUEST: frozenset({"validationexception"}),
        },
        decisive_codes=frozenset({"expiredtokenexception", "unrecognizedclientexception"}),
        phrases={
            FailureClass.QUOTA_EXHAUSTED: (r"too many tokens per day",),
            FailureClass.CONTEXT_LENGTH: (r"input (?:is )?too long", r"input tokens exceed"),
            FailureClass.AUTHENTICATION: (
                r"security token included in the request is (?:expired|invalid)",
            ),
            FailureClass.MODEL_NOT_FOUND: (
                r"^the provided model identifier is invalid",
                r"^could not resolve the foundation model",
                r"on-demand throughput isn.t supported",
                r"^the provided model doesn.t support on-demand",
            ),
        },
        # `ModelErrorException`: the model failed.
        statuses={424: FailureClass.SERVER_ERROR},
    ),
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType({DIALECT.name: DIALECT})
"""The dialects by the names that the configuration uses."""
