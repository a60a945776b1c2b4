"""The events of a call, as the server passes them to its caller."""

from __future__ import annotations

import dataclasses
import enum

from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import ContentDelta
from routersvc.domain.conversation.logprobs import TokenLogprob
from routersvc.domain.conversation.parts import Part
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.values import Value


class RouteSelected(Value, frozen=True, kw_only=True):
    """An attempt has committed. The first event of every call."""

    report: RouteReport


class RecoveryKind(enum.Enum):
    """Whether a client discards or keeps what it has received."""

    RESTARTED = "restarted"
    RESUMED = "resumed"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Recovered:
    """The stream broke and another attempt has taken over.

    `kept_characters` counts the code points of the answer's text that stay valid.
    """

    kind: RecoveryKind
    kept_characters: int
    report: RouteReport


CallEvent = RouteSelected | Recovered | ContentDelta | UsageCounted | Finished


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """A complete answer with its report; `usage` is that of the attempt that served."""

    parts: tuple[Part, ...]
    finish: Finished
    usage: Usage
    logprobs: tuple[TokenLogprob, ...] = dataclasses.field(repr=False)
    report: RouteReport
