"""The type in which a vendor's error codes, phrases, statuses and rate-limit headers are stated.

The values stand on the vendors' dialects in `providers.formats`; `tables` joins them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.outcomes.failure_rules import FailureClass

Codes = Mapping[FailureClass, frozenset[str]]
"""Error codes by the class that they mean."""

Phrases = Mapping[FailureClass, tuple[str, ...]]
"""Regular expressions for the text of an error, by the class that they mean; `^` and `$` are the
beginning and the end of one of its messages."""

_NONE: Mapping[FailureClass, frozenset[str]] = MappingProxyType({})
_NO_PHRASES: Mapping[FailureClass, tuple[str, ...]] = MappingProxyType({})
_NO_STATUSES: Mapping[int, FailureClass] = MappingProxyType({})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class VendorErrors:
    """How one vendor words its errors. Codes and phrases are in lower case.

    `codes` have one meaning whatever the status is; the vendor's own are asked first, and those
    that are numbers prove nothing at anybody else. `broad_codes` count only where the status says
    no more. `decisive_codes` are those of them that prove a credential or a model out of use: no
    request can cause them while both are in order. `request_phrases` say that the request itself is
    the cause, whatever code and status are: nothing is disabled. `proof_codes` and `proof_phrases`
    refuse, or miss, the signature or the encrypted thought that a conversation carries. `statuses`
    are HTTP statuses that the vendor uses in its own way.
    `early_model_phrases` mean `MODEL_NOT_FOUND`, even where the text goes on like a capability
    mismatch. `remaining_requests` and `remaining_tokens` are names of response headers, the one
    with the shortest window first.
    """

    codes: Codes = dataclasses.field(default_factory=lambda: _NONE)
    broad_codes: Codes = dataclasses.field(default_factory=lambda: _NONE)
    decisive_codes: frozenset[str] = frozenset()
    request_phrases: tuple[str, ...] = ()
    proof_codes: frozenset[str] = frozenset()
    proof_phrases: tuple[str, ...] = ()
    phrases: Phrases = dataclasses.field(default_factory=lambda: _NO_PHRASES)
    early_model_phrases: tuple[str, ...] = ()
    statuses: Mapping[int, FailureClass] = dataclasses.field(default_factory=lambda: _NO_STATUSES)
    remaining_requests: tuple[str, ...] = ()
    remaining_tokens: tuple[str, ...] = ()


NO_VENDOR_ERRORS = VendorErrors()
"""A vendor whose errors say nothing that other vendors' errors do not say."""
