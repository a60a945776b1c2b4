"""What every dialect of every wire format states: one vendor's way of speaking the format."""

from __future__ import annotations

import dataclasses

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.credentials.authorisations import BEARER, CredentialHeader
from routersvc.providers.errors.vendor_errors import NO_VENDOR_ERRORS, VendorErrors

ONLY_DIALECT = "plain"
"""The name of the dialect of a format that one vendor speaks in one way."""

DEFAULT_DIALECT = "generic"
"""The dialect of servers that no dialect is named after, in formats that many vendors speak."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """How one vendor speaks a wire format.

    `capabilities` is what a request can ask for. `probe_path` is requested with GET to check
    provider and credential; it is not billed. `credential_header` carries an API key unless the
    configuration names another header. `cancel_stops_billing`: tokens generated after the stream
    was closed are not billed. `errors` are this vendor's own error codes and phrases.
    """

    wire_format: str
    name: str = ONLY_DIALECT
    capabilities: frozenset[Capability]
    probe_path: str
    credential_header: CredentialHeader = BEARER
    cancel_stops_billing: bool = True
    errors: VendorErrors = NO_VENDOR_ERRORS

    def cannot_express(self, what: str) -> AttemptFailedError:
        """Return the error for a request that asks for `what`, which this dialect lacks."""
        dialect = "" if self.name == ONLY_DIALECT else f" ({self.name})"
        return AttemptFailedError(
            Failure(
                failure_class=FailureClass.CAPABILITY_MISMATCH,
                message=f"the wire format `{self.wire_format}`{dialect} cannot express {what}",
            )
        )

    def require(self, capability: Capability, what: str) -> None:
        """Refuse `what` where the dialect lacks the capability that it needs.

        Raises:
            AttemptFailedError: the capability is lacking.
        """
        if capability not in self.capabilities:
            raise self.cannot_express(what)
