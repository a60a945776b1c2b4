"""The facts in which vendors of the chat completions format differ.

`vendors` has the value for each vendor.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.providers.dialects import Dialect
from routersvc.providers.formats.openai_words import LOW_TO_HIGH, NO_TIERS
from routersvc.providers.writing.call_ids import ANY_CALL_ID, CallIdRule

WIRE_FORMAT = "openai_chat"
"""The format's name in the configuration and in wire extensions."""


class ThoughtForm(enum.Enum):
    """How earlier thoughts of the model are sent back."""

    NONE = "none"
    REASONING = "reasoning"
    REASONING_CONTENT = "reasoning_content"
    REASONING_DETAILS = "reasoning_details"
    CONTENT_CHUNKS = "content_chunks"


class ReasoningForm(enum.Enum):
    """How the request states the reasoning effort."""

    EFFORT_FIELD = "effort_field"
    OBJECT = "object"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ThinkingSwitch:
    """The fields by which a vendor turns thinking on and off, apart from the effort.

    Where `ReasoningForm` is `OBJECT`, they are fields of that object.

    `off` asks for an answer without thinking, `adaptive` leaves the amount to the model; `None`
    where the vendor has no field for it, but may have a word among `efforts`. `beside_effort`
    accompanies an effort or a budget, `budget_field` limits the tokens spent on thinking.
    """

    off: Mapping[str, Any] | None = None
    adaptive: Mapping[str, Any] | None = None
    beside_effort: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    budget_field: str | None = None

    def fields_for(self, effort: ReasoningEffort | None) -> Mapping[str, Any] | None:
        """Return the fields that express `effort` without a word for it, `None` if none do."""
        if effort is ReasoningEffort.NONE:
            return self.off
        return self.adaptive if effort is ReasoningEffort.ADAPTIVE else None


NO_SWITCH = ThinkingSwitch()


class PrefillForm(enum.Enum):
    """How the request marks the last message as a prefill."""

    NONE = "none"
    PLAIN = "plain"
    PREFIX_FLAG = "prefix_flag"
    PARTIAL_FLAG = "partial_flag"
    CONTINUE_FLAG = "continue_flag"


class FileForm(enum.Enum):
    """How a document is sent."""

    NONE = "none"
    FILE = "file"
    FILE_OR_URL = "file_or_url"
    DOCUMENT_URL = "document_url"


class CacheMarkerForm(enum.Enum):
    """How the end of a cacheable prefix is marked."""

    NONE = "none"
    BREAKPOINT = "breakpoint"
    CACHE_CONTROL = "cache_control"


class ComplianceForm(enum.Enum):
    """How the request asks the vendor for zero retention and no training."""

    NONE = "none"
    STORE_FALSE = "store_false"
    PROVIDER_PREFERENCES = "provider_preferences"


class WebSearchForm(enum.Enum):
    """How the request asks for the vendor's web search."""

    NONE = "none"
    OPTIONS = "options"
    SERVER_TOOL = "server_tool"


_WAV_AND_MP3: Mapping[str, str] = MappingProxyType(
    {
        "audio/wav": "wav",
        "audio/x-wav": "wav",
        "audio/wave": "wav",
        "audio/mpeg": "mp3",
        "audio/mp3": "mp3",
    }
)

COMMON_CAPABILITIES = frozenset(
    {
        Capability.TOOLS,
        Capability.PARALLEL_TOOL_CALLS,
        Capability.TOOL_CHOICE,
        Capability.JSON_OBJECT,
        Capability.JSON_SCHEMA,
        Capability.IMAGE_INPUT,
        Capability.REASONING,
        Capability.LOGPROBS,
        Capability.SEED,
        Capability.SAMPLING,
        Capability.PENALTIES,
        Capability.STOP_SEQUENCES,
        Capability.LOGIT_BIAS,
        Capability.STREAMING,
        Capability.SYSTEM_PROMPT,
    }
)
"""What nearly every vendor of the format supports."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class OpenAiDialect(Dialect):
    """How one vendor speaks the chat completions format.

    `path` may contain `{model}`, where a vendor names the model there, and a query.
    `finish_reason_required`: an answer without a finish reason is truncated, even where the
    terminator follows. `tool_stream_field` asks for calls of tools in pieces while they are made.
    `extra_content`: calls of tools may have this further field, which goes back with them.
    `resells`: the model's name begins with its own vendor's.
    """

    wire_format: str = WIRE_FORMAT
    capabilities: frozenset[Capability] = COMMON_CAPABILITIES
    path: str = "/chat/completions"
    probe_path: str = "/models"
    max_tokens_field: str = "max_tokens"
    seed_field: str = "seed"
    end_user_field: str | None = "user"
    developer_role: bool = False
    participant_names: bool = True
    refusal_field: bool = False
    stream_options: bool = True
    prompt_cache_key: bool = False
    image_addresses: bool = True
    images_in_tool_results: bool = False
    max_stop_sequences: int | None = 4
    audio_formats: Mapping[str, str] = dataclasses.field(default_factory=lambda: _WAV_AND_MP3)
    efforts: Mapping[ReasoningEffort, str] = dataclasses.field(default_factory=lambda: LOW_TO_HIGH)
    reasoning_form: ReasoningForm = ReasoningForm.EFFORT_FIELD
    thinking: ThinkingSwitch = NO_SWITCH
    tool_stream_field: str | None = None
    service_tiers: Mapping[ServiceTier, str] = dataclasses.field(default_factory=lambda: NO_TIERS)
    thought_form: ThoughtForm = ThoughtForm.NONE
    prefill_form: PrefillForm = PrefillForm.NONE
    file_form: FileForm = FileForm.NONE
    cache_marker_form: CacheMarkerForm = CacheMarkerForm.NONE
    compliance_form: ComplianceForm = ComplianceForm.NONE
    web_search_form: WebSearchForm = WebSearchForm.NONE
    finish_reason_required: bool = True
    extra_content: bool = False
    call_ids: CallIdRule = ANY_CALL_ID
    resells: bool = False

    @property
    def all_efforts(self) -> frozenset[ReasoningEffort]:
        """The efforts that have a word or a switch at this vendor."""
        switched = (ReasoningEffort.NONE, ReasoningEffort.ADAPTIVE)
        return frozenset(
            {*self.efforts, *(it for it in switched if self.thinking.fields_for(it) is not None)}
        )
