"""Everything that can be called, by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from routersvc.domain.catalogue.deployments import Deployment


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """Everything that can be called, by name; `aliases` are further names of models."""

    deployments: Mapping[str, Deployment]
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    @property
    def models(self) -> frozenset[str]:
        """The names of all models that have a deployment."""
        return frozenset(deployment.model.name for deployment in self.deployments.values())

    @property
    def regions(self) -> frozenset[str]:
        """The names of all regions that the configuration states for deployments."""
        regions = (deployment.compliance.region for deployment in self.deployments.values())
        return frozenset(region for region in regions if region is not None)

    @property
    def providers(self) -> frozenset[str]:
        """The names of all providers that have a deployment."""
        return frozenset(deployment.provider.name for deployment in self.deployments.values())
