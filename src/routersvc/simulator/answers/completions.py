"""What is asked of a simulated model and what it answers, in no vendor's words.

Wire formats read a `CompletionRequest` from a body and write an `Answer` to one;
everything between them knows only these values.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping


class ToolMode(enum.Enum):
    """What the client says about calling tools."""

    NEVER = "never"
    AUTO = "auto"
    REQUIRED = "required"
    NAMED = "named"


class Finish(enum.Enum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"


class ReasoningEffort(enum.Enum):
    """How much a reasoning model is to think first."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SimulatedModel:
    """A model that a simulated provider offers.

    `version` is the dated name under which it answers (nothing: its id); it may be
    asked for by either. `context_window` and `max_output_tokens` are in tokens.
    `created` is in seconds since 1970.
    """

    id: str
    version: str | None = None
    context_window: int = 128_000
    max_output_tokens: int = 16_384
    vision: bool = True
    audio: bool = False
    reasoning: bool = False
    owned_by: str = "simulator"
    created: int = 1_760_000_000

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("`id` must not be empty")
        if self.context_window < 1 or self.max_output_tokens < 1:
            raise ValueError("`context_window` and `max_output_tokens` must be at least 1")

    @property
    def reported_name(self) -> str:
        """The name that stands in answers."""
        return self.version or self.id


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ToolOffer:
    """A function that the client lets the model call; `parameters` is a JSON schema."""

    name: str
    parameters: Mapping[str, object]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CompletionRequest:
    """A valid request for a completion, as far as the simulator cares.

    `prompt_text` is the text of the last user message; `prompt_digest` tells prompts
    apart and is the same for the same messages. `json_schema` is set when JSON is
    wanted, and is empty when any object will do. `top_logprobs` is nothing when no
    log probabilities are wanted. `max_tokens` bounds reasoning and answer together. `echoed`
    is what the vendor repeats of the request in its answers, as members of a JSON object.
    """

    model: SimulatedModel
    streaming: bool
    prompt_text: str
    prompt_digest: int
    prompt_tokens: int
    image_parts: int = 0
    tools: tuple[ToolOffer, ...] = ()
    tool_mode: ToolMode = ToolMode.NEVER
    parallel_tool_calls: bool = True
    after_tool_results: bool = False
    json_schema: Mapping[str, object] | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    seed: int | None = None
    top_logprobs: int | None = None
    reasoning_effort: ReasoningEffort | None = None
    usage_in_stream: bool = False
    obfuscated: bool = True
    echoed: bytes = b""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens of one answer; `completion_tokens` includes `reasoning_tokens`."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """A call of a function; joined, the `pieces` are its JSON arguments, a token each."""

    id: str
    name: str
    pieces: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the model says: text or a refusal in `pieces` (a token each), or tool calls.

    `reported_models` has one name; two where the fault is that there are two. `stopped_by` is
    the stop sequence that ended the text, if one did.
    """

    pieces: tuple[str, ...]
    finish: Finish
    usage: Usage
    reported_models: tuple[str, ...]
    refusal: bool = False
    tool_calls: tuple[ToolCall, ...] = ()
    stopped_by: str | None = None

    @property
    def text(self) -> str:
        """The pieces, joined."""
        return "".join(self.pieces)

    @property
    def tokens(self) -> int:
        """How many tokens travel to the client."""
        return len(self.pieces) + sum(len(call.pieces) for call in self.tool_calls)
