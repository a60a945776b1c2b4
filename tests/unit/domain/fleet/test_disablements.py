"""What is out of use stays out until a check succeeds, and is checked ever less often."""

import pytest

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.fleet.disablements import Credential, Disablements, RecheckRule, ServedModel

KEY = Credential("acme", "main")


def deployment(
    *, provider: str = "acme", credential: str = "main", model: str = "m1"
) -> Deployment:
    """Return a deployment with these names."""
    return Deployment(
        name="d",
        provider=Provider(name=provider, wire_format="openai_chat"),
        model=Model(name="any", context_window=1000),
        wire_model=model,
        credential=credential,
    )


def test_credential_is_out_for_all_its_deployments() -> None:
    """A refused key is refused for every model, and at this provider only."""
    disablements = Disablements()

    disablements.disable(KEY, "the key was refused", now=0.0)

    found = disablements.find(deployment(model="m2"))
    assert found is not None
    assert found.reason == "the key was refused"
    assert disablements.find(deployment(credential="other")) is None
    assert disablements.find(deployment(provider="other")) is None


def test_model_is_out_for_all_credentials() -> None:
    """The model does not exist any more, with any credential."""
    disablements = Disablements()

    disablements.disable(ServedModel("acme", "m1"), "the model is gone", now=0.0)

    assert disablements.find(deployment(credential="other")) is not None
    assert disablements.find(deployment(model="m2")) is None
    assert disablements.find(deployment(provider="other")) is None


def test_credential_and_model_of_one_name_are_two_things() -> None:
    """Names are the operator's, and may well be alike."""
    disablements = Disablements()

    disablements.disable(ServedModel("acme", "main"), "gone", now=0.0)

    assert disablements.get(KEY) is None


def test_enabled_again_is_as_before() -> None:
    """And its next check starts at the first interval again."""
    disablements = Disablements()
    disablements.disable(KEY, "refused", now=0.0)
    disablements.take(KEY, 30.0)

    disablements.enable(KEY)
    after = disablements.find(deployment())
    disablements.disable(KEY, "refused", now=100.0)

    assert after is None
    again = disablements.get(KEY)
    assert again is not None
    assert (again.since, again.check_at, again.interval) == (100.0, 130.0, 30.0)


def test_enabling_what_is_in_use_does_nothing() -> None:
    """A check may succeed twice."""
    disablements = Disablements()

    disablements.enable(KEY)

    assert disablements.get(KEY) is None


def test_checks_come_ever_less_often() -> None:
    """A key that is not renewed for a day is not worth a call every half minute."""
    disablements = Disablements()
    disablements.disable(KEY, "refused", now=0.0)
    moments: list[float] = []

    now = 0.0
    while len(moments) < 7:
        if disablements.take(KEY, now):
            moments.append(now)
        now += 1.0

    assert moments == [30.0, 90.0, 210.0, 450.0, 930.0, 1530.0, 2130.0]


def test_check_is_not_due_before_its_time() -> None:
    """And due exactly at it."""
    disablements = Disablements()
    disablements.disable(KEY, "refused", now=0.0)

    assert not disablements.take(KEY, 29.9)
    assert disablements.take(KEY, 30.0)


def test_a_check_is_taken_once() -> None:
    """Two rounds of checks do not both make it; one that is lost is made at the next time."""
    disablements = Disablements()
    disablements.disable(KEY, "refused", now=0.0)

    taken = [disablements.take(KEY, now) for now in (30.0, 30.0, 89.9, 90.0)]

    assert taken == [True, False, False, True]


def test_one_check_can_be_taken_alone() -> None:
    """A live call is the check of its own credential, not of all others that are due."""
    disablements = Disablements()
    model = ServedModel("acme", "m1")
    disablements.disable(KEY, "refused", now=0.0)
    disablements.disable(model, "gone", now=0.0)

    taken = [disablements.take(KEY, now) for now in (29.9, 30.0, 30.0)]

    assert taken == [False, True, False]
    assert not disablements.take(ServedModel("acme", "m2"), 30.0)
    assert disablements.take(model, 30.0)


def test_further_failures_change_the_reason_alone() -> None:
    """Calls under way fail as well: they must neither hasten nor put off the check."""
    disablements = Disablements()
    disablements.disable(KEY, "refused", now=0.0)

    disablements.disable(KEY, "no credit", now=29.0)

    found = disablements.get(KEY)
    assert found is not None
    assert (found.reason, found.since, found.check_at, found.interval) == (
        "no credit",
        0.0,
        30.0,
        30.0,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [("first", 0.0), ("first", 601.0), ("longest", float("inf")), ("growth", 0.5)],
)
def test_impossible_rule_is_refused(field: str, value: float) -> None:
    """By its name, at the start."""
    with pytest.raises(ValueError, match=f"`{field}`"):
        RecheckRule(**{field: value})


def test_even_intervals_are_possible() -> None:
    """The ends of each range belong to it."""
    assert RecheckRule(first=600.0, growth=1.0).longest == 600.0
    assert RecheckRule(first=0.5).first == 0.5


def test_later_reason_is_the_one_that_a_check_has_to_mend() -> None:
    """A free check shows a good key, and nothing of the quota that was spent since."""
    disablements = Disablements()
    disablements.disable(KEY, "status 401", 0.0, cleared_by_free_check=True)

    disablements.disable(KEY, "quota spent", 1.0)

    known = disablements.get(KEY)
    assert known is not None
    assert (known.reason, known.cleared_by_free_check, known.since) == ("quota spent", False, 0.0)

    disablements.disable(KEY, "status 401", 2.0, cleared_by_free_check=True)

    known = disablements.get(KEY)
    assert known is not None
    assert known.cleared_by_free_check
