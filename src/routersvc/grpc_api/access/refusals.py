"""Why a caller is not authenticated, for metrics only.

A caller learns whether it sent a credential, not which part of it was wrong: a label of a metric
tells that to operators.
"""

from __future__ import annotations

import enum


class Doubt(enum.Enum):
    """Why a credential is not accepted."""

    NO_CREDENTIAL = "no_credential"
    UNKNOWN_KEY = "unknown_key"
    UNKNOWN_CERTIFICATE = "unknown_certificate"
    MALFORMED = "malformed"
    UNKNOWN_ISSUER = "unknown_issuer"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_ALGORITHM = "wrong_algorithm"
    UNKNOWN_SIGNING_KEY = "unknown_signing_key"
    BAD_SIGNATURE = "bad_signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    UNKNOWN_IDENTITY = "unknown_identity"
    UNKNOWN_TENANT = "unknown_tenant"
