"""A key of a policy and the field of the domain's policy have the same name."""

import dataclasses

from routersvc.domain.catalogue.policies import Policy
from routersvc.settings.sections.policies import PolicySection
from routersvc.settings.sections.weights import RANKING_KEYS


def test_every_key_is_a_field_of_the_policy() -> None:
    """The value is made by name: a key without a field, or the reverse, would have no effect."""
    fields = {field.name for field in dataclasses.fields(Policy)}

    ranking = {*RANKING_KEYS, "worth_of_second_usd"}
    assert fields - {"name", "goal"} == PolicySection.model_fields.keys() - {"models"} - ranking
