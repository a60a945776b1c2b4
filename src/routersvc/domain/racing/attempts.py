"""One attempt while it runs, and what it used and cost."""

from __future__ import annotations

import dataclasses

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.conversation.proofs import LeftOut
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.fleet.leases import Lease
from routersvc.domain.outcomes.attempt_reports import (
    AttemptCost,
    AttemptOutcome,
    AttemptReason,
    AttemptReport,
)
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.profiling.profiles import Profile
from routersvc.domain.values import Record

CHARACTERS_PER_TOKEN = 4
"""English prose in the o200k vocabulary; used where a provider's count never arrived."""

ROUNDS = 32
"""How often one request can fill its model's context window: tools of the provider, and summaries
of its conversation, are further rounds. What a provider counts beyond that is an error."""

_NOTHING_USED = Usage()
_NO_COST = AttemptCost(usd=0.0, wasted_usd=0.0, estimated=False)

PACE_CONTENTS = 4
"""So many contents in a window of the pace are enough."""

PACE_CHARACTERS = 40
"""So many characters are enough, in however few contents."""


class Attempt(Record, kw_only=True, eq=False):
    """One call of one deployment on behalf of a request. Times are instants of the race's clock.

    `idle_since` is when the wait for the next content began; unset before the first content. Since
    `pace_since`, `pace_contents` and `pace_characters` have arrived. `has_doubtful_count` says that
    the provider's count lacks a part, or is beyond what its model can process. `continues` says
    that it was asked to continue a text, `may_continue` that it may be. `left_out` is what of the
    conversation was not sent.
    """

    number: int
    deployment: Deployment
    reason: AttemptReason
    caused_by: int
    lease: Lease
    started_at: float
    first_content_at: float | None = None
    idle_since: float | None = None
    ended_at: float | None = None
    outcome: AttemptOutcome = AttemptOutcome.RUNNING
    failure: Failure | None = None
    counted: UsageCounted | None = None
    has_doubtful_count: bool = False
    received_characters: int = 0
    pace_since: float = 0.0
    pace_contents: int = 0
    pace_characters: int = 0
    may_continue: bool = True
    continues: bool = False
    model_version: str = ""
    response_id: str = ""
    left_out: tuple[LeftOut, ...] = ()
    final_report: AttemptReport | None = None

    @property
    def running(self) -> bool:
        """Whether the attempt has not ended."""
        return self.outcome is AttemptOutcome.RUNNING

    def count(self, counted: UsageCounted) -> None:
        """Record the usage that the provider counted; the latest one holds."""
        self.counted = counted
        usage = counted.usage
        most = ROUNDS * self.deployment.model.context_window
        self.has_doubtful_count = (
            not (counted.knows_input and counted.knows_output)
            or usage.input_tokens > most
            or usage.output_tokens > most
        )

    def began(self, now: float) -> None:
        """Record the first content."""
        self.first_content_at = self.pace_since = now

    def went_on(self, now: float, *, contents: int, characters: int) -> None:
        """Record contents; with enough of them, the window of the pace begins anew."""
        self.idle_since = now
        self.received_characters += characters
        self.pace_contents += contents
        self.pace_characters += characters
        if self.pace_contents >= PACE_CONTENTS or self.pace_characters >= PACE_CHARACTERS:
            self.pace_since = now
            self.pace_contents = self.pace_characters = 0

    def paused(self, now: float) -> None:
        """Record that nobody has read since the last content: no timeout counts that time."""
        if self.idle_since is not None:
            self.pace_since += now - self.idle_since
        self.idle_since = now

    def usage(self, profile: Profile) -> Usage:
        """Return the usage that the provider counted; an estimate of what it did not, or wrongly.

        The estimate for an attempt that was cut off is the prompt and what arrived; where
        cancelling does not stop billing, the prompt and the whole expected answer.
        """
        counted = self.counted
        if counted is not None:
            if not self.has_doubtful_count:
                return counted.usage
            most = ROUNDS * self.deployment.model.context_window
            usage = dataclasses.replace(counted.usage, estimated=True)
            if not counted.knows_input or usage.input_tokens > most:
                usage = dataclasses.replace(
                    usage,
                    input_tokens=profile.input_tokens,
                    cached_input_tokens=0,
                    cache_write_tokens=0,
                    cache_write_hour_tokens=0,
                    input_audio_tokens=0,
                )
            if not counted.knows_output or usage.output_tokens > most:
                usage = dataclasses.replace(
                    usage,
                    output_tokens=self._estimated_output(profile),
                    reasoning_tokens=0,
                    output_audio_tokens=0,
                )
            return usage
        if self.failure is not None and not self.failure.rule.billed:
            if self.first_content_at is None:
                return Usage()
        elif self.outcome is AttemptOutcome.REFUSED_LOCALLY:
            return Usage()
        return Usage(
            input_tokens=profile.input_tokens,
            output_tokens=self._estimated_output(profile),
            estimated=True,
        )

    @property
    def sound_count(self) -> Usage | None:
        """The usage that the provider counted, unless some of it has to be estimated."""
        return None if self.counted is None or self.has_doubtful_count else self.counted.usage

    def _estimated_output(self, profile: Profile) -> int:
        output = -(-self.received_characters // CHARACTERS_PER_TOKEN)
        if self.outcome is AttemptOutcome.SERVED or self.deployment.provider.cancel_stops_billing:
            return output
        return max(output, profile.output_tokens)

    def report(self, *, profile: Profile, race_started_at: float) -> AttemptReport:
        """Return the report of the attempt so far; the same one once it has ended."""
        if self.final_report is not None:
            return self.final_report
        running = self.running
        prices = self.deployment.model.prices
        cost = None
        if running and self.counted is None:
            usage = _NOTHING_USED
            if prices is not None:
                cost = _NO_COST
        else:
            usage = self.usage(profile)
            if prices is not None:
                usd = prices.cost(usage, profile.service_tier)
                useful = running or self.outcome is AttemptOutcome.SERVED
                cost = AttemptCost(
                    usd=usd, wasted_usd=0.0 if useful else usd, estimated=usage.estimated
                )
        first = self.first_content_at
        report = AttemptReport(
            number=self.number,
            deployment=self.deployment,
            reason=self.reason,
            outcome=self.outcome,
            caused_by=self.caused_by,
            start_delay=self.started_at - race_started_at,
            failure=self.failure,
            time_to_first_content=None if first is None else first - self.started_at,
            duration=None if self.ended_at is None else self.ended_at - self.started_at,
            usage=usage,
            cost=cost,
            left_out=self.left_out,
        )
        if not running:
            self.final_report = report
        return report
