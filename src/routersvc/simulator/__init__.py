"""A provider simulator: HTTP servers that implement vendors' wire formats and fail on demand.

For the demo, tests and drills. It is independent of the router.
"""

from __future__ import annotations

from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.behaviours.behaviours import (
    BEHAVIOURS,
    Behaviour,
    Echo,
    Fixed,
    Generated,
    RateLimit,
)
from routersvc.simulator.behaviours.distributions import Constant, LogNormal, Pareto, Uniform
from routersvc.simulator.control.settings import SimulatorSettings, provider_of_option
from routersvc.simulator.errors import (
    PortUnavailableError,
    SettingError,
    SimulatorError,
    UnknownFaultError,
    UnknownProviderError,
)
from routersvc.simulator.faults.effects import (
    Close,
    ContentFilter,
    Cut,
    DuplicatedModel,
    Effect,
    EmptyAnswer,
    EmptyBody,
    EndEarly,
    Ending,
    ErrorEvent,
    InvalidToolJson,
    MalformedChunk,
    MissingTerminator,
    Problem,
    Refusal,
    Reset,
    SchemaViolation,
    Silence,
    SlowStart,
    SplitBytes,
    Stall,
    Status,
    TruncatedBody,
    WrongContentType,
    WrongModel,
)
from routersvc.simulator.faults.faults import Fault, Operations
from routersvc.simulator.faults.peer_effects import (
    BrokenChunking,
    Drip,
    Endless,
    Page,
    RefusedPrefill,
    StaleConnection,
    WrongEncoding,
)
from routersvc.simulator.formats import WIRE_FORMATS
from routersvc.simulator.serving.activity import Activity
from routersvc.simulator.serving.fault_book import ActiveFault
from routersvc.simulator.serving.provider import SimulatedProvider
from routersvc.simulator.serving.provider_characters import DEFAULT_MODELS, ProviderCharacter
from routersvc.simulator.serving.request_log import Outcome, RequestRecord
from routersvc.simulator.simulator import Simulator, run

__all__ = [
    "BEHAVIOURS",
    "DEFAULT_MODELS",
    "WIRE_FORMATS",
    "ActiveFault",
    "Activity",
    "Behaviour",
    "BrokenChunking",
    "Close",
    "Constant",
    "ContentFilter",
    "Cut",
    "Drip",
    "DuplicatedModel",
    "Echo",
    "Effect",
    "EmptyAnswer",
    "EmptyBody",
    "EndEarly",
    "Ending",
    "Endless",
    "ErrorEvent",
    "Fault",
    "Fixed",
    "Generated",
    "InvalidToolJson",
    "LogNormal",
    "MalformedChunk",
    "MissingTerminator",
    "Operations",
    "Outcome",
    "Page",
    "Pareto",
    "PortUnavailableError",
    "Problem",
    "ProviderCharacter",
    "RateLimit",
    "Refusal",
    "RefusedPrefill",
    "RequestRecord",
    "Reset",
    "SchemaViolation",
    "SettingError",
    "Silence",
    "SimulatedModel",
    "SimulatedProvider",
    "Simulator",
    "SimulatorError",
    "SimulatorSettings",
    "SlowStart",
    "SplitBytes",
    "StaleConnection",
    "Stall",
    "Status",
    "TruncatedBody",
    "Uniform",
    "UnknownFaultError",
    "UnknownProviderError",
    "WrongContentType",
    "WrongEncoding",
    "WrongModel",
    "provider_of_option",
    "run",
]
