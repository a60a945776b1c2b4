"""The fields that Converse lacks and that some model families take otherwise.

`additionalModelRequestFields` are a model's own fields. The model's name tells its family; each
field was seen in recorded traffic or the vendor's documentation for that family.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.conversation.reasoning import ReasoningEffort


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """Where the models of one vendor take what Converse has no field for.

    `top_k` is the path of the field: a key, or a key in an object. `is_claude`: thinking is written
    as at Anthropic. `effort_path` is the path of the effort, with `effort_beside` in the same
    object. `thinking_off` are the fields for an answer without thinking. `system_tools`: Amazon
    runs tools for these models.
    """

    name: str
    pattern: re.Pattern[str]
    top_k: tuple[str, ...] = ()
    is_claude: bool = False
    system_tools: bool = False
    effort_path: tuple[str, ...] = ()
    effort_beside: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    efforts: Mapping[ReasoningEffort, str] = dataclasses.field(
        default_factory=dict[ReasoningEffort, str]
    )
    thinking_off: Mapping[str, Mapping[str, str]] = dataclasses.field(
        default_factory=dict[str, Mapping[str, str]]
    )

    @property
    def all_efforts(self) -> frozenset[ReasoningEffort]:
        """The efforts that can be written for these models."""
        off = {ReasoningEffort.NONE} if self.thinking_off else set[ReasoningEffort]()
        return frozenset({*self.efforts, *off})


_LOW_TO_HIGH: Mapping[ReasoningEffort, str] = MappingProxyType(
    {
        ReasoningEffort.MINIMAL: "low",
        ReasoningEffort.LOW: "low",
        ReasoningEffort.MEDIUM: "medium",
        ReasoningEffort.HIGH: "high",
        ReasoningEffort.MAXIMUM: "high",
    }
)

_FAMILIES = (
    Family(
        name="Claude",
        pattern=re.compile(r"anthropic\.claude"),
        top_k=("top_k",),
        is_claude=True,
    ),
    Family(
        name="Nova 2",
        pattern=re.compile(r"amazon\.nova-2-"),
        system_tools=True,
        top_k=("inferenceConfig", "topK"),
        effort_path=("reasoningConfig", "maxReasoningEffort"),
        effort_beside=MappingProxyType({"type": "enabled"}),
        thinking_off=MappingProxyType({"reasoningConfig": {"type": "disabled"}}),
        efforts=_LOW_TO_HIGH,
    ),
    Family(
        name="Nova",
        pattern=re.compile(r"amazon\.nova-"),
        system_tools=True,
        top_k=("inferenceConfig", "topK"),
    ),
    Family(
        name="gpt-oss",
        pattern=re.compile(r"openai\.gpt-oss"),
        effort_path=("reasoning_effort",),
        efforts=_LOW_TO_HIGH,
    ),
    Family(
        name="Qwen",
        pattern=re.compile(r"qwen\.qwen3"),
        effort_path=("reasoning_config",),
        efforts=_LOW_TO_HIGH,
    ),
    Family(name="Mistral", pattern=re.compile(r"mistral\.mi[sx]tral"), top_k=("top_k",)),
    Family(name="Command", pattern=re.compile(r"cohere\.command"), top_k=("k",)),
)

_OTHER = Family(name="this model", pattern=re.compile(""), system_tools=True)
"""A family that takes only what Converse itself has. An ARN may hide the name of any model."""


def family_of(model: str) -> Family:
    """Return the family of a model by its id, the id of an inference profile, or an ARN of one."""
    return next((family for family in _FAMILIES if family.pattern.search(model)), _OTHER)
