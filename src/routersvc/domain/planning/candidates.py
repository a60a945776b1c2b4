"""A deployment considered for a request, with its score or the reasons for its exclusion."""

from __future__ import annotations

import dataclasses
import enum

from routersvc.domain.catalogue.deployments import Deployment


class ExclusionReason(enum.Enum):
    """Why a deployment is no candidate; the proto says each in a sentence."""

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
    """Why a deployment is no candidate, and what would have to change for the reason to fall."""

    reason: ExclusionReason
    description: str
    eligible_if: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ScorePart:
    """One part of a score: `value` from 0 (worst) to 1 (best), times `weight`."""

    name: str
    value: float
    weight: float
    description: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A deployment considered for a request, with its score or the reasons for its exclusion."""

    deployment: Deployment
    exclusions: tuple[Exclusion, ...] = ()
    score: float = 0.0
    score_parts: tuple[ScorePart, ...] = ()
    expected_cost_usd: float | None = None
    expected_first_content: float | None = None

    @property
    def eligible(self) -> bool:
        """Whether every constraint is kept."""
        return not self.exclusions

    @property
    def changes_needed(self) -> tuple[str, ...]:
        """The fewest changes that together would make it eligible, each said once."""
        return tuple(dict.fromkeys(each.eligible_if for each in self.exclusions))


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class EffectiveConstraint:
    """One limit in force and who set it: `request`, `policy` or `tenant`."""

    name: str
    value: str
    source: str
