"""Every decision is logged once, with all of its facts and without the prompt."""

from __future__ import annotations

import datetime as dt
import types

import pytest
from tests.unit.telemetry.decision_log.conftest import Log

from llmrouter.v1 import explanation_pb2
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.modes import OrderMode
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.messages import Role
from routersvc.domain.explaining.remembered_decisions import DecisionRule
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.grpc_api.outbound.explanations import explanation_of
from routersvc.grpc_api.outbound.logged_decisions import explanation_of_record
from routersvc.telemetry.options import LoggedContent
from routersvc.testing.scripted import Fail, answer
from routersvc.testing.worlds import scripted_request

SECRET = "the patient of room 12 is called Miriam"
BROKEN = [Fail(Failure(failure_class=FailureClass.SERVER_ERROR, message="it failed"))]


def test_failed_over_call_is_one_record(log: Log) -> None:
    """With both attempts, what they cost, and the configuration that decided."""
    logged = log({"a": [BROKEN], "b": [answer("words", first=0.5)]}, [scripted_request()])

    (record,) = logged.records
    assert (record.version, record.policy, record.configuration_digest) == (1, "drill", "drill")
    assert record.received_time == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert (record.outcome, record.error) == ("served", "")
    assert [
        (each.deployment.deployment, each.reason, each.outcome, each.failure_class)
        for each in record.attempts
    ] == [
        ("a", AttemptReason.FIRST, AttemptOutcome.FAILED, FailureClass.SERVER_ERROR),
        ("b", AttemptReason.FAILOVER, AttemptOutcome.SERVED, None),
    ]
    assert record.served_by is not None
    assert record.served_by.deployment == "b"
    assert record.cost is not None
    assert record.time_to_first_content_seconds == 0.5


@pytest.mark.parametrize("order", OrderMode)
@pytest.mark.parametrize("kept", [2000, 0])
def test_logged_decision_is_explained_as_the_router_explains_it(
    log: Log, order: OrderMode, kept: int
) -> None:
    """Word for word, whatever became of the call, and where the router itself remembers none."""
    routings = [
        Routing(),
        Routing(latency_budget=0.2, labels={"team": "search"}),
        Routing(constraints=Constraints(denied_providers=frozenset({"a"}))),
    ]
    scripts = {
        "a": [answer("words", first=0.1), BROKEN, answer("words")],
        "b": [answer("words", first=0.5), BROKEN],
        "c": [BROKEN, BROKEN],
    }
    requests = [scripted_request(routing=routing) for routing in routings]

    logged = log(scripts, requests, order=order, decisions=DecisionRule(kept=kept))

    told = {one.decision_id: explanation_of_record(one) for one in logged.records}
    assert len(told) == len(requests)
    if kept:
        assert told == {
            name: explanation_of(explanation) for name, explanation in logged.explanations.items()
        }
    assert all(isinstance(one, explanation_pb2.Explanation) for one in told.values())


def test_request_that_nothing_may_serve_is_logged_with_its_reasons(log: Log) -> None:
    """That is a decision as well, without an id because no attempt was planned."""
    routing = Routing(constraints=Constraints(max_cost_usd=1e-12))

    logged = log({"a": [], "b": []}, [scripted_request(routing=routing)])

    (record,) = logged.records
    assert (record.outcome, record.decision_id, record.plan) == ("no_eligible_deployment", "", None)
    assert [
        (candidate.deployment.deployment, [each.reason for each in candidate.exclusions])
        for candidate in record.candidates
    ] == [("a", [ExclusionReason.COST_CEILING]), ("b", [ExclusionReason.COST_CEILING])]


def test_mappings_of_any_kind_are_logged(log: Log) -> None:
    """Labels that cannot be changed are those of real calls."""
    routing = Routing(labels=types.MappingProxyType({"team": "search"}))

    (record,) = log({"a": [answer("x")]}, [scripted_request(routing=routing)]).records

    assert record.request.routing.labels == {"team": "search"}


def test_failed_call_is_logged_with_its_outcome(log: Log) -> None:
    """As the caller heard it."""
    logged = log({"a": [BROKEN]}, [scripted_request()])

    (record,) = logged.records
    assert record.outcome == "providers_unavailable"
    assert record.error
    assert record.served_by is None


def test_prompt_is_not_logged(log: Log) -> None:
    """Unless the operator says so: neither the words nor a part of them."""
    logged = log(
        {"a": [answer(SECRET)], "b": []},
        [scripted_request(text=SECRET), scripted_request(text=SECRET, routing=_IMPOSSIBLE)],
    )

    assert len(logged.records) == 2
    assert [record.prompt for record in logged.records] == [None, None]
    assert not any(word in logged.text for word in ("patient", "room 12", "Miriam"))


@pytest.mark.parametrize(
    ("content", "text"),
    [(LoggedContent.FULL, SECRET), (LoggedContent.REDACTED, SECRET.upper())],
)
def test_prompt_is_logged_as_the_operator_says(log: Log, content: LoggedContent, text: str) -> None:
    """As it is, or as the detectors leave it; the answer never."""
    logged = log(
        {"a": [answer("nobody knows")]},
        [scripted_request(text=SECRET)],
        content=content,
        redact=str.upper,
    )

    (record,) = logged.records
    assert record.prompt is not None
    assert [(message.role, message.texts) for message in record.prompt] == [(Role.USER, (text,))]
    assert "nobody knows" not in logged.text


def test_redaction_without_a_detector_is_refused(log: Log) -> None:
    """Else prompts would be logged as they are."""
    with pytest.raises(ValueError, match="need a detector"):
        log({"a": []}, [], content=LoggedContent.REDACTED)


_IMPOSSIBLE = Routing(constraints=Constraints(max_cost_usd=1e-12))
