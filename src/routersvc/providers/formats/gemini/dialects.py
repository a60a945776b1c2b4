"""The facts in which the Gemini API and Vertex AI differ.

Sources: the vendor's SDK (google-genai), the discovery document of Vertex AI (v1), recorded
traffic. Where they disagree on a field, the narrower one counts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.providers.credentials.authorisations import CredentialHeader
from routersvc.providers.dialects import Dialect
from routersvc.providers.errors.vendor_errors import VendorErrors

WIRE_FORMAT = "gemini"
"""The format's name in the configuration and in wire extensions."""

_CAPABILITIES = frozenset(
    {
        Capability.TOOLS,
        Capability.TOOL_CHOICE,
        Capability.JSON_OBJECT,
        Capability.JSON_SCHEMA,
        Capability.IMAGE_INPUT,
        Capability.AUDIO_INPUT,
        Capability.FILE_INPUT,
        Capability.AUDIO_OUTPUT,
        Capability.IMAGE_OUTPUT,
        Capability.REASONING,
        Capability.LOGPROBS,
        Capability.SEED,
        Capability.SAMPLING,
        Capability.TOP_K,
        Capability.PENALTIES,
        Capability.STOP_SEQUENCES,
        Capability.STREAMING,
        Capability.SERVICE_TIER,
        Capability.SYSTEM_PROMPT,
        Capability.HOSTED_TOOLS,
    }
)

_KEY_HEADER = CredentialHeader(name="x-goog-api-key", scheme="")
"""Carries API keys; tokens for Vertex AI have the usual header."""

_VERTEX_TIER_HEADER = b"x-vertex-ai-llm-shared-request-type"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class GeminiDialect(Dialect):
    """How one of the two APIs speaks the format.

    `models_path` precedes the name of a model. A service tier is a field of the body, or
    `tier_header` if the API has one. `store_field`: the body can ask that the request is not
    logged. `xhigh_level`: the level `XHIGH` is known. `search_excludes_domains`: a search can leave
    domains out.
    """

    wire_format: str = WIRE_FORMAT
    credential_header: CredentialHeader = _KEY_HEADER
    models_path: str
    tier_header: bytes | None
    service_tiers: Mapping[ServiceTier, str]
    store_field: bool
    xhigh_level: bool
    search_excludes_domains: bool = False
    capabilities: frozenset[Capability] = _CAPABILITIES
    cancel_stops_billing: bool = False


_ERRORS = VendorErrors(
    codes={
        FailureClass.AUTHENTICATION: frozenset(
            {"access_token_expired", "api_key_invalid", "unauthenticated"}
        ),
        FailureClass.QUOTA_EXHAUSTED: frozenset({"billing_disabled"}),
        FailureClass.PERMISSION: frozenset(
            {"iam_permission_denied", "permission_denied", "service_disabled"}
        ),
    },
    decisive_codes=frozenset(
        {"access_token_expired", "api_key_invalid", "billing_disabled", "service_disabled"}
    ),
    proof_phrases=(
        r"\bcorrupted thought[ _]signature\b",
        r"\bthought[ _]signature (?:is )?(?:not valid|invalid|missing)\b",
        r"\b(?:missing an?|invalid) thought[ _]signature\b",
    ),
    broad_codes={
        FailureClass.RATE_LIMITED: frozenset({"ratelimitexceeded", "resource_exhausted"}),
        FailureClass.OVERLOADED: frozenset({"unavailable"}),
        FailureClass.SERVER_ERROR: frozenset({"cancelled", "deadline_exceeded", "internal"}),
        FailureClass.INVALID_REQUEST: frozenset({"invalid_argument"}),
    },
    phrases={
        FailureClass.QUOTA_EXHAUSTED: (r"^your prepayment credits are depleted",),
        FailureClass.CONTEXT_LENGTH: (
            r"token count\b.{0,40}\bexceeds the maximum",
            r"^unable to submit request because the input token count\b",
        ),
        FailureClass.AUTHENTICATION: (
            r"api key (?:is )?(?:not valid|not found|invalid|expired|missing)",
            r"^your api key was reported as leaked",
        ),
        FailureClass.PERMISSION: (r"not available in your (?:country|region|location)",),
    },
    # Google goes on with what reads like a mismatch: `or is not supported for generateContent`.
    early_model_phrases=(r"\bmodels?[/ ]\S+ (?:is|was) not found",),
)
"""Shared by both dialects. `failures` reads the `google.rpc` details."""

_GEMINI = GeminiDialect(
    name="gemini",
    models_path="/models/",
    probe_path="/models?pageSize=1",
    tier_header=None,
    service_tiers=MappingProxyType(
        {
            ServiceTier.FLEX: "flex",
            ServiceTier.STANDARD: "standard",
            ServiceTier.PRIORITY: "priority",
        }
    ),
    store_field=True,
    xhigh_level=True,
    errors=_ERRORS,
)

_VERTEX = GeminiDialect(
    name="vertex",
    models_path="/publishers/google/models/",
    probe_path="",
    tier_header=_VERTEX_TIER_HEADER,
    service_tiers=MappingProxyType(
        {
            ServiceTier.FLEX: "flex",
            ServiceTier.STANDARD: "",
            ServiceTier.PRIORITY: "priority",
        }
    ),
    store_field=False,
    xhigh_level=False,
    search_excludes_domains=True,
    errors=_ERRORS,
)

DIALECTS: Mapping[str, GeminiDialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (_GEMINI, _VERTEX)}
)
"""The dialects by the names that the configuration uses."""

DEFAULT_DIALECT = "gemini"
"""The API with an API key: the vendor's documentation begins with it."""
