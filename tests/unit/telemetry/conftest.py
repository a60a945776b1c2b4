"""Values that the tests of telemetry share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from routersvc.domain.catalogue.deployments import Compliance, Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.usage import Usage
from routersvc.domain.outcomes.attempt_reports import (
    AttemptCost,
    AttemptOutcome,
    AttemptReason,
    AttemptReport,
)
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.reports import RouteReport, Served

MakeDeployment = Callable[..., Deployment]


@pytest.fixture
def make_deployment() -> MakeDeployment:
    """Return a maker of deployments, of which only the name has to be said."""

    def make(name: str, *, provider: str = "acme", model: str = "large") -> Deployment:
        return Deployment(
            name=name,
            provider=Provider(name=provider, wire_format="openai"),
            model=Model(name=model, context_window=8192),
            wire_model=f"{model}-2026-01",
            credential="acme-key",
            compliance=Compliance(region="eu"),
        )

    return make


@pytest.fixture
def request_() -> Request:
    """Return a small streaming request."""
    return Request(
        request_id="request-1",
        prompt=Prompt(messages=(Message(role=Role.USER, parts=(TextPart(text="Hello"),)),)),
        streaming=True,
        timeout=30.0,
        tenant="shop",
    )


@pytest.fixture
def failed(make_deployment: MakeDeployment) -> AttemptReport:
    """Return a first attempt that was rate-limited."""
    return AttemptReport(
        number=1,
        deployment=make_deployment("acme-eu"),
        reason=AttemptReason.FIRST,
        outcome=AttemptOutcome.FAILED,
        caused_by=0,
        start_delay=0.001,
        failure=Failure(
            failure_class=FailureClass.RATE_LIMITED,
            message="the provider's rate limit is reached",
            http_status=429,
        ),
        duration=0.03,
    )


@pytest.fixture
def served(make_deployment: MakeDeployment) -> AttemptReport:
    """Return a failover that was served."""
    return AttemptReport(
        number=2,
        deployment=make_deployment("globex-us", provider="globex", model="huge"),
        reason=AttemptReason.FAILOVER,
        outcome=AttemptOutcome.SERVED,
        caused_by=1,
        start_delay=0.031,
        time_to_first_content=0.25,
        duration=1.5,
        usage=Usage(input_tokens=100, output_tokens=40, cached_input_tokens=64, reasoning_tokens=8),
        cost=AttemptCost(usd=0.0125),
    )


@pytest.fixture
def report(failed: AttemptReport, served: AttemptReport) -> RouteReport:
    """Return the report of a call with one failover."""
    return RouteReport(
        decision_id="d" * 32,
        policy="default",
        tenant="shop",
        received_at=1_700_000_000.0,
        planning_duration=0.0002,
        attempts=(failed, served),
        served=Served(
            deployment=served.deployment, model_version="huge-2026-01-15", response_id="r-1"
        ),
        total_usage=served.usage,
        total_cost=served.cost,
        time_to_first_content=0.281,
        duration=1.531,
    )
