"""What a wire format returns: whole HTTP answers, stream frames, and the values in headers."""

from __future__ import annotations

import dataclasses

from routersvc.simulator.faults.effects import Problem

Headers = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    """A whole HTTP answer; `unsigned` when what tells it from any other is still to be put in."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    unsigned: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """A problem with the particulars that its wording needs.

    `model` is what the client asked for, `retry_after` is in seconds. `status` and
    `message` replace the vendor's. `streaming` says what the client asked for.
    """

    problem: Problem
    model: str
    retry_after: float | None = None
    status: int | None = None
    message: str | None = None
    streaming: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Headroom:
    """What is left of the rate limits; `*_reset` is in seconds until all is back."""

    limit_requests: int
    limit_tokens: int
    remaining_requests: int
    remaining_tokens: int
    requests_reset: float
    tokens_reset: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What tells one answer from another: `serial` counts, `created` is in seconds since 1970."""

    serial: int
    created: int


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class StreamScript:
    """A streamed answer as the frames to send, in order, not yet signed.

    `contents` pairs each frame with the tokens in it. The `terminator` is the last that
    tells a client that the answer is whole. A keep-alive carries no content and may stand
    between any two frames; it is empty where the vendor has none.
    """

    opening: bytes
    contents: tuple[tuple[bytes, int], ...]
    closing: bytes
    terminator: bytes
    keep_alive: bytes


class RefusedError(Exception):
    """A request that the vendor itself would refuse; `answer` is what it would say."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(answer.status)
        self.answer = answer
