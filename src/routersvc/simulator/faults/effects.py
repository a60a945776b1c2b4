"""The fault catalogue: what a simulated provider can do wrong.

An effect is independent of the vendor; the wire format renders it. There are three groups:

- instead of an answer: a status, a broken connection, no answer, a wrong body;
- in the answer: wrong content, correct delivery;
- in the delivery: correct content, faulty delivery.

Effects with `after_tokens` take effect on a chunk boundary, after as many whole chunks as fit.
In a shorter answer they take effect before the chunk with the finish reason.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from routersvc.simulator.faults.checks import check_after_tokens, check_not_negative
from routersvc.simulator.faults.peer_effects import (
    BrokenChunking,
    Drip,
    Endless,
    Page,
    RefusedPrefill,
    StaleConnection,
    WrongEncoding,
)

_CDN_STATUSES = range(520, 528)


def _no_headers() -> Mapping[str, str]:
    return MappingProxyType({})


class Problem(enum.Enum):
    """A kind of error that a provider reports; the wire format defines status and body."""

    RATE_LIMIT = "rate_limit"
    REQUEST_TOO_LARGE = "request_too_large"
    INSUFFICIENT_QUOTA = "insufficient_quota"
    SPEND_LIMIT = "spend_limit"
    AUTH = "auth"
    FORBIDDEN = "forbidden"
    MODEL_NOT_FOUND = "model_not_found"
    INVALID_REQUEST = "invalid_request"
    CONTEXT_LENGTH = "context_length"
    CONTENT_POLICY = "content_policy"
    OVERLOADED = "overloaded"
    SLOW_DOWN = "slow_down"
    SERVER_ERROR = "server_error"
    BAD_GATEWAY = "bad_gateway"
    UNAVAILABLE = "unavailable"
    GATEWAY_TIMEOUT = "gateway_timeout"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    CDN = "cdn"


# Reported by a proxy in front of the provider, as an HTML page in every wire format.
GATEWAY_PROBLEMS: Mapping[Problem, int] = MappingProxyType(
    {
        Problem.BAD_GATEWAY: 502,
        Problem.UNAVAILABLE: 503,
        Problem.GATEWAY_TIMEOUT: 504,
        Problem.PAYLOAD_TOO_LARGE: 413,
        Problem.CDN: 520,
    }
)


class Ending(enum.Enum):
    """How a connection is broken."""

    RESET = "reset"
    CLOSE = "close"


# ---- instead of an answer -----------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """An error status: the vendor's error for a `problem`, or any `status` and `body`.

    `retry_after` (seconds) is reported where the vendor reports it, in headers or in the
    message; a negative one as a date in the past in the header `retry-after`. `headers` are added
    and override the vendor's.
    """

    kind: ClassVar[str] = "status"

    problem: Problem | None = None
    status: int | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=_no_headers)
    body: str | None = None
    content_type: str | None = None
    retry_after: float | None = None

    def __post_init__(self) -> None:
        if self.problem is None and self.status is None:
            allowed = ", ".join(problem.value for problem in Problem)
            raise ValueError(f"`problem` or `status` is required; problems: {allowed}")
        if self.status is not None and not 200 <= self.status <= 599:  # noqa: PLR2004 - HTTP's
            raise ValueError("`status` must be between 200 and 599")
        if (
            self.problem is Problem.CDN
            and self.status is not None
            and self.status not in _CDN_STATUSES
        ):
            raise ValueError("`status` of problem `cdn` must be between 520 and 527")
        for name, value in self.headers.items():
            if not name or any(character in name + value for character in "\r\n"):
                raise ValueError("`headers` must have names and no line breaks")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Reset:
    """The request is read, then the connection is reset (TCP RST) without an answer."""

    kind: ClassVar[str] = "reset"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Close:
    """The request is read, then the connection is closed (TCP FIN) without an answer."""

    kind: ClassVar[str] = "close"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """The request is read and not answered; the connection stays open."""

    kind: ClassVar[str] = "silence"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WrongContentType:
    """Status 200 with an HTML page, such as a captive portal or a login page."""

    kind: ClassVar[str] = "wrong_content_type"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class EmptyBody:
    """Status 200, the right content type, and an empty body."""

    kind: ClassVar[str] = "empty_body"


# ---- in the answer ------------------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class EmptyAnswer:
    """A well-formed, finished answer without content."""

    kind: ClassVar[str] = "empty_answer"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """The model refuses to answer, with status 200."""

    kind: ClassVar[str] = "refusal"

    text: str = "I'm sorry, but I can't assist with that request."


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ContentFilter:
    """The provider's filter ends the answer after some tokens, with its finish reason."""

    kind: ClassVar[str] = "content_filter"

    after_tokens: int = 0

    def __post_init__(self) -> None:
        check_after_tokens(self.after_tokens)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class InvalidToolJson:
    """A tool call whose arguments are not JSON; for requests that offer tools."""

    kind: ClassVar[str] = "invalid_tool_json"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SchemaViolation:
    """JSON that does not fit the schema; for requests that ask for JSON."""

    kind: ClassVar[str] = "schema_violation"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WrongModel:
    """The answer names another model than the one that was asked for."""

    kind: ClassVar[str] = "wrong_model"

    reported_model: str = "sim-imposter"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DuplicatedModel:
    """The answer's JSON has the model's key twice, with different values."""

    kind: ClassVar[str] = "duplicated_model"

    reported_model: str = "sim-imposter"


# ---- in the delivery ----------------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SlowStart:
    """Headers are sent at once, the first token `duration` seconds late.

    A keep-alive follows every `keep_alive_interval` seconds (0: never): a comment in a stream,
    an empty line before a unary body. With `role_first`, the opening chunk of a stream is also
    sent at once.
    """

    kind: ClassVar[str] = "slow_start"

    duration: float
    keep_alive_interval: float = 1.0
    role_first: bool = False

    def __post_init__(self) -> None:
        check_not_negative("duration", self.duration)
        check_not_negative("keep_alive_interval", self.keep_alive_interval)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Stall:
    """The answer stops after some tokens, for `duration` seconds or without end.

    A unary answer stalls in the middle of its body. A stalled stream gets keep-alives every
    `keep_alive_interval` seconds (0: never).
    """

    kind: ClassVar[str] = "stall"

    after_tokens: int = 0
    duration: float | None = None
    keep_alive_interval: float = 0.0

    def __post_init__(self) -> None:
        check_after_tokens(self.after_tokens)
        check_not_negative("duration", self.duration or 0.0)
        check_not_negative("keep_alive_interval", self.keep_alive_interval)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """After some tokens the connection breaks; a unary answer in the middle of its body."""

    kind: ClassVar[str] = "cut"

    after_tokens: int = 0
    ending: Ending = Ending.RESET

    def __post_init__(self) -> None:
        check_after_tokens(self.after_tokens)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class EndEarly:
    """After some tokens the body ends cleanly, without finish reason and terminator."""

    kind: ClassVar[str] = "end_early"

    after_tokens: int = 0

    def __post_init__(self) -> None:
        check_after_tokens(self.after_tokens)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MissingTerminator:
    """A stream with all its content but without the terminator; for streams.

    With `finish_reason: false` the chunk with the finish reason is missing too. With `left_open`
    the body does not end either: the connection stays open.
    """

    kind: ClassVar[str] = "missing_terminator"

    finish_reason: bool = True
    left_open: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MalformedChunk:
    """After some tokens one chunk is truncated JSON, then the stream continues.

    A unary body is truncated JSON with a correct content length.
    """

    kind: ClassVar[str] = "malformed_chunk"

    after_tokens: int = 0

    def __post_init__(self) -> None:
        check_after_tokens(self.after_tokens)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ErrorEvent:
    """An error inside a 200: an event after some tokens, then the stream ends.

    With 0 tokens the error is the first event. A unary answer is the error's body
    with status 200. `message` replaces the vendor's message.
    """

    kind: ClassVar[str] = "error_event"

    problem: Problem = Problem.SERVER_ERROR
    after_tokens: int = 0
    message: str | None = None

    def __post_init__(self) -> None:
        check_after_tokens(self.after_tokens)
        if self.problem in GATEWAY_PROBLEMS:
            raise ValueError(f"`{self.problem.value}` is an HTML page and cannot be an event")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SplitBytes:
    """Every chunk is written in pieces, split inside lines and inside multi-byte characters.

    The answer begins with characters of two, three and four bytes. `pause` seconds separate
    two pieces, so that they arrive separately.
    """

    kind: ClassVar[str] = "split_bytes"

    pause: float = 0.002

    def __post_init__(self) -> None:
        check_not_negative("pause", self.pause)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TruncatedBody:
    """A unary body that ends in the middle of its JSON; for unary requests.

    With `honest_length` the response is valid HTTP and only the JSON is truncated; without it
    the connection closes before the content length is reached.
    """

    kind: ClassVar[str] = "truncated_body"

    honest_length: bool = True


InsteadOfAnswer = (
    Status
    | Reset
    | Close
    | Silence
    | WrongContentType
    | EmptyBody
    | Page
    | StaleConnection
    | RefusedPrefill
)
InAnswer = (
    EmptyAnswer
    | Refusal
    | ContentFilter
    | InvalidToolJson
    | SchemaViolation
    | WrongModel
    | DuplicatedModel
)
InDelivery = (
    SlowStart
    | Stall
    | Cut
    | EndEarly
    | MissingTerminator
    | MalformedChunk
    | ErrorEvent
    | SplitBytes
    | TruncatedBody
    | Drip
    | Endless
    | BrokenChunking
    | WrongEncoding
)
Effect = InsteadOfAnswer | InAnswer | InDelivery
