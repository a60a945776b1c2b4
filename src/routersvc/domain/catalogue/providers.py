"""An API account at a vendor, or a self-hosted server."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

from routersvc.domain.catalogue.capabilities import Capability

if TYPE_CHECKING:
    from routersvc.domain.catalogue.deployments import Deployment
    from routersvc.domain.conversation.prompts import Prompt


class WireRules(Protocol):
    """What a provider's wire format says of a model and of a prompt, without sending anything."""

    def maker(self, wire_model: str) -> str:
        """Return the name under which this model's proofs are known; empty: the provider's own."""
        ...

    def takes_plain_thoughts(self, wire_model: str) -> bool:
        """Return whether earlier thoughts may be sent to this model without a proof."""
        ...

    def refusal(self, deployment: Deployment, prompt: Prompt) -> str:
        """Return why this prompt cannot be written for a deployment; empty if it can be."""
        ...


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """An API account at a vendor or a self-hosted server.

    `cancel_stops_billing`: tokens after the close of a stream are not billed. `expressible` are the
    capabilities that its wire format can express, `wire_rules` what it says of single prompts.
    """

    name: str
    wire_format: str
    cancel_stops_billing: bool = True
    expressible: frozenset[Capability] = frozenset(Capability)
    wire_rules: WireRules | None = dataclasses.field(default=None, repr=False, compare=False)
