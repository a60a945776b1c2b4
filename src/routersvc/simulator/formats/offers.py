"""The models that a simulated provider offers, found by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.formats.replies import RefusedError


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """The models of one provider, found by id or by version."""

    models: tuple[SimulatedModel, ...]
    by_name: Mapping[str, SimulatedModel]

    @classmethod
    def of(cls, models: tuple[SimulatedModel, ...]) -> Offer:
        """Return the offer of these models."""
        return cls(
            models=models,
            by_name={name: model for model in models for name in (model.id, model.reported_name)},
        )

    def model(self, name: str, unknown: Callable[[str], RefusedError]) -> SimulatedModel:
        """Return the model with this id or version.

        Raises:
            RefusedError: there is none; `unknown` words the refusal.
        """
        found = self.by_name.get(name)
        if found is None:
            raise unknown(name)
        return found
