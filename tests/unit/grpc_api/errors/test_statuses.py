"""Every error has its status, its reason and its details, and none says more than it should."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from llmrouter.v1 import errors_pb2, report_pb2
from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason, AttemptReport
from routersvc.domain.outcomes.errors import (
    AttemptsFailedError,
    AuthenticationUnavailableError,
    CallFailedError,
    DeadlineExceededError,
    DrainingError,
    FieldNotServedError,
    FieldViolation,
    InvalidRequestError,
    MethodNotAllowedError,
    OverloadedError,
    PolicyNotAllowedError,
    RefusedError,
    RouterError,
    StreamBrokenError,
    TenantRateLimitedError,
    UnknownDecisionError,
    UnknownNameError,
    UnknownPolicyError,
    UnknownTenantError,
)
from routersvc.domain.outcomes.failure_rules import RULES, CallerOutcome, FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.domain.planning.candidates import Candidate
from routersvc.domain.planning.exclusion_reasons import Exclusion, ExclusionReason
from routersvc.domain.planning.planning_errors import (
    NoEligibleDeploymentError,
    TenantBudgetExhaustedError,
)
from routersvc.grpc_api.errors.status_details import (
    DETAILS_KEY,
    MAX_DETAILS_BYTES,
    MAX_MESSAGE_BYTES,
    PUSHBACK_KEY,
    encoded_status,
)
from routersvc.grpc_api.errors.statuses import (
    STATUS_CODES,
    ErrorStatus,
    status_of,
    unexpected_status,
)
from routersvc.testing.worlds import scripted_deployment

ROOT = Path(__file__).parents[4]
FAILURE = Failure(failure_class=FailureClass.SERVER_ERROR, message="the provider failed")


def report(attempts: int = 0, message: str = "the provider failed") -> RouteReport:
    """Return a report of so many failed attempts."""
    return RouteReport(
        decision_id="decision",
        policy="drill",
        tenant="",
        received_at=0.0,
        planning_duration=0.0,
        attempts=tuple(
            AttemptReport(
                number=number,
                deployment=scripted_deployment(f"d{number}"),
                reason=AttemptReason.FAILOVER,
                outcome=AttemptOutcome.FAILED,
                caused_by=number - 1,
                start_delay=0.0,
                failure=Failure(failure_class=FailureClass.SERVER_ERROR, message=message),
            )
            for number in range(1, attempts + 1)
        ),
    )


def attempts_failed(
    caller_outcome: CallerOutcome, retry_after: float | None = None, attempts: int = 1
) -> AttemptsFailedError:
    """Return the error of a call whose attempts all failed."""
    failure_class = next(
        failure_class
        for failure_class in (FAILURE.failure_class, *FailureClass)
        if RULES[failure_class].caller_outcome is caller_outcome
    )
    return AttemptsFailedError(
        report=report(attempts),
        failure=dataclasses.replace(FAILURE, failure_class=failure_class),
        retry_after=retry_after,
    )


def excluded(*reasons: ExclusionReason) -> Candidate:
    """Return a deployment that may not serve."""
    return Candidate(
        deployment=scripted_deployment("d1"),
        exclusions=tuple(
            Exclusion(reason=reason, description="it may not", eligible_if="it might")
            for reason in reasons
        ),
    )


SAMPLES: dict[str, tuple[RouterError, StatusCode, str]] = {
    "invalid": (
        InvalidRequestError([FieldViolation(field="prompt", description="must be set")]),
        StatusCode.INVALID_ARGUMENT,
        "INVALID_REQUEST",
    ),
    "policy": (
        UnknownPolicyError("fast", ["drill"]),
        StatusCode.INVALID_ARGUMENT,
        "UNKNOWN_POLICY",
    ),
    "name": (
        UnknownNameError(field="routing.required_models", name="m", known=["model"]),
        StatusCode.INVALID_ARGUMENT,
        "UNKNOWN_NAME",
    ),
    "decision": (UnknownDecisionError(), StatusCode.NOT_FOUND, "UNKNOWN_DECISION"),
    "not served": (
        FieldNotServedError("routing.session_id"),
        StatusCode.UNIMPLEMENTED,
        "FIELD_NOT_SERVED",
    ),
    "unknown tenant": (UnknownTenantError(), StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED"),
    "unavailable authentication": (
        AuthenticationUnavailableError(retry_after=2.0),
        StatusCode.UNAVAILABLE,
        "AUTHENTICATION_UNAVAILABLE",
    ),
    "method not allowed": (
        MethodNotAllowedError("Complete"),
        StatusCode.PERMISSION_DENIED,
        "PERMISSION_DENIED",
    ),
    "policy not allowed": (
        PolicyNotAllowedError("fast", ["drill"]),
        StatusCode.PERMISSION_DENIED,
        "PERMISSION_DENIED",
    ),
    "budget": (
        TenantBudgetExhaustedError([excluded(ExclusionReason.TENANT_BUDGET)], retry_after=9.0),
        StatusCode.RESOURCE_EXHAUSTED,
        "TENANT_BUDGET_EXHAUSTED",
    ),
    "rate": (
        TenantRateLimitedError(retry_after=2.0),
        StatusCode.RESOURCE_EXHAUSTED,
        "TENANT_RATE_LIMITED",
    ),
    "not eligible": (
        NoEligibleDeploymentError([excluded(ExclusionReason.REGION)]),
        StatusCode.FAILED_PRECONDITION,
        "NO_ELIGIBLE_DEPLOYMENT",
    ),
    "nothing to be eligible": (
        NoEligibleDeploymentError([]),
        StatusCode.FAILED_PRECONDITION,
        "NO_ELIGIBLE_DEPLOYMENT",
    ),
    "too long": (
        NoEligibleDeploymentError([excluded(ExclusionReason.CONTEXT_WINDOW)]),
        StatusCode.INVALID_ARGUMENT,
        "CONTEXT_LENGTH_EXCEEDED",
    ),
    "overloaded": (
        OverloadedError(priority=Priority.LOW, places=3, retry_after=1.5),
        StatusCode.RESOURCE_EXHAUSTED,
        "ROUTER_OVERLOADED",
    ),
    "draining": (DrainingError(), StatusCode.UNAVAILABLE, "DRAINING"),
    "broken": (
        StreamBrokenError(report=report(), failure=FAILURE),
        StatusCode.UNAVAILABLE,
        "STREAM_BROKEN",
    ),
    "deadline": (
        DeadlineExceededError(report=report()),
        StatusCode.DEADLINE_EXCEEDED,
        "DEADLINE_EXCEEDED",
    ),
}

CALLER_OUTCOMES = {
    CallerOutcome.UNAVAILABLE: (StatusCode.UNAVAILABLE, "PROVIDERS_UNAVAILABLE"),
    CallerOutcome.RATE_LIMITED: (StatusCode.RESOURCE_EXHAUSTED, "PROVIDERS_RATE_LIMITED"),
    CallerOutcome.LOCALLY_OVERLOADED: (StatusCode.RESOURCE_EXHAUSTED, "ROUTER_OVERLOADED"),
    CallerOutcome.BAD_ANSWER: (StatusCode.UNAVAILABLE, "BAD_ANSWER"),
    CallerOutcome.CONTEXT_LENGTH: (StatusCode.INVALID_ARGUMENT, "CONTEXT_LENGTH_EXCEEDED"),
    CallerOutcome.CONTENT_FILTERED: (StatusCode.FAILED_PRECONDITION, "CONTENT_FILTERED"),
    CallerOutcome.REJECTED: (StatusCode.INVALID_ARGUMENT, "REJECTED_BY_PROVIDER"),
    CallerOutcome.MISCONFIGURED: (StatusCode.FAILED_PRECONDITION, "PROVIDER_MISCONFIGURED"),
}

PASSING = (CallerOutcome.UNAVAILABLE, CallerOutcome.RATE_LIMITED, CallerOutcome.LOCALLY_OVERLOADED)


def told(error: RouterError) -> ErrorStatus:
    """Return how the caller hears of an error."""
    status = status_of(error)
    assert status is not None
    return status


def sent(status: ErrorStatus) -> tuple[Status, dict[str, str | bytes]]:
    """Return a status as it travels: its message, and its trailing metadata."""
    _, trailers = encoded_status(status)
    metadata = dict(trailers)
    details = metadata[DETAILS_KEY]
    assert isinstance(details, bytes)
    return Status.FromString(details), metadata


def leaves(error: type[RouterError]) -> Iterator[type[RouterError]]:
    """Yield the classes of the tree that nothing is derived from."""
    below = error.__subclasses__()
    if not below:
        yield error
    for inner in below:
        yield from leaves(inner)


def test_every_error_of_the_tree_has_a_status() -> None:
    """A new class needs a rule, and a sample here."""
    samples = {type(error) for error, _, _ in SAMPLES.values()} | {AttemptsFailedError}

    assert set(leaves(RouterError)) == samples


def test_error_without_a_rule_is_a_defect() -> None:
    """It is told as one, not guessed at."""
    assert [status_of(RouterError()), status_of(RefusedError())] == [None, None]
    assert status_of(CallFailedError("it failed", report())) is None


@pytest.mark.parametrize(("error", "code", "reason"), SAMPLES.values(), ids=SAMPLES)
def test_error_has_its_status(error: RouterError, code: StatusCode, reason: str) -> None:
    """As `errors.proto` promises."""
    status, _ = sent(told(error))

    info = ErrorInfo()
    assert status.code == code.value[0]
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == (reason, "llmrouter.v1")


@pytest.mark.parametrize("caller_outcome", CallerOutcome)
def test_caller_outcome_has_its_status(caller_outcome: CallerOutcome) -> None:
    """What is left when every attempt has failed."""
    error = attempts_failed(caller_outcome)

    status = told(error)

    name = errors_pb2.ErrorReason.Name(status.reason)
    assert (status.code, name) == (
        CALLER_OUTCOMES[caller_outcome][0],
        f"ERROR_REASON_{CALLER_OUTCOMES[caller_outcome][1]}",
    )
    assert status.metadata == {"failure_class": error.failure.failure_class.name}


@pytest.mark.parametrize("caller_outcome", CallerOutcome)
def test_retry_is_advised_where_the_failure_may_pass(caller_outcome: CallerOutcome) -> None:
    """A caller of a misconfigured provider would only repeat the failure."""
    status, metadata = sent(told(attempts_failed(caller_outcome, retry_after=2.5)))

    found = [RetryInfo.FromString(it.value) for it in status.details if "RetryInfo" in it.type_url]
    expected = [RetryInfo(retry_delay=Duration(seconds=2, nanos=500_000_000))]
    assert found == (expected if caller_outcome in PASSING else [])
    assert metadata.get(PUSHBACK_KEY) == ("2500" if caller_outcome in PASSING else None)


def test_retry_is_advised_even_where_nobody_said_when() -> None:
    """The contract promises a delay with this reason."""
    assert told(attempts_failed(CallerOutcome.UNAVAILABLE)).retry_after == 1.0


@pytest.mark.parametrize(("wait", "told_wait"), [(None, 1.0), (0.0, 1.0), (0.2, 1.0), (7.0, 7.0)])
def test_caller_that_met_a_rate_limit_waits_at_least_a_second(
    wait: float | None, told_wait: float
) -> None:
    """A pause of a millisecond would bring the storm back."""
    status = told(attempts_failed(CallerOutcome.RATE_LIMITED, retry_after=wait))

    assert status.retry_after == told_wait


def test_another_replica_can_serve_at_once() -> None:
    """As soon as a client of gRPC's core can: it never comes back from a pushback of 0."""
    status, metadata = sent(told(DrainingError()))

    retry = RetryInfo()
    assert status.details[1].Unpack(retry)
    assert metadata[PUSHBACK_KEY] == "1"
    assert retry.retry_delay == Duration(nanos=1_000_000)


@pytest.mark.parametrize(
    ("time_remaining", "pushback"), [(None, "2500"), (2.6, "2500"), (2.5, "-1"), (-1.0, "-1")]
)
def test_a_retry_that_would_start_after_the_deadline_is_forbidden(
    time_remaining: float | None, pushback: str
) -> None:
    """The client's retry policy would wait for it until the deadline, and lose this status."""
    status = told(attempts_failed(CallerOutcome.UNAVAILABLE, retry_after=2.5))

    _, trailers = encoded_status(status, time_remaining=time_remaining)

    assert dict(trailers)[PUSHBACK_KEY] == pushback


def test_every_bad_field_travels() -> None:
    """A caller mends its request once."""
    violations = [
        FieldViolation(field="prompt.messages", description="must hold at least one message"),
        FieldViolation(field="routing.max_attempts", description="must be at least 1, not 0"),
    ]

    status, _ = sent(told(InvalidRequestError(violations)))

    bad_request = BadRequest()
    assert status.details[1].Unpack(bad_request)
    assert [(it.field, it.description) for it in bad_request.field_violations] == [
        (violation.field, violation.description) for violation in violations
    ]


def test_unknown_names_come_with_the_known_ones() -> None:
    """The typo is seen at once."""
    policy = told(UnknownPolicyError("fats", ["fast", "good"]))
    name = told(UnknownNameError(field="providers", name="opnai", known=["openai"]))
    far = told(UnknownNameError(field="providers", name="x" * 10_000, known=["openai"] * 10_000))

    assert policy.message.endswith("; did you mean `fast`?")
    assert name.message.endswith("; did you mean `openai`?")
    assert "did you mean" not in far.message
    assert policy.violations == (
        FieldViolation(field="routing.policy", description="must be one of: fast, good"),
    )
    assert name.violations == (
        FieldViolation(field="providers", description="must be one of: openai"),
    )
    assert name.metadata == {"field": "providers", "name": "opnai"}


def test_exclusions_travel() -> None:
    """A program can act on them."""
    error = NoEligibleDeploymentError(
        [excluded(ExclusionReason.REGION, ExclusionReason.CAPABILITY)]
    )

    assert told(error).metadata == {"exclusions": "d1=REGION,CAPABILITY"}


def test_report_travels() -> None:
    """A failed call is explained like one that was served."""
    status, _ = sent(told(attempts_failed(CallerOutcome.UNAVAILABLE, attempts=2)))

    sent_report = report_pb2.RouteReport()
    assert status.details[-1].Unpack(sent_report)
    assert [attempt.deployment.deployment for attempt in sent_report.attempts] == ["d1", "d2"]


def test_defect_is_told_by_its_reference_alone() -> None:
    """The exception's own text may hold what no caller should read."""
    status, _ = sent(unexpected_status("4711"))

    info = ErrorInfo()
    assert status.code == StatusCode.INTERNAL.value[0]
    assert "4711" in status.message
    assert status.details[0].Unpack(info)
    assert (info.reason, dict(info.metadata)) == ("INTERNAL", {"reference": "4711"})


def test_message_and_details_agree() -> None:
    """Client libraries refuse details that contradict the status."""
    message, trailers = encoded_status(
        told(InvalidRequestError([FieldViolation(field="a", description="b" * 999)]))
    )

    details = dict(trailers)[DETAILS_KEY]
    assert isinstance(details, bytes)
    assert Status.FromString(details).message == message


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequestError(
            [
                FieldViolation(field=f"prompt.messages[{place}].role", description="ä" * 900)
                for place in range(1_000)
            ]
        ),
        AttemptsFailedError(
            report=report(200, "ä" * 900),
            failure=FAILURE,
            retry_after=1.0,
        ),
        UnknownNameError(field="f" * 9_999, name="n" * 9_999, known=["k" * 99] * 999),
        NoEligibleDeploymentError([excluded(*ExclusionReason)] * 300),
    ],
    ids=["violations", "attempts", "names", "exclusions"],
)
def test_nothing_travels_that_clients_refuse(error: RouterError) -> None:
    """A header block above 8 KiB would cost the caller the whole status."""
    message, trailers = encoded_status(told(error))

    details = dict(trailers)[DETAILS_KEY]
    assert len(message.encode()) <= MAX_MESSAGE_BYTES
    assert len(details) <= MAX_DETAILS_BYTES
    assert isinstance(details, bytes)
    assert Status.FromString(details).details


def test_first_and_last_attempts_are_kept() -> None:
    """Where it began and what decided."""
    error = AttemptsFailedError(
        report=report(200),
        failure=FAILURE,
        retry_after=None,
    )

    status, _ = sent(told(error))

    sent_report = report_pb2.RouteReport()
    assert status.details[-1].Unpack(sent_report)
    numbers = [attempt.number for attempt in sent_report.attempts]
    assert (numbers[0], numbers[-1]) == (1, 200)
    assert numbers == sorted(numbers)


def test_fields_that_do_not_travel_are_counted() -> None:
    """The caller knows that there is more to mend."""
    violations = [
        FieldViolation(field=f"prompt.messages[{place}].role", description="must be set")
        for place in range(100)
    ]

    status, _ = sent(told(InvalidRequestError(violations)))

    bad_request = BadRequest()
    assert status.details[1].Unpack(bad_request)
    *told_fields, last = bad_request.field_violations
    assert last.description == f"and {100 - len(told_fields)} more"


def test_every_reason_has_the_status_code_that_the_contract_states() -> None:
    """The comment of each reason in `errors.proto` names the code that its callers receive."""
    text = (ROOT / "protos/llmrouter/v1/errors.proto").read_text("utf-8")
    stated = {
        errors_pb2.ErrorReason.Value(name): StatusCode[code]
        for code, name in re.findall(
            r"// [^`]*`(?:BadRequest` names them\. `)?([A-Z_]+)`.*\n +(\w+) = ", text
        )
    }

    assert stated == dict(STATUS_CODES)
    assert set(stated) == set(errors_pb2.ErrorReason.values()) - {0}
