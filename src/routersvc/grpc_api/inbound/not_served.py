"""Refuses requests with fields that this version does not support yet.

Such a field is never ignored. An explicit value that means the default, or off, is accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from llmrouter.v1 import prompt_pb2, routing_pb2
from routersvc.domain.outcomes.errors import FieldNotServedError

_CACHING_SERVED = frozenset({routing_pb2.CACHE_MODE_UNSPECIFIED, routing_pb2.CACHE_MODE_OFF})
_OUTPUTS_SERVED = frozenset(
    {prompt_pb2.MODALITY_TEXT, prompt_pb2.MODALITY_IMAGE, prompt_pb2.MODALITY_AUDIO}
)

ROUTING: Mapping[str, Callable[[routing_pb2.Routing], bool]] = MappingProxyType(
    {
        "caching.mode": lambda it: it.caching.mode not in _CACHING_SERVED,
        "caching.max_age": lambda it: it.caching.HasField("max_age"),
        "caching.allow_semantic": lambda it: it.caching.allow_semantic,
        "caching.allow_stale": lambda it: it.caching.allow_stale,
    }
)
"""The unsupported fields of `Routing` by path, each with the check whether a request uses it."""


def refuse_prompt(prompt: prompt_pb2.Prompt) -> None:
    """Refuse a prompt with unsupported fields.

    Raises:
        FieldNotServedError: there is one; names the first.
    """
    for place, modality in enumerate(prompt.output_modalities):
        if modality not in _OUTPUTS_SERVED:
            raise FieldNotServedError(f"prompt.output_modalities[{place}]")


def refuse_routing(routing: routing_pb2.Routing) -> None:
    """Refuse routing options with unsupported fields.

    Raises:
        FieldNotServedError: there is one; names the first.
    """
    for path, is_used in ROUTING.items():
        if is_used(routing):
            raise FieldNotServedError(f"routing.{path}")
