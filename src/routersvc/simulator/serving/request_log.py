"""The bounded request log of a simulated provider."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping

# They identify the client and the trace, and show a client's own retries.
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
    # The whole answer was written, even if a fault changed its content.
    COMPLETED = "completed"
    # Refused as the vendor would refuse it: key, validation, rate limit.
    REFUSED = "refused"
    # A fault's answer was written: a status, an error event, a body that ends early.
    FAULT_ANSWERED = "fault_answered"
    # A fault broke the connection.
    ABORTED_BY_FAULT = "aborted_by_fault"
    CLIENT_HUNG_UP = "client_hung_up"
    # The provider was killed, or the simulator closed, during the request.
    KILLED = "killed"
    # A bug in the simulator: the traceback is in its log.
    SIMULATOR_FAILED = "simulator_failed"


@dataclasses.dataclass(kw_only=True, slots=True)
class RequestRecord:
    """One request; times are in seconds after it was received, except `received_time`.

    `serial` numbers the requests of one simulator in order of receipt. `received_time` is in
    seconds since 1970. `first_token_after` is when the first content was sent, `ended_after`
    when the outcome was known: for `client_hung_up`, when the client disconnected.
    `api_key_end` is the end of the API key.
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
        """Return the record as JSON types, with `received_time` as RFC 3339."""
        entries: dict[str, object] = {
            field.name: getattr(self, field.name) for field in dataclasses.fields(self)
        }
        received = dt.datetime.fromtimestamp(self.received_time, tz=dt.UTC)
        entries["received_time"] = received.isoformat(timespec="milliseconds")
        entries["outcome"] = self.outcome.value
        return entries


def shown_key(key: str | None) -> str | None:
    """Return the end of an API key, which identifies it; `****` for a short key."""
    if key is None:
        return None
    return key[-_SHOWN_OF_KEY:] if len(key) > 2 * _SHOWN_OF_KEY else "****"


def headers_of_interest(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the headers that a record keeps."""
    return {name: value for name in HEADERS_OF_INTEREST if (value := headers.get(name))}


class RequestLog:
    """The newest requests, oldest first; `forgotten` counts the dropped ones."""

    def __init__(self, capacity: int) -> None:
        self._records: collections.deque[RequestRecord] = collections.deque(maxlen=capacity)
        self._added = 0

    @property
    def records(self) -> tuple[RequestRecord, ...]:
        """The logged requests, oldest first."""
        return tuple(self._records)

    @property
    def forgotten(self) -> int:
        """The number of requests dropped for newer ones."""
        return self._added - len(self._records)

    def add(self, record: RequestRecord) -> None:
        """Add a request, and drop the oldest beyond the capacity."""
        self._added += 1
        self._records.append(record)

    def clear(self) -> None:
        """Clear the log."""
        self._records.clear()
        self._added = 0
