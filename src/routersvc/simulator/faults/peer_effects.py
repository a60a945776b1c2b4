"""Effects of broken peers: proxies' pages, dying connections, wrong framing, endless answers."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from routersvc.simulator.faults.checks import check_after_tokens, check_not_negative

# ---- instead of an answer -----------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page of something between client and vendor, with any status.

    HTML, or with `plain` one line of text.
    """

    kind: ClassVar[str] = "page"

    status: int = 502
    plain: bool = False

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:  # noqa: PLR2004 - HTTP's
            raise ValueError("`status` must be between 200 and 599")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class StaleConnection:
    """The connection is closed instead of an answer; for requests on a kept-alive connection.

    The first request on each connection is answered.
    """

    kind: ClassVar[str] = "stale_connection"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class RefusedPrefill:
    """Status 400; for requests whose last message is the beginning of the answer."""

    kind: ClassVar[str] = "refused_prefill"


# ---- in the delivery ----------------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Drip:
    """One chunk of a stream, or eight bytes of a unary body, every `interval` seconds.

    The first `after_tokens` tokens of a stream are sent at the normal pace.
    """

    kind: ClassVar[str] = "drip"

    interval: float = 3.0
    after_tokens: int = 0

    def __post_init__(self) -> None:
        check_not_negative("interval", self.interval)
        check_after_tokens(self.after_tokens)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Endless:
    """A stream that repeats its content chunks without end, beyond every token limit.

    `interval` seconds separate two chunks; for streams.
    """

    kind: ClassVar[str] = "endless"

    interval: float = 0.02

    def __post_init__(self) -> None:
        if self.interval <= 0:
            raise ValueError("`interval` must be above 0")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class BrokenChunking:
    """After some tokens, bytes that are not chunked encoding; the connection stays open.

    A unary body is chunked, and breaks in its middle.
    """

    kind: ClassVar[str] = "broken_chunking"

    after_tokens: int = 0

    def __post_init__(self) -> None:
        check_after_tokens(self.after_tokens)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WrongEncoding:
    """The header announces a content encoding that the body does not have."""

    kind: ClassVar[str] = "wrong_encoding"

    encoding: str = "gzip"

    def __post_init__(self) -> None:
        if not self.encoding.isalnum():
            raise ValueError("`encoding` must be the name of a content encoding")
