"""Where a request may go after a failure, whatever else keeps deployments from being called."""

from __future__ import annotations

import dataclasses

import pytest

from routersvc.domain.failovers import may_differ
from routersvc.domain.failures import Failure, FailureClass
from routersvc.drills.worlds import scripted_deployment

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
