"""Where a request may go after a failure, whatever else keeps deployments from being called."""

from __future__ import annotations

import dataclasses

import pytest
from tests.unit.domain.plans import fleet_of, plan_over

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.fleet.leases import Lease
from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.racing.attempts import Attempt
from routersvc.domain.racing.failovers import forbids_another, may_differ
from routersvc.testing.worlds import scripted_deployment

FAILED = scripted_deployment("failed", provider="acme", credential="key")
TWIN = dataclasses.replace(FAILED, name="twin")
OTHER_KEY = dataclasses.replace(FAILED, name="other key", credential="another")
OTHER_MODEL = dataclasses.replace(FAILED, name="other model", wire_model="another")
ELSEWHERE = scripted_deployment("elsewhere", provider="other", credential="key")
LARGER = dataclasses.replace(
    FAILED, name="larger", model=dataclasses.replace(FAILED.model, context_window=256_000)
)
ALL = (TWIN, OTHER_KEY, OTHER_MODEL, ELSEWHERE, LARGER)


@pytest.mark.parametrize(
    ("failure_class", "expected"),
    [
        (FailureClass.AUTHENTICATION, (OTHER_KEY, ELSEWHERE)),
        (FailureClass.MODEL_NOT_FOUND, (OTHER_MODEL, ELSEWHERE)),
        (FailureClass.CONTEXT_LENGTH, (LARGER,)),
        (FailureClass.SERVER_ERROR, ALL),
    ],
)
def test_only_what_differs_in_what_failed_is_tried(
    failure_class: FailureClass, expected: tuple[object, ...]
) -> None:
    """The same key, model or window would fail alike: a second attempt would be thrown away."""
    failure = Failure(failure_class=failure_class, message="no")

    assert tuple(one for one in ALL if may_differ(one, FAILED, failure)) == expected


def test_smaller_window_than_stated_is_no_reason_elsewhere() -> None:
    """A server that was started with a smaller window refuses what fits the catalogue's easily."""
    failure = Failure(failure_class=FailureClass.CONTEXT_LENGTH, message="no")
    window = FAILED.model.context_window

    easily = [one for one in ALL if may_differ(one, FAILED, failure, tokens=window // 2)]
    hardly = [one for one in ALL if may_differ(one, FAILED, failure, tokens=window // 2 + 1)]

    assert easily == [OTHER_MODEL, ELSEWHERE, LARGER]
    assert hardly == [LARGER]


def attempt_on(deployment: Deployment, *, first_content_at: float | None) -> Attempt:
    """Return an attempt that has run."""
    fleet, plan = fleet_of(deployment), plan_over(deployment)
    lease = fleet.start(deployment, plan, reason=AttemptReason.FIRST, now=0.0)
    assert isinstance(lease, Lease)
    return Attempt(
        number=1,
        deployment=deployment,
        reason=AttemptReason.FIRST,
        caused_by=0,
        lease=lease,
        started_at=0.0,
        first_content_at=first_content_at,
    )


@pytest.mark.parametrize(
    ("failure_class", "first_content_at", "forbidden"),
    [
        (FailureClass.CONNECT, None, False),
        (FailureClass.CONNECT, 1.0, True),
        (FailureClass.SERVER_ERROR, None, True),
    ],
)
def test_side_effects_are_repeated_only_where_none_can_have_begun(
    failure_class: FailureClass,
    first_content_at: float | None,
    forbidden: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Neither the class alone shows it, nor that there was no content."""
    plan = dataclasses.replace(plan_over(FAILED), has_side_effects=True)

    assert (
        forbids_another(
            attempt_on(FAILED, first_content_at=first_content_at),
            Failure(failure_class=failure_class, message="no"),
            plan=plan,
            classes=(failure_class,),
        )
        is forbidden
    )
