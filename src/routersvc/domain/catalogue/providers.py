"""An API account at a vendor, or a self-hosted server."""

from __future__ import annotations

import dataclasses

from routersvc.domain.catalogue.capabilities import Capability


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """An API account at a vendor or a self-hosted server.

    `cancel_stops_billing`: tokens after the close of a stream are not billed. `expressible` are the
    capabilities that its wire format can express.
    """

    name: str
    wire_format: str
    cancel_stops_billing: bool = True
    expressible: frozenset[Capability] = frozenset(Capability)
