"""The ports of the engine: protocols that adapters implement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.explaining.ended_decisions import ExplainableDecision
from routersvc.domain.fleet.state_changes import StateChange
from routersvc.domain.outcomes.attempt_reports import AttemptReason, AttemptReport
from routersvc.domain.outcomes.errors import RefusedError
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.values import Value


class AttemptCall(Value, frozen=True, kw_only=True):
    """One call of one deployment.

    `streaming` asks the provider to stream. `connect_timeout` and `timeout` are seconds from the
    moment of opening; the engine enforces all timeouts itself, `timeout` is a backstop. `headers`
    carry trace context. `zero_data_retention` and `no_training` set the vendor's flags on the wire.
    """

    deployment: Deployment
    prompt: Prompt
    streaming: bool
    connect_timeout: float
    timeout: float
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    zero_data_retention: bool = False
    no_training: bool = False


class AnswerStream(Protocol):
    """One answer as it arrives. Used by one task at a time; not tied to any task."""

    async def receive(self) -> Sequence[AnswerEvent]:
        """Wait for the next events and return those that arrived together.

        An empty sequence is a sign of life without content. The first call sends the request. After
        `Finished` has been returned it is not called again.

        Raises:
            AttemptFailedError: the attempt failed; nothing more will come.
        """
        ...

    async def aclose(self) -> None:
        """End the attempt at once and free its connection. Idempotent; never raises.

        A complete answer gives its connection back for reuse, any other one breaks it off.
        """
        ...


class Gateway(Protocol):
    """Calls providers."""

    def open(self, call: AttemptCall) -> AnswerStream:
        """Prepare an attempt. Does no I/O: the first `receive` does."""
        ...

    async def probe(self, deployment: Deployment, *, connect_timeout: float) -> None:
        """Call a free endpoint of a deployment's provider, to see that it answers.

        Raises:
            AttemptFailedError: it did not answer, or not well.
        """
        ...


class AttemptObservation(Protocol):
    """Follows one attempt, for traces and metrics."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Trace context to send to the provider."""
        ...

    def ended(self, attempt: AttemptReport) -> None:
        """Observe the end of the attempt. Called once; must not raise or block."""
        ...


class Observer(Protocol):
    """Follows calls and attempts, for traces, metrics and logs. Must not raise or block."""

    def attempt_started(
        self, *, request: Request, deployment: Deployment, number: int, reason: AttemptReason
    ) -> AttemptObservation:
        """Observe the start of an attempt, in the context of the call."""
        ...

    def call_ended(
        self, *, request: Request, report: RouteReport, error: BaseException | None
    ) -> None:
        """Observe the end of a call; `error` is `None` for a complete answer."""
        ...

    def call_refused(self, *, request: Request, error: RefusedError) -> None:
        """Observe a call that was refused before anything was attempted."""
        ...

    def state_changed(self, change: StateChange) -> None:
        """Observe that a deployment, a credential or a model became better or worse."""
        ...


class DecisionLog(Protocol):
    """Keeps every decision that has ended. Must not raise or block."""

    def ended(
        self, request: Request, decision: ExplainableDecision, error: BaseException | None
    ) -> None:
        """Keep a decision; `error` is `None` for a complete answer."""
        ...
