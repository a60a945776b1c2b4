"""The events of one answer, as every attempt yields them.

Every provider's answer, streamed or not, is a sequence of these events:
`Started`, then deltas and `UsageCounted` in any order, then `Finished`. A sequence
without `Finished` is a broken answer and never a success.
"""

from __future__ import annotations

import dataclasses

from routersvc.domain.conversation.deltas import ContentDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.proofs import LeftOut
from routersvc.domain.conversation.rate_limit_headroom import RateLimitHeadroom
from routersvc.domain.conversation.usage import UsageCounted


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The provider has accepted the request. Not content: no attempt commits on it.

    `left_out` is what of the conversation the adapter did not send, beyond what it was not given.
    """

    model_version: str = ""
    response_id: str = ""
    headroom: RateLimitHeadroom | None = None
    left_out: tuple[LeftOut, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """The answer is complete, terminator included. The last event of every complete answer.

    `model_version` and `response_id` repeat those of `Started`, for formats that send them late.
    """

    reason: FinishReason
    stop_sequence: str = dataclasses.field(default="", repr=False)
    model_version: str = ""
    response_id: str = ""


AnswerEvent = Started | ContentDelta | UsageCounted | Finished
