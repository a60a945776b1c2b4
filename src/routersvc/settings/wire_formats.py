"""The facts of wire formats that settings are checked against.

The adapters define them; the application passes them in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.reasoning import ReasoningEffort


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """A vendor's variant of a wire format.

    `expressible` are the capabilities that it can express, `efforts` the reasoning efforts for a
    model by its name at the provider; `cancel_stops_billing` is whether closing a stream ends
    billing.
    """

    expressible: frozenset[Capability] = frozenset(Capability)
    cancel_stops_billing: bool = True
    efforts: Callable[[str], frozenset[ReasoningEffort]] = lambda _: frozenset(ReasoningEffort)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WireFormat:
    """A wire format: its dialects by name, and the default dialect."""

    dialects: Mapping[str, Dialect]
    default_dialect: str

    def __post_init__(self) -> None:
        if self.default_dialect not in self.dialects:
            raise ValueError("`default_dialect` must be one of `dialects`")
