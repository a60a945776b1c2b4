"""The errors of one vendor: a table of recorded errors, as HTTP answers and as stream frames."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Mapping, Sequence

from routersvc.simulator.faults.effects import GATEWAY_PROBLEMS, Problem
from routersvc.simulator.formats.html_pages import gateway_page
from routersvc.simulator.formats.replies import Complaint, Headers, HttpAnswer, RefusedError


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class VendorError:
    """One error in the vendor's words.

    In a table, `{model}` and `{wait}` in `message` and in header values stand for the requested
    model and the time to wait. `retry_after` is in seconds. `type`, `code`, `param` and `details`
    are what the vendor puts into the body beside the message.
    """

    status: int
    message: str
    type: str | None = None
    code: str | None = None
    param: str | None = None
    details: Sequence[Mapping[str, object]] = ()
    retry_after: float | None = None
    headers: Headers = ()
    content_type: str = "application/json"


class VendorErrors(abc.ABC):
    """Writes the errors of one vendor."""

    @property
    @abc.abstractmethod
    def table(self) -> Mapping[Problem, VendorError]:
        """The recorded error of each problem, except those of gateways."""

    @abc.abstractmethod
    def answer(self, error: VendorError) -> HttpAnswer:
        """Return an error as a whole HTTP answer."""

    @abc.abstractmethod
    def event(self, error: VendorError) -> bytes:
        """Return an error as a frame of a stream."""

    @abc.abstractmethod
    def unauthorised(self, credential: str | None) -> HttpAnswer:
        """Return the answer to a missing (`None`) or unknown API key."""

    @abc.abstractmethod
    def unknown_model(self, name: str) -> RefusedError:
        """Return the refusal of a model that the provider does not offer."""

    @abc.abstractmethod
    def unknown_path(self) -> RefusedError:
        """Return the refusal of a path, or a method, that does not exist."""

    @abc.abstractmethod
    def invalid_schema(self, place: str, problem: str) -> RefusedError:
        """Return the refusal of a JSON schema at this place of the request."""

    def wait_text(self, seconds: float) -> str:
        """Return how the vendor writes a time to wait."""
        return f"{seconds:g}"

    def answer_to(self, complaint: Complaint) -> HttpAnswer:
        """Return the HTTP answer for a problem: an HTML page for those of gateways."""
        if complaint.problem in GATEWAY_PROBLEMS:
            return gateway_page(complaint.status or GATEWAY_PROBLEMS[complaint.problem])
        return self.answer(self.reported(complaint))

    def event_for(self, complaint: Complaint) -> bytes:
        """Return the stream frame for a problem."""
        return self.event(self.reported(complaint))

    def reported(self, complaint: Complaint) -> VendorError:
        """Return the error of the table with what the complaint replaces or fills in."""
        error = self.table[complaint.problem]
        wait = error.retry_after if complaint.retry_after is None else complaint.retry_after
        shown = self.wait_text(wait or 0.0)
        message = complaint.message
        if message is None:
            message = error.message.replace("{model}", complaint.model).replace("{wait}", shown)
        return dataclasses.replace(
            error,
            status=complaint.status or error.status,
            message=message,
            retry_after=wait,
            headers=tuple((name, value.replace("{wait}", shown)) for name, value in error.headers),
        )
