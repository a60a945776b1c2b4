"""What a simulated provider remembers of each request, in a log that has an end."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping

# Enough to tell who asked, for which trace, and whether a client retried by itself.
HEADERS_OF_INTEREST = (
    "traceparent",
    "tracestate",
    "user-agent",
    "x-request-id",
    "x-client-request-id",
    "idempotency-key",
    "x-stainless-retry-count",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "anthropic-version",
    "x-goog-api-client",
    "openai-organization",
    "openai-project",
)
_SHOWN_OF_KEY = 4


class Outcome(enum.Enum):
    """How a request ended, as the provider saw it."""

    IN_PROGRESS = "in_progress"
    # The whole answer was written, even if a fault made it a wrong one.
    COMPLETED = "completed"
    # The provider would have refused it by itself: key, validation, rate limit.
    REFUSED = "refused"
    # A fault was answered whole: a status, an error event, a body that ends early.
    FAULT_ANSWERED = "fault_answered"
    # A fault broke the connection.
    ABORTED_BY_FAULT = "aborted_by_fault"
    CLIENT_HUNG_UP = "client_hung_up"
    # The provider was killed, or the simulator closed, while the request was under way.
    KILLED = "killed"
    # A defect of the simulator itself: its own log has the traceback.
    SIMULATOR_FAILED = "simulator_failed"


@dataclasses.dataclass(kw_only=True, slots=True)
class RequestRecord:
    """One request; times are in seconds after it was received, except `received_time`.

    `serial` counts the requests of one simulator in the order in which they were
    received. `received_time` is in seconds since 1970. `first_token_after` is when the first
    content left, `ended_after` when the outcome was known: for `client_hung_up` the
    moment at which the client went away. Of the API key only the end is kept.
    """

    serial: int
    id: str
    provider: str
    received_time: float
    method: str
    path: str
    headers: Mapping[str, str]
    api_key_end: str | None = None
    model: str | None = None
    streaming: bool | None = None
    fault: str | None = None
    fault_id: str | None = None
    status: int | None = None
    outcome: Outcome = Outcome.IN_PROGRESS
    prompt_tokens: int = 0
    tokens_sent: int = 0
    bytes_sent: int = 0
    first_token_after: float | None = None
    ended_after: float | None = None

    def plain(self) -> dict[str, object]:
        """Return the record as JSON's types; the time received as RFC 3339."""
        entries: dict[str, object] = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self)
        }
        received = dt.datetime.fromtimestamp(self.received_time, tz=dt.UTC)
        entries["received_time"] = received.isoformat(timespec="milliseconds")
        entries["outcome"] = self.outcome.value
        return entries


def shown_key(key: str | None) -> str | None:
    """Return the end of an API key, for telling keys apart; short keys show nothing."""
    if key is None:
        return None
    return key[-_SHOWN_OF_KEY:] if len(key) > 2 * _SHOWN_OF_KEY else "****"


def headers_of_interest(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return those headers that a record keeps."""
    return {name: value for name in HEADERS_OF_INTEREST if (value := headers.get(name))}


class RequestLog:
    """The newest requests, oldest first; `forgotten` counts those that fell out."""

    def __init__(self, capacity: int) -> None:
        self._records: collections.deque[RequestRecord] = collections.deque(maxlen=capacity)
        self._added = 0

    @property
    def records(self) -> tuple[RequestRecord, ...]:
        """The requests that are remembered, oldest first."""
        return tuple(self._records)

    @property
    def forgotten(self) -> int:
        """How many requests fell out because newer ones came."""
        return self._added - len(self._records)

    def add(self, record: RequestRecord) -> None:
        """Remember a request, and forget the oldest when there are too many."""
        self._added += 1
        self._records.append(record)

    def clear(self) -> None:
        """Forget all requests."""
        self._records.clear()
        self._added = 0
