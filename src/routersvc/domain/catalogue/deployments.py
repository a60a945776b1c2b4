"""Deployments: what an attempt calls, with the facts and contracts of each.

Facts of a model (window, capabilities, prices) belong to the model. Region, retention and
clearances belong to the deployment, because they are contracts. What is not stated counts
as not compliant.
"""

from __future__ import annotations

import dataclasses

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.conversation.reasoning import ReasoningEffort


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Compliance:
    """What is contracted for a deployment; `None`, `False` and absence mean no contract."""

    region: str | None = None
    zero_data_retention: bool = False
    no_training: bool = False
    data_classes: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """One model at one provider in one region with one credential.

    `wire_model` is the name by which the provider knows the model. `credential` names the
    credential, it never holds one. `canary_share` is the share of its model's traffic that a
    canary gets; `None` for a regular deployment. `expressible_efforts` are the reasoning efforts
    that the provider's wire format can express for this model. `maker` is the name under which the
    proofs of its answers are known, empty where nothing is known of them; with `plain_thoughts`, it
    takes earlier thoughts without a proof.
    """

    name: str
    provider: Provider
    model: Model
    wire_model: str
    credential: str
    compliance: Compliance = Compliance()
    enabled: bool = True
    canary_share: float | None = None
    expressible_efforts: frozenset[ReasoningEffort] = frozenset(ReasoningEffort)
    maker: str = ""
    plain_thoughts: bool = True
    capabilities: frozenset[Capability] = dataclasses.field(init=False, repr=False, compare=False)
    """What the model can do and the wire format of the provider can express."""
    efforts: frozenset[ReasoningEffort] = dataclasses.field(init=False, repr=False, compare=False)
    """The reasoning efforts that the model has and the wire format can express."""

    def __post_init__(self) -> None:
        capabilities = self.model.capabilities & self.provider.expressible
        own = self.model.efforts
        efforts = self.expressible_efforts if own is None else own & self.expressible_efforts
        object.__setattr__(self, "capabilities", capabilities)
        object.__setattr__(self, "efforts", efforts)
        if self.canary_share is not None and not 0 <= self.canary_share <= 1:
            raise ValueError(f"`canary_share` must be between 0 and 1, not {self.canary_share}")

    @property
    def failure_domain(self) -> str:
        """The group of deployments that tend to fail together: those of one provider."""
        return self.provider.name
