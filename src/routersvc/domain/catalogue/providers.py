"""An API account at a vendor, or a self-hosted server."""

from __future__ import annotations

import dataclasses

from routersvc.domain.catalogue.capabilities import (
    Capability,
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """An API account at a vendor or a self-hosted server.

    `cancel_stops_billing` says that closing a stream ends what is billed. `expressible` is what its
    wire format can say; a deployment can do what its model can and its wire format can say.
    """

    name: str
    wire_format: str
    cancel_stops_billing: bool = True
    expressible: frozenset[Capability] = frozenset(Capability)
