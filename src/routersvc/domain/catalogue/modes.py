"""The modes of a policy that a request or tenant can override."""

from __future__ import annotations

import enum


class HedgingMode(enum.Enum):
    """When another attempt starts beside a running one."""

    OFF = "off"
    PARALLEL = "parallel"
    DELAYED = "delayed"
    AUTO = "auto"


class StreamRecoveryMode(enum.Enum):
    """What happens when a stream breaks after its first content."""

    FAIL = "fail"
    RESTART = "restart"
    RESUME = "resume"


class OrderMode(enum.Enum):
    """How the deployments of a policy are put in order."""

    FIXED = "fixed"
    BALANCED = "balanced"
    RANKED = "ranked"


class ConsistencyMode(enum.Enum):
    """How far an answer may move from the first choice."""

    ANY = "any"
    EQUIVALENT = "equivalent"
    PINNED = "pinned"
