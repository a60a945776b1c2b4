"""A credential or a model goes out of use only on evidence that one request cannot produce."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.domain.plans import plan_over

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.fleet.disablements import Disablements
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Evidence, Failure


def deployment(name: str) -> Deployment:
    """Return a deployment with a provider of its own."""
    return Deployment(
        name=name,
        provider=Provider(name=name, wire_format="openai_chat"),
        model=Model(name="any", context_window=1000),
        wire_model="m",
        credential="main",
    )


FIRST, SECOND = deployment("first"), deployment("second")


def refused(
    evidence: Evidence, failure_class: FailureClass = FailureClass.AUTHENTICATION
) -> Failure:
    """Return a refusal."""
    return Failure(failure_class=failure_class, message="refused", evidence=evidence)


def test_vendors_own_code_disables_at_once() -> None:
    """Otherwise every call would spend an attempt on a key that is known to be refused."""
    disablements = Disablements()
    plan = plan_over(FIRST, SECOND)

    for one in (FIRST, SECOND):
        disablements.call_failed(one, refused(Evidence.VENDOR_CODE), 0.0, request=plan)

    assert disablements.find(FIRST) is not None
    assert disablements.find(SECOND) is not None


def test_status_needs_two_requests() -> None:
    """The first may be the request that is refused."""
    disablements = Disablements()
    one, other = plan_over(FIRST), plan_over(FIRST)

    for _ in range(3):
        disablements.call_failed(FIRST, refused(Evidence.STATUS), 0.0, request=one)
    after_one = disablements.find(FIRST)
    disablements.call_failed(FIRST, refused(Evidence.STATUS), 0.0, request=other)

    assert after_one is None
    assert disablements.find(FIRST) is not None


def test_request_that_disabled_one_credential_does_not_go_on_to_the_next() -> None:
    """Two requests that everybody refuses would put every credential out of use."""
    disablements = Disablements()
    for plan in (plan_over(FIRST, SECOND), plan_over(FIRST, SECOND)):
        for one in (FIRST, SECOND):
            disablements.call_failed(one, refused(Evidence.STATUS), 0.0, request=plan)

    assert disablements.find(FIRST) is not None
    assert disablements.find(SECOND) is None


@given(
    classes=st.lists(
        st.sampled_from(
            [
                FailureClass.AUTHENTICATION,
                FailureClass.MODEL_NOT_FOUND,
                FailureClass.PERMISSION,
                FailureClass.QUOTA_EXHAUSTED,
            ]
        ),
        max_size=12,
    )
)
def test_words_disable_nothing(classes: list[FailureClass]) -> None:
    """However many requests are refused with them."""
    disablements = Disablements()

    for failure_class in classes:
        failure = refused(Evidence.WORDS, failure_class)
        disablements.call_failed(FIRST, failure, 0.0, request=plan_over(FIRST))

    assert disablements.find(FIRST) is None
