"""The reasons why a deployment may not serve a request."""

from __future__ import annotations

import dataclasses
import enum


class ExclusionReason(enum.Enum):
    """Why a deployment is excluded; the proto describes each reason."""

    CAPABILITY = "capability"
    MODALITY = "modality"
    CONTEXT_WINDOW = "context_window"
    REGION = "region"
    DATA_CLASS = "data_class"
    RETENTION = "retention"
    TRAINING = "training"
    PROVIDER_NOT_ALLOWED = "provider_not_allowed"
    PROVIDER_DENIED = "provider_denied"
    NOT_PINNED = "not_pinned"
    MODEL_NOT_REQUIRED = "model_not_required"
    COST_CEILING = "cost_ceiling"
    TENANT_BUDGET = "tenant_budget"
    CREDENTIAL_DISABLED = "credential_disabled"
    MODEL_DISABLED = "model_disabled"
    NOT_EQUIVALENT = "not_equivalent"
    NOT_IN_POLICY = "not_in_policy"
    OUTPUT_LIMIT = "output_limit"
    WIRE_FORMAT = "wire_format"
    OPERATOR_DISABLED = "operator_disabled"
    LOWER_TIER = "lower_tier"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Exclusion:
    """Why a deployment is excluded, and which change would remove that reason.

    `eligible_if` is a condition in the subjunctive: "it would be eligible if …".
    """

    reason: ExclusionReason
    description: str
    eligible_if: str
