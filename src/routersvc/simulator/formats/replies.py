"""What a wire format returns: whole HTTP answers, stream frames, and the values in headers."""

from __future__ import annotations

import dataclasses

from routersvc.simulator.faults.effects import Problem

Headers = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    """A whole HTTP answer; `unsigned` if its ids and times are still placeholders."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    unsigned: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """A problem to report, with the facts that the vendor's error contains.

    `model` is the requested model, `streaming` whether a stream was requested. `retry_after` is
    in seconds. `status` and `message` replace the vendor's.
    """

    problem: Problem
    model: str
    retry_after: float | None = None
    status: int | None = None
    message: str | None = None
    streaming: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Headroom:
    """The remaining rate limits; `*_reset` is the time to full capacity in seconds."""

    limit_requests: int
    limit_tokens: int
    remaining_requests: int
    remaining_tokens: int
    requests_reset: float
    tokens_reset: float


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """The identity of one answer: a serial number, and its time in seconds since 1970."""

    serial: int
    created: int


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class StreamScript:
    """The frames of a streamed answer, in order, not yet signed.

    `contents` pairs each frame with its number of tokens. The `terminator` tells the client that
    the answer is complete. `keep_alive` has no content and may be sent between any two frames;
    it is empty where the vendor has none.
    """

    opening: bytes
    contents: tuple[tuple[bytes, int], ...]
    closing: bytes
    terminator: bytes
    keep_alive: bytes


class RefusedError(Exception):
    """A request that the vendor would refuse; `answer` is the vendor's answer."""

    def __init__(self, answer: HttpAnswer) -> None:
        super().__init__(answer.status)
        self.answer = answer
