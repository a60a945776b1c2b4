"""The configuration of one simulated provider: address, wire format, models, behaviour, faults.

Only the behaviour and the faults can change while the simulator runs.
"""

from __future__ import annotations

import dataclasses
import re

from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.behaviours.behaviours import Behaviour
from routersvc.simulator.faults.faults import Fault
from routersvc.simulator.formats import WIRE_FORMATS

DEFAULT_WIRE_FORMAT = "openai_chat"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_HIGHEST_PORT = 65_535

DEFAULT_MODELS = (
    SimulatedModel(id="sim-large", version="sim-large-2026-03-01"),
    SimulatedModel(id="sim-small", version="sim-small-2026-03-01", context_window=16_384),
    SimulatedModel(id="sim-reasoner", version="sim-reasoner-2026-03-01", reasoning=True),
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ProviderCharacter:
    """A provider to simulate.

    Port 0 means any free port. Without `api_keys`, requests need no key. `wire_format` is a
    key of `WIRE_FORMATS`. The same `seed` gives the same answers, and the same random
    latencies for the same sequence of requests. `faults` are active from the start.
    """

    name: str
    port: int = 0
    wire_format: str = DEFAULT_WIRE_FORMAT
    api_keys: tuple[str, ...] = dataclasses.field(default=(), repr=False, metadata={"secret": True})
    models: tuple[SimulatedModel, ...] = DEFAULT_MODELS
    behaviour: Behaviour = dataclasses.field(default_factory=Behaviour)
    faults: tuple[Fault, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                "`name` must be lower-case letters, digits, `-` and `_`, 63 at most, "
                "and begin with a letter or digit"
            )
        if not 0 <= self.port <= _HIGHEST_PORT:
            raise ValueError("`port` must be between 0 (any free port) and 65535")
        names = [name for model in self.models for name in {model.id, model.reported_name}]
        if not names or len(set(names)) != len(names):
            raise ValueError("`models` must not be empty, and no name may stand for two of them")
        if self.wire_format not in WIRE_FORMATS:
            raise ValueError(f"`wire_format` must be one of: {', '.join(WIRE_FORMATS)}")
        if any(not key for key in self.api_keys):
            raise ValueError("`api_keys` must not hold an empty key")
