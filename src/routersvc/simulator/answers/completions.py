"""Completion requests and answers, independent of any vendor's format.

Wire formats parse a body to a `CompletionRequest` and serialise an `Answer`; everything between
them uses only these values.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

from routersvc.simulator.answers.models import ReasoningEffort, SimulatedModel
from routersvc.simulator.answers.tools import ToolCall, ToolMode, ToolOffer


class Finish(enum.Enum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """The contents of a request's messages.

    `digest` is the same for the same contents. `after_tool_results` is set when the last message
    holds results of tool calls, `after_answer` when it is the beginning of the answer (a prefill).
    """

    last_user_text: str
    digest: int
    tokens: int
    image_parts: int = 0
    after_tool_results: bool = False
    after_answer: bool = False
    mentions_json: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CompletionRequest:
    """A valid request for a completion, reduced to what the simulator uses.

    `json_schema` is set when the answer must be JSON, and empty when any object is valid.
    `top_logprobs` is `None` when no log probabilities are requested. `max_tokens` bounds
    reasoning and answer together. `echoed` is the part of the request that the vendor repeats
    in its answers, as members of a JSON object. With `web_search` the vendor may search the web
    before it answers.
    """

    model: SimulatedModel
    streaming: bool
    prompt: Prompt
    tools: tuple[ToolOffer, ...] = ()
    tool_mode: ToolMode = ToolMode.NEVER
    parallel_tool_calls: bool = True
    json_schema: Mapping[str, object] | None = None
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    seed: int | None = None
    top_logprobs: int | None = None
    reasoning_effort: ReasoningEffort | None = None
    usage_in_stream: bool = False
    obfuscated: bool = True
    web_search: bool = False
    echoed: bytes = b""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens of one answer; `completion_tokens` includes `reasoning_tokens`."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WebSearch:
    """A search that the vendor ran before the answer, which cites so many of its results."""

    query: str
    citations: int


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Citation:
    """A source of the characters from `start` to `end` of an answer's text."""

    start: int
    end: int
    url: str
    title: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer of a model: text or a refusal in `pieces` (one token each), or tool calls.

    `reported_models` has one name, or two for the fault `DuplicatedModel`. `stopped_by` is the
    stop sequence that ended the text, if any.
    """

    pieces: tuple[str, ...]
    finish: Finish
    usage: Usage
    reported_models: tuple[str, ...]
    refusal: bool = False
    tool_calls: tuple[ToolCall, ...] = ()
    stopped_by: str | None = None
    search: WebSearch | None = None

    @property
    def text(self) -> str:
        """The pieces, joined."""
        return "".join(self.pieces)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The sources: each supports an equal stretch of the text."""
        length = len(self.text)
        wanted = 0 if self.search is None else min(self.search.citations, length)
        return tuple(
            Citation(
                start=length * at // wanted,
                end=length * (at + 1) // wanted,
                url=f"https://example.com/sources/{at + 1}",
                title=f"Source {at + 1}",
            )
            for at in range(wanted)
        )

    @property
    def tokens(self) -> int:
        """The number of tokens sent to the client, without reasoning."""
        return len(self.pieces) + sum(len(call.pieces) for call in self.tool_calls)
